"""What an app, a file server, or a proxy that tidies up may make of a path, each in its own way.

Whoever reaches an app may do so whichever of these it is: `forbidden_readings` finds none.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from tests.naive_rules import (
    Asking,
    Claims,
    Policy,
    Rule,
    first,
    folded,
    holds,
    is_fresh_enough,
    listed,
    passes_lists,
    split,
)

Reading = tuple[list[str], Rule | None]


def resolved(path: str) -> str:
    end = "/" if path.endswith(("/", "/.", "/..")) else ""
    return re.sub("/+", "/", posixpath.normpath("/" + path) + end)


CHANGES: list[Callable[[str], str]] = [
    unquote,
    lambda path: path.replace("\\", "/"),
    lambda path: "/".join(segment.partition(";")[0] for segment in path.split("/")),
    lambda path: "/".join(segment.rstrip() for segment in path.split("/")),
    lambda path: path.partition("\x00")[0],
    lambda path: re.sub("/+", "/", path),
    resolved,
]


def what_apps_make_of(asking: Asking) -> Iterator[list[str]]:
    """Return the segments that one app or another sees in a path, or a file server, or a proxy that tidies up."""
    yield [unquote(part) for part in split(asking.raw)]
    tidied = asking.path
    for change in CHANGES:
        yield split(change(asking.path))
        tidied = change(tidied)
        yield split(tidied)


def may_pass(policy: Policy, person: Claims | None, rule: Rule | None, now: float) -> bool:
    if person is None:
        return rule is not None and rule["allow"] == "anyone"
    if rule is None or rule["allow"] == "anyone":
        return rule is not None or passes_lists(policy, person)
    good = passes_lists(policy, person) and holds(policy, rule["allow"], person) is True
    return good and is_fresh_enough(rule, person, now)


def ignorant_of_case(rule: Rule) -> Rule:
    paths = {name: [folded(each) for each in listed(rule[name])] for name in ("path", "exact") if name in rule}
    return {**rule, **paths}


def forbidden_readings(policy: Policy, person: Claims | None, asking: Asking, now: float) -> Iterator[Reading]:
    """Return the readings of a request by which this person may not have what they stand for, each with its rule."""
    asking, ignoring_case = policy.as_seen(asking), [ignorant_of_case(rule) for rule in policy.all_rules]
    for made in what_apps_make_of(asking):
        alike = [folded(part) for part in made]
        for method in [asking.method, "GET"] if asking.overrides_method else [asking.method]:
            for rule in (
                first(policy.all_rules, made, method, asking.host),
                first(ignoring_case, alike, method, asking.host),
            ):
                if not may_pass(policy, person, rule, now):
                    yield made, rule
