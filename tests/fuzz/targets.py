"""The targets: each takes bytes, hands them to one module of the gate, and raises AssertionError for a broken promise.

A gate and its provider are real and started once per process. Anything else that is raised is a finding too.
"""

from __future__ import annotations

import atexit
import functools
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote_from_bytes, urlsplit

import requests
from joserfc import jwe
from joserfc.jwk import RSAKey

from oidc_gate.browser.addresses import Origin
from oidc_gate.browser.login_attempts import Attempt
from oidc_gate.decisions import Decision, Forward, ReadBody, Reply, Work
from oidc_gate.errors import GateError
from oidc_gate.gate import Gate
from oidc_gate.provider import code_flow, userinfo
from oidc_gate.provider.discovery import ProviderAddresses, read_metadata
from oidc_gate.provider.http_messages import HTTPAnswer, read_json_object
from oidc_gate.provider.keys import decrypt, read_key_set
from oidc_gate.provider.provider import Provider
from oidc_gate.provider.token_checks import check_id_token, check_logout_token, check_signed_userinfo, read_claims
from oidc_gate.provider.token_errors import TokenCall
from oidc_gate.settings import Settings
from tests.apps import COOKIE_SECRET
from tests.asked import Asked
from tests.fuzz.corpus import Words
from tests.hostile_addresses import destination
from tests.patience import LIMIT
from tests.providers import keys
from tests.providers.local import LocalProvider

OWN = "https://app.test"
ERRORS = Path(__file__).parents[2] / "docs" / "errors.md"
FORM = {"content-type": "application/x-www-form-urlencoded"}
NONCE = "nonce-of-this-login"

Target = Callable[[bytes], None]


@dataclass(frozen=True)
class Scene:
    """A gate with a session and a login under way, and what belongs to them."""

    gate: Gate
    client: Provider
    issuer: str
    genuine: str
    sealed: str
    key: RSAKey
    state: str
    login_cookie: str
    session: str


@functools.cache
def scene() -> Scene:
    """Start a provider and sign one person in."""
    logging.getLogger("oidc_gate").setLevel(logging.CRITICAL)
    provider = LocalProvider()
    provider.start()
    atexit.register(provider.stop)
    settings = Settings(**({"cookie_secret": COOKIE_SECRET} | provider.gate_options()))
    gate, client = Gate(settings), Provider(settings)
    start = _finished(gate.decide(Asked(path="/private", headers={"sec-fetch-mode": "navigate"})))
    state = parse_qs(urlsplit(dict(start.headers)["location"]).query)["state"][0]
    claims = {"iss": provider.issuer, "aud": "app", "sub": "ada", "nonce": NONCE, "iat": provider.now(), "exp": 4e9}
    genuine = keys.sign(claims, {"alg": "RS256", "kid": "rsa-1"}, keys.key_for("RS256"))
    client._verified(genuine)  # the keys are here now, and not asked for again at every input
    key = RSAKey.generate_key(2048)
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM"}
    sealed = jwe.encrypt_compact(header, genuine, key, algorithms=list(header.values()))
    return Scene(gate, client, provider.issuer, genuine, sealed, key, state, _cookies(start), _session(gate))


def _session(gate: Gate) -> str:
    """Sign in by a login of its own; return the value of the session cookie."""
    start = _finished(gate.decide(Asked(path="/private", headers={"sec-fetch-mode": "navigate"})))
    sent_back = requests.get(dict(start.headers)["location"], allow_redirects=False, timeout=LIMIT).headers["location"]
    asked = Asked(path="/oauth2/callback", query=urlsplit(sent_back).query, cookie_header=_cookies(start))
    pairs = dict(pair.split("=", 1) for pair in _cookies(_finished(gate.decide(asked))).split("; "))
    return pairs[gate._components.secure_cookies.session]


def _finished(decision: Decision) -> Reply:
    while isinstance(decision, Work):
        decision = decision.run()
    assert isinstance(decision, Reply), decision
    return decision


def _cookies(reply: Reply) -> str:
    return "; ".join(value.partition(";")[0] for name, value in reply.headers if name == "set-cookie")


@functools.cache
def documented() -> frozenset[str]:
    """Return the codes that docs/errors.md lists."""
    return frozenset(re.findall(r"^\| `([a-z_]+)`", ERRORS.read_text(), re.MULTILINE))


def _check_reply(reply: Reply) -> None:
    """Check that an answer of the gate is one it may give: its status, its code, its headers, its body."""
    assert reply.status in (200, 204, 302, 303, 400, 401, 403, 404, 405, 501, 503), reply.status
    for name, value in reply.headers:
        assert re.fullmatch(r"[a-z-]+", name), name
        assert value.isascii(), value
        assert value.isprintable(), value
    location = dict(reply.headers).get("location")
    if reply.status == 400:
        told = re.search(r"Error ([a-z_]+) ·", reply.body.decode())
        code = told.group(1) if told else json.loads(reply.body)["error"]
        assert code in documented(), code
    if location is not None and not location.startswith(scene().issuer):
        assert destination(location, f"{OWN}/oauth2/callback") == OWN, location


