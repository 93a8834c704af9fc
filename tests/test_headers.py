"""Identity as request headers: what an app is told, and what nobody else may tell it."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_gate.caching import CACHING, QuietNames, is_unshared, renewed
from oidc_gate.decisions import Forward, Renewal, Unprinted
from oidc_gate.gate.forwarding import forwarding, told_headers
from oidc_gate.gate.forwarding import identity_headers as headers_of
from oidc_gate.identity import Identity, username
from oidc_gate.reserved_headers import HarmlessNames, ReservedHeaders, folded
from oidc_gate.sessions.session import Session

ANN: dict[str, Any] = {"sub": "ann-1", "email": "ann@example.com", "name": "Ann Example", "preferred_username": "ann"}


def identity(claims: dict[str, Any], groups: tuple[str, ...] = ()) -> Identity:
    return session(claims).identity("default", groups, username({"sub": "1"} | claims, "email"))


def session(claims: dict[str, Any]) -> Session:
    return Session("id", {"sub": "1"} | claims, 0.0, 1.0, 0.0, 0.0, 9.0, {}, [])


def forwarded(claims: dict[str, Any], **options: Any) -> Forward:
    """Return the decision for someone with these claims."""
    told = told_headers(options.pop("family", "none"))
    chosen = {"told": told, "groups_claim": "groups", "claim": "email"} | options
    who = session(claims).identity("default", (), username({"sub": "1"} | claims, chosen["claim"]))
    return forwarding(**chosen)(who, session(claims).parts()[0])


def identity_headers(told: Any, who: Identity, groups_claim: str = "groups") -> tuple[tuple[str, str], ...]:
    return headers_of(told_headers(told), groups_claim, who)


# What the app is told


@pytest.mark.parametrize(
    ("family", "claims", "groups", "expected"),
    [
        pytest.param(
            "x-forwarded",
            ANN,
            ("staff", "admins"),
            {
                "x-forwarded-user": "ann-1",
                "x-forwarded-email": "ann@example.com",
                "x-forwarded-groups": "staff,admins",
                "x-forwarded-preferred-username": "ann",
            },
            id="x-forwarded",
        ),
        pytest.param(
            "ngrok",
            ANN,
            ("staff",),
            {
                "ngrok-auth-user-id": "ann-1",
                "ngrok-auth-user-email": "ann@example.com",
                "ngrok-auth-user-name": "Ann Example",
            },
            id="ngrok",
        ),
        pytest.param(
            "x-forwarded",
            ANN | {"email_verified": False, "preferred_username": None},
            (),
            {"x-forwarded-user": "ann-1"},
            id="an unverified address is left out",
        ),
        pytest.param("x-forwarded", {}, (), {"x-forwarded-user": "1"}, id="what is missing is left out"),
        pytest.param("ngrok", {"email": ["a"], "name": ""}, (), {"ngrok-auth-user-id": "1"}, id="and what is no text"),
    ],
)
def test_an_app_is_told_who_asks(
    family: str, claims: dict[str, Any], groups: tuple[str, ...], expected: dict[str, str]
) -> None:
    assert identity_headers(family, identity(claims, groups)) == tuple(expected.items())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain text; with 'marks', and ~", "plain text; with 'marks', and ~"),
        ("100%", "100%25"),
        ("a\r\nset-cookie: x=y", "a%0D%0Aset-cookie: x=y"),
        ("a\x00b\x7f", "a%00b%7F"),
        ("Jürgen", "J%C3%BCrgen"),
        ("山田", "%E5%B1%B1%E7%94%B0"),
        ("half a \ud83d", "half a %ED%A0%BD"),
        ("\u2028", "%E2%80%A8"),
        ("%0D%0A", "%250D%250A"),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("family", ["x-forwarded", "ngrok"])
def test_a_value_is_encoded_so_that_it_can_split_no_header(family: str, value: str, expected: str) -> None:
    who = identity({"sub": value, "email": value, "name": value, "preferred_username": value}, (value,))
    found = dict(identity_headers(family, who))
    assert found.pop("x-forwarded-groups", None) in (None, expected.replace(",", "%2C"))
    assert set(found.values()) == {expected}


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (("a", "b"), "a,b"),
        (("a,b",), "a%2Cb"),
        (("a%2Cb",), "a%252Cb"),
        (("a, b", "c"), "a%2C b,c"),
        ((",",), "%2C"),
        (("\ud800", "?"), "%ED%A0%80,?"),
    ],
    ids=ascii,
)
def test_a_comma_inside_a_group_makes_no_second_group(groups: tuple[str, ...], expected: str) -> None:
    assert dict(identity_headers("x-forwarded", identity({}, groups)))["x-forwarded-groups"] == expected


# The decision to forward


@pytest.mark.parametrize(
    ("claim", "claims", "expected"),
    [
        ("email", ANN, "ann@example.com"),
        ("email", ANN | {"email_verified": False}, "ann-1"),
        ("email", {"sub": "eve@example.com"}, "eve%40example.com"),
        ("preferred_username", ANN, "ann"),
        ("sub", ANN, "ann-1"),
        ("upn", ANN, "ann-1"),
    ],
)
def test_remote_user_is_the_username(claim: str, claims: dict[str, Any], expected: str) -> None:
    who = session(claims).identity("default", (), username({"sub": "1"} | claims, claim))
    assert forwarded(claims, claim=claim) == Forward(who, remote_user=expected)
    assert who.username == expected


def test_a_session_is_forwarded_with_the_headers_of_the_chosen_family() -> None:
    for family in ("x-forwarded", "ngrok"):
        assert forwarded(ANN, family=family).request_headers == identity_headers(family, identity(ANN))
    assert forwarded(ANN).request_headers == ()


def test_nobody_reads_the_claims_of_a_session_whose_app_is_told_no_more_than_usual() -> None:
    unread = Identity.unread(lambda: pytest.fail("the claims were read"))
    found = forwarding(told=(), groups_claim="groups", claim="email")(unread, session(ANN).parts()[0])
    assert (found.identity is unread, found.remote_user) == (True, "ann@example.com")


def test_cache_control_is_added_where_it_is_set() -> None:
    private = (("cache-control", "private"),)
    assert forwarded(ANN, response_headers=private).response_headers == private
    assert forwarded(ANN).response_headers == ()


@pytest.mark.parametrize("cache_control", ["private", "no-store", ""])
def test_a_renewed_session_is_kept_from_shared_caches_whatever_is_set(cache_control: str) -> None:
    cookies = Unprinted((("set-cookie", "a=b"),))
    usual = (("cache-control", cache_control),) if cache_control else ()
    headers = (("cache-control", cache_control or "private"), *cookies)
    renewal = Renewal(cookies, lambda: False, usual)
    assert renewed(renewal) == (headers, cookies)
    assert "a=b" not in repr(renewal)


def test_a_session_that_was_ended_meanwhile_is_not_renewed() -> None:
    usual = (("cache-control", "private"),)
    assert renewed(Renewal(Unprinted((("set-cookie", "a=b"),)), lambda: True, usual)) == (usual, ())


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param([("Cache-Control", "private")], True, id="private"),
        pytest.param([("cache-control", "Private, max-age=60")], True, id="private, in capitals"),
        pytest.param([("cache-control", "max-age=0,no-store")], True, id="no-store"),
        pytest.param([("cache-control", "max-age=60"), ("CACHE-CONTROL", "private")], True, id="in two headers"),
        pytest.param([("cache-control", "private"), ("expires", "0"), ("pragma", "no-cache")], True, id="and more"),
        pytest.param([("cache-control", "public, max-age=60")], False, id="public"),
        pytest.param([("cache-control", "private, public")], False, id="both"),
        pytest.param([("cache-control", "max-age=60")], False, id="an age alone"),
        pytest.param([("cache-control", "no-cache")], False, id="no-cache may be stored"),
        pytest.param([("cache-control", 'private="set-cookie"')], False, id="private for one header alone"),
        pytest.param([("cache-control", "x-private")], False, id="a word that ends alike"),
        pytest.param([("expires", "Thu, 01 Jan 2026 00:00:00 GMT")], False, id="Expires alone"),
        pytest.param([("pragma", "no-store")], False, id="Pragma alone"),
        pytest.param([("cache-control", "private"), ("CDN-Cache-Control", "max-age=60")], False, id="a word for CDNs"),
        pytest.param([("cache-control", "private"), ("surrogate-control", "max-age=60")], False, id="for surrogates"),
        pytest.param([], False, id="nothing"),
    ],
)
def test_it_is_known_which_answers_no_shared_cache_keeps(said: list[tuple[str, str]], expected: bool) -> None:
    assert is_unshared(said) is expected


def test_an_app_speaks_of_caching_with_these_headers() -> None:
    for_all = {"cache-control", "expires", "pragma"}
    for_cdns = {"cdn-cache-control", "surrogate-control", "edge-control", "x-accel-expires"}
    of_one_cdn = {f"{name}-cdn-cache-control" for name in ("cloudflare", "netlify", "vercel")}
    assert for_all | for_cdns | of_one_cdn == CACHING


@pytest.mark.parametrize(
    ("name", "says"),
    [
        *((name, True) for name in ("Cache-Control", "EXPIRES", "pragma", b"Cache-Control", b"CDN-Cache-Control")),
        *((name, True) for name in ("Content-Type", b"content-type")),  # that says whether it is a stream of events
        *((name, False) for name in ("Content-Length", b"x-cache-control", b"caf\xe9")),
    ],
)
def test_names_that_say_nothing_that_is_asked_are_remembered(name: str | bytes, says: bool) -> None:
    quiet = QuietNames()
    assert quiet.lack(name) is says
    assert (name in quiet) is not says


def test_quiet_names_are_remembered_only_so_far_and_told_apart_all_the_same() -> None:
    quiet = QuietNames()
    for number in range(2000):
        assert quiet.lack(b"x-%d" % number) is False
    assert len(quiet) == 1000
    assert (quiet.lack(b"Expires"), quiet.lack(b"x-2000"), b"x-2000" in quiet) == (True, False, False)


# What nobody else may tell it

RESERVED = [
    *("X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username"),
    *("X-Forwarded-Access-Token", "Remote-User", "Remote-Email", "Remote-Name", "Remote-Groups"),
    *("X-Remote-User", "X-Remote-Group", "X-Remote-Extra-Scopes", "X-Remote-Email", "X-Remote-Name"),
    *("X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Access-Token", "X-WebAuth-User", "X-WEBAUTH-ROLE"),
    *("OIDC_CLAIM_sub", "OIDC-Claim-Email", "OIDC_access_token", "Ngrok-Auth-User-Id", "Ngrok-Auth-Oidc-Claims"),
    *("Cf-Access-Authenticated-User-Email", "Cf-Access-Jwt-Assertion", "X-Goog-Authenticated-User-Email"),
    *("X-Goog-IAP-JWT-Assertion", "X-Amzn-Oidc-Identity", "X-Amzn-Oidc-Data", "X-Pomerium-Jwt-Assertion"),
    *("X-Vouch-User", "X-Vouch-IdP-Claims-Email", "X-authentik-username", "X-MS-CLIENT-PRINCIPAL"),
    *("X-MS-CLIENT-PRINCIPAL-NAME", "X-MS-TOKEN-AAD-ID-TOKEN", "Teleport-Jwt-Assertion", "Tailscale-User-Login"),
    *("X-Oidc-Gate-Jwt", "X-Consumer-Username", "X-Authenticated-Userid", "X-Auth-Username", "X-Userinfo"),
    *("X-Endpoint-API-UserInfo", "X-Apigateway-Api-Userinfo", "iv-user", "iv-groups", "iv-creds", "OAM-Remote-User"),
    *("SM-User", "SM-UserDN", "SM-UniversalID", "X-Token-Subject", "X-Token-User-Email", "Kubeflow-Userid"),
    *("X-Appengine-User-Email", "Shib-Session-ID", "X-Replit-User-Name", "Sf-Context-Current-User"),
]


@pytest.mark.parametrize("name", RESERVED)
def test_the_families_by_which_gates_tell_who_asks_are_reserved_in_every_spelling(name: str) -> None:
    reserved = ReservedHeaders()
    for spelt in (name, name.lower(), name.upper(), name.swapcase()):
        for mark in "-_.~!":
            assert spelt.replace("-", mark) in reserved
        assert spelt.replace("-", "_", 1) in reserved


@pytest.mark.parametrize("family", ["x-forwarded", "ngrok"])
def test_every_header_that_the_gate_sends_is_reserved(family: str) -> None:
    assert all(name in ReservedHeaders() for name, _ in told_headers(family))


def test_a_letter_that_becomes_two_in_capitals_makes_no_other_name() -> None:
    """Django and asgiref put names in capitals, and so would `cf-acceß-…` become what it looks like."""
    assert "cf-acce\xdf-authenticated-user-email" in ReservedHeaders()


@pytest.mark.parametrize(
    "name",
    [
        *("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-users"),
        *("forwarded", "authorization", "cookie", "host", "x-real-ip", "x-request-id", "x-user-agent", "x-auth-token"),
        *("x-amzn-trace-id", "cf-connecting-ip", "x-ms-request-id", "x-goog-api-key", "x-csrftoken", "remote-addr"),
        *("x-requested-with", "x-api-key", "x-access-token", "traceparent", "oidc", "x-remote-ip"),
    ],
)
def test_other_headers_are_not_reserved(name: str) -> None:
    assert name not in ReservedHeaders()


def test_names_of_the_apps_own_are_reserved_too() -> None:
    reserved = ReservedHeaders(["x-team"])
    assert ("X_Team" in reserved, "x.team" in reserved, "x-teams" in reserved) == (True, True, False)
    assert "X-Team" not in ReservedHeaders()


def test_harmless_names_are_remembered_only_so_far_and_told_apart_all_the_same() -> None:
    names = HarmlessNames(ReservedHeaders())
    for number in range(3000):
        assert not names.lack(f"x-{number}")
        assert len(names) <= 1000
    assert not names.lack("x" * 101)
    assert names.lack("remote_user")
    assert ("x-2999" in names, "x" * 101 in names, "remote_user" in names) == (True, False, False)


def test_a_folded_name_is_lower_case_with_dashes() -> None:
    assert folded("X_Forwarded.User~Id") == "x-forwarded-user-id"


# Names of the app's own


@pytest.mark.parametrize(
    ("claim", "claims", "expected"),
    [
        ("email", ANN, "ann@example.com"),
        ("email", ANN | {"email_verified": False}, ""),
        ("sub", ANN, "ann-1"),
        ("preferred_username", ANN, "ann"),
        ("missing", ANN, ""),
        ("level", {"level": 3}, "3"),
        ("level", {"level": 0}, "0"),
        ("member", {"member": False}, "false"),
        ("member", {"member": True}, "true"),
        ("team", {"team": None}, ""),
        ("team", {"team": {"a": 1}}, ""),
        ("team", {"team": ["a,b", 7, None, {}, ""]}, "a%2Cb,7"),
        ("team", {"team": "a,b\r\n"}, "a,b%0D%0A"),
        ("realm_access.roles", {"realm_access": {"roles": ["x", "y"]}}, "x,y"),
        ("realm_access.roles", {"realm_access": "x"}, ""),
        ("https://example.com/team", {"https://example.com/team": "blue"}, "blue"),
        ("groups", {"groups": "raw"}, "staff,admins"),
        ("roles", {"roles": "raw"}, "staff,admins"),
    ],
)
def test_a_header_of_the_apps_own_tells_the_chosen_claim(claim: str, claims: dict[str, Any], expected: str) -> None:
    found = dict(identity_headers((("x-own", claim),), identity(claims, ("staff", "admins")), "roles"))
    assert found.get("x-own", "") == expected
