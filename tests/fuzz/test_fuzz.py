"""What hypothesis makes up, thrown at every target; `make fuzz` goes on for longer."""

from __future__ import annotations

import pytest

from oidc_gate.decisions import Forward
from tests.asked import Asked
from tests.fuzz.targets import TARGETS, documented, scene, seeds
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


def test_the_targets_can_tell_good_from_bad() -> None:
    """A fuzzer that never gets past the door finds nothing: the genuine token is verified and decrypted."""
    here = scene()
    assert here.client._verified(here.genuine).alg == "RS256"
    for cookies in seeds("cookies")[1:3]:
        assert isinstance(here.gate.decide(Asked(path="/private", cookie_header=cookies.decode())), Forward)
    assert len(documented()) > 40
