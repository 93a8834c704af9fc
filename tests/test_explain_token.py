"""`oidc-gate explain --token`: what comes of a request with an access token, and why."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_gate.command import cli
from tests.access_tokens import AUDIENCE, TAKING, access_token
from tests.patience import PATIENT
from tests.providers.core import json_response
from tests.providers.local import LocalProvider

RULES = """
[[rules]]
name = "reading"
path = "/api"
allow = { scopes = "api:read" }

[[rules]]
name = "hooks"
path = "/hooks"
allow = "anyone"
"""
Explain = Callable[..., tuple[int, Any]]


@pytest.fixture
def asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], provider: LocalProvider
) -> Explain:
    """Ask, with a token in a file, and return the exit status and the JSON, or what was said on stderr."""
    monkeypatch.chdir(tmp_path)

    def ask(text: str, *arguments: str, tables: str = RULES, **settings: Any) -> tuple[int, Any]:
        Path("token").write_text(text)
        given = PATIENT | {"issuer_url": provider.issuer, "client_id": "app"} | TAKING | settings
        lines = [f"{name} = {json.dumps(value)}" for name, value in given.items() if value is not None]
        Path("gate.toml").write_text("\n".join([*lines, tables]))
        status = cli.main(
            ["explain", *(arguments or ("GET", "/api")), "--token", "token", "--config", "gate.toml", "--json"]
        )
        out, err = capsys.readouterr()
        return status, json.loads(out) if out else err

    return ask


def test_the_token_is_judged_as_the_gate_judges_it(asked: Explain, provider: LocalProvider) -> None:
    token = access_token(provider)
    for text in (token, f"Bearer {token}\n", f"Authorization: bearer {token}"):
        status, said = asked(text)
        assert (status, said["verdict"], said["rule"]) == (0, "pass", "reading")
    status, said = asked(access_token(provider, scope="x"))
    assert (status, said["verdict"], said["rule"], said["reason"]) == (1, "refused", "reading", "rule")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [({"aud": "x"}, "audience_mismatch"), ({"exp": 1}, "token_expired"), ({"iss": "x"}, "issuer_mismatch")],
)
def test_a_token_that_is_not_taken_is_told_with_its_code(
    claims: dict[str, Any], reason: str, asked: Explain, provider: LocalProvider
) -> None:
    status, said = asked(access_token(provider, **claims))
    assert (status, said["verdict"], said["rule"], said["reason"]) == (1, "refused", None, reason)
    assert said["error"] == "invalid_token"


@pytest.mark.parametrize("tid", ["22222222-2222-2222-2222-222222222222", None])
def test_a_token_of_another_tenant(tid: str | None, asked: Explain, provider: LocalProvider) -> None:
    token = access_token(provider, tid=tid or ...)
    status, said = asked(token, allow_tenants=["11111111-1111-1111-1111-111111111111"])
    assert (status, said["verdict"], said["error"], said["reason"]) == (
        1, "refused", "invalid_token", "tenant_not_allowed",
    )  # fmt: skip
    assert asked(token, allow_tenants=[tid or "x"])[0] == (0 if tid else 1)


THUMBPRINT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


@pytest.mark.parametrize(
    ("scheme", "cnf", "settings", "reason"),
    [
        ("", None, {"bearer_dpop": "require"}, "token_unbound"),
        ("", {"jkt": THUMBPRINT}, {}, "token_unproven"),
        ("", {"x5t#S256": THUMBPRINT}, {}, "token_unproven"),
        ("", {"kid": "x"}, {"bearer_dpop": "accept"}, "token_binding_unknown"),
        ("DPoP ", None, {}, "token_unproven"),
        ("DPoP ", None, {"bearer_dpop": "accept"}, "token_unbound"),
        ("Bearer ", {"jkt": THUMBPRINT}, {"bearer_dpop": "accept"}, "token_unproven"),
    ],
)
def test_a_token_that_nothing_can_prove_is_refused(
    scheme: str,
    cnf: dict[str, str] | None,
    settings: dict[str, Any],
    reason: str,
    asked: Explain,
    provider: LocalProvider,
) -> None:
    status, said = asked(f"{scheme}{access_token(provider, cnf=cnf or ...)}", **settings)
    assert (status, said["verdict"], said["error"], said["reason"]) == (1, "refused", "invalid_token", reason)


@pytest.mark.parametrize(
    ("scheme", "cnf", "settings"),
    [
        ("", None, {"bearer_dpop": "accept"}),
        ("", {"jkt": THUMBPRINT}, {"bearer_dpop": "require"}),
        ("DPoP ", {"jkt": THUMBPRINT}, {"bearer_dpop": "accept"}),
        ("", {"x5t#S256": THUMBPRINT}, {"bearer_client_cert_header": "X-Cert", "trusted_proxies": ["127.0.0.1"]}),
    ],
)
def test_what_can_be_proven_counts_as_proven(
    scheme: str, cnf: dict[str, str] | None, settings: dict[str, Any], asked: Explain, provider: LocalProvider
) -> None:
    assert asked(f"{scheme}{access_token(provider, cnf=cnf or ...)}", **settings)[0] == 0


def test_in_words(asked: Explain, provider: LocalProvider, capsys: pytest.CaptureFixture[str]) -> None:
    asked("no token at all")
    assert cli.main(["explain", "GET", "/api", "--token", "token", "--config", "gate.toml"]) == 1
    out, _ = capsys.readouterr()
    assert out.startswith("401 invalid_token\n  token_malformed: the Authorization header is not one scheme")


def test_scopes_that_every_token_must_have(asked: Explain, provider: LocalProvider) -> None:
    status, said = asked(access_token(provider), bearer_scopes=["api:read", "mcp:use"])
    assert (status, said["error"], said["detail"]) == (
        1, "insufficient_scope", "the token lacks mcp:use, of bearer_scopes",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "verdict"), [("/hooks/a", "pass"), ("/other", "login"), ("/api/x", "pass"), ("/api/../x", "login")]
)
def test_where_the_header_is_not_looked_at_nobody_is_known(
    path: str, verdict: str, asked: Explain, provider: LocalProvider
) -> None:
    _, said = asked(access_token(provider), "GET", path, bearer_paths=["/api", "/hooks"])
    assert said["verdict"] == verdict
    covered = path.startswith(("/api/x", "/hooks"))
    why = None if path == "/api/x" else "anyone may pass" if covered else "bearer_paths do not cover this path"
    assert said.get("token_unread") == why


def test_a_request_with_a_token_that_is_not_looked_at_is_no_preflight(asked: Explain, provider: LocalProvider) -> None:
    sent = ("--header", "Origin: https://spa.example", "--header", "Access-Control-Request-Method: PUT")
    settings = {"bearer_paths": ["/api"], "allow_cors_preflight": True}
    status, said = asked(access_token(provider), "OPTIONS", "/other", *sent, **settings)
    assert (status, said["verdict"]) == (1, "login")
    assert said["token_unread"] == "bearer_paths do not cover this path"


def test_that_the_token_is_not_looked_at_is_said_in_words(
    asked: Explain, provider: LocalProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(access_token(provider), "GET", "/other", bearer_paths=["/api"])
    assert cli.main(["explain", "GET", "/other", "--token", "token", "--config", "gate.toml"]) == 1
    out, _ = capsys.readouterr()
    assert out.endswith("\n  the token is not looked at here: bearer_paths do not cover this path\n")


def test_a_token_in_place_of_its_file_is_not_repeated(
    asked: Explain, provider: LocalProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    token = access_token(provider)
    asked(token)
    assert cli.main(["explain", "GET", "/api", "--token", token, "--config", "gate.toml"]) == 2
    _, err = capsys.readouterr()
    assert "--token names a file" in err
    assert token not in err


def test_a_list_of_rules_is_for_the_token_too(asked: Explain, provider: LocalProvider) -> None:
    status, said = asked(access_token(provider), "--list")
    assert status == 0
    assert [each["verdict"] for each in said if each["rule"] == "reading"] == ["pass"]


def test_opaque_tokens_are_asked_about(asked: Explain, provider: LocalProvider) -> None:
    provider.offers = {"introspect"}
    said = {"active": True, "sub": "robot", "aud": AUDIENCE, "scope": "api:read"}
    provider.answer["introspect"] = lambda request: json_response(said)
    for tokens in ("introspection", "auto"):
        assert asked("opaque", bearer_tokens=tokens)[0] == 0
    assert asked(access_token(provider), bearer_tokens="auto")[0] == 0
    assert len(provider.calls("introspect")) == 2


def test_a_token_of_a_provider_that_is_not_asked_is_told_so(asked: Explain, provider: LocalProvider) -> None:
    provider.offers = {"introspect"}
    provider.answer["introspect"] = lambda _: json_response({"active": False})
    other: dict[str, Any] = {"auth_id": "guests", "issuer_url": "https://guests.example", "allow_all": True}
    token = access_token(provider, iss=other["issuer_url"])
    other |= {"client_id": "app", "client_secret": "of-the-app-at-the-guests"}
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in other.items())
    status, said = asked(token, auth_id="staff", bearer_tokens="introspection", tables=f"[[providers]]\n{lines}")
    assert (status, said["reason"]) == (1, "token_inactive")
    assert "its iss is that of 'guests', and by introspection the first provider alone is asked" in said["detail"]


def test_without_an_answer_of_the_provider_nothing_is_said(asked: Explain, provider: LocalProvider) -> None:
    token = access_token(provider)
    provider.stop()
    status, err = asked(token)
    assert status == 2
    assert "--token token: the provider does not say whether it is good: provider_unreachable: " in err


def test_what_is_missing_is_told(asked: Explain, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    status, err = asked("x", bearer_audience=None)
    assert status == 2
    assert "bearer_audience is not set" in err
    status, err = asked("x", issuer_url=None)
    assert status == 2
    assert "issuer_url is missing" in err
    monkeypatch.setattr(sys, "stdin", io.StringIO(access_token(provider)))
    assert cli.main(["explain", "GET", "/x", "--token", "/nowhere", "--config", "gate.toml"]) == 2
