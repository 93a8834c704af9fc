"""The authorization request (RFC 6749, 4.1.1; Core, 3.1.2.1): where a browser is sent to sign in."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from oidc_gate.browser import BegunLogin, Origin
from oidc_gate.decisions import Header
from oidc_gate.provider import Metadata, code_flow
from oidc_gate.settings import Settings

__all__ = ["AuthorizationRequests", "known_prompt", "reauthentication_prompt"]


class AuthorizationRequests:
    """Makes them for one provider; what does not change from login to login is made once.

    `callback`: the path below `path_prefix` where it sends people back to.
    """

    def __init__(self, settings: Settings, callback: str) -> None:
        self._settings = settings
        self._callback = f"{settings.path_prefix}/{callback}"
        self._base = lru_cache(maxsize=64)(self._authorization_base)

    def url(
        self, metadata: Metadata, origin: Origin, begun: BegunLogin, prompt: str, hint: str, asked: tuple[Header, ...]
    ) -> str:
        """Return the address of one login.

        `hint`: the parameter `login_hint`, encoded already, or `""`; `asked`: what a rule asks of the sign-in.
        """
        attempt = begun.attempt
        return code_flow.authorization_url(
            self._base(metadata.authorization_endpoint, origin, prompt, asked, is_hinted=bool(hint)),
            state=begun.state,
            nonce=attempt.nonce,
            verifier=attempt.verifier,
            extra=hint,
        )

    def redirect_uri(self, origin: Origin) -> str:
        """Return the redirect URI, as it is registered at the provider."""
        return f"{origin.url}{self._callback}"

    def _authorization_base(
        self, endpoint: str, origin: Origin, prompt: str, asked: tuple[Header, ...], *, is_hinted: bool
    ) -> str:
        settings = self._settings
        extra = dict((*settings.authz_url_params, *asked))
        if is_hinted:
            extra.pop("login_hint", None)
        if prompt:
            extra["prompt"] = prompt
        elif "prompt" in extra:
            extra["prompt"] = known_prompt(endpoint, extra["prompt"])
        if settings.response_mode != "query":
            extra["response_mode"] = settings.response_mode
        params = {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": self.redirect_uri(origin),
            "scope": " ".join(settings.scopes),
            "code_challenge_method": "S256",
            **extra,
        }
        return code_flow.authorization_base(endpoint, params.items())


def reauthentication_prompt(metadata: Metadata) -> str:
    """Return the `prompt` that has the person authenticate anew, `""` where the provider knows none (Core, 3.1.2.1)."""
    known = metadata.prompt_values
    if not known and urlsplit(metadata.authorization_endpoint).hostname == "accounts.google.com":
        known = ("select_account",)  # Google does not list what it knows, and refuses `login`
    return next((prompt for prompt in ("login", "select_account") if not known or prompt in known), "")


def known_prompt(endpoint: str, prompt: str) -> str:
    """Return the `prompt` of the settings as this provider knows it."""
    # JumpCloud does not know the other and refuses the request.
    return "login" if prompt == "select_account" and _is_jumpcloud(endpoint) else prompt


def _is_jumpcloud(endpoint: str) -> bool:
    return (urlsplit(endpoint).hostname or "").endswith(".jumpcloud.com")
