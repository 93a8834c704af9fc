"""Programs at Keycloak and Ory Hydra, in both worlds: their access tokens reach the app, and nothing else does."""

from __future__ import annotations

import json
import logging
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.access_tokens import Holder, challenges, error_of
from tests.answers import Answer
from tests.apps import COOKIE_SECRET, echo
from tests.browser import Browser, World
from tests.doctor_faults import examined, not_ok
from tests.real_providers.provider import APP, UnavailableError
from tests.real_providers.token_issuers import AUDIENCE, ISSUERS, OTHER_AUDIENCE, Issuer
from tests.stage import Clock, timed

#: How the gate finds out about a token, and of which kind the token is.
WAYS = [("jwt", "jwt"), ("introspection", "jwt"), ("introspection", "opaque"), ("auto", "jwt"), ("auto", "opaque")]
each_way = pytest.mark.parametrize(("way", "kind"), WAYS, ids=[f"{way}-of-{kind}" for way, kind in WAYS])
#: For how long a yes at introspection is believed; the tokens themselves last a minute.
BELIEVED = 40.0


class Forward(Clock):
    """The time of day, which can be set forward."""

    def __call__(self) -> float:
        return time.time() + self.now


class Program:
    """Asks a gate as a program does; the app behind it is an echo."""

    def __init__(self, world: World, settings: dict[str, Any]) -> None:
        self.clock = Forward(0.0)
        self.app = echo(world)
        self._browser = Browser(timed(world, self.app, self.clock, **settings), world)

    def ask(self, token: str, path: str = "/", *, scheme: str = "Bearer", proof: str = "") -> Answer:
        """Send a GET with this token."""
        headers = [("Host", "app.test"), ("Authorization", f"{scheme} {token}")]
        headers += [("DPoP", proof)] if proof else []
        return self._browser.request("GET", path, headers=headers, bare=True, navigate=False)


Gated = Callable[..., Program]


class Now:
    """The time of day."""

    def now(self) -> int:
        return int(time.time())


@pytest.fixture(scope="module", params=ISSUERS)
def issuer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    name: str = request.param
    try:
        with ISSUERS[name](tmp_path_factory.mktemp(name)) as running:
            yield running
    except UnavailableError as error:
        pytest.skip(f"not available: {error}")


@pytest.fixture
def gate(world: World, issuer: Issuer, caplog: pytest.LogCaptureFixture) -> Gated:
    """Make programs in front of gates at the issuer; keywords are settings."""
    caplog.set_level(logging.DEBUG, "oidc_gate")
    return lambda **settings: Program(world, issuer.settings(**settings))


def of_kind(issuer: Issuer, kind: str) -> str:
    """Return a new program with tokens of this kind."""
    if kind not in issuer.kinds:
        pytest.skip(f"{issuer.provider.title} issues no {kind} tokens")
    return issuer.add_program(kind)


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def comes_in(program: Program, token: str, path: str = "/") -> Any:
    """Return the identity that the app was told."""
    answer = program.ask(token, path)
    assert (answer.status, len(program.app.calls)) == (200, 1), answer.text
    program.app.calls.clear()
    return program.app.raw[-1]["oidc_gate.identity"]


def is_refused(program: Program, token: str, code: str, caplog: pytest.LogCaptureFixture) -> None:
    """See that a token is refused, each time, and why: the first time the log has this code."""
    for each in (code, ""):
        caplog.clear()
        answer = program.ask(token)
        assert answer.status == 401, answer.text
        assert error_of(answer) == "invalid_token"
        assert answer.header("Set-Cookie") == ""
        assert each in caplog.text
        assert token not in caplog.text
    assert program.app.calls == []


# Who comes in


@each_way
def test_a_program_comes_in_as_who_it_is(issuer: Issuer, gate: Gated, way: str, kind: str) -> None:
    robot = of_kind(issuer, kind)
    program = gate(bearer_tokens=way, bearer_scopes=["api:read"], bearer_clients=[robot])
    token = issuer.grant(robot, "api:read", "api:write")
    assert (token.count(".") == 2) == (kind == "jwt")
    for _ in range(3):
        identity = comes_in(program, token)
        assert identity.subject == issuer.subject_of(robot)
        assert {"api:read", "api:write"} <= set(identity.scopes)
        assert identity.claims["client_id"] == robot
        assert identity.issuer == issuer.endpoints["issuer"]
        assert identity.session_id.startswith("t:")
        assert 0 < identity.expires_at - time.time() <= 60


@each_way
def test_a_person_comes_in_with_the_token_of_a_program_of_theirs(
    issuer: Issuer, gate: Gated, way: str, kind: str
) -> None:
    of_ada = of_kind(issuer, kind)
    tokens = issuer.sign_in(of_ada, "api:read")
    identity = comes_in(gate(bearer_tokens=way, bearer_clients=[of_ada]), tokens["access_token"])
    assert identity.subject == claims_of(tokens["id_token"])["sub"]
    assert "api:read" in identity.scopes
    assert {identity.claims.get("client_id", of_ada), identity.claims.get("azp", of_ada)} == {of_ada}


