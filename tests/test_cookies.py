"""The gate's cookies: their names and attributes, how they are found, and how they are kept from the app."""

from __future__ import annotations

import pytest

from oidc_gate.browser.cookie_lookup import find
from oidc_gate.browser.cookies import LARGEST_COOKIE, LOGIN_SLOTS, LONGEST_HEADER, MOST_COOKIES, Cookies
from oidc_gate.errors import LoginError
from tests.cookies import Jar


def cookies(
    *,
    secure: bool = True,
    domain: str = "",
    cross_site_callback: bool = False,
    auth_id: str = "default",
    tags: tuple[str, ...] = ("aaaaaa",),
) -> Cookies:
    return Cookies(auth_id, tags, secure=secure, domain=domain, cross_site_callback=cross_site_callback)


SECURE, PLAIN, WIDE = cookies(), cookies(secure=False), cookies(domain="app.test")
URLS = {SECURE: "https://app.test/", PLAIN: "http://app.test/", WIDE: "https://app.test/"}
NAMED = "oidc_gate.default-aaaaaa"
every_scheme = pytest.mark.parametrize("own", [SECURE, PLAIN, WIDE], ids=["https", "http", "with a domain"])


# Finding one


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("", None, id="no cookies"),
        pytest.param("name=value", "value", id="alone"),
        pytest.param("a=b; name=value", "value", id="last"),
        pytest.param("name=value; a=b", "value", id="first"),
        pytest.param("a=b; name=value; c=d", "value", id="between"),
        pytest.param("a=b;name=value;c=d", "value", id="without blanks"),
        pytest.param("name=", "", id="empty"),
        pytest.param("name=a=b==", "a=b==", id="equals signs in the value"),
        pytest.param("name=value;", "value", id="a semicolon at the end"),
        pytest.param("a=b", None, id="another"),
        pytest.param("name", None, id="the name alone"),
        pytest.param("NAME=value", None, id="in another case"),
        pytest.param("xname=value", None, id="a name that ends alike"),
        pytest.param("__Host-name=value", None, id="with a prefix"),
        pytest.param("namex=value", None, id="a name that starts alike"),
        pytest.param("name.1=value", None, id="a part of it"),
        pytest.param("name =value", None, id="a blank before the equals sign"),
        pytest.param("a=name=value", None, id="in the value of another"),
        pytest.param("a=b name=value", None, id="after a blank in the value of another"),
        pytest.param("a= name=value", None, id="at the start of the value of another"),
        pytest.param('a="; name=value"', 'value"', id="quotes mean nothing to a browser"),
        pytest.param("name=a; name=b", None, id="twice"),
        pytest.param("name=a;name=a", None, id="twice the same"),
        pytest.param("name=; name=b", None, id="twice, one empty"),
        pytest.param("xname=a; name=b; a=name=c", "b", id="once, and twice in other places"),
        pytest.param("; " + "xname=1; " * 6 + "name=b", "b", id="six that look alike"),
        pytest.param("xname=1; " * 100 + "name=b", "b", id="a hundred that look alike"),
    ],
)
def test_a_cookie_is_found_by_its_exact_name_and_once(header: str, expected: str | None) -> None:
    assert find(header, "name") == expected


# The session cookie


@pytest.mark.parametrize(
    ("own", "name"),
    [
        (SECURE, "__Host-oidc_gate.default-aaaaaa"),
        (PLAIN, "oidc_gate.default-aaaaaa"),
        (WIDE, "__Secure-oidc_gate.default-aaaaaa"),
        (cookies(secure=False, domain="app.test"), "oidc_gate.default-aaaaaa"),
        (cookies(auth_id="staff"), "__Host-oidc_gate.staff-aaaaaa"),
    ],
)
def test_the_session_cookie_has_the_strictest_prefix_that_it_can_have(own: Cookies, name: str) -> None:
    assert own.session == name


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (SECURE, "__Host-oidc_gate.default-aaaaaa=t; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=3600"),
        (PLAIN, "oidc_gate.default-aaaaaa=t; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600"),
        (WIDE, f"__Secure-{NAMED}=t; Path=/; HttpOnly; SameSite=Lax; Secure; Domain=app.test; Max-Age=3600"),
    ],
)
def test_the_session_cookie_has_all_its_attributes(own: Cookies, expected: str) -> None:
    assert own.set_session("t", "", 3600.9) == (("set-cookie", expected),)


@pytest.mark.parametrize(
    ("max_age", "expected"), [(0.5, "; Max-Age=0"), (-7.0, "; Max-Age=0"), (1e9, "; Max-Age=1000000000")]
)
def test_the_age_of_a_cookie_is_never_negative(max_age: float, expected: str) -> None:
    assert SECURE.set_session("text", "", max_age)[0][1].endswith(expected)


