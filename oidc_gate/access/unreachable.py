"""Whether patterns leave nothing to another one: a rule that comes after them and covers no more never decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from oidc_gate.access.paths import Pattern
from oidc_gate.access.places import Node, Tree

__all__ = ["covered_by"]

#: Numbers of the patterns that together cover something; None for what is not covered whole.
Covering = frozenset[int] | None


#: So many places are looked at for one pattern.
_MOST_QUESTIONS = 500


class _TooManyError(Exception):
    """There are too many places to look at."""


def covered_by(tree: Tree, pattern: Pattern, counts: Callable[[int], bool]) -> Covering:
    """Return which patterns in the tree together cover every path that this one covers, None if they do not.

    `counts`: whether the pattern of that number holds for the requests in question. With many stars there may be too
    many paths to look at: then it is left at that, and counts as not covered.
    """
    known: dict[tuple[frozenset[int], int, bool], Covering] = {}

    def covered(nodes: list[Node], rest: tuple[str | None, ...], *, is_exact: bool, is_root: bool = False) -> Covering:
        """Return what covers all that is covered from these places in the tree on; each question is answered once."""
        key = (frozenset(map(id, nodes)), len(rest), is_exact)
        if key not in known:
            if len(known) >= _MOST_QUESTIONS:
                raise _TooManyError
            known[key] = looked_up(nodes, rest, is_exact=is_exact, is_root=is_root)
        return known[key]

    def looked_up(nodes: list[Node], rest: tuple[str | None, ...], *, is_exact: bool, is_root: bool) -> Covering:
        below = _first(counts, (number for node in nodes for number in node.below))
        if below is not None:
            return frozenset([below])
        if rest and rest[0] is not None:
            return covered(_next(nodes, rest[0]), rest[1:], is_exact=is_exact) if nodes else None
        if rest:
            return all_of(nodes, rest[1:], is_exact=is_exact)
        here = _first(counts, (number for node in nodes for number in node.here))
        if here is None and not is_root:
            return None
        found = frozenset([] if here is None else [here])
        if is_exact:
            return found
        with_slash = covered(_next(nodes, ""), (), is_exact=True)
        deeper = all_of(nodes, (), is_exact=False)
        return None if with_slash is None or deeper is None else found | with_slash | deeper

    def all_of(nodes: list[Node], rest: tuple[str | None, ...], *, is_exact: bool) -> Covering:
        """Return what covers the paths that go on with any segment: one that no pattern names, and each that is."""
        found: frozenset[int] = frozenset()
        others = [node.any_kid for node in nodes if node.any_kid is not None]
        named = {segment for node in nodes for segment in node.kids if segment}
        for each in (others, *(_next(nodes, segment) for segment in sorted(named))):
            part = covered(each, rest, is_exact=is_exact) if each else None
            if part is None:
                return None
            found |= part
        return found

    try:
        return covered([tree.root], pattern.segments, is_exact=pattern.is_exact, is_root=True)
    except _TooManyError:
        return None


def _next(nodes: list[Node], segment: str) -> list[Node]:
    """Return where the tree goes on with this segment."""
    found = [kid for node in nodes if (kid := node.kids.get(segment)) is not None]
    return found + [node.any_kid for node in nodes if node.any_kid is not None] if segment else found


def _first(counts: Callable[[int], bool], numbers: Iterable[int]) -> int | None:
    return next((number for number in numbers if counts(number)), None)
