"""Readers of setting values: what stood in code, a file or the environment becomes the one form that is used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from oidc_gate.identity import lower_ascii
from oidc_gate.settings import params, readers, secret_texts

HUNDRED_YEARS = 100 * 365 * 86400


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("word", "word", id="as it stands"),
        pytest.param("  two words \t", "two words", id="white space around it is dropped"),
        pytest.param("ünïcödé", "ünïcödé", id="any script"),
    ],
)
def test_a_text_is_read(given: str, expected: str) -> None:
    assert readers.read_text(given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param("", "must not be empty", id="empty"),
        pytest.param(" \t\n", "must not be empty", id="blank"),
        pytest.param("a\nb", "must not contain control characters", id="line break"),
        pytest.param("a\x00b", "must not contain control characters", id="NUL"),
        pytest.param("a\x7fb", "must not contain control characters", id="DEL"),
        pytest.param(7, "must be text, not int", id="a number"),
        pytest.param(True, "must be text, not bool", id="a truth value"),
        pytest.param(["a"], "must be text, not list", id="a list"),
        pytest.param(b"bytes", "must be text, not bytes", id="bytes"),
        pytest.param(Path("x"), "must be text, not PosixPath", id="a path"),
    ],
)
def test_what_is_no_text_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        readers.read_text(given)


def test_the_path_of_a_file_may_be_a_path_or_text() -> None:
    assert readers.read_path(Path("/run/secrets/one")) == readers.read_path(" /run/secrets/one ") == "/run/secrets/one"


@pytest.mark.parametrize("given", [7, "", b"/run/x", ["/run/x"], "/run/\x00"], ids=repr)
def test_what_is_no_path_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match=r"^must "):
        readers.read_path(given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(text, True) for text in (True, "1", "true", "TRUE", " yes ", "On")]
    + [(text, False) for text in (False, "0", "false", "No", "OFF")],
    ids=repr,
)
def test_a_truth_value_is_read(given: Any, expected: bool) -> None:
    assert readers.read_bool(given) is expected


@pytest.mark.parametrize("given", ["", "y", "truthy", "2", 1, 0, None, [], 1.0], ids=repr)
def test_what_is_neither_true_nor_false_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match=r"^must be true or false$"):
        readers.read_bool(given)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (0, 0),
        (90, 90),
        (1.5, 1.5),
        ("0", 0),
        ("90", 90),
        (" 90 ", 90),
        ("2.5", 2.5),
        ("15m", 900),
        ("12h", 43200),
        ("1h30m", 5400),
        ("3600s", 3600),
        ("1.5h", 5400),
        (".5h", 1800),
        ("1.h", 3600),
        ("7d", 604800),
        ("250ms", 0.25),
        ("5us", 5e-6),
        ("5\u00b5s", 5e-6),
        ("5\u03bcs", 5e-6),
        ("1000000ns", 1e-3),
        ("1h0m0s", 3600),
        ("+10s", 10),
        ("0s", 0),
        (timedelta(minutes=2, milliseconds=500), 120.5),
        (HUNDRED_YEARS, HUNDRED_YEARS),
    ],
    ids=repr,
)
def test_a_duration_is_read_as_seconds_or_as_go_writes_it(given: Any, seconds: float) -> None:
    found = readers.read_duration(given)
    assert found == pytest.approx(seconds)
    assert type(found) is float


@pytest.mark.parametrize(
    "given",
    [
        *(
            "",
            " ",
            "m",
            "h1",
            "1x",
            "1h 30m",
            "1h30",
            "-5m",
            "-1",
            "1e3",
            "nan",
            "inf",
            "0x10",
            "1,5h",
            "..5h",
            ".h",
            ".",
        ),
        *("12:00", "1H", "five", "1h-30m", "++1s"),
        *(-1, -0.5, float("nan"), float("inf"), HUNDRED_YEARS + 1, 10**400, "9" * 400, "9" * 400 + "h"),
        *(True, None, [], b"15m", timedelta(seconds=-1)),
    ],
    ids=lambda given: repr(given)[:20],
)
def test_what_is_no_duration_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match=r"^must be a duration: .*15m"):
        readers.read_duration(given)


@pytest.mark.parametrize(
    ("read", "given", "expected"),
    [
        pytest.param(readers.read_list, "a", ("a",), id="one word"),
        pytest.param(readers.read_list, "a, b ,c", ("a", "b", "c"), id="text with commas"),
        pytest.param(readers.read_list, "a,,b,", ("a", "b"), id="empty places in text are passed over"),
        pytest.param(readers.read_list, "two words,b", ("two words", "b"), id="blanks belong to an entry"),
        pytest.param(readers.read_list, ["a,b", "c"], ("a,b", "c"), id="a comma in a listed entry belongs to it"),
        pytest.param(readers.read_list, ("a", " b "), ("a", "b"), id="tuple"),
        pytest.param(readers.read_list, {"a"}, ("a",), id="set"),
        pytest.param(readers.read_list, frozenset("a"), ("a",), id="frozenset"),
        pytest.param(readers.read_words, "a b,c\td", ("a", "b", "c", "d"), id="words: blanks and commas"),
        pytest.param(readers.read_words, ["a", "b"], ("a", "b"), id="words: a list"),
    ],
)
def test_a_list_is_read(read: Callable[[Any], Any], given: Any, expected: tuple[str, ...]) -> None:
    assert read(given) == expected


@pytest.mark.parametrize("read", [readers.read_list, readers.read_words], ids=["list", "words"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param([], "must not be an empty list; leave it out instead", id="empty list"),
        pytest.param((), "must not be an empty list; leave it out instead", id="empty tuple"),
        pytest.param("", "must not be an empty list; leave it out instead", id="empty text"),
        pytest.param(" , ,", "must not be an empty list; leave it out instead", id="commas alone"),
        pytest.param([""], "must not be empty", id="an empty entry"),
        pytest.param(["a", " "], "must not be empty", id="a blank entry"),
        pytest.param([1], "must be text, not int", id="a number in it"),
        pytest.param([["a"]], "must be text, not list", id="a list in it"),
        pytest.param([None], "must be text, not NoneType", id="nothing in it"),
        pytest.param({"a": "b"}, "must be a list of texts, or text with commas", id="a map"),
        pytest.param(7, "must be a list of texts, or text with commas", id="a number"),
        pytest.param(True, "must be a list of texts, or text with commas", id="a truth value"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(read: Callable[[Any], Any], given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        read(given)


NEW, OLD = "new-secret-0123456789", "old-secret-0123456789"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(NEW, (NEW,), id="one"),
        pytest.param(f"{NEW},{OLD}", (NEW, OLD), id="commas"),
        pytest.param(f"{NEW} {OLD}", (NEW, OLD), id="spaces"),
        pytest.param(f"{NEW}\n{OLD}\n", (NEW, OLD), id="lines, as in a file"),
        pytest.param([NEW, OLD], (NEW, OLD), id="list"),
        pytest.param(NEW.encode(), (NEW,), id="bytes, as other frameworks take their secret key"),
        pytest.param("0123456789abcdef", ("0123456789abcdef",), id="the shortest"),
    ],
)
def test_secrets_are_read_in_their_order(given: Any, expected: tuple[str, ...]) -> None:
    assert secret_texts.read_secrets(given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(
            "0123456789abcde", "must have at least 16 characters, random ones; make one with: ", id="too short"
        ),
        pytest.param(f"{NEW},short", "must have at least 16 characters", id="the second is too short"),
        pytest.param([NEW, OLD, NEW], "must not list the same secret twice", id="twice the same"),
        pytest.param("", "must not be an empty list", id="empty"),
        pytest.param(b"\xff\xfe" * 16, "must be text, and bytes must be UTF-8$", id="bytes that are no text"),
        pytest.param(1234567890123456789, "must be a list of texts", id="a number"),
    ],
)
def test_secrets_that_are_none_are_refused_without_being_told(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}") as raised:
        secret_texts.read_secrets(given)
    assert NEW not in str(raised.value)
    assert "short" not in str(raised.value).removeprefix("must")
    assert "0xff" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"hd": "example.com"}, (("hd", "example.com"),), id="map"),
        pytest.param({"max_age": 300}, (("max_age", "300"),), id="a number becomes text"),
        pytest.param({"login_hint": ""}, (("login_hint", ""),), id="an empty value stays"),
        pytest.param("hd=example.com&ui_locales=en+de", (("hd", "example.com"), ("ui_locales", "en de")), id="query"),
        pytest.param("a=%C3%BC&b=", (("a", "ü"), ("b", "")), id="query with escapes and an empty value"),
        pytest.param({}, (), id="an empty map"),
        pytest.param(" hd=a.example\r\n", (("hd", "a.example"),), id="query with white space around it"),
        pytest.param("next=/a?b=c%2Cd=e", (("next", "/a?b=c,d=e"),), id="query with a query as value"),
        pytest.param("hd=a,b", (("hd", "a,b"),), id="a comma in a value"),
    ],
)
def test_parameters_are_read_from_a_map_or_a_query_string(given: Any, expected: tuple[tuple[str, str], ...]) -> None:
    assert params.read_params(given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param("hd", "must be a query string, like hd=example.com", id="a word"),
        pytest.param("hd=a&hd=b", "must not set the same name twice", id="a name twice"),
        pytest.param(["hd=a"], "must be a map of names and texts", id="a list"),
        pytest.param(7, "must be a map of names and texts", id="a number"),
        pytest.param({"hd": ["a"]}, "must have texts as its values", id="a list as value"),
        pytest.param({"hd": True}, "must have texts as its values", id="a truth value as value"),
        pytest.param({"hd": None}, "must have texts as its values", id="nothing as value"),
        pytest.param({"": "a"}, "must not be empty", id="an empty name"),
        pytest.param({1: "a"}, "must be text, not int", id="a number as name"),
        pytest.param("?hd=a", r"must name parameters alone: hd, not \?hd$", id="a question mark"),
        pytest.param({"?": "a"}, r"must name parameters alone: hd, not \?$", id="a question mark alone"),
        pytest.param("https://a.example/b?hd=a", "must name parameters alone: hd, not https", id="an address"),
        pytest.param("#hd=a", "must name parameters alone: hd, not #hd$", id="a fragment"),
        pytest.param("hd=a, ui_locales=en", "must have & between its entries", id="commas"),
        pytest.param("hd=\udcff", "must be UTF-8 text", id="bytes that are no UTF-8"),
        pytest.param("hd=a&\udcff=b", "must be UTF-8 text", id="bytes that are no UTF-8 in a name"),
        pytest.param("hd=%FF", "must be UTF-8 text, percent-encoded too", id="escapes that are no UTF-8"),
        pytest.param({"hd": "\ud800"}, "must be UTF-8 text", id="half a letter"),
    ],
)
def test_what_are_no_parameters_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        params.read_params(given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (0, 0),
        (2, 2),
        (16, 16),
        ("0", 0),
        (" 3 ", 3),
        ("10.0.0.0/8", ("10.0.0.0/8",)),
        ("10.0.0.0/8, 192.0.2.7 2001:db8::/32", ("10.0.0.0/8", "192.0.2.7", "2001:db8::/32")),
        (["127.0.0.1"], ("127.0.0.1",)),
    ],
    ids=repr,
)
def test_trusted_proxies_are_a_number_or_networks(given: Any, expected: int | tuple[str, ...]) -> None:
    assert readers.read_proxies(given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(-1, "must be a number of proxies from 0 to 16", id="negative"),
        pytest.param(17, "must be a number of proxies from 0 to 16", id="too many"),
        pytest.param("9" * 5000, "must be a number, or networks like", id="absurdly many"),
        pytest.param("-1", "must be a number, or networks like", id="negative in text"),
        pytest.param(True, "must be a list of texts", id="a truth value"),
        pytest.param(1.0, "must be a list of texts", id="a fraction"),
        pytest.param("*", "must be a number, or networks like 10.0.0.0/8", id="everyone"),
        pytest.param("10.0.0.1/8", "must be a number, or networks like 10.0.0.0/8: .*host bits", id="host bits"),
        pytest.param("proxy.example", "must be a number, or networks like", id="a name"),
        pytest.param("", "must not be an empty list", id="empty"),
    ],
)
def test_other_trusted_proxies_are_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        readers.read_proxies(given)


def test_a_store_is_a_url_or_any_object_that_can_do_what_a_store_does() -> None:
    methods = ("load", "save", "replace", "delete", "delete_named", "claim", "release", "records")
    store = type("Store", (), dict.fromkeys(methods, print))()
    assert readers.read_store(store) is store
    assert readers.read_store(" redis://here ") == "redis://here"
    for missing in methods:
        with pytest.raises(ValueError, match=r"^must be text"):
            readers.read_store(type("Store", (), dict.fromkeys(set(methods) - {missing}, print))())


@pytest.mark.parametrize("given", ["query", " QUERY ", "Query"])
def test_a_choice_is_read_in_any_case(given: str) -> None:
    assert readers.choice("query", "form_post")(given) == "query"


@pytest.mark.parametrize("given", ["", "fragment", None, True, ["query"]], ids=repr)
def test_a_choice_that_is_not_offered_is_refused_with_those_that_are(given: Any) -> None:
    with pytest.raises(ValueError, match=r"^must be one of: query, form_post$"):
        readers.choice("query", "form_post")(given)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("alow_emails", " Did you mean allow_emails?"),
        ("allow_email", " Did you mean allow_emails?"),
        ("zzz", ""),
    ],
)
def test_a_misspelt_name_is_answered_with_the_nearest_one(name: str, hint: str) -> None:
    assert readers.nearest(name, ["allow_emails", "client_id"]) == hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ABCxyz", "abcxyz"),
        ("\u00c4", "\u00c4"),
        ("\u212a", "\u212a"),
        ("\u00df", "\u00df"),
        ("@[`{", "@[`{"),
        ("", ""),
    ],
    ids=ascii,
)
def test_only_the_letters_of_ascii_have_another_case(text: str, expected: str) -> None:
    assert lower_ascii(text) == expected
