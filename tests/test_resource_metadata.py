"""RFC 9728: the document by which a program that was told nothing but the address finds the provider."""

from __future__ import annotations

from typing import Any

import pytest

from tests.access_tokens import AUDIENCE, TAKING, Program, access_token, challenges
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage, subject

PATH = "/.well-known/oauth-protected-resource"


def document(here: Stage, path: str = PATH) -> Any:
    answer = Program(here).ask(path)
    assert answer.status == 200, answer
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Access-Control-Allow-Origin") == "*"
    return answer.json()


def test_the_document_names_the_resource_and_the_provider(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**TAKING)
    expected = {
        "resource": AUDIENCE,
        "authorization_servers": [provider.issuer],
        "bearer_methods_supported": ["header"],
    }
    for path in (PATH, f"{PATH}/", f"{PATH}/api"):
        assert document(here, path) == expected
    assert here.app.calls == []


def test_the_document_names_the_provider_as_it_last_named_itself(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**TAKING, issuer_url=f"{provider.issuer}/")
    assert document(here)["authorization_servers"] == [f"{provider.issuer}/"]
    here.signed_in()
    for _ in range(2):
        assert document(here)["authorization_servers"] == [provider.issuer]
        here.clock.advance(3601)


def test_the_document_names_the_scopes_that_have_a_say(stage: StageFactory) -> None:
    rules = [
        {"path": "/a", "allow": {"any": [{"scopes": ["z", "a*"]}, {"scopes": "mcp:use"}]}},
        {"path": "/b", "allow": {"not": {"scopes": "banned"}}},
    ]
    here = stage(bearer_scopes=["mcp:use"], rules=rules, **TAKING)
    assert document(here)["scopes_supported"] == ["mcp:use", "z"]


def test_the_first_audience_is_the_resource(stage: StageFactory) -> None:
    here = stage(bearer_audience=["urn:api", AUDIENCE])
    assert document(here)["resource"] == "urn:api"
    assert Program(here).ask(f"{PATH}/api").status == 404
    assert challenges(Program(here).ask("/"))[0][1]["resource_metadata"] == f"https://app.test{PATH}"


@pytest.mark.parametrize(
    ("audience", "told"),
    [
        ("https://app.test/api", f"https://app.test{PATH}/api"),
        ("https://app.test/api/", f"https://app.test{PATH}/api"),
        ("https://app.test", f"https://app.test{PATH}"),
        ("https://app.test/", f"https://app.test{PATH}"),
        ("HTTPS://APP.test/api", f"https://app.test{PATH}/api"),
        ("https://other.test/api", f"https://app.test{PATH}"),
        ("http://app.test/api", f"https://app.test{PATH}"),
        ("https://app.test/\u00e4/b c", f"https://app.test{PATH}/%C3%A4/b%20c"),
        ("https://app.test/a%2Fb", f"https://app.test{PATH}/a%2Fb"),
        ('https://app.test/a"b', f"https://app.test{PATH}/a%22b"),
        ("http://[", f"https://app.test{PATH}"),
        ("api", f"https://app.test{PATH}"),
    ],
)
def test_the_challenge_leads_to_the_document(audience: str, told: str, stage: StageFactory) -> None:
    here = stage(bearer_audience=[audience])
    url = challenges(Program(here).ask("/x"))[0][1]["resource_metadata"]
    assert url == told
    assert document(here, url.removeprefix("https://app.test"))["resource"] == audience


@pytest.mark.parametrize("audience", ["https://app.test/api", "https://app.test/api/", "https://public.example/api/"])
def test_a_slash_at_the_end_makes_no_difference(audience: str, stage: StageFactory) -> None:
    """RFC 9728, 3.1: of a resource with one it is part of the document's address; many write it elsewhere too."""
    here = stage(bearer_audience=[audience])
    for path in ("", "/", "/api", "/api/"):
        assert document(here, f"{PATH}{path}")["resource"] == audience
    mounted = Program(stage(bearer_audience=[audience]), root_path="/api")
    assert mounted.ask(f"/api{PATH}/api/").json()["resource"] == audience
    for path in ("//", "/api//", "//api/", "/api/x/"):
        assert Program(here).ask(f"{PATH}{path}").status == 404


def test_with_base_url_the_document_is_where_that_says(stage: StageFactory) -> None:
    here = stage(base_url="https://public.example", bearer_audience=["https://public.example/api"])
    told = challenges(Program(here).ask("/x"))[0][1]["resource_metadata"]
    assert told == f"https://public.example{PATH}/api"
    assert document(here, f"{PATH}/api")["resource"] == "https://public.example/api"


def test_whatever_host_is_asked_the_document_is_at_the_resources_path(stage: StageFactory) -> None:
    """A proxy may hand requests on with another host, and base_url be left out."""
    here = stage(bearer_audience=["https://public.example/v1/api"])
    assert document(here, f"{PATH}/v1/api")["resource"] == "https://public.example/v1/api"
    assert Program(here).ask(f"{PATH}/v1").status == 404


def test_in_a_mount_the_document_is_inside_of_it(stage: StageFactory) -> None:
    """At the root another app answers: only what is in the challenge leads there."""
    here = stage(bearer_audience=["https://app.test/tools/mcp"])
    program = Program(here, root_path="/tools")
    told = challenges(program.ask("/tools/mcp"))[0][1]["resource_metadata"]
    assert told == f"https://app.test/tools{PATH}"
    for path in (PATH, f"{PATH}/tools/mcp", f"{PATH}/mcp"):
        assert program.ask(f"/tools{path}").json()["resource"] == "https://app.test/tools/mcp"


