"""What the provider says of itself: its discovery document, checked (OpenID Connect Discovery 1.0, 3 and 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from oidc_gate.errors import ProviderSetupError
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest
from oidc_gate.provider.quoting import shown
from oidc_gate.settings import NEEDED_ENDPOINTS, SIGNING_ALGS, TENANT, template_of

if TYPE_CHECKING:
    from oidc_gate.settings import Settings

__all__ = ["Metadata", "ProviderAddresses", "is_usable", "metadata_of", "read_metadata"]


@dataclass(frozen=True, slots=True)
class Metadata:
    """The provider's own words. Endpoints it does not offer, or offers in a form that cannot be used, are `""`.

    `issuer` may be a template that stands for many tenants: see `settings.tenants`. `demands_pushed`: authorization
    requests must be pushed (RFC 9126, 5).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    revocation_endpoint: str = ""
    device_authorization_endpoint: str = ""
    introspection_endpoint: str = ""
    pushed_authorization_request_endpoint: str = ""
    demands_pushed: bool = False
    signing_algs: frozenset[str] = frozenset({"RS256"})
    client_auth_methods: tuple[str, ...] = ()
    sends_iss: bool = False
    prompt_values: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderAddresses:
    """What the settings say of where the provider is, and of which issuer it is.

    `endpoints`: what replaces single entries of the discovery document; `tenants`: those whose users may come, where
    the issuer stands for many; `allows_http`: whether endpoints may be asked without encryption under an https issuer.
    """

    issuer_url: str
    discovery_url: str = ""
    endpoints: tuple[tuple[str, str], ...] = ()
    tenants: tuple[str, ...] = ()
    allows_http: bool = False

    @classmethod
    def of(cls, settings: Settings) -> ProviderAddresses:
        """Return what these settings say."""
        return cls(
            settings.issuer_url,
            settings.discovery_url,
            settings.provider_endpoints,
            settings.allow_tenants or (),
            settings.insecure_http_issuer,
        )

    @property
    def document(self) -> dict[str, Any] | None:
        """What stands in for the discovery document; None where that is to be asked for."""
        endpoints = dict(self.endpoints)
        if not endpoints.keys() >= set(NEEDED_ENDPOINTS):
            return None
        return {"issuer": template_of(self.issuer_url) if self.tenants else self.issuer_url, **endpoints}

    def request(self) -> HTTPRequest:
        """Return the request for the discovery document; an issuer's trailing slash does not double (section 4.1)."""
        address = self.discovery_url or self.issuer_url.rstrip("/") + "/.well-known/openid-configuration"
        return HTTPRequest(address, endpoint="discovery")

    def names(self, issuer: str) -> bool:
        """Return whether the issuer that a discovery document names is the one of the settings (section 4.3).

        But for a trailing slash it must be `issuer_url`. With a list of tenants it may be a template, at the same host.
        """
        if TENANT in issuer and self.tenants:
            return issuer.rstrip("/") == self.issuer_url.rstrip("/") or _origin(issuer) == _origin(self.issuer_url)
        return TENANT not in issuer and issuer.rstrip("/") == self.issuer_url.rstrip("/")

    def replaced(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return a discovery document with the entries that the settings give."""
        return document | dict(self.endpoints)


def read_metadata(answer: HTTPAnswer, addresses: ProviderAddresses) -> Metadata:
    """Return the checked document of an answer. Raises ProviderDownError for an outage, else as `metadata_of` does."""
    return metadata_of(answer.document("discovery document", "discovery_failed"), addresses)


def metadata_of(document: dict[str, Any], addresses: ProviderAddresses) -> Metadata:
    """Return the checked document.

    The issuer in it must be the one of the settings: from then on the document's own spelling is the one that counts.
    Endpoints must be https, unless the issuer itself is plain http; those of the settings were checked as these were
    read. What the document lists is not a reason to refuse a provider: lists are often incomplete.

    Raises ProviderSetupError when there is no such document, or none to believe.
    """
    issuer = document.get("issuer")
    if not isinstance(issuer, str) or not addresses.names(issuer):
        said = f"discovery names the issuer {shown(issuer)}, and issuer_url is {addresses.issuer_url!r}"
        if isinstance(issuer, str) and TENANT in issuer and not addresses.tenants:
            said += "; it stands for many tenants: set allow_tenants to those whose users may come"
        raise ProviderSetupError("issuer_mismatch", said)
    algs = document.get("id_token_signing_alg_values_supported")
    methods = document.get("token_endpoint_auth_methods_supported")
    document = addresses.replaced(document)
    given = dict(addresses.endpoints)

    def endpoint(name: str, *, required: bool = False) -> str:
        allows_http = addresses.allows_http
        return given.get(name) or _endpoint(document, name, issuer, allows_http=allows_http, required=required)

    return Metadata(
        issuer=issuer,
        authorization_endpoint=endpoint("authorization_endpoint", required=True),
        token_endpoint=endpoint("token_endpoint", required=True),
        jwks_uri=endpoint("jwks_uri", required=True),
        userinfo_endpoint=endpoint("userinfo_endpoint"),
        end_session_endpoint=endpoint("end_session_endpoint"),
        revocation_endpoint=endpoint("revocation_endpoint"),
        device_authorization_endpoint=endpoint("device_authorization_endpoint"),
        introspection_endpoint=endpoint("introspection_endpoint"),
        pushed_authorization_request_endpoint=endpoint("pushed_authorization_request_endpoint"),
        demands_pushed=document.get("require_pushed_authorization_requests") is True,
        signing_algs=frozenset(_texts(algs)) & frozenset(SIGNING_ALGS) | {"RS256"},
        client_auth_methods=tuple(_texts(methods)),
        prompt_values=tuple(_texts(document.get("prompt_values_supported"))),
        scopes=tuple(_texts(document.get("scopes_supported"))),
        sends_iss=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _endpoint(document: dict[str, Any], name: str, issuer: str, *, allows_http: bool, required: bool) -> str:
    value = document.get(name)
    if is_usable(value, issuer, allows_http=allows_http):
        return str(value)
    if required:
        wrong = "is missing" if value is None else f"cannot be used: {shown(value)}"
        raise ProviderSetupError("discovery_incomplete", f"{name} in the discovery document {wrong}")
    return ""


def is_usable(url: Any, issuer: str, *, allows_http: bool = False) -> bool:
    """Return whether the gate would ask an endpoint at this address, in a document of this issuer.

    A name or a password in it would take the place of the client's own, and what is behind a backslash is a host to
    one reader and a path to another. `allows_http`: see `ProviderAddresses`.
    """
    if not isinstance(url, str) or not (url.isascii() and url.isprintable()) or {"#", "\\", " "} & {*url}:
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    is_secure = issuer.lower().startswith("https:") and not allows_http
    schemes = ("https",) if is_secure else ("https", "http")
    return parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
