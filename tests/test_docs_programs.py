"""docs/programs.md is true: its settings start a gate, and its recipes reach the app behind one, over real HTTP."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from joserfc.jwk import ECKey
from werkzeug import Request, Response

from oidc_gate import identity_of
from tests.access_tokens import access_token
from tests.documents import page
from tests.providers import keys
from tests.providers.core import json_response
from tests.providers.local import LocalProvider
from tests.providers.serving import ServerThread
from tests.stage import Stage

PAGE = page("docs/programs.md").text
APP = "https://app.example.com"


def blocks(language: str) -> list[str]:
    return [block.text for block in page("docs/programs.md").blocks(language)]


def b64decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def who(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer with whoever asks."""
    identity = identity_of(environ)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"subject": None if identity is None else identity.subject}).encode()]


@pytest.fixture
def app(provider: LocalProvider) -> Iterator[str]:
    """Serve an app behind a gate with the first settings of the page; return its address.

    The provider hands out tokens for itself as the page's clients ask for them.
    """
    settings = tomllib.loads(blocks("toml")[0])
    here = Stage("wsgi", provider, app=who, **settings)
    audience = settings["bearer_audience"][0]

    def token(request: Request) -> Response:
        assert request.form["grant_type"] == "client_credentials"
        assert request.authorization is not None
        issued = access_token(provider, aud=request.form["audience"], scope=request.form["scope"])
        assert request.form["audience"] == audience
        return json_response({"access_token": issued, "token_type": "Bearer", "expires_in": 300})

    provider.answer["token"] = token
    server = ServerThread(here.gate)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


def asked_at(text: str, app: str) -> str:
    """Return a recipe with the app's real address in it; whom the token is for stays what it is."""
    return re.sub(rf"(?<!audience=)(?<!audience=\"){APP}(?=/api/reports)", app, text)


def test_the_recipe_for_curl_reaches_the_app(app: str, provider: LocalProvider) -> None:
    (console,) = [text for text in blocks("console") if "client_credentials" in text]
    script = re.sub(r"^(\$|>) ", "", asked_at(console, app), flags=re.MULTILINE)
    environ = {"CLIENT_ID": "job", "CLIENT_SECRET": "secret", "TOKEN_ENDPOINT": provider.url("token")}
    ran = subprocess.run(["bash", "-euc", script], env=os.environ | environ, capture_output=True, text=True, check=True)
    assert '"subject": "robot"' in ran.stdout


def test_the_recipe_for_python_reaches_the_app(
    app: str, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    recipe, _ = blocks("python")
    names: dict[str, Any] = {"client_id": "job", "client_secret": "secret", "token_endpoint": provider.url("token")}
    exec(compile(asked_at(recipe, app), "programs.md", "exec"), names)
    assert names["reports"] == {"subject": "robot"}
    names["session"].close()


def test_the_recipe_for_dpop_reaches_the_app(provider: LocalProvider) -> None:
    """The provider binds the token to the key of the proof, and asks for a nonce first."""
    here = Stage("wsgi", provider, app=who, **(tomllib.loads(blocks("toml")[0]) | {"bearer_dpop": "accept"}))

    def token(request: Request) -> Response:
        header, claims = (json.loads(b64decode(part)) for part in request.headers["DPoP"].split(".")[:2])
        assert (claims["htm"], claims["htu"]) == ("POST", request.base_url)
        if claims.get("nonce") != "of-the-provider":
            answer = json_response({"error": "use_dpop_nonce"}, 400)
            answer.headers["DPoP-Nonce"] = "of-the-provider"
            return answer
        bound = {"jkt": ECKey.import_key(header["jwk"]).thumbprint()}
        issued = access_token(provider, aud=request.form["audience"], scope=request.form["scope"], cnf=bound)
        return json_response({"access_token": issued, "token_type": "DPoP", "expires_in": 300})

    provider.answer["token"] = token
    server = ServerThread(here.gate)
    server.start()
    _, recipe = blocks("python")
    names: dict[str, Any] = {"client_id": "job", "client_secret": "secret", "token_endpoint": provider.url("token")}
    exec(compile(asked_at(recipe, f"http://127.0.0.1:{server.port}"), "programs.md", "exec"), names)
    server.stop()
    assert names["reports"] == {"subject": "robot"}


def test_the_recipe_for_github_actions_reaches_the_app(app: str, provider: LocalProvider) -> None:
    """A server stands for GitHub's; what it hands out is taken as the client's proof, and nothing else is."""
    (workflow,) = [text for text in blocks("yaml") if "jobs:" in text]
    (step,) = yaml.safe_load(workflow)["jobs"]["report"]["steps"]
    proof = keys.sign({"sub": "repo:octo/reports:ref:refs/heads/main"}, {"alg": "RS256"}, keys.make_key("rsa", 77))
    asked: list[tuple[str, str]] = []

    def github(environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        asked.append((request.headers["Authorization"], request.args["audience"]))
        return json_response({"value": proof})(environ, start_response)

    def token(request: Request) -> Response:
        assert (request.form["client_id"], request.form["client_assertion"]) == (step["env"]["CLIENT_ID"], proof)
        issued = access_token(provider, aud=request.form["audience"], scope=request.form["scope"])
        return json_response({"access_token": issued, "token_type": "Bearer", "expires_in": 300})

    provider.answer["token"] = token
    server = ServerThread(github)
    server.start()
    environ = step["env"] | {
        "TOKEN_ENDPOINT": provider.url("token"),
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{server.port}/token?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-job",
    }
    script = asked_at(step["run"], app)
    ran = subprocess.run(["bash", "-euc", script], env=os.environ | environ, capture_output=True, text=True, check=True)
    server.stop()
    assert '"subject": "robot"' in ran.stdout
    assert asked == [("Bearer of-the-job", provider.url("token"))]


def test_the_other_settings_of_the_page_start_a_gate(provider: LocalProvider) -> None:
    first, *others = [tomllib.loads(text) for text in blocks("toml")]
    assert others
    for more in others:
        assert Stage("wsgi", provider, **(first | more)).gate is not None


def test_every_setting_and_code_that_the_page_names_is_one() -> None:
    from dataclasses import fields

    from oidc_gate import Settings

    known = {each.name for each in fields(Settings)}
    named = set(re.findall(r"`((?:bearer|protected|cors|trusted|cookie|public)_[a-z_]+)", PAGE))
    assert named <= known
    errors = page("docs/errors.md").text
    for code in ("invalid_token", "insufficient_scope", "login_required", "not_allowed", "audience_mismatch"):
        assert code in PAGE
        assert f"| `{code}`" in errors
