"""JSON that two readers could understand differently is refused; answers are sorted into yes, no and not now."""

from __future__ import annotations

import json

import pytest

from oidc_gate.errors import ProviderDownError, ProviderSetupError
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest, read_json_object
from tests.made_up import given, st


@pytest.mark.parametrize("document", [b'{"a": [1, 1.5, "x", null, true]}', b'\xef\xbb\xbf{"a": {}}', '{"a": 1}'])
def test_plain_objects_are_read(document: bytes | str) -> None:
    assert "a" in read_json_object(document)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b"<html>",
        b'{"a": 1',
        b'{"a": 1} trailing',
        b'{"a": 1, "a": 2}',
        b'{"outer": {"a": 1, "a": 1}}',
        b'[{"a": 1, "a": 2}]',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": -1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b"\xff\xfe{\x00}\x00",
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-32-be"),
        b'{"a": "line\nbreak"}',
        b"{'a': 1}",
        b'{"a": 0x10}',
        b'{"a": 01}',
    ],
)
def test_anything_else_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_json_object(document)


def test_nesting_that_another_reader_might_not_take_is_refused() -> None:
    """What is read here is written again into a session, whose writer has a limit of its own."""
    assert read_json_object(b'{"a":' + b"[" * 10 + b"]" * 10 + b"}")
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        with pytest.raises(ValueError, match="nested too deep"):
            read_json_object(b'{"a":' + opening * 200 + b"1" + closing * 200 + b"}")


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_that_could_exhaust_the_stack_is_refused(opening: bytes) -> None:
    with pytest.raises(ValueError, match="nested too deep"):
        read_json_object(b'{"a":' + opening * 100_000)


@pytest.mark.parametrize("text", ["[" * 200, "{" * 200, '\\"' + "[" * 200, "\\" * 100 + "]" * 50 + "[" * 120])
def test_brackets_in_texts_do_not_count(text: str) -> None:
    document = json.dumps({"a": text, "b": [text, {text: [1]}]})
    assert read_json_object(document) == json.loads(document)


@pytest.mark.parametrize("many", ['"\\', '\\"', '"', "\\", '[""', '{"\\"":'])
def test_what_has_no_end_is_looked_through_once(many: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_json_object('{"a":' + many * 300_000)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=30,
)


@given(st.dictionaries(st.text(), json_values, max_size=3), st.integers(0, 60))
def test_depth_is_told_before_parsing_as_it_is_found_by_it(document: dict[str, object], more: int) -> None:
    for _ in range(more):
        document = {"a": document}
    text = json.dumps(document)
    if nesting(document) <= 50:
        assert read_json_object(text) == document
    else:
        with pytest.raises(ValueError, match="nested too deep"):
            read_json_object(text)


def nesting(value: object) -> int:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if members is None else 1 + max(map(nesting, members), default=0)


def test_great_numbers_that_are_numbers_pass() -> None:
    assert read_json_object(b'{"a": 1e300, "b": ' + b"9" * 400 + b"}")["a"] == 1e300


@pytest.mark.parametrize("status", [200, 204, 299, 400, 401, 403, 499])
def test_a_yes_and_a_clear_no_are_answers(status: int) -> None:
    HTTPAnswer(status, "", b"").require("door")


@pytest.mark.parametrize("status", [100, 199, 300, 302, 307, 308, 399, 408, 425, 429, 500, 502, 503, 599, 999])
def test_anything_else_is_an_outage(status: int) -> None:
    with pytest.raises(ProviderDownError, match=f"the door answered with status {status}") as raised:
        HTTPAnswer(status, "", b"").require("door")
    assert (raised.value.code, raised.value.status) == ("provider_unavailable", 503)


@pytest.mark.parametrize("status", [404, 410])
def test_where_nothing_is_time_mends_nothing(status: int) -> None:
    with pytest.raises(ProviderSetupError, match=f"there is no door at https://idp.test/x: status {status}") as raised:
        HTTPAnswer(status, "", b"", "https://idp.test/x").require("door")
    assert (raised.value.code, raised.value.status) == ("endpoint_missing", 500)


def test_nothing_secret_is_shown_by_repr() -> None:
    sent = HTTPRequest("https://idp.test/token", {"Authorization": "Basic c2VjcmV0"}, "client_secret=secret")
    received = HTTPAnswer(200, "application/json", b'{"access_token": "secret"}')
    assert "ecret" not in repr(sent).replace("c2VjcmV0", "secret") + repr(received)
