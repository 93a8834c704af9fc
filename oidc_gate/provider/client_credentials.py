"""What the gate has to prove itself with at the provider, from its settings: tried out before a login wants it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joserfc.errors import JoseError

from oidc_gate.errors import ProviderSetupError, SettingsError
from oidc_gate.provider import keys
from oidc_gate.provider.client_assertion import read_assertion
from oidc_gate.provider.client_authentication import ClientAuthentication, client_authentication
from oidc_gate.provider.http_messages import HTTPRequest

if TYPE_CHECKING:
    from oidc_gate.settings import Settings

__all__ = ["authentication_of", "private_key_of"]


def private_key_of(settings: Settings) -> Any:
    """Return the gate's own key, None without one. Raises SettingsError."""
    path = settings.client_private_key_file
    if not path:
        return None
    try:
        return keys.load_private_key(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"client_private_key_file: {path}: {error}.") from None


def authentication_of(settings: Settings, private_key: Any) -> ClientAuthentication:
    """Return what proves the client, tried out once: a key that cannot sign stops start-up, not the first login."""
    authenticate = client_authentication(
        settings.client_auth_method,
        settings.client_id,
        settings.client_secret,
        private_key,
        partial(read_assertion, settings.client_assertion_file),
    )
    try:
        authenticate(HTTPRequest("https://probe.invalid", {}, ""))
    except ProviderSetupError as error:
        raise SettingsError(f"{error.detail}.") from None
    except (JoseError, ValueError) as error:
        raise SettingsError(f"client_auth_method {settings.client_auth_method}: {error}.") from None
    return authenticate