def test_other_paths_below_are_not_found_and_never_reach_the_app(stage: StageFactory) -> None:
    here = stage(**TAKING)
    browser = here.signed_in()
    here.app.calls.clear()
    for path in (f"{PATH}/other", f"{PATH}/api/x", f"{PATH}//api", f"{PATH}/API", f"{PATH}/.."):
        for _ in range(3):
            assert Program(here).ask(path).status == 404
            assert browser.fetch(path).status == 404
    assert here.app.calls == []
    for _ in range(3):
        assert browser.fetch(PATH).json()["resource"] == AUDIENCE
        assert subject(browser.fetch(f"{PATH}x")) is not None
    assert Program(here).ask(f"{PATH}x").status == 401


def test_methods(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**TAKING)
    program = Program(here)
    head = program.ask(PATH, method="HEAD")
    assert (head.status, head.body, int(head.header("Content-Length")) > 0) == (200, b"", True)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = program.ask(PATH, access_token(provider), method)
        assert (answer.status, answer.header("Allow")) == (405, "GET, HEAD, OPTIONS")


def test_scripts_of_any_site_may_ask_before_they_ask(stage: StageFactory) -> None:
    """As those of MCP clients in a browser do, which send MCP-Protocol-Version."""
    here = stage(**TAKING)
    answer = Program(here).ask(
        f"{PATH}/api", method="OPTIONS", Origin="https://front.example", Access_Control_Request_Method="GET",
        Access_Control_Request_Headers="mcp-protocol-version",
    )  # fmt: skip
    assert (answer.status, answer.body) == (204, b"")
    assert answer.header("Access-Control-Allow-Origin") == "*"
    assert answer.header("Access-Control-Allow-Headers") == "*"
    assert "GET" in answer.header("Access-Control-Allow-Methods")
    assert answer.header("Access-Control-Allow-Credentials") == ""


def test_no_token_is_looked_at_for_it(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**TAKING)
    for token in ("bad", access_token(provider)):
        assert Program(here).ask(PATH, token).json()["resource"] == AUDIENCE


def test_a_malformed_host_gets_no_document(stage: StageFactory) -> None:
    here = stage(**TAKING)
    answer = here.browser().request("GET", PATH, headers=[("Host", "a b")], bare=True, navigate=False)
    assert (answer.status, answer.json()["error"]) == (400, "host_malformed")


def test_the_document_may_be_left_to_the_app(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(protected_resource_metadata="app", **TAKING)
    for path in (PATH, f"{PATH}/api"):
        for _ in range(3):
            assert subject(Program(here).ask(path)) is None
    assert challenges(Program(here).ask("/"))[0][1]["resource_metadata"] == f"https://app.test{PATH}/api"
    assert Program(here).ask(f"{PATH}x").status == 401
    assert Program(here).ask("/", access_token(provider)).status == 200


def test_the_document_may_be_left_out(stage: StageFactory) -> None:
    here = stage(protected_resource_metadata="off", **TAKING)
    assert Program(here).ask(PATH).status == 401
    assert "resource_metadata" not in Program(here).ask("/").header("WWW-Authenticate")


def test_the_document_comes_while_the_provider_is_down(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**TAKING)
    provider.stop()
    assert document(here)["authorization_servers"] == [provider.issuer]


def test_it_says_what_tokens_may_be_bound_to(stage: StageFactory) -> None:
    accepts = document(stage(bearer_dpop="accept", **TAKING))
    assert accepts["dpop_bound_access_tokens_required"] is False
    assert {"ES256", "RS256", "EdDSA"} <= set(accepts["dpop_signing_alg_values_supported"])
    assert not {alg for alg in accepts["dpop_signing_alg_values_supported"] if alg.startswith(("HS", "none"))}
    assert document(stage(bearer_dpop="require", **TAKING))["dpop_bound_access_tokens_required"] is True
    mutual = document(stage(bearer_client_cert_header="X-Cert", trusted_proxies=1, **TAKING))
    assert mutual["tls_client_certificate_bound_access_tokens"] is True


def test_a_program_written_with_a_library_finds_its_way(stage: StageFactory, provider: LocalProvider) -> None:
    """By the MCP SDK's own reader of challenges and of the document, and by Authlib's token."""
    import httpx
    from mcp.client.auth.utils import extract_resource_metadata_from_www_auth, extract_scope_from_www_auth
    from mcp.shared.auth import ProtectedResourceMetadata

    here = stage(bearer_scopes=["mcp:use"], **TAKING)
    answer = Program(here).ask("/api")
    response: Any = httpx.Response(answer.status, headers=list(answer.headers), content=answer.body)
    url = extract_resource_metadata_from_www_auth(response)
    assert url == f"https://app.test{PATH}/api"
    assert extract_scope_from_www_auth(response) == "mcp:use"
    found = ProtectedResourceMetadata.model_validate(document(here, url.removeprefix("https://app.test")))
    assert str(found.resource) == AUDIENCE
    assert [str(each).rstrip("/") for each in found.authorization_servers] == [provider.issuer]
