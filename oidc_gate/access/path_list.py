"""A plain list of paths, each of which covers itself and all below it; one that is ambiguous is not covered."""

from __future__ import annotations

from oidc_gate.access.paths import encoded_segments, is_ambiguous, read_pattern, segments_of
from oidc_gate.access.places import Tree

__all__ = ["PathList"]


class PathList:
    """Paths in whole segments, case-sensitive. Raises ValueError for one that is not plain."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self._tree = Tree()
        for number, path in enumerate(paths):
            self._tree.add(number, read_pattern(path, is_exact=False))

    def cover(self, path: str, sent: str) -> bool:
        """Return whether the path is covered.

        `path` is the decoded path that the app's router will see; `sent` the path as it was sent, where the server
        tells, which shows separators that were encoded.
        """
        if not self._tree.covering(segments_of(path)):
            return False
        return not is_ambiguous(path) and encoded_segments(sent) == []
