"""Whether each rule has something left to decide: earlier ones, and public paths before them, may take it all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from oidc_gate.access import ANYONE, CheckedRule, Pattern, Tree, covered_by, read_pattern
from oidc_gate.errors import SettingsError
from oidc_gate.settings.rule_tables import label

__all__ = ["PUBLIC", "check_order", "error_in", "idle_patterns", "named"]

#: What public paths are called where rules have a name.
PUBLIC = "public_paths"


def check_order(rules: list[CheckedRule], public_paths: Sequence[str]) -> None:
    """Refuse a rule that can never decide, because earlier ones decide all that it could."""
    for rule, covering in _in_order(rules, public_paths):
        if all(each is not None for each in covering):
            together = frozenset[CheckedRule]().union(*(each for each in covering if each is not None))
            raise error_in(
                rule,
                f"can never decide: {_before(together)} all that it covers. {_order_mend(rule, together)}",
            )


def idle_patterns(rules: list[CheckedRule], public_paths: Sequence[str]) -> Iterator[str]:
    """Yield what is to be said of paths of rules that can never decide, where others of the same rule can."""
    for rule, covering in _in_order(rules, public_paths):
        for pattern, together in zip(rule.patterns, covering, strict=True):
            if together is not None:
                yield f"{rule.name} never decides {pattern}: {_before(together)} all of it"


def _before(together: Collection[CheckedRule]) -> str:
    names = " and ".join(named(each) for each in sorted(together, key=lambda each: each.number))
    return f"{names} before it {'decides' if len(together) == 1 else 'decide'}"


def _in_order(
    rules: list[CheckedRule], public_paths: Sequence[str]
) -> Iterator[tuple[CheckedRule, list[frozenset[CheckedRule] | None]]]:
    """Yield each rule with the earlier ones that together cover each of its patterns, None where they do not."""
    patterns = tuple(read_pattern(path, is_exact=False) for path in public_paths)
    earlier, tree = [CheckedRule(PUBLIC, 0, ANYONE, patterns=patterns)], Tree()
    for pattern in patterns:
        tree.add(0, pattern)
    for number, rule in enumerate(rules, 1):
        yield rule, [_covering(rule, pattern, tree, earlier) for pattern in rule.patterns]
        for pattern in rule.patterns:
            tree.add(number, pattern)
        earlier.append(rule)


def _order_mend(rule: CheckedRule, covering: Collection[CheckedRule]) -> str:
    """Return what to do about a rule that these earlier ones cover."""
    public, *others = sorted(covering, key=lambda each: each.number)
    own = label(rule.number, rule.name, "")
    if public.number:
        if (public.patterns, public.methods, public.hosts) == (rule.patterns, rule.methods, rule.hosts):
            return "Both are for the same requests: make one rule of them, or take one out"
        return f"Put {own} above {label(public.number, public.name, '')}, or take it out"
    opened = [
        each
        for each in public.patterns
        if any(pattern.segments[: len(each.segments)] == each.segments for pattern in rule.patterns)
    ]
    paths = " and ".join(str(each).removesuffix(" and below") for each in opened)
    above = f", and put it above {label(others[0].number, others[0].name, '')}" if others else ""
    return f"Take {paths} out of public_paths{above}, or this rule out"


def _covering(
    rule: CheckedRule, pattern: Pattern, tree: Tree, earlier: list[CheckedRule]
) -> frozenset[CheckedRule] | None:
    """Return the earlier rules that together cover this pattern of a rule, None if they do not."""
    found: set[int] = set()
    for method in rule.methods or (None,):
        for host in rule.hosts or (None,):
            part = _covered(pattern, method, host, tree, earlier)
            if part is None:
                return None
            found |= part
    return frozenset(earlier[number] for number in found)


def _covered(
    pattern: Pattern, method: str | None, host: str | None, tree: Tree, earlier: list[CheckedRule]
) -> frozenset[int] | None:
    """Return the numbers of earlier rules that cover this pattern; None as method or host stands for any other one."""

    def counts(number: int) -> bool:
        rule = earlier[number]
        by_method = rule.methods is None or method in rule.methods
        return by_method and (rule.hosts is None or host in rule.hosts)

    return covered_by(tree, pattern, counts)


def named(rule: CheckedRule) -> str:
    """Return how a message names a rule."""
    return label(rule.number, rule.name, rule.where) if rule.number else rule.name


def error_in(rule: CheckedRule, sentence: str) -> SettingsError:
    """Return the error that says this of a rule."""
    return SettingsError(f"rules: {label(rule.number, rule.name, rule.where)}: {sentence}.")