def test_a_session_without_an_end_lives_as_long_as_the_browser() -> None:
    assert "Max-Age" not in SECURE.set_session("text", "", float("inf"))[0][1]


@every_scheme
@pytest.mark.parametrize("length", [1, 100, 3500, 3800, 7000, 12000, 18000])
def test_a_session_of_any_length_goes_through_a_browser_and_comes_back(own: Cookies, length: int) -> None:
    jar = Jar(URLS[own])
    text = ("0123456789ABCDEF" * 1200)[:length]
    for _, value in own.set_session(text, "", 60):
        assert len(value) <= LARGEST_COOKIE + 16
        jar.receive(URLS[own], value)
    header = jar.header_for(URLS[own])
    assert jar.rejected == []
    assert own.session_text(header) == (own.session, text)
    assert own.session_text(f"a=b; {header}; c=d") == (own.session, text)
    assert own.hidden(f"a=b; {header}; c=d") == "a=b; c=d"


@every_scheme
def test_a_session_that_is_too_long_is_refused_with_the_reason(own: Cookies) -> None:
    with pytest.raises(LoginError, match="the claims fill 6 cookies, and 5 is the most") as raised:
        own.set_session("x" * 19000, "", 60)
    assert raised.value.code == "session_too_large"


@pytest.mark.parametrize("longest", [cookies(auth_id="a" * 64, domain="d" * 250), cookies(auth_id="a" * 64)])
def test_long_names_leave_less_room_and_still_fit(longest: Cookies) -> None:
    for _, value in longest.set_session("x" * 9000, "", 31535999):
        assert len(value) <= 3801


@every_scheme
def test_a_shorter_session_drops_the_parts_of_a_longer_one(own: Cookies) -> None:
    jar = Jar(URLS[own])
    for length in (18000, 100, 8000, 5000):
        for _, value in own.set_session("x" * length, jar.header_for(URLS[own]), 60):
            jar.receive(URLS[own], value)
        assert own.session_text(jar.header_for(URLS[own])) == (own.session, "x" * length)
    assert len(jar.names()) == 2


@every_scheme
@pytest.mark.parametrize("length", [10, 18000])
def test_a_session_is_dropped_with_all_its_parts_and_nothing_else(own: Cookies, length: int) -> None:
    jar = Jar(URLS[own])
    jar.set("app", "kept")
    for _, value in own.set_session("x" * length, "", 60):
        jar.receive(URLS[own], value)
    for _, value in own.drop_session(jar.header_for(URLS[own])):
        assert value.split("=")[0] in jar.names()
        jar.receive(URLS[own], value)
    assert jar.names() == ["app"]
    assert jar.rejected == []


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("{0}=2.abc", id="a part is missing"),
        pytest.param("{0}=3.abc; {0}.1=def", id="one of two parts is missing"),
        pytest.param("{0}=3.abc; {0}.2=ghi", id="the first of two parts is missing"),
        pytest.param("{0}.1=def", id="the head is missing"),
        pytest.param("{0}=2.abc; {0}.1=def; {0}.1=xyz", id="a part comes twice"),
        pytest.param("{0}=2.abc; {0}=2.abc; {0}.1=def", id="the head comes twice"),
        pytest.param("{0}=0.abc", id="no parts at all"),
        pytest.param("{0}=1.abc", id="one part says so"),
        pytest.param("{0}=6.abc; {0}.1=a; {0}.2=a; {0}.3=a; {0}.4=a; {0}.5=a", id="too many parts"),
        pytest.param("{0}=9.abc", id="far too many parts"),
        pytest.param("{0}=x.abc", id="a count that is none"),
        pytest.param("{0}=\u0662.abc; {0}.1=def", id="a digit of another script"),
        pytest.param("{0}=..", id="dots"),
    ],
)
@every_scheme
def test_a_session_in_pieces_that_do_not_fit_is_none(own: Cookies, header: str) -> None:
    assert own.session_text(header.format(own.session)) == (own.session, None)


@every_scheme
def test_parts_beyond_the_count_are_left_alone(own: Cookies) -> None:
    name = own.session
    assert own.session_text(f"{name}=2.abc; {name}.1=def; {name}.2=ghi")[1] == "abcdef"
    assert own.session_text(f"{name}=abc; {name}.1=def")[1] == "abc"


# Cutting it out in one go


