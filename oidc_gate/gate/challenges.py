"""What is said to programs with a 401 or 403: how to come in with an access token, and what was wrong with theirs.

RFC 6750, 3 (Bearer), RFC 9449, 7.1 (DPoP), RFC 9470, 3 (step-up), RFC 9728, 5.1 (`resource_metadata`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlsplit

from oidc_gate.access import CheckedRule
from oidc_gate.decisions import Header, Request
from oidc_gate.gate.components import Components
from oidc_gate.settings import METADATA_PATH

__all__ = ["Challenges", "Params", "resource_path", "step_up_challenge", "step_up_params"]

#: RFC 6749, 3.3.
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
#: What stands in a path as it is; the percent sign too, for it is encoded already.
_PATH = "%/:@!$&'()*+,;=~-._"

Params = Sequence[tuple[str, str]]


def resource_path(resource: str, site: str = "") -> str:
    """Return what follows METADATA_PATH in the address of a resource's metadata (RFC 9728, 3.1): its path, encoded.

    `""` where it is no address; where a `site` is given (scheme and host), none there.
    """
    try:
        url = urlsplit(resource)
    except ValueError:
        return ""
    its_site = f"{url.scheme}://{url.netloc}".lower()
    is_meant = its_site == site if site else url.scheme in ("http", "https")
    return quote(url.path.rstrip("/"), safe=_PATH) if is_meant else ""


class Challenges:
    """The challenges of one gate that takes access tokens."""

    def __init__(self, components: Components, algorithms: Sequence[str] = ()) -> None:
        """`algorithms`: those that proofs of possession may be signed with (DPoP)."""
        settings = components.settings
        self._addresses = components.addresses
        self._resource = (settings.bearer_audience or ("",))[0]
        self._tells_metadata = settings.protected_resource_metadata != "off"
        self.scopes = settings.bearer_scopes or ()
        self._dpop, self._algorithms = settings.bearer_dpop, " ".join(algorithms)

    def metadata_url(self, request: Request) -> str:
        """Return the address of the document that tells where tokens are to be had."""
        origin = self._addresses.origin(request)
        # Where the app is mounted, it is not the app that answers at the root.
        suffix = "" if origin.root_path else resource_path(self._resource, origin.site)
        return f"{origin.url}{METADATA_PATH}{suffix}"

    def invitation(self, request: Request, scopes: Iterable[str]) -> tuple[Header, ...]:
        """Return the challenges for a request that came without a token: no error is in them (RFC 6750, 3.1).

        Bearer first: there are clients that read the first challenge alone.
        """
        schemes = {"off": ("Bearer",), "accept": ("Bearer", "DPoP"), "require": ("DPoP",)}[self._dpop]
        return tuple(self.challenge(request, scheme, (), scopes) for scheme in schemes)

    def challenge(self, request: Request, scheme: str, params: Params, scopes: Iterable[str] = ()) -> Header:
        """Return one challenge; `params` come first."""
        found = list(params)
        words = " ".join(dict.fromkeys(scope for scope in (*self.scopes, *scopes) if _SCOPE.fullmatch(scope)))
        found += [("scope", words)] if words else []
        found += [("resource_metadata", self.metadata_url(request))] if self._tells_metadata else []
        found += [("algs", self._algorithms)] if scheme == "DPoP" else []
        return "www-authenticate", f"{scheme} {_written(found or [('realm', 'oidc_gate')])}"


def step_up_challenge(rule: CheckedRule) -> Header:
    """Return the header that says what is asked of a sign-in."""
    return "www-authenticate", f"Bearer {_written(step_up_params(rule))}"


def _written(params: Params) -> str:
    return ", ".join(f'{name}="{value}"' for name, value in params)


def step_up_params(rule: CheckedRule) -> Params:
    """Return what a rule asks of a sign-in, as parameters of a challenge (RFC 9470, 3)."""
    params = [
        ("error", "insufficient_user_authentication"),
        ("error_description", "a stronger or a more recent sign-in is needed"),
    ]
    params += [("acr_values", " ".join(rule.acr))] if rule.acr else []
    return params + ([("max_age", f"{rule.max_age:.0f}")] if rule.max_age is not None else [])