def _try(call: Callable[[], object]) -> None:
    """Make a call that may end with a documented error; any other is let through."""
    try:
        call()
    except GateError as error:
        code = error.code
    else:
        return
    assert code in documented(), code


# The targets


def cookies(data: bytes) -> None:
    """Any Cookie header, on a protected page and at the gate's own paths: nobody but the genuine session's person."""
    here, header = scene(), data.decode("latin-1")
    genuine = here.session[:40] in header and here.session[-40:] in header  # whole, or in parts
    for path in ("/private", "/oauth2/userinfo", f"/oauth2/callback?state={here.state}&code=x"):
        target, _, query = path.partition("?")
        decision = here.gate.decide(Asked(path=target, query=query, cookie_header=header))
        assert genuine or not isinstance(decision, Forward), "the app was called"
        if isinstance(decision, Reply):
            _check_reply(decision)


def callback(data: bytes) -> None:
    """Any query and any form at the callback: an error, or the one login that is under way in this browser."""
    here, text = scene(), data.decode("latin-1")
    for cookie in ("", here.login_cookie):
        asked = Asked(path="/oauth2/callback", query=text, cookie_header=cookie)
        _judge_callback(here.gate.decide(asked), here, bool(cookie))
        asked = Asked(path="/oauth2/callback", method="POST", cookie_header=cookie, headers=FORM)
        reading = here.gate.decide(asked)
        assert isinstance(reading, ReadBody)
        _judge_callback(reading.resume(data), here, bool(cookie))


def _judge_callback(decision: Decision, here: Scene, has_login: bool) -> None:
    assert not isinstance(decision, Forward), "the app was called"
    if isinstance(decision, Work):
        assert has_login, "a code was to be redeemed without a login"
    elif isinstance(decision, Reply):
        assert not any(
            re.match(r"__Host-oidc_gate\.default-\w{6}=", value) and "Max-Age=0" not in value
            for _, value in decision.headers
        )
        _check_reply(decision)


def own_paths(data: bytes) -> None:
    """Any query and form at login and logout: the browser never leaves for anywhere but the provider and this app.

    Any query at health and ready: what is no challenge is refused, and nothing else happens.
    """
    here, text = scene(), data.decode("latin-1")
    for name in ("login", "logout"):
        for headers in ({}, {"sec-fetch-mode": "navigate", "sec-fetch-site": "cross-site"}):
            _check_own(here.gate.decide(Asked(path=f"/oauth2/{name}", query=text, headers=headers)), here)
        reading = here.gate.decide(Asked(path=f"/oauth2/{name}", method="POST", headers=FORM))
        assert isinstance(reading, ReadBody)
        _check_own(reading.resume(data), here)
    for query in (text, "challenge=" + quote_from_bytes(data), "challenge=" + text):
        health = _finished(here.gate.decide(Asked(path="/oauth2/health", query=query)))
        assert health.status in (200, 400), health.status
        _check_reply(health)
        script = _finished(here.gate.decide(Asked(path="/oauth2/relogin.js", query=query)))
        assert script.status == 200
        _check_reply(script)
        ready = _finished(here.gate.decide(Asked(path="/oauth2/ready", query=query)))
        assert (ready.status, json.loads(ready.body)["store"]) == (200, "none")


def _check_own(decision: Decision, here: Scene) -> None:
    reply = _finished(decision)
    _check_reply(reply)
    stored = _cookies(reply)
    if reply.status in (302, 303) and ".login." in stored:
        state = parse_qs(urlsplit(dict(reply.headers)["location"]).query)["state"]
        components = here.gate._components
        read = components.attempts.read_state(state[0])
        assert len(state) == 1
        assert read is not None
        assert isinstance(components.attempts.find(read, components.secure_cookies, stored), Attempt)
        found = read.return_to or components.attempts.long_address(read, components.secure_cookies, stored) or "/"
        assert destination(found, f"{OWN}/oauth2/callback") == OWN, found


def return_address(data: bytes) -> None:
    """Any return address, and any requested path: a browser resolves what is kept of it to the gate's own origin."""
    from oidc_gate.browser.addresses import requested_path, safe_path

    here, text = scene(), data.decode("utf-8", "surrogateescape")
    own = Origin("https", "app.test", "")
    for target in (text, data.decode("latin-1"), "/" + text, OWN + text):
        found = safe_path(target, own)
        assert re.fullmatch(r"/[!-~]{0,7999}", found), found
        assert destination(found, f"{OWN}/oauth2/callback?x") == OWN, found
    query = "next=" + quote_from_bytes(data)
    _check_own(here.gate.decide(Asked(path="/oauth2/login", query=query)), here)
    request = Asked(path="/" + data.decode("utf-8", "replace"), query=data.decode("latin-1"))
    kept = safe_path(requested_path(request, ""), own)
    assert destination(kept, f"{OWN}/") == OWN, kept
    request.headers = {"sec-fetch-mode": "navigate"}
    if not request.path.startswith("/oauth2/"):
        _check_own(here.gate.decide(request), here)


