"""Whether a token is the provider's: decrypted where it was encrypted for us, and signed with one of its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_gate.errors import ProviderError
from oidc_gate.provider import keys, token_checks
from oidc_gate.provider.cache import Cached
from oidc_gate.provider.discovery import Metadata
from oidc_gate.settings import TENANT

if TYPE_CHECKING:
    from oidc_gate.settings import Settings

__all__ = ["Signatures"]

#: Strangers can send tokens with unknown keys; they make the gate ask for new keys at most this often.
_KEY_PAUSE = 10.0
#: What the provider itself has just handed out may be signed with a key that is newer than that; else logins would fail
#: and sessions would end, whenever a stranger's token came shortly before the provider's keys changed.
_OWN_KEY_PAUSE = 1.0


class Signatures:
    """Verifies the tokens of one provider, whose metadata and keys these are."""

    def __init__(
        self, settings: Settings, metadata: Cached[Metadata], key_set: Cached[keys.KeySet], private_key: Any
    ) -> None:
        self._algs = settings.signing_algs
        self._metadata, self._keys, self._private_key = metadata, key_set, private_key

    def decrypted(self, token: str) -> str:
        """Return the signed token inside an encrypted one; any other as it is. Raises ProviderError."""
        inner = self.inside(token)
        return token if inner is None else inner.decode("ascii", "replace")

    def inside(self, token: str) -> bytes | None:
        """Return what is inside a token that is encrypted for us, None for any other. Raises ProviderError."""
        encrypted = token.count(".") == 4 and self._private_key is not None
        return keys.decrypt(token, self._private_key) if encrypted else None

    def verified(self, token: str, *, is_handed_out: bool = False) -> tuple[keys.SignedToken, keys.KeySet]:
        """Return a token whose signature is the provider's, and the keys it was verified with. Raises ProviderError.

        `is_handed_out`: it came from the provider's own server, over a connection that was made to it.
        """
        signed = keys.read_compact(token)
        known = self._metadata.get()  # so that whoever waits for the keys waits for no more than these
        own = self._checked(signed, known)
        pause = _OWN_KEY_PAUSE if is_handed_out else _KEY_PAUSE
        for found in (self._keys.get, lambda: self._keys.again(pause)):
            if (tried := found()).verifies(signed, own):
                return signed, tried
        raise _unsigned()

    def verified_at_once(self, token: str) -> tuple[keys.SignedToken, keys.KeySet, Metadata] | None:
        """Return the same, and the metadata; None where the provider has to be asked. Never blocks.

        Raises ProviderError.
        """
        signed = keys.read_compact(token)
        known, key_set = self._metadata.known(), self._keys.known()
        if known is None or key_set is None:
            return None
        if key_set.verifies(signed, self._checked(signed, known)):
            return signed, key_set, known
        if self._keys.asked_again(_KEY_PAUSE):
            raise _unsigned()
        return None

    def _checked(self, signed: keys.SignedToken, known: Metadata) -> tuple[str, str] | None:
        """Check the algorithm; return whose keys may have signed the token, where several tenants share a key set.

        Some keys are then for the tokens of one of them alone.
        """
        if signed.alg not in (self._algs or known.signing_algs):
            raise ProviderError("alg_not_allowed", "the token is signed with an algorithm that is not allowed")
        return (known.issuer, token_checks.issuer_of(signed)) if TENANT in known.issuer else None


def _unsigned() -> ProviderError:
    return ProviderError("signature_invalid", "no key of the provider has signed the token")
