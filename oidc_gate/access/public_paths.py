"""The paths that need no login. A path that two programs could read differently is protected."""

from __future__ import annotations

import re

__all__ = ["PublicPaths"]

#: What makes a path ambiguous, once decoded: a dot segment, a doubled slash, a backslash, a control character, a
#: parameter (some servers cut them off, and see a dot segment behind them), a blank at the end of a segment (so do
#: Windows and some file servers), a character that was no UTF-8, or an escape left over from encoding one twice.
_AMBIGUOUS = re.compile(
    r"//|/\.{1,2}(?:/|$)|;|\s(?:/|$)|[\\\x00-\x1f\x7f\ufffd]|%(?:2[ef5]|5c|3b|0[0-9a-f]|1[0-9a-f])", re.IGNORECASE
)
_ENCODED_SEPARATOR = re.compile(r"%(?:2f|5c|2e|25|3b|00)", re.IGNORECASE)


class PublicPaths:
    """The paths that need no login: each covers itself and all below it, in whole segments, case-sensitive."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self._exact = frozenset(path.rstrip("/") for path in paths)
        self._below = tuple(f"{path}/" for path in self._exact)

    def cover(self, path: str, raw_target: str) -> bool:
        """Return whether the path needs no login.

        `path` is the decoded path that the app's router will see; `raw_target` the path as it was sent, where the
        server tells, which shows separators that were encoded.
        """
        if path not in self._exact and not path.startswith(self._below):
            return False
        return not _AMBIGUOUS.search(path) and not _ENCODED_SEPARATOR.search(raw_target)