def token(data: bytes) -> None:
    """Any token: refused with a documented code, unless it is the genuine one to the letter of its payload."""
    here, text = scene(), data.decode("utf-8", "replace")
    expected = here.client._expected()
    for candidate in (text, _mutated(here.genuine, data)):

        def verify(candidate: str = candidate) -> None:
            signed = here.client._verified(candidate)
            assert candidate.split(".")[:2] == here.genuine.split(".")[:2], "a forged token was verified"
            check_id_token(signed, expected, expected_nonce=NONCE)

        _try(verify)
    for candidate in (text, _mutated(here.sealed, data)):

        def unseal(candidate: str = candidate) -> None:
            assert decrypt(candidate, here.key) == here.genuine.encode(), "a forged token was decrypted"

        _try(unseal)


def _mutated(text: str, data: bytes) -> str:
    """Return the token with a part of it replaced, as the first bytes of the data say."""
    if len(data) < 4:
        return text
    start = int.from_bytes(data[:2]) % len(text)
    return text[:start] + data[4:].decode("latin-1") + text[start + int.from_bytes(data[2:4]) % 64 :]


def claims(data: bytes) -> None:
    """Any payload under a good signature: only claims with the right issuer, audience and nonce pass."""
    from oidc_gate.provider.keys import SignedToken

    here = scene()
    signed = SignedToken({"alg": "RS256"}, data, b"", b"")
    expected = here.client._expected()

    def identify() -> None:
        found = check_id_token(signed, expected, expected_nonce=NONCE)
        assert (found["iss"], found["nonce"]) == (here.issuer, NONCE)
        assert found["aud"] == "app" or "app" in found["aud"]
        assert isinstance(found["sub"], str)

    _try(identify)
    _try(lambda: check_logout_token(signed, expected))
    _try(lambda: check_signed_userinfo(read_claims(signed.payload), expected))


def documents(data: bytes) -> None:
    """Any answer of the provider, at each of its endpoints."""
    here = scene()
    for status in (200, 400, 401):
        for content_type in ("application/json", "application/jwt"):
            answer = HTTPAnswer(status, content_type, data)
            _try(lambda answer=answer: read_metadata(answer, ProviderAddresses(here.issuer)))  # type: ignore[misc]
            _try(lambda answer=answer: userinfo.read_userinfo(answer))  # type: ignore[misc]
            _try(
                lambda answer=answer: code_flow.read_tokens(answer, TokenCall("none"))  # type: ignore[misc]
            )
    document = _json_object(data)
    if document is not None:
        _try(lambda: read_key_set(document).verifies(here.client._verified(here.genuine)))


def _json_object(data: bytes) -> dict[str, Any] | None:
    try:
        return read_json_object(data)
    except ValueError:
        return None


TARGETS: dict[str, Target] = {
    target.__name__: target for target in (cookies, callback, own_paths, return_address, token, claims, documents)
}


def own_words() -> Words:
    """Return what only this process knows and inputs are made of."""
    here = scene()
    return {
        "genuine": here.genuine,
        "sealed": here.sealed,
        "login cookie": here.login_cookie,
        "session": here.session,
        "cookie": here.gate._components.secure_cookies.session,
        "state": here.state,
        "issuer": here.issuer,
    }


def seeds(name: str) -> list[bytes]:
    """Return inputs to begin with: good ones, so that mutations of them get far."""
    here = scene()
    cookie, cut = here.gate._components.secure_cookies.session, len(here.session) // 2
    parts = f"{cookie}=2.{here.session[:cut]}; {cookie}.1={here.session[cut:]}"
    logout = {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}, "jti": "j", "sid": "s"}
    common = {"iss": here.issuer, "aud": ["app"], "iat": 1, "exp": 4e9}
    metadata = {"issuer": here.issuer} | dict.fromkeys(
        ("authorization_endpoint", "token_endpoint", "jwks_uri"), "http://a"
    )
    answer = {"id_token": here.genuine, "access_token": "t", "token_type": "Bearer", "expires_in": "300"}
    found: dict[str, list[str]] = {
        "cookies": [here.login_cookie, f"{cookie}={here.session}", parts, "a=b; c"],
        "callback": [
            f"state={here.state}&code=abc&iss={here.issuer}",
            f"state={here.state}&error=access_denied&error_description=no",
        ],
        "own_paths": [
            f"iss={here.issuer}&login_hint=a&target_link_uri=/a",
            "next=//evil",
            "auth_id=default&redirect_path=%2Fa",
            "state=x&next=/",
            "challenge=0123456789abcdef",
        ],
        "return_address": ["/a?b#c", "//evil.example", "/\\evil.example", OWN + "/a", "/%2e%2e//evil"],
        "token": [here.genuine, here.sealed],
        "claims": [json.dumps(keys.unverified_claims(here.genuine)), json.dumps(common | logout)],
        "documents": [
            *(json.dumps(document) for document in (metadata, answer, keys.generation_jwks(1))),
            '{"error":"invalid_grant"}',
            '{"sub":"ada"}',
        ],
    }
    return [text.encode() for text in found[name]]
