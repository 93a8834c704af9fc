"""Properties of the lower modules that hold for any input; `make fuzz` looks longer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import pytest

from oidc_gate.access.allow_lists import AllowLists
from oidc_gate.access.path_list import PathList
from oidc_gate.browser.addresses import Addresses, Origin, is_host, requested_path, safe_path
from oidc_gate.browser.cookie_lookup import find
from oidc_gate.browser.cookies import LARGEST_COOKIE, LOGIN_SLOTS, MOST_COOKIES, Cookies
from oidc_gate.browser.login_attempts import Attempts
from oidc_gate.gate.forwarding import identity_headers, told_headers
from oidc_gate.identity import Identity, username
from oidc_gate.sealing import Seal, SignedRows
from oidc_gate.sessions.session import Session, pack_head, read_head
from oidc_gate.settings.readers import read_duration, read_list, read_words
from tests.asked import Asked
from tests.cookies import MAX_BYTES
from tests.hostile_addresses import EVIL, destination, hostile
from tests.made_up import assume, example, given, st

T = TypeVar("T")

pytestmark = [pytest.mark.fuzz, pytest.mark.uncounted]

NAME = "__Host-oidc_gate.default-aaaaaa"
SEAL = Seal(["the-newest-secret-01", "the-older-secret-012"], "session")
SIGNED = SignedRows(["the-newest-secret-01"], "login attempt")
ORIGIN = Origin("https", "app.test", "")
OWN = "https://app.test"

any_text = st.text(st.characters(exclude_categories=()), max_size=200)  # lone surrogates too, as JSON may hold them
header_text = st.text(st.characters(codec="latin-1"), max_size=200)  # as servers hand out what came over the wire
base64_text = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", min_size=1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(any_text, inner, max_size=5),
    max_leaves=20,
)

# Seals


@given(st.binary(max_size=3000), st.text(st.characters(codec="ascii"), max_size=80))
def test_what_is_sealed_is_opened_and_only_under_its_name(plaintext: bytes, name: str) -> None:
    text = SEAL.seal(plaintext, name)
    opened = SEAL.open(text, name)
    assert opened is not None
    assert opened.startswith(plaintext)
    assert opened[len(plaintext) :].strip(b" ") == b""
    assert SEAL.open(text, name + "x") is None


@given(st.binary(max_size=100), st.data())
def test_any_other_text_than_the_sealed_one_opens_as_nothing(plaintext: bytes, data: st.DataObject) -> None:
    text = SEAL.seal(plaintext, NAME)
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    changed = text[:start] + data.draw(any_text | base64_text | st.just("")) + text[end:]
    assume(changed != text)
    assert SEAL.open(changed, NAME) is None


@given(header_text | base64_text)
def test_no_text_of_somebody_else_is_opened_or_read(text: str) -> None:
    assert SEAL.open(text, NAME) is None
    assert SIGNED.loads(text) is None


@given(st.lists(json_values, max_size=6))
def test_a_signed_row_comes_back(row: list[object]) -> None:
    assert SIGNED.loads(SIGNED.dumps(row)) == row


# Cookies

every_cookies = st.sampled_from(
    [
        Cookies("default", tags, secure=secure, domain=domain, cross_site_callback=False)
        for secure in (True, False)
        for domain in ("", "app.test")
        for tags in (("aaaaaa",), ("bbbbbb", "aaaaaa"))
    ]
)


@given(every_cookies, st.integers(1, LARGEST_COOKIE * MOST_COOKIES - 1500), st.randoms(), st.booleans())
def test_a_session_of_any_length_goes_through_a_cookie_header(
    own: Cookies, length: int, random: object, shuffled: bool
) -> None:
    text = ("0123456789+/ABCDEFGHIJ" * 1000)[:length]
    pairs = [value.partition(";")[0] for _, value in own.set_session(text, "", 60)]
    assert all(len(value) < MAX_BYTES for _, value in own.set_session(text, "", 60))
    others = ["app=1", "theme=dark"]
    header = "; ".join((pairs + others)[:: -1 if shuffled else 1])
    assert own.session_text(header) == (own.session, text)
    assert own.cut(header)[:2] == (own.session, text)
    assert own.hidden(header) == "; ".join(others[:: -1 if shuffled else 1])


pieces = st.sampled_from(
    [
        *(
            "; ",
            ";",
            ";;",
            " ",
            "=",
            ".",
            ",",
            '"',
            "a=b",
            "oidc_gate.default-aaaaaa",
            "oidc_gate.default-bbbbbb",
            "__Host-",
            "__Secure-",
            ".1",
            ".login.0",
            "2.",
        ),
        *(".logout", "x", "oidc_gate.", "default", "\t", "\x00", "ü", "__Host-oidc_gate.default-aaaaaa=abc"),
    ]
)
headers = st.lists(pieces, max_size=25).map("".join) | header_text


@given(every_cookies, headers)
@example(
    Cookies("default", ("aaaaaa",), secure=False, domain="", cross_site_callback=False), "; oidc_gate.default-aaaaaa=x"
)
def test_no_cookie_header_breaks_the_gate_or_tells_the_app_of_its_cookies(own: Cookies, header: str) -> None:
    find(header, own.session)
    own.logout_text(header)
    own.drop_session(header)
    assert len(own.drop_logins(header)) <= 18
    for what in (*range(LOGIN_SLOTS), "page"):
        assert all(text for _, text in own.login_texts(header, what))
    name, text, rest = own.cut(header)
    assert (name, text) == own.session_text(header)
    for shown in (own.hidden(header), own.hidden(rest)):
        for pair in shown.split(";"):
            name = pair.partition("=")[0].strip()
            assert not re.match(r"(__Host-|__Secure-)?oidc_gate\.", name)


@given(every_cookies, headers)
def test_hiding_twice_hides_nothing_more_and_leaves_the_others_as_they_were(own: Cookies, header: str) -> None:
    shown = own.hidden(header)
    assert own.hidden(shown) == shown
    kept = [pair.strip() for pair in shown.split(";")]
    sent = [pair.strip() for pair in header.split(";")]
    assert [pair for pair in kept if pair] == [pair for pair in sent if pair in kept and pair]


# Logins


@given(any_text, st.sampled_from([1, 20, 200]), st.binary(max_size=600), st.sampled_from([b"", b"p" * 16]))
def test_a_login_with_any_return_address_fits_into_cookies_and_an_address(
    target: str, times: int, step_up: bytes, person: bytes
) -> None:
    gate = Attempts(["the-newest-secret-01"], "here", lifetime=900)
    own = Cookies("a" * 64, ("aaaaaa",), secure=True, domain="", cross_site_callback=True)
    return_to = safe_path("/" + target * times, ORIGIN)
    begun = gate.begin(return_to, own, "", 1_700_000_000.123, replaces="x" * 64, step_up=step_up, person=person)
    values = [value for _, value in begun.set_cookies]
    assert all(len(value) <= MAX_BYTES and value.isascii() for value in values)
    assert len(begun.state) < 950
    header = "; ".join(value.partition(";")[0] for value in values)
    assert len(header) < 4096
    state = gate.read_state(begun.state)
    assert state is not None
    assert (state.step_up, state.person) == (step_up, person)
    assert gate.find(state, own, header) == begun.attempt
    found = state.return_to or gate.long_address(state, own, header)
    assert found == (None if begun.is_lost else return_to)


# Addresses

addresses = (
    st.sampled_from(hostile(OWN))
    | st.lists(
        st.sampled_from(
            [
                *(
                    "/",
                    "\\",
                    ".",
                    "..",
                    "%2e",
                    "%2f",
                    "%5c",
                    ":",
                    "@",
                    "?",
                    "#",
                    ";",
                    "\t",
                    "\n",
                    "\r",
                    " ",
                    "\x00",
                    "a",
                    "%",
                ),
                *(
                    "https:",
                    "http:",
                    "javascript:",
                    EVIL,
                    "app.test",
                    OWN,
                    "\u3002",
                    "\uff0f",
                    "\ufeff",
                    "\xad",
                    "\ud800",
                ),
            ]
        ),
        max_size=12,
    ).map("".join)
    | any_text
)


@given(addresses)
@example(OWN)
@example(f"{OWN}@{EVIL}")
@example("/.\ud800")
def test_a_return_address_never_leaves_the_own_origin_and_settles_at_once(target: str) -> None:
    found = safe_path(target, ORIGIN)
    assert found.startswith("/")
    assert re.fullmatch(r"[!-~]{1,8000}", found)
    assert "\\" not in found
    assert safe_path(found, ORIGIN) == found
    for base in (f"{OWN}/oauth2/callback?code=x#y", f"{OWN}//a/b"):
        assert destination(found, base) == OWN
    if destination(target, f"{OWN}/oauth2/login") != OWN:
        assert found == "/"


@given(any_text, any_text, any_text)
@example("/a%2fb", "", "/\ud800")
def test_any_request_can_be_written_as_an_address(path: str, query: str, root_path: str) -> None:
    request = Asked(path=path, query=query.encode("latin-1", "replace").decode("latin-1"), root_path=root_path)
    origin = Addresses("", 0).origin(request)
    assert re.fullmatch(r"(/[!-~]*)?", origin.root_path)
    assert not origin.root_path.startswith("//")
    assert "\\" not in origin.root_path
    found = requested_path(request, origin.root_path)
    assert re.fullmatch(r"[!-~]*", found)
    assert destination(safe_path(found, ORIGIN), f"{OWN}/") == OWN


@given(st.from_regex(r"[a-zA-Z0-9.\-_:\[\]@/\\ ,%]{1,30}", fullmatch=True) | any_text)
def test_a_host_that_is_accepted_is_nothing_but_a_host(host: str) -> None:
    if is_host(host):
        assert re.fullmatch(r"[A-Za-z0-9._:\[\]-]*", host)


@given(
    st.lists(
        st.sampled_from(["/", "static", "..", ".", "%2e", "%2f", "\\", ";", "a", "//", "\x00", "%25"]), max_size=12
    )
)
def test_a_public_path_can_only_be_resolved_to_something_below_it(parts: list[str]) -> None:
    path = "/static/" + "".join(parts)
    if PathList(("/static",)).cover(path, ""):
        for read in (path, unquote(path), unquote(unquote(path)), path.replace("\\", "/")):
            assert destination_path(read).startswith(("/static/", "/static?")), ascii(path)


def destination_path(path: str) -> str:
    """Return the path that a browser makes of it; a semicolon may start a parameter of a segment."""
    import ada_url

    bare = "/".join(segment.partition(";")[0] for segment in path.split("/"))
    found: str = ada_url.URL(bare or "/", base=OWN).pathname
    return found


# Values


def read_or_complaint(read: Callable[[Any], T], value: object) -> T | str:
    try:
        return read(value)
    except ValueError as error:
        return str(error)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.sampled_from([("h", 3600), ("m", 60), ("s", 1), ("ms", 1e-3)])), min_size=1
    )
)
def test_a_duration_is_the_sum_of_its_parts(parts: list[tuple[int, tuple[str, float]]]) -> None:
    expected = sum(number * seconds for number, (_, seconds) in parts)
    assume(expected < 100 * 365 * 86400)
    assert read_duration("".join(f"{number}{unit}" for number, (unit, _) in parts)) == pytest.approx(expected)


@given(any_text | st.integers() | st.floats() | st.none() | st.booleans() | st.lists(any_text))
def test_a_duration_is_a_number_of_seconds_or_an_error(value: object) -> None:
    found = read_or_complaint(read_duration, value)
    assert found.startswith("must be a duration") if isinstance(found, str) else 0 <= found <= 100 * 365 * 86400


@given(any_text | st.lists(any_text))
def test_a_list_has_entries_and_none_of_them_is_blank(value: object) -> None:
    for read in (read_list, read_words):
        found = read_or_complaint(read, value)
        assert found
        assert found.startswith("must ") if isinstance(found, str) else all(entry.strip() for entry in found)


# Identity

group_names = st.lists(any_text.filter(bool), max_size=5).map(tuple)
BLANK = Session("id", {"sub": "1"}, 0.0, 1.0, 0.0, 0.0, 9.0, {}, [])


def told(family: str, identity: Identity) -> tuple[tuple[str, str], ...]:
    return identity_headers(told_headers(family), "groups", identity)


def said(groups: tuple[str, ...]) -> str:
    return dict(told("x-forwarded", BLANK.identity("default", groups, ""))).get("x-forwarded-groups", "")


@given(group_names, group_names)
@example(("a,b",), ("a", "b"))
@example(("a%2Cb",), ("a,b",))
@example(("\ud800",), ("?",))
def test_two_different_lists_of_groups_are_never_said_alike(one: tuple[str, ...], two: tuple[str, ...]) -> None:
    assert (said(one) == said(two)) is (one == two)


@given(group_names)
def test_groups_are_said_so_that_an_app_reads_them_back(groups: tuple[str, ...]) -> None:
    text = said(groups)
    assert re.fullmatch(r"[ -~]*", text)
    assert tuple(unquote(part, errors="surrogatepass") for part in text.split(",") if part) == groups


@given(st.dictionaries(any_text, json_values, max_size=6), st.integers(0, 2))
def test_any_claims_go_into_a_session_and_come_back(claims: dict[str, object], spaces: int) -> None:
    session = BLANK._replace(claims=claims | {"sub": "1"})  # what is no text is never taken for a subject
    head, rest = session.parts()
    assert read_head(pack_head(head) + b" " * spaces) == head
    assert Session.read(head, rest + b" " * spaces) == session
    identity = session.identity("default", (), "")
    assert dict(identity.claims) == session.claims
    for family in ("x-forwarded", "ngrok"):
        assert all(re.fullmatch(r"[ -~]+", value) for _, value in told(family, identity))


@given(st.dictionaries(st.sampled_from(["email", "email_verified", "groups", "a", "a.b"]), json_values, max_size=5))
def test_no_claims_break_the_rules_and_strangers_stay_outside(claims: dict[str, object]) -> None:
    listed = AllowLists(
        emails=("ann@example.com",), domains=("example.com",), groups=("\x00staff",), groups_claim="a.b"
    )
    assume("example.com" not in str(claims))
    assume("\x00staff" not in str(claims).replace("\\x00", "\x00"))
    assert listed.allow(claims) is False
    assert {type(group) for group in listed.groups(claims)} <= {str}
    assert "" not in listed.groups(claims)
    assert isinstance(listed.lack(claims), bool)


person = st.fixed_dictionaries(
    {"sub": st.sampled_from(["a", "a@b", "a%40b", "x", "x@y", "\xfc"]) | any_text.filter(bool)},
    optional={
        "email": st.sampled_from(["a@b", "a%40b", "x@y", "a", ""]) | any_text,
        "email_verified": st.sampled_from([True, False, "true", None]),
        "nick": st.sampled_from(["a", "a@b", "a%40b", "x@y", ""]) | any_text,
    },
)


def own_claim(claims: dict[str, Any], claim: str) -> str | None:
    """Return the claim where the person has it and it may be gone by: then it is theirs alone, as a subject is."""
    value = claims.get(claim)
    verified = claim != "email" or ("@" in str(value) and claims.get("email_verified", True) in (True, "true"))
    return value if value and verified else None


@given(person, person, st.sampled_from(["sub", "email", "nick"]))
@example({"sub": "m", "email": "a@b"}, {"sub": "a@b", "email": "m@n", "email_verified": False}, "email")
@example({"sub": "m", "email": "a"}, {"sub": "a"}, "email")
@example({"sub": "m", "email": "a%40b@c"}, {"sub": "a@b@c"}, "email")
@example({"sub": "m", "nick": "a@b"}, {"sub": "a@b"}, "nick")
def test_two_people_never_share_a_username(one: dict[str, Any], two: dict[str, Any], claim: str) -> None:
    ones, twos = own_claim(one, claim), own_claim(two, claim)
    assume(one["sub"] != two["sub"])
    assume(ones is None or ones != twos)
    # Only a claim that is no address can be like the subject of somebody who lacks it: none is promised to be unlike.
    assume(claim in ("sub", "email") or all("@" in name for name in (ones, twos) if name))
    assert username(one, claim) != username(two, claim)


@given(any_text)
def test_quoting_keeps_values_apart(value: str) -> None:
    assume(value)
    identity = BLANK._replace(claims={"sub": value}).identity("default", (), "")
    ((_, text),) = told("ngrok", identity)
    assert unquote(text, errors="surrogatepass") == value
    assert quote(text, safe=bytes(range(0x20, 0x7F))) == text