@pytest.mark.parametrize("other", ["my{0}=x", "a={0}=x", "my {0}=x", '"{0}=x'])
@pytest.mark.parametrize("alike", [1, 2, 3, 4, 5, 500])
@every_scheme
def test_names_and_values_that_end_alike_do_no_harm(own: Cookies, other: str, alike: int) -> None:
    name = own.session
    others = "; ".join([other.format(name)] * alike)
    for header in (f"{name}=abc; {others}", f"{others}; {name}=abc", f"{others}; {name}=abc; a=b"):
        assert find(header, name) == own.session_text(header)[1] == own.cut(header)[1] == "abc"
        for twice in (f"{name}=def; {header}", f"{header}; {name}=def", f"{others}; {name}=def; {header}"):
            assert find(twice, name) is own.session_text(twice)[1] is own.cut(twice)[1] is None
    assert find(others, name) is own.cut(others)[1] is None


@every_scheme
@pytest.mark.parametrize(
    "header",
    [
        *(
            "",
            "a=b",
            "{0}=abc",
            "a=b; {0}=abc",
            "{0}=abc; a=b",
            "a=b; {0}=abc; c=d",
            "a=b;{0}=abc;c=d",
            "{0}=abc;",
            "{0}=",
        ),
        *("a={0}=abc", "{0}=abc; {0}=abc", "{0}=2.abc; {0}.1=def; a=b", "{0}.1=def; {0}=2.abc", "a=b; {0}.login.x=y"),
        *(
            "a=b; {0}=abc; {0}.logout=x",
            "x{0}=abc",
            ";{0}=abc",
            "; {0}=abc",
            " {0}=abc",
            "a=b;  {0}=abc",
            "{0}=abc;a=b",
            "a=b; {0}=abc; \xa0__Host-c=d",
            "{0}=abc; \xa0__Host-c=d",
            "{0}=" + "x" * 3801,
        ),
    ],
)
def test_cutting_gives_what_finding_and_hiding_give(own: Cookies, header: str) -> None:
    header = header.format(own.session)
    name, text, others = own.cut(header)
    assert (name, text) == own.session_text(header)
    assert own.hidden(others).replace("; ", ";") == own.hidden(header).replace("; ", ";")


# Several secrets

ROTATED = cookies(tags=("newest", "middle", "oldest"))


@pytest.mark.parametrize("tag", ["newest", "middle", "oldest"])
@pytest.mark.parametrize("length", [100, 9000])
def test_a_session_is_found_under_the_name_of_any_listed_secret_and_stored_under_the_newest(
    tag: str, length: int
) -> None:
    before = cookies(tags=(tag,))
    jar = Jar("https://app.test/")
    for _, value in before.set_session("x" * length, "", 60):
        jar.receive("https://app.test/", value)
    header = jar.header_for("https://app.test/")
    assert ROTATED.has_session(header)
    assert ROTATED.session_text(header) == (before.session, "x" * length)
    assert ROTATED.cut(header)[:2] == (before.session, "x" * length)
    for _, value in ROTATED.set_session("y" * 50, header, 60):
        jar.receive("https://app.test/", value)
    assert jar.names() == ["__Host-oidc_gate.default-newest"]
    assert jar.rejected == []


def test_a_session_under_the_name_of_a_secret_that_is_not_listed_is_none_of_ours() -> None:
    header = "__Host-oidc_gate.default-other1=abc; __Host-oidc_gate.default-other1.login.0=x"
    assert ROTATED.cut(header) == (ROTATED.session, None, header)
    assert not ROTATED.has_session(header)
    assert not ROTATED.has_logins(header)
    assert ROTATED.drop_logins(header) == ()
    assert len(ROTATED.drop_session(header)) == 1


# Headers of any length


@pytest.mark.parametrize("own", [SECURE, ROTATED], ids=["one secret", "three secrets"])
def test_a_cookie_header_beyond_the_limit_holds_nothing_and_the_app_gets_none(own: Cookies) -> None:
    session = f"{own.session}=abc"
    most = f"{session}; {'a=b; ' * 10_000}"[:LONGEST_HEADER]
    assert own.cut(most)[1] == "abc"
    assert "oidc_gate" not in own.hidden(most)
    assert own.cut(most + "x") == (own.session, None, most + "x")
    assert own.hidden(most + "x") == ""
    assert own.hidden(";" * 5_000_000 + session) == ""


# Logins and logouts under way


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (SECURE, "__Host-oidc_gate.default-aaaaaa.login.7=text; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=900"),
        (PLAIN, "oidc_gate.default-aaaaaa.login.7=text; Path=/; HttpOnly; SameSite=Lax; Max-Age=900"),
        (WIDE, "__Host-oidc_gate.default-aaaaaa.login.7=text; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=900"),
        (
            cookies(cross_site_callback=True),
            "__Host-oidc_gate.default-aaaaaa.login.7=text; Path=/; HttpOnly; SameSite=None; Secure; Max-Age=900",
        ),
        (
            cookies(cross_site_callback=True, secure=False),
            "oidc_gate.default-aaaaaa.login.7=text; Path=/; HttpOnly; Max-Age=900",
        ),
    ],
)
def test_a_login_under_way_is_a_cookie_that_reaches_the_callback(own: Cookies, expected: str) -> None:
    assert own.set_login(7, "text", 900.7) == ("set-cookie", expected)
    assert own.drop_slot(7)[1] == expected.replace("=text", "=").replace("=900", "=0")


