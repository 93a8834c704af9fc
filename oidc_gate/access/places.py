"""Which patterns cover a path: a tree of segments, built once, so that a path is looked up whatever their number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from oidc_gate.access.paths import Pattern

__all__ = ["Node", "Tree"]

Numbers = tuple[int, ...]


@dataclass(slots=True)
class Node:
    """A place in the tree: the numbers of what covers this path alone, and of what covers it and all below it."""

    kids: dict[str, Node] = field(default_factory=dict)
    any_kid: Node | None = None
    here: Numbers = ()
    below: Numbers = ()


class Tree:
    """Patterns by number."""

    def __init__(self) -> None:
        self.root = Node()
        self._has_stars = False

    def add(self, number: int, pattern: Pattern) -> None:
        """Add a pattern; numbers come in ascending order."""
        node = self.root
        for segment in pattern.segments:
            if segment is None:
                self._has_stars = True
                node.any_kid = node.any_kid or Node()
                node = node.any_kid
            else:
                node = node.kids.setdefault(segment, Node())
        if pattern.is_exact:
            node.here += (number,)
        else:
            node.below += (number,)

    def covering(self, segments: Sequence[str]) -> Numbers:
        """Return the numbers of all patterns that cover the path with these segments, each once, ascending."""
        if self._has_stars:
            return self._covering_with_stars(segments)
        node = self.root
        found = node.below
        for segment in segments:
            kid = node.kids.get(segment)
            if kid is None:
                return found if len(found) < 2 else _ascending(found)
            node = kid
            found += node.below
        found += node.here
        return found if len(found) < 2 else _ascending(found)

    def _covering_with_stars(self, segments: Sequence[str]) -> Numbers:
        nodes = [self.root]
        found = self.root.below
        for segment in segments:
            next_nodes = []
            for node in nodes:
                kid = node.kids.get(segment)
                if kid is not None:
                    next_nodes.append(kid)
                if node.any_kid is not None and segment:
                    next_nodes.append(node.any_kid)
            nodes = next_nodes
            for node in nodes:
                found += node.below
        for node in nodes:
            found += node.here
        return _ascending(found)


def _ascending(numbers: Iterable[int]) -> Numbers:
    return tuple(sorted(set(numbers)))
