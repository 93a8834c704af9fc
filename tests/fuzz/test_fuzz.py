"""What hypothesis makes up, thrown at every target; `make fuzz` goes on for longer."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from oidc_gate.decisions import Forward
from tests.asked import Asked
from tests.fuzz import corpus
from tests.fuzz.corpus import keep, kept
from tests.fuzz.targets import TARGETS, documented, own_words, scene, seeds
from tests.made_up import HealthCheck, given, settings, st

pytestmark = pytest.mark.uncounted

#: Pieces that mean something to one room or another.
PIECES = [
    *(b"", b"&", b"=", b";", b"; ", b".", b"..", b"%", b"%00", b"%2f", b"+", b"\x00", b"\xff", b"\xed\xa0\x80"),
    *(b"\\", b"//", b"@", b"#", b"?", b"\r\n", b"\t", b"https://app.test", b"evil.example", b"javascript:"),
    *(b"state=", b"code=", b"error=", b"iss=", b"next=", b"target_link_uri=", b"__Host-oidc_gate.default=", b".login."),
    *(
        b"eyJhbGciOiJub25lIn0",
        b'{"alg":"none"}',
        b"null",
        b"1e999",
        b"[" * 2000,
        b"9" * 5000,
        b'"\\ud800"',
        b'"keys":[{}]',
    ),
]


@st.composite
def spoilt(draw: st.DrawFn, name: str) -> bytes:
    """Return a good input with a part of it replaced, or something made of pieces."""
    base = draw(st.sampled_from(seeds(name)) | st.just(b""))
    start = draw(st.integers(0, len(base)))
    end = draw(st.integers(start, len(base)))
    middle = draw(st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=6))
    return base[:start] + b"".join(middle) + base[end:]


@pytest.mark.parametrize("name", TARGETS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_but_documented_errors_comes_out(name: str, data: st.DataObject) -> None:
    TARGETS[name](data.draw(spoilt(name)))


@pytest.mark.parametrize("name", TARGETS)
def test_good_inputs_pass_their_target(name: str) -> None:
    for seed in seeds(name):
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
def test_what_once_took_a_new_path_breaks_no_promise(name: str) -> None:
    found = kept(name, own_words())
    assert found
    for data in found:
        TARGETS[name](data)


@given(found=st.lists(st.binary(max_size=40) | st.sampled_from([b"<session>", b"a <state> of\x00\n\x85\xe2\x80\xa8"])))
def test_what_is_kept_is_read_as_it_was_found(found: list[bytes]) -> None:
    words = own_words()
    inputs = [*found, f"{words['cookie']}={words['session']}; <x>".encode()]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "FOLDER", Path(folder))
        keep("cookies", inputs, words)
        assert keep("cookies", inputs[:1], words) == 0
        text = (Path(folder) / "cookies.txt").read_text()
        assert set(kept("cookies", {})) >= {b"<cookie>=<session>; <x>"}
        read = set(kept("cookies", words))
    assert words["session"] not in text
    assert len(text.splitlines()) == len(read)
    plain = {data for data in inputs if b"<" not in data}
    assert read >= plain | {inputs[-1]}


def test_the_targets_can_tell_good_from_bad() -> None:
    """A fuzzer that never gets past the door finds nothing: the genuine token is verified and decrypted."""
    here = scene()
    assert here.client._verified(here.genuine).alg == "RS256"
    for cookies in seeds("cookies")[1:3]:
        assert isinstance(here.gate.decide(Asked(path="/private", cookie_header=cookies.decode())), Forward)
    assert len(documented()) > 40
