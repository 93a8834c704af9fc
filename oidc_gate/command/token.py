"""`oidc-gate token`: an access token for a person at a terminal, for `curl` and for scripts that act in their name.

The person signs in at the provider, in a browser on this machine (RFC 8252), or on any other one by typing a code
(`--device`, RFC 8628). The access token alone is written to stdout; what is to be read is on stderr. Nothing is kept,
unless `--keep` names a file: then the next call takes the token from there, renewed where it has ended.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from oidc_gate.command.kept_token import KeptToken, kept_token
from oidc_gate.command.loopback import Loopback
from oidc_gate.command.run import Launch
from oidc_gate.errors import LoginError, ProviderDownError, ProviderError, SettingsError
from oidc_gate.provider import Tokens, code_flow
from oidc_gate.provider.terminal_client import TerminalClient
from oidc_gate.settings import Settings

__all__ = ["Asked", "token"]

#: A kept access token is good for at least so long, in seconds, when it is handed out.
_LEAST = 60.0
#: The longest wait between two questions, in seconds; a provider that does not answer is asked ever less often.
_LONGEST_WAIT = 60.0
_OFFLINE = "offline_access"


@dataclass(frozen=True)
class Asked:
    """What is asked for.

    `device`: no browser on this machine. `resource`: what the token is to be for (RFC 8707), None to leave that to the
    provider. `keep`: the file to keep it in, None for nowhere. `port`: of the address to come back to, 0 for a free
    one. `browser`: whether to open one.
    """

    device: bool = False
    resource: str | None = None
    keep: Path | None = None
    port: int = 0
    browser: bool = True


def token(launch: Launch, asked: Asked) -> int:
    """Print an access token, and return the exit status: 0, or 1 where nobody has signed in. Raises SettingsError."""
    settings = _settings(launch)
    try:
        issued = _Terminal(settings, asked).token()
    except (LoginError, ProviderError) as error:
        print(f"oidc-gate: no token: {error} ({error.code})", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("oidc-gate: no token: stopped", file=sys.stderr)
        return 1
    print(issued)
    return 0


def _settings(launch: Launch) -> Settings:
    """Return the settings; without a secret the client is a public one, as programs on people's machines are."""
    if not launch.gives("client_secret", "client_secret_file", "client_auth_method"):
        launch = replace(launch, options=launch.options | {"client_auth_method": "none"})
    settings = launch.settings_or(secrets.token_urlsafe(32))  # it seals cookies, and nobody sets one here
    if settings.profile:
        raise SettingsError(
            f"profile is {settings.profile}: under it an access token is bound to a key of the gate's, and of no use to"
            " whoever only reads it. Register another client for programs at a terminal, without the profile."
        )
    return settings


class _Terminal:
    def __init__(self, settings: Settings, asked: Asked) -> None:
        self._settings = settings
        self._asked = asked
        self._client = TerminalClient(settings, asked.resource or "")

    def token(self) -> str:
        """Return the access token: the one that is kept, or renewed, or a new one."""
        if self._asked.keep is None:
            return self._signed_in().access_token
        settings, path = self._settings, self._asked.keep
        params = [f"{name}={value}" for name, value in sorted(settings.authz_url_params)]
        question = [settings.issuer_url, settings.client_id, self._asked.resource or "", *settings.scopes, *params]
        kept = kept_token(path, question)
        if kept is not None and kept.expires_at - time.time() >= _LEAST:
            return kept.access_token
        issued = self._renewed(kept) or self._signed_in()
        ends = 0.0 if issued.expires_in is None else time.time() + issued.expires_in
        refresh_token = issued.refresh_token or ("" if kept is None else kept.refresh_token)
        KeptToken(question, issued.access_token, refresh_token, ends).keep(path)
        return issued.access_token

    def _renewed(self, kept: KeptToken | None) -> Tokens | None:
        """Return fresh tokens, None where the person has to sign in. Raises ProviderDownError for an outage."""
        if kept is None or not kept.refresh_token:
            return None
        try:
            return self._client.refreshed(kept.refresh_token)
        except ProviderDownError:
            raise
        except ProviderError as error:
            _tell(f"The kept token cannot be renewed: {error}")
            return None

    def _signed_in(self) -> Tokens:
        return self._by_device() if self._asked.device else self._by_browser()

    def _params(self) -> dict[str, str]:
        """Return what both flows ask for. What is to be kept is to be renewed, where the provider knows that scope."""
        scopes = list(self._settings.scopes)
        if self._asked.keep is not None and _OFFLINE in self._client.provider.metadata().scopes:
            scopes += [_OFFLINE] if _OFFLINE not in scopes else []
        return {
            "client_id": self._settings.client_id,
            "scope": " ".join(scopes),
            **dict(self._settings.authz_url_params),
        }

    def _by_browser(self) -> Tokens:
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with Loopback(state, self._asked.port) as loopback:
            params = {
                "response_type": "code",
                "redirect_uri": loopback.redirect_uri,
                "code_challenge_method": "S256",
                **self._params(),
                **({"resource": self._asked.resource} if self._asked.resource else {}),
            }
            provider = self._client.provider
            found = provider.metadata()
            base = code_flow.authorization_base(found.authorization_endpoint, params.items())
            address = code_flow.authorization_url(base, state=state, nonce=nonce, verifier=verifier)
            self._open(provider.push(address, found) if provider.is_pushed(found) else address)
            callback = loopback.answer(self._settings.login_timeout)
        if callback.error:
            raise LoginError("provider_error", f"the provider says no: {callback.said}")
        return self._client.redeemed(callback, redirect_uri=loopback.redirect_uri, verifier=verifier, nonce=nonce)

    def _open(self, address: str) -> None:
        opened = self._asked.browser and _open_browser(address)
        _tell("Sign in in the browser that has just been opened, or open:" if opened else "Open in a browser here:")
        _tell(f"  {address}")

    def _by_device(self) -> Tokens:
        begun = self._client.begin(self._params().items())
        _tell(f"Open {begun.verification_uri} on any machine, and type: {begun.user_code}")
        if begun.complete:
            _tell(f"  or open {begun.complete} and compare the code")
        return _polled(lambda: self._client.tokens_by_now(begun.device_code), begun.interval, begun.expires_in)


def _polled(ask: Callable[[], Tokens | float], interval: float, seconds: float) -> Tokens:
    """Return the tokens, once there are any (RFC 8628, 3.5). Raises ProviderError, and LoginError when time is over."""
    ends = time.monotonic() + seconds
    while time.monotonic() + interval < ends:
        time.sleep(interval)
        try:
            answer = ask()
        except ProviderDownError:
            interval = min(interval * 2, _LONGEST_WAIT)
            continue
        if isinstance(answer, Tokens):
            return answer
        interval = min(interval + answer, _LONGEST_WAIT)
    raise LoginError("login_late", "nobody signed in at the provider in time")


def _open_browser(address: str) -> bool:
    """Return whether a browser was opened."""
    import webbrowser

    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
