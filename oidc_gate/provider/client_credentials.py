"""What the gate has to prove itself with at the provider, from its settings: tried out before a login wants it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from oidc_gate.errors import ProviderSetupError, SettingsError
from oidc_gate.provider import keys
from oidc_gate.provider.client_assertion import read_assertion
from oidc_gate.provider.client_authentication import ClientAuthentication, client_authentication
from oidc_gate.provider.http_messages import HTTPRequest
from oidc_gate.settings import FAPI2_ALGS

if TYPE_CHECKING:
    from oidc_gate.settings import Settings

__all__ = ["authentication_of", "private_key_of"]

#: Bits of an RSA key (FAPI 2.0, 5.4.1).
_LEAST_OF_RSA = 2048


def private_key_of(settings: Settings) -> Any:
    """Return the gate's own key, None without one. Raises SettingsError."""
    path = settings.client_private_key_file
    if not path:
        return None
    try:
        key = keys.load_private_key(Path(path).read_bytes())
        return _of_profile(key) if settings.profile else key
    except (OSError, ValueError) as error:
        raise SettingsError(f"client_private_key_file: {path}: {error}.") from None


def _of_profile(key: keys.PrivateKey) -> keys.PrivateKey:
    """Return a key that signs as the profile wants it (FAPI 2.0, 5.4.1). Raises ValueError for one that does not."""
    key = keys.signing_with("PS256", key) if isinstance(key, RSAKey) else key
    alg = keys.signing_alg(key)
    if alg not in FAPI2_ALGS:
        raise ValueError(f"the key signs {alg}, and profile fapi2 allows {', '.join(FAPI2_ALGS)}")
    if isinstance(key, RSAKey) and key.public_key.key_size < _LEAST_OF_RSA:
        raise ValueError(f"the key has {key.public_key.key_size} bits, and profile fapi2 wants {_LEAST_OF_RSA}")
    return key


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
