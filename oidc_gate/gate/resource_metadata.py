"""The document by which programs find out where tokens for this app are to be had (RFC 9728).

It is for everybody: scripts of any origin may read it, and nothing in it is secret.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from oidc_gate.browser import pages
from oidc_gate.decisions import Header, Reply, Request
from oidc_gate.gate.challenges import resource_path
from oidc_gate.gate.components import Components
from oidc_gate.provider import PROOF_ALGORITHMS
from oidc_gate.settings import METADATA_PATH

__all__ = ["ResourceMetadata", "resource_metadata"]

_ALLOWED = "GET, HEAD, OPTIONS"
#: Scripts of any site may read it; they send headers of their own with it, such as MCP-Protocol-Version.
_CORS: tuple[Header, ...] = (
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", _ALLOWED),
    ("access-control-allow-headers", "*"),
    ("access-control-max-age", "3600"),
)


def resource_metadata(components: Components) -> ResourceMetadata | None:
    """Return what answers at METADATA_PATH for this gate; None where that is another's to answer, or nobody's."""
    return ResourceMetadata(components) if components.tells_metadata else None


class ResourceMetadata:
    """Answers at METADATA_PATH for one gate."""

    def __init__(self, components: Components) -> None:
        settings = components.settings
        # Those that have a say here.
        asked = {scope for rule in components.policy.rules for scope in rule.named_scopes}
        scopes = tuple(dict.fromkeys((*(settings.bearer_scopes or ()), *sorted(asked))))
        self._components = components
        self._resource = (settings.bearer_audience or ("",))[0]
        document: dict[str, Any] = {"resource": self._resource, "bearer_methods_supported": ["header"]}
        document |= {"scopes_supported": [*scopes]} if scopes else {}
        if settings.bearer_dpop != "off":
            document |= {"dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS)}
            document |= {"dpop_bound_access_tokens_required": settings.bearer_dpop == "require"}
        if settings.bearer_client_cert_header:
            document["tls_client_certificate_bound_access_tokens"] = True
        self._document = document
        parties = components.parties
        #: Those whose tokens may be good here: by introspection alone, the one that is asked.
        self._issuing = (parties.first,) if settings.bearer_tokens == "introspection" else (*parties,)

    def answer(self, request: Request) -> Reply | None:
        """Return the answer to a request for METADATA_PATH or below; None to any other."""
        rest = request.path.removeprefix(METADATA_PATH)
        if not request.path.startswith(METADATA_PATH) or rest[:1] not in ("", "/"):
            return None
        if rest.removesuffix("/") not in ("", *self._suffixes(request)):
            return pages.json_reply(404, {"error": "not_found"}, _CORS[:1])
        if request.method == "OPTIONS":
            return Reply(204, _CORS)
        if request.method not in ("GET", "HEAD") or request.is_websocket:
            return pages.json_reply(405, {"error": "method_not_allowed"}, (("allow", _ALLOWED), *_CORS[:1]))
        issuers = [party.issuer for party in self._issuing]
        return pages.json_reply(200, self._document | {"authorization_servers": issuers}, _CORS[:1])

    def _suffixes(self, request: Request) -> tuple[str, ...]:
        """Return what may stand behind METADATA_PATH for this app, without a slash at the end.

        In a mount the path with the mount and without.

        Whatever host the request is for: a proxy may have asked with another one than that of the resource.
        """
        suffix = unquote(resource_path(self._resource))
        return suffix, suffix.removeprefix(self._components.addresses.origin(request).root_path)