# Who does not


@each_way
def test_a_token_for_another_audience_or_for_none_is_refused(
    issuer: Issuer, gate: Gated, caplog: pytest.LogCaptureFixture, way: str, kind: str
) -> None:
    robot = of_kind(issuer, kind)
    is_refused(gate(bearer_tokens=way), issuer.grant(robot, "api:read", audience=""), "audience_mismatch", caplog)
    token = issuer.grant(robot, "api:read", audience=OTHER_AUDIENCE)
    is_refused(gate(bearer_tokens=way), token, "audience_mismatch", caplog)
    comes_in(gate(bearer_tokens=way, bearer_audience=[OTHER_AUDIENCE]), token)


@each_way
def test_a_token_of_another_client_is_refused(
    issuer: Issuer, gate: Gated, caplog: pytest.LogCaptureFixture, way: str, kind: str
) -> None:
    token = issuer.grant(of_kind(issuer, kind))
    is_refused(gate(bearer_tokens=way, bearer_clients=["another"]), token, "token_client_wrong", caplog)


@pytest.mark.parametrize("way", ["jwt", "introspection", "auto"])
def test_an_id_token_is_no_access_token(
    issuer: Issuer, gate: Gated, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    """Its audience would do: it is that of the program that it was issued to."""
    of_ada = issuer.add_program()
    tokens = issuer.sign_in(of_ada, "api:read")
    program = gate(bearer_tokens=way, bearer_audience=[AUDIENCE, of_ada])
    assert of_ada in claims_of(tokens["id_token"])["aud"]
    code = "token_type_wrong" if way != "introspection" else issuer.id_token_asked_about
    is_refused(program, tokens["id_token"], code, caplog)
    is_refused(program, tokens["refresh_token"], issuer.refresh_token[way], caplog)
    comes_in(program, tokens["access_token"])


@pytest.mark.parametrize("way", ["jwt", "introspection"])
def test_a_token_that_was_tampered_with_is_refused(
    issuer: Issuer, gate: Gated, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    program = gate(bearer_tokens=way, bearer_cache_seconds=0)
    token = issuer.grant(issuer.add_program(), "api:read")
    head, payload, signature = token.split(".")
    other = issuer.grant(issuer.add_program(), "api:read", "api:write").split(".")
    swapped = signature[:20] + ("A" if signature[20] != "A" else "B") + signature[21:]
    code = {"jwt": "signature_invalid", "introspection": "token_inactive"}[way]
    for bad in (f"{head}.{payload}.{swapped}", f"{head}.{other[1]}.{signature}", f"{head}.{payload}.{other[2]}"):
        is_refused(program, bad, code, caplog)
    comes_in(program, token)


def test_an_opaque_token_that_was_tampered_with_is_refused(
    issuer: Issuer, gate: Gated, caplog: pytest.LogCaptureFixture
) -> None:
    token = issuer.grant(of_kind(issuer, "opaque"))
    program = gate(bearer_tokens="auto")
    for bad in (token[:-8] + "AAAAAAAA", token[:-1], "ory_at_nobody-issued-this.at-all"):
        is_refused(program, bad, "token_inactive", caplog)
    comes_in(program, token)


# Whose time is over, which only the provider knows

WITHDRAWALS: dict[str, Callable[[Issuer, str, str], None]] = {
    "revoked": lambda issuer, client_id, token: issuer.revoke(client_id, token),
    "client removed": lambda issuer, client_id, token: issuer.remove_program(client_id),
}


@pytest.mark.parametrize("kind", ["jwt", "opaque"])
@pytest.mark.parametrize("how", WITHDRAWALS)
def test_a_token_that_was_withdrawn_is_refused_once_the_last_yes_is_old(
    issuer: Issuer, gate: Gated, caplog: pytest.LogCaptureFixture, how: str, kind: str
) -> None:
    robot = of_kind(issuer, kind)
    program = gate(bearer_tokens="introspection", bearer_cache_seconds=BELIEVED)
    token = issuer.grant(robot)
    comes_in(program, token)
    WITHDRAWALS[how](issuer, robot, token)
    comes_in(program, token)
    program.clock.advance(BELIEVED + 1)
    is_refused(program, token, "token_inactive", caplog)
    at_once = gate(bearer_tokens="introspection", bearer_cache_seconds=0)
    is_refused(at_once, token, "token_inactive", caplog)
    if kind == "jwt":
        comes_in(gate(), token)  # its signature does not tell


@pytest.mark.parametrize("kind", ["jwt", "opaque"])
def test_a_person_whose_sessions_were_ended_is_refused(
    issuer: Issuer, gate: Gated, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    of_ada = of_kind(issuer, kind)
    tokens = issuer.sign_in(of_ada)
    program = gate(bearer_tokens="introspection", bearer_cache_seconds=BELIEVED)
    comes_in(program, tokens["access_token"])
    issuer.end_sessions(claims_of(tokens["id_token"])["sub"])
    comes_in(program, tokens["access_token"])
    program.clock.advance(BELIEVED + 1)
    is_refused(program, tokens["access_token"], "token_inactive", caplog)


# Who may do what


@each_way
def test_too_few_scopes_are_403_and_the_missing_ones_are_named(
    issuer: Issuer, gate: Gated, way: str, kind: str
) -> None:
    robot = of_kind(issuer, kind)
    rules = [{"path": "/write", "allow": {"scopes": "api:write"}}]
    program = gate(bearer_tokens=way, bearer_scopes=["api:read"], rules=rules)
    reads, writes = issuer.grant(robot, "api:read"), issuer.grant(robot, "api:write")
    comes_in(program, reads)
    for token, path, wanted in ((reads, "/write", "api:write"), (writes, "/", "api:read")):
        answer = program.ask(token, path)
        assert answer.status == 403, answer.text
        assert error_of(answer) == "insufficient_scope"
        assert wanted in challenges(answer)[0][1]["scope"]
    assert program.app.calls == []
    comes_in(program, issuer.grant(robot, "api:read", "api:write"), "/write")


# What tokens say of themselves


def test_a_token_that_says_what_it_is_is_all_that_bearer_type_takes(
    issuer: Issuer, gate: Gated, caplog: pytest.LogCaptureFixture
) -> None:
    if issuer.typing is None:
        pytest.skip(f"{issuer.provider.title} {issuer.provider.version} has no tokens of the type at+jwt")
    of_ada = issuer.add_program(**issuer.typing)
    tokens = issuer.sign_in(of_ada)
    program = gate(bearer_type="at+jwt", bearer_audience=[AUDIENCE, of_ada])
    for token in (tokens["access_token"], issuer.grant(of_ada)):
        comes_in(program, token)
        comes_in(gate(), token)
    for token in (tokens["id_token"], issuer.grant(issuer.add_program())):
        is_refused(program, token, "token_type_wrong", caplog)


@pytest.mark.parametrize("way", ["jwt", "introspection"])
def test_a_short_token_is_good_where_the_audience_is_in_it(issuer: Issuer, gate: Gated, way: str) -> None:
    if issuer.shortening is None:
        pytest.skip(f"{issuer.provider.title} has no lightweight tokens")
    robot = issuer.add_program(**issuer.shortening)
    identity = comes_in(gate(bearer_tokens=way, bearer_clients=[robot]), issuer.grant(robot, "api:read"))
    assert identity.subject == issuer.subject_of(robot)
    assert "api:read" in identity.scopes


# Bound to a key


@pytest.mark.parametrize("way", ["jwt", "introspection"])
def test_a_token_that_is_bound_to_a_key_needs_its_proof(issuer: Issuer, gate: Gated, way: str) -> None:
    if issuer.binding is None:
        pytest.skip(f"{issuer.provider.title} {issuer.provider.version} binds no tokens to keys")
    robot, holder, thief = issuer.add_program(**issuer.binding), Holder(), Holder()
    address = issuer.endpoints["token_endpoint"]
    token = issuer.grant(robot, "api:read", proof=holder.proof(Now(), "", htm="POST", htu=address, ath=...))
    assert claims_of(token)["cnf"] == {"jkt": holder.thumbprint}
    for demand in ("accept", "require"):
        program = gate(bearer_tokens=way, bearer_dpop=demand)
        proof = holder.proof(Now(), token)
        assert program.ask(token, scheme="DPoP", proof=proof).status == 200
        bad = [proof, thief.proof(Now(), token), holder.proof(Now(), token, "/other"), ""]
        assert [program.ask(token, scheme="DPoP", proof=each).status for each in bad] == [401] * 4
        assert program.ask(token).status == 401
        assert program.ask(token, proof=holder.proof(Now(), token)).status == 401
        assert program.ask(token, scheme="DPoP", proof=holder.proof(Now(), token)).status == 200
        assert len(program.app.calls) == 2
    off = gate(bearer_tokens=way)
    assert off.ask(token).status == off.ask(token, scheme="DPoP", proof=holder.proof(Now(), token)).status == 401


# What `oidc-gate doctor` says before any of this


@pytest.mark.parametrize("way", ["introspection", "auto"])
def test_the_doctor_asks_where_the_gate_does(issuer: Issuer, way: str) -> None:
    settings = issuer.settings(bearer_tokens=way) | {"base_url": APP, "cookie_secret": COOKIE_SECRET}
    assert "P17" not in not_ok(examined(settings))
    unnamed = examined(settings | {"provider_endpoints": {}})
    assert not_ok(unnamed).get("P17") == ("fail" if issuer.introspecting else None), unnamed.text(colour=False)
