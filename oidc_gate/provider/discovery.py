"""What the provider says of itself: its discovery document, checked (OpenID Connect Discovery 1.0, 3 and 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from oidc_gate.errors import ProviderSetupError
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest
from oidc_gate.provider.quoting import shown
from oidc_gate.settings import SIGNING_ALGS

__all__ = ["Metadata", "discovery_request", "is_usable", "read_metadata"]


@dataclass(frozen=True, slots=True)
class Metadata:
    """The provider's own words. Endpoints it does not offer, or offers in a form that cannot be used, are `""`."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    revocation_endpoint: str = ""
    device_authorization_endpoint: str = ""
    signing_algs: frozenset[str] = frozenset({"RS256"})
    client_auth_methods: tuple[str, ...] = ()
    sends_iss: bool = False
    prompt_values: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


def discovery_request(issuer_url: str) -> HTTPRequest:
    """Return the request for the discovery document; an issuer's trailing slash does not double (section 4.1)."""
    return HTTPRequest(issuer_url.rstrip("/") + "/.well-known/openid-configuration", endpoint="discovery")


def read_metadata(answer: HTTPAnswer, expected_issuer: str) -> Metadata:
    """Return the checked document.

    The issuer in it must be `expected_issuer`, but for a trailing slash (section 4.3): from then on the document's own
    spelling is the one that counts. Endpoints must be https, unless the issuer itself is plain http. What the document
    lists is not a reason to refuse a provider: lists are often incomplete.

    Raises ProviderDownError for an outage, ProviderSetupError when there is no such document, or none to believe.
    """
    document = answer.document("discovery document", "discovery_failed")
    issuer = document.get("issuer")
    if not isinstance(issuer, str) or issuer.rstrip("/") != expected_issuer.rstrip("/"):
        raise ProviderSetupError(
            "issuer_mismatch", f"discovery names the issuer {shown(issuer)}, and issuer_url is {expected_issuer!r}"
        )
    algs = document.get("id_token_signing_alg_values_supported")
    methods = document.get("token_endpoint_auth_methods_supported")
    return Metadata(
        issuer=issuer,
        authorization_endpoint=_endpoint(document, "authorization_endpoint", issuer, required=True),
        token_endpoint=_endpoint(document, "token_endpoint", issuer, required=True),
        jwks_uri=_endpoint(document, "jwks_uri", issuer, required=True),
        userinfo_endpoint=_endpoint(document, "userinfo_endpoint", issuer),
        end_session_endpoint=_endpoint(document, "end_session_endpoint", issuer),
        revocation_endpoint=_endpoint(document, "revocation_endpoint", issuer),
        device_authorization_endpoint=_endpoint(document, "device_authorization_endpoint", issuer),
        signing_algs=frozenset(_texts(algs)) & frozenset(SIGNING_ALGS) | {"RS256"},
        client_auth_methods=tuple(_texts(methods)),
        prompt_values=tuple(_texts(document.get("prompt_values_supported"))),
        scopes=tuple(_texts(document.get("scopes_supported"))),
        sends_iss=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(document: dict[str, Any], name: str, issuer: str, *, required: bool = False) -> str:
    value = document.get(name)
    if is_usable(value, issuer):
        return str(value)
    if required:
        wrong = "is missing" if value is None else f"cannot be used: {shown(value)}"
        raise ProviderSetupError("discovery_incomplete", f"{name} in the discovery document {wrong}")
    return ""


def is_usable(url: Any, issuer: str) -> bool:
    """Return whether the gate would ask an endpoint at this address, in a document of this issuer.

    A name or a password in it would take the place of the client's own, and what is behind a backslash is a host to
    one reader and a path to another.
    """
    if not isinstance(url, str) or not (url.isascii() and url.isprintable()) or {"#", "\\", " "} & {*url}:
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    schemes = ("https",) if issuer.lower().startswith("https:") else ("https", "http")
    return parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