@every_scheme
def test_logins_under_way_are_found_by_their_slots(own: Cookies) -> None:
    base = own.login_name("")
    header = (
        f"a=b; {base}0=zero; {base}1=a; {base}1=b;{base}2=two=2; \xa0{base}3=no; x{base}4=no; {base}page=p; {base}5="
    )
    found = {what: list(own.login_texts(header, what)) for what in (*range(LOGIN_SLOTS), "page")}
    assert {what: text for what, [(_, text)] in ((what, each) for what, each in found.items() if each)} == {
        0: "zero",
        2: "two=2",
        "page": "p",
    }
    assert own.has_logins(header)
    assert not own.has_logins(f"{own.session}=x; a=b")


@every_scheme
@pytest.mark.parametrize("kept", [0, 3, 8])
def test_cookies_of_logins_are_dropped_from_a_slot_on(own: Cookies, kept: int) -> None:
    jar = Jar(URLS[own])
    for what in (*range(LOGIN_SLOTS), "page"):
        jar.receive(URLS[own], own.set_login(what, "text", 60)[1])
    for _, value in own.drop_logins(jar.header_for(URLS[own]), kept):
        jar.receive(URLS[own], value)
    assert sorted(jar.names()) == sorted(own.login_name(slot) for slot in range(kept))
    assert jar.rejected == []


@every_scheme
def test_a_logout_under_way_is_stored_found_and_deleted(own: Cookies) -> None:
    jar = Jar(URLS[own])
    jar.receive(URLS[own], own.set_logout("note", 900)[1])
    assert own.logout_text(jar.header_for(URLS[own])) == "note"
    jar.receive(URLS[own], own.set_logout("", 0)[1])
    assert own.logout_text(jar.header_for(URLS[own])) is None
    assert jar.rejected == []


@pytest.mark.parametrize("own", [SECURE, WIDE], ids=["https", "with a domain"])
def test_nothing_but_the_session_leaves_this_host(own: Cookies) -> None:
    for _, value in (own.set_login(0, "y", 60), own.set_logout("x", 60)):
        assert value.startswith("__Host-")
        assert "Domain" not in value


# What the app sees


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", ""),
        ("a=b; c=d", "a=b; c=d"),
        ("a=b;c=d ; e", "a=b;c=d ; e"),
        ("oidc_gate.default=x", ""),
        ("__Host-oidc_gate.default=x", ""),
        ("__Secure-oidc_gate.default=x", ""),
        ("a=b; oidc_gate.default=x; c=d", "a=b; c=d"),
        ("oidc_gate.default=x; a=b", "a=b"),
        ("a=b; oidc_gate.default.1=x", "a=b"),
        ("oidc_gate.default.login.0a=x; a=b; __Host-oidc_gate.default.logout=y", "a=b"),
        ("oidc_gate.default=x; oidc_gate.default=y; a=b", "a=b"),
        ("a=b;  oidc_gate.default = x;c=d", "a=b;c=d"),
        ("oidc_gate.default", ""),
        ("__Host-oidc_gate.default-aaaaaa=x; a=b", "a=b"),
        ("oidc_gate.other-bbbbbb=x; a=b", "a=b"),
        ("a=b; __Host-oidc_gate.other-bbbbbb.login.3=x", "a=b"),
        ("a=b,__Host-oidc_gate.default-aaaaaa=x; c=d", "c=d"),
        ("a=b, oidc_gate.other-bbbbbb=x", ""),
        ("a=b,c; oidc_gate=x", "a=b,c; oidc_gate=x"),
        ("my_oidc_gate.default=x", "my_oidc_gate.default=x"),
        ("a=oidc_gate.default=x", "a=oidc_gate.default=x"),
        ("=oidc_gate.default=x; a=b", "=oidc_gate.default=x; a=b"),
        ("oidc_gate.default=x; \xa0__Host-a=b", "\xa0__Host-a=b"),
        ("\xa0__Host-a=b; oidc_gate.default=x", "\xa0__Host-a=b"),
    ],
)
@every_scheme
def test_the_app_does_not_see_the_cookies_of_any_gate_under_either_scheme(
    own: Cookies, header: str, expected: str
) -> None:
    assert own.hidden(header) == expected


def test_there_are_no_more_parts_than_a_browser_and_a_server_can_take() -> None:
    assert MOST_COOKIES * LARGEST_COOKIE < 20_000
