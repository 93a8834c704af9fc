"""surface.md, 'Programs': tokens that are forged, of another kind, for somebody else, or out of time.

Each is refused with 401 `invalid_token`, and the app is not called; beside a good session too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from joserfc.jwk import ECKey, RSAKey

from tests.access_tokens import AUDIENCE, TAKING, Program, access_token, b64, challenges, claims_of, error_of
from tests.conftest import StageFactory
from tests.providers import keys
from tests.providers.local import LocalProvider
from tests.stage import Stage, subject

Make = Callable[[LocalProvider], str]
OTHER_RSA, OTHER_EC = RSAKey.generate_key(2048), ECKey.generate_key("P-256")
PUBLIC_PEM = cast("RSAKey", keys.key_for("RS256")).as_pem(private=False)
ADA = "ada-1815"
#: What no claim with a plain meaning may be.
STRANGE: list[Any] = [None, "", True, False, [], {}, [[]], {"a": 1}]


def saying(**changes: Any) -> Make:
    return lambda provider: access_token(provider, **changes)


def headed(**header: Any) -> Make:
    return lambda provider: access_token(provider, header)


def signed_by(key: Any, **header: Any) -> Make:
    return lambda provider: access_token(provider, header, key)


def about(provider: LocalProvider, seconds: float) -> int:
    return int(provider.now() + seconds)


def parts(change: Callable[[list[str]], list[str]]) -> Make:
    return lambda provider: ".".join(change(access_token(provider).split(".")))


def payload(raw: bytes) -> Make:
    return lambda provider: keys.sign(
        raw, {"alg": "RS256", "typ": "at+jwt", "kid": keys.key_for("RS256").kid}, keys.key_for("RS256")
    )


def id_token(provider: LocalProvider, **changes: Any) -> str:
    """Return an ID token as the provider issues it to this very client."""
    claims = claims_of(provider, aud="app", azp="app", nonce="n", at_hash="h", scope=..., client_id=..., **changes)
    return keys.sign(claims, {"alg": "RS256", "kid": keys.key_for("RS256").kid}, keys.key_for("RS256"))


def logout_token(provider: LocalProvider) -> str:
    events: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
    return access_token(provider, {"typ": "logout+jwt"}, events=events, sid="s")


def nested(provider: LocalProvider) -> str:
    inner = access_token(provider)
    header = {"alg": "RS256", "typ": "at+jwt", "cty": "JWT", "kid": keys.key_for("RS256").kid}
    return keys.sign(inner.encode(), header, keys.key_for("RS256"))


def encrypted(provider: LocalProvider) -> str:
    from joserfc import jwe

    return jwe.encrypt_compact({"alg": "RSA-OAEP", "enc": "A256GCM", "cty": "JWT"}, access_token(provider), OTHER_RSA)


BAD: dict[str, Make] = {
    # the algorithm
    "alg none": headed(alg="none"),
    "alg None": headed(alg="None"),
    "alg none, signature kept": lambda provider: access_token(provider, {"alg": "none"})
    + access_token(provider).rpartition(".")[2],
    "alg HS256 with the public key": signed_by(PUBLIC_PEM, alg="HS256"),
    "alg HS256 with the client's secret": lambda provider: access_token(
        provider, {"alg": "HS256"}, (provider.clients["app"].secret or "").encode()
    ),
    "alg in lower case": lambda provider: _relabelled(provider, alg="rs256"),
    "alg of another key": lambda provider: _relabelled(provider, alg="ES256"),
    "alg is a list": lambda provider: _relabelled(provider, alg=["RS256"]),
    "alg is missing": lambda provider: _relabelled(provider, alg=...),
    "alg not of the provider": signed_by(ECKey.generate_key("P-384"), alg="ES384"),
    "alg RSA-OAEP": lambda provider: _relabelled(provider, alg="RSA-OAEP"),
    # the key
    "another RSA key": signed_by(OTHER_RSA),
    "another EC key": signed_by(OTHER_EC, alg="ES256"),
    "another key under the kid of the provider's": lambda provider: access_token(
        provider, {"kid": keys.key_for("RS256").kid}, OTHER_RSA
    ),
    "a kid that nobody has": headed(kid="../../etc/passwd"),
    "a kid that is an object": headed(kid={"$ne": ""}),
    "the kid of another key": headed(kid=keys.key_for("ES256").kid),
    "jwk in the header": lambda provider: access_token(
        provider, {"jwk": keys.public_jwk(OTHER_RSA), "kid": ...}, OTHER_RSA
    ),
    "jku in the header": signed_by(OTHER_RSA, jku="https://evil.example/jwks"),
    "x5u in the header": signed_by(OTHER_RSA, x5u="https://evil.example/cert"),
    "x5c in the header": signed_by(OTHER_RSA, x5c=["AAAA"]),
    "crit": headed(crit=["exp"], exp=1),
    "b64 false": headed(crit=["b64"], b64=False),
    # its form
    "one bit of the signature": lambda provider: keys.tampered(access_token(provider)),
    "no signature": parts(lambda found: [*found[:2], ""]),
    "another token's signature": lambda provider: ".".join(
        [*access_token(provider, sub="ada").split(".")[:2], access_token(provider).split(".")[2]]
    ),
    "two parts": parts(lambda found: found[:2]),
    "one part": parts(lambda found: found[:1]),
    "four parts": parts(lambda found: [*found, "x"]),
    "empty parts": lambda _: "..",
    "padding": parts(lambda found: [found[0], f"{found[1]}==", found[2]]),
    "the header twice": parts(lambda found: [found[0], found[0], found[2]]),
    "nested": nested,
    "encrypted": encrypted,
    "opaque": lambda _: "2YotnFZFEjr1zCsicMWpAA",
    "8193 bytes": lambda provider: _of_length(provider, 8193),
    "claims are a list": payload(b"[1]"),
    "claims are no JSON": payload(b"iss"),
    "claims are no UTF-8": payload(b'{"sub":"\xff"}'),
    "a claim twice": lambda provider: payload(
        json.dumps(claims_of(provider)).encode()[:-1] + b',"sub":"admin"}'
    )(provider),
    "claims nested deep": payload(b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}"),
    # its kind
    "an ID token of this client": id_token,
    "an ID token for this audience": lambda provider: access_token(provider, {"typ": "JWT"}, nonce="n"),
    "an ID token without nonce": lambda provider: access_token(provider, {"typ": "JWT"}, at_hash="h"),
    "a logout token": logout_token,
    "a logout token without typ": lambda provider: access_token(provider, {"typ": ...}, events={}),
    "typ secevent+jwt": headed(typ="secevent+jwt"),
    "typ dpop+jwt": headed(typ="dpop+jwt"),
    "typ of an introspection": headed(typ="token-introspection+jwt"),
    "typ application/logout+jwt": headed(typ="Application/Logout+JWT"),
    "typ is a list": headed(typ=["at+jwt"]),
    "typ is empty": headed(typ=""),
    "Keycloak's refresh token": saying(typ="Refresh"),
    "Keycloak's ID token": lambda provider: access_token(provider, {"typ": "JWT"}, typ="ID"),
    "Cognito's ID token": lambda provider: access_token(provider, {"typ": ...}, token_use="id"),
    # whose it is
    **{f"iss {value!r}": saying(iss=value) for value in [..., *STRANGE, "https://evil.example"]},
    "iss with a slash": lambda provider: access_token(provider, iss=f"{provider.issuer}/"),
    "iss in a list": lambda provider: access_token(provider, iss=[provider.issuer]),
    "iss in upper case": lambda provider: access_token(provider, iss=provider.issuer.upper()),
    # whom it is for
    **{f"aud {value!r}": saying(aud=value) for value in [..., *STRANGE, 7, "app", "https://app.test", f"{AUDIENCE}/"]},
    "aud in an object": saying(aud={AUDIENCE: 1}),
    "aud beside a number": saying(aud=[AUDIENCE, 1]),
    "aud in a list of lists": saying(aud=[[AUDIENCE]]),
    "aud with blanks": saying(aud=f" {AUDIENCE}"),
    "aud of others": saying(aud=["app", "other"]),
    # whom it names
    **{f"sub {value!r}": saying(sub=value) for value in [..., *STRANGE, 7, "x" * 256, "\ud800"]},
    # when
    **{f"exp {value!r}": saying(exp=value) for value in [..., *STRANGE, "1900000300", "١٩٠٠٠٠٠٣٠٠", -1, 1e300, 10**30]},
    "exp an hour ago": lambda provider: access_token(provider, exp=about(provider, -3600)),
    "exp just before the leeway": lambda provider: access_token(provider, exp=about(provider, -61)),
    "exp in milliseconds": lambda provider: access_token(provider, exp=about(provider, 300) * 1000),
    "nbf in the future": lambda provider: access_token(provider, nbf=about(provider, 61)),
    "nbf is a text": saying(nbf="1"),
    "iat in the future": lambda provider: access_token(provider, iat=about(provider, 61)),
    "iat is true": saying(iat=True),
    # what it is bound to
    "cnf.jkt": saying(cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
    "cnf.x5t#S256": saying(cnf={"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}),
    "cnf.jwk": saying(cnf={"jwk": {"kty": "EC"}}),
    **{f"cnf {value!r}": saying(cnf=value) for value in STRANGE},
}  # fmt: skip


def _relabelled(provider: LocalProvider, **header: Any) -> str:
    """Return a good token whose header was changed after it was signed."""
    head, claims, signature = access_token(provider).split(".")
    members = {
        name: value for name, value in (keys.unverified_header(f"{head}..") | header).items() if value is not ...
    }
    return f"{b64(json.dumps(members).encode())}.{claims}.{signature}"


def _of_length(provider: LocalProvider, length: int) -> str:
    """Return a good token of this length."""
    short = len(access_token(provider, pad=""))
    for fill in range((length - short) * 3 // 4 - 4, length):
        token = access_token(provider, pad="x" * fill)
        if len(token) >= length:
            return token
    raise AssertionError("never")


@pytest.fixture
def here(stage: StageFactory) -> Stage:
    return stage(**TAKING)


def outcome(answer: Any, here: Stage) -> tuple[Any, ...]:
    """Return what is told of a refusal; the app was not called."""
    called = len(here.app.calls)
    here.app.calls.clear()
    error = error_of(answer) if answer.status in (401, 403) else None
    return answer.status, error, called


def test_there_are_about_a_hundred_of_them() -> None:
    assert len(BAD) > 100


def test_each_is_401_and_the_app_is_not_called(here: Stage, provider: LocalProvider) -> None:
    program = Program(here)
    assert program.ask("/", access_token(provider)).status == 200
    here.app.calls.clear()
    found = {name: outcome(program.ask("/", make(provider)), here) for name, make in BAD.items()}
    assert {name: said for name, said in found.items() if said != (401, "invalid_token", 0)} == {}
    assert program.ask("/", access_token(provider)).status == 200


def test_none_falls_back_to_the_cookie_of_somebody_signed_in(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    for _ in range(3):
        assert subject(browser.fetch("/")) == ADA
    here.app.calls.clear()
    found = {}
    for name, make in BAD.items():
        answer = browser.fetch("/", headers={"Authorization": f"Bearer {make(provider)}"})
        found[name] = outcome(answer, here)
        assert not answer.header_list("Set-Cookie")
    assert {name: said for name, said in found.items() if said != (401, "invalid_token", 0)} == {}
    assert subject(browser.fetch("/")) == ADA


#: Headers that are no one scheme and one token.
MALFORMED = {
    "a scheme alone": "Bearer",
    "a scheme and a blank": "Bearer ",
    "a tab": "Bearer\t{token}",
    "two tokens": "Bearer {token} {token}",
    "a parameter": 'Bearer token="{token}"',
    "joined by the server": "Bearer {token},Bearer {token}",
    "joined, with another scheme first": "Basic YTpi, Bearer {token}",
    "joined, with another scheme second": "Bearer {token}, Basic YTpi",
    "in quotes": 'Bearer "{token}"',
    "percent-encoded": "Bearer %65{token}",
    "a control character": "Bearer {token}\x0b",
    "a letter beyond ASCII": "Bearer {token}\xe9",
    "DPoP, which is off": "DPoP {token}",
    "padding in the middle": "Bearer =={token}",
    "too long": "Bearer " + "a" * 20_000,
}  # fmt: skip


def test_a_header_that_is_not_one_scheme_and_one_token_is_401(here: Stage, provider: LocalProvider) -> None:
    program, token = Program(here), access_token(provider)
    sent = {name: text.replace("{token}", token) for name, text in MALFORMED.items()}
    found = {name: outcome(program.send("/", ("Authorization", text)), here) for name, text in sent.items()}
    assert {name: said for name, said in found.items() if said != (401, "invalid_token", 0)} == {}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("Bearer", "a scheme and no token: perhaps the program's variable is empty"),
        ("bearer ", "a scheme and no token"),
        ("Bearer a b", "not one scheme and one token of at most 8192 bytes"),
    ],
)
def test_the_log_tells_an_empty_variable_from_a_header_that_is_broken(
    header: str, said: str, here: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    assert Program(here).send("/", ("Authorization", header)).status == 401
    assert said in caplog.text


def test_a_token_without_aud_is_told_so(here: Stage, provider: LocalProvider, caplog: pytest.LogCaptureFixture) -> None:
    assert Program(here).ask("/", access_token(provider, aud=...)).status == 401
    assert "the token has no aud, and bearer_audience is [" in caplog.text


def test_a_type_that_is_demanded_is_named(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    here = stage(bearer_type="at+jwt", **TAKING)
    assert Program(here).ask("/", access_token(provider, {"typ": "JWT"})).status == 401
    assert "the token is of the type 'JWT', and bearer_type is at+jwt" in caplog.text


def test_two_authorization_headers_are_401(here: Stage, provider: LocalProvider) -> None:
    good, browser = ("Authorization", f"Bearer {access_token(provider)}"), here.signed_in()
    here.app.calls.clear()
    for second in (good, ("authorization", good[1]), ("AUTHORIZATION", "Basic YTpi"), ("Authorization", "")):
        for headers in ((good, second), (second, good)):
            assert outcome(Program(here).send("/", *headers), here) == (401, "invalid_token", 0), headers
            assert browser.fetch("/", headers=list(headers)).status == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer  ", " Bearer"])
def test_the_case_of_the_scheme_does_not_count(scheme: str, here: Stage, provider: LocalProvider) -> None:
    program = Program(here)
    for _ in range(3):
        assert subject(program.send("/", ("Authorization", f"{scheme} {access_token(provider)}"))) == "robot"
    assert program.send("/", ("Authorization", f"{scheme} {access_token(provider)[:-2]}")).status == 401


@pytest.mark.parametrize("other", ["Basic YWRhOnB3", "Digest username=ada, realm=x", "Bearerx a.b.c", "Negotiate YII="])
def test_with_another_scheme_the_cookie_counts_and_the_app_gets_the_header(other: str, here: Stage) -> None:
    answer = Program(here).send("/", ("Authorization", other))
    assert (answer.status, answer.json()["error"]) == (401, "login_required")
    assert challenges(answer)[0][0] == "Bearer"
    browser = here.signed_in()
    for _ in range(4):
        seen = browser.fetch("/", headers={"Authorization": other})
        assert subject(seen) == ADA
        assert seen.json()["headers"]["authorization"] == other


def test_a_token_counts_in_no_other_place(here: Stage, provider: LocalProvider) -> None:
    """RFC 6750, 2.2 and 2.3: neither a form nor the query; and no header or cookie of another name."""
    program, token = Program(here), access_token(provider)
    assert program.ask("/", token).status == 200
    here.app.calls.clear()
    for headers in (
        [("X-Authorization", f"Bearer {token}")],
        [("Proxy-Authorization", f"Bearer {token}")],
        [("X-Forwarded-Access-Token", token)],
        [("Cookie", f"Bearer {token}")],
        [("Cookie", f"access_token={token}")],
        [("Cookie", f"Authorization=Bearer {token}")],
        [("Sec-WebSocket-Protocol", f"bearer, {token}")],
    ):
        for _ in range(3):
            assert program.send("/", *headers).status == 401
    assert program.ask(f"/?access_token={token}").status == 401
    form = program.browser.request("POST", "/", form={"access_token": token}, bare=True, headers=[("Host", "app.test")])
    assert form.status == 401
    assert here.app.calls == []
