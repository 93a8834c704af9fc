"""A session as a sealed text: what a cookie holds, or what lies in a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial

from oidc_gate.sealing import Seal
from oidc_gate.sessions.session import FORMAT, Head, Session, pack_head, read_head

__all__ = ["Kept", "SessionSeal"]

#: A session that was kept: its head, what reads the rest, and what stands for it in the store.
Kept = tuple[Head, Callable[[], bytes], bytes]


class SessionSeal:
    """Seals sessions as `HEAD.REST`, each sealed.

    The sealed rest is bound into the head's seal, like a name: who opens the head has proven both, and the rest need
    not be decoded before somebody asks for it.
    """

    def __init__(self, seal_secrets: Sequence[str], context: str) -> None:
        self._secrets = seal_secrets
        self._context = context
        self._head = Seal(seal_secrets, f"session {FORMAT} {context}")
        self.newest_prefix = self._head.newest_prefix

    @cached_property
    def _rest(self) -> Seal:
        return Seal(self._secrets, f"rest of session {FORMAT} {self._context}")

    def seal(self, session: Session, name: str) -> str:
        """Return the sealed text of a session; `name` is bound into it, and must be the same on opening."""
        head, rest = session.parts()
        sealed_rest = self._rest.seal(rest, name)
        return f"{self._head.seal(pack_head(head), f'{name}={sealed_rest}')}.{sealed_rest}"

    def open(self, text: str, name: str, stored: bytes = b"") -> Kept | None:
        """Return the session, or None for anything that this list of secrets did not seal under this name.

        `stored` is handed through: what stands for it in the store.
        """
        sealed_head, _, sealed_rest = text.partition(".")
        packed = self._head.open(sealed_head, f"{name}={sealed_rest}")
        return None if packed is None else (read_head(packed), partial(self._open_rest, text, name), stored)

    def _open_rest(self, text: str, name: str) -> bytes:
        """Return the rest; it always opens, for the head's seal vouches for its text. All of that is there already."""
        return self._rest.open(text.partition(".")[2], name) or b""  # never that, but mypy cannot know
