"""A naive interpreter of rules, written from their documentation and from nothing else.

It is what the package is held against, so it shares no code with it and does nothing cleverly: every rule is looked at
for every request, and every reading of a path is compared with every pattern.

outcome, rule = judge(Policy([{"path": "/admin", "allow": "nobody"}]), None, Asking("GET", "/admin/x"), now=0)
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

Rule = Mapping[str, Any]
Claims = Mapping[str, Any]
#: Yes, no, unknown.
Truth = bool | None

PUBLIC = "public_paths"
#: The gate's `auth_id`, where it is not told another.
PROVIDER = "default"


@dataclass(frozen=True)
class Policy:
    """What decides, as somebody wrote it: rules as they stand in TOML, the public paths, the allow lists."""

    rules: Sequence[Rule] = ()
    public_paths: Sequence[str] = ()
    allow_emails: Sequence[str] | None = None
    allow_domains: Sequence[str] | None = None
    allow_groups: Sequence[str] | None = None
    require_email_verified: bool = False
    base_url: str = ""

    @property
    def all_rules(self) -> list[Rule]:
        """The rules with their names; the public paths are rules before all others."""
        public: list[Rule] = [{"name": PUBLIC, "path": path, "allow": "anyone"} for path in self.public_paths]
        return [*public, *({"name": f"rule {number}", **rule} for number, rule in enumerate(self.rules, 1))]

    @property
    def settings(self) -> dict[str, Any]:
        """The same as the gate's settings."""
        return {each.name: getattr(self, each.name) for each in fields(self) if getattr(self, each.name)}

    def as_seen(self, asking: Asking) -> Asking:
        """Return the request as the gate sees it: with `base_url` all are for its host."""
        return replace(asking, host=self.base_url.removeprefix("https://")) if self.base_url else asking


@dataclass(frozen=True)
class Asking:
    """A request: its path on the wire, below the mount, and what the app's router sees of it (`path`)."""

    method: str
    raw: str
    host: str = "app.test"
    overrides_method: bool = False
    unclear_mount: bool = False
    path: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", self.path or unquote(self.raw, errors="replace"))


# Where


def listed(value: Any) -> list[Any]:
    """Return what may be one or a list as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


def split(path: str) -> list[str]:
    """Return the segments of a path that begins with a slash."""
    return (path or "/").split("/")[1:]


def segment_fits(wanted: str, segment: str) -> bool:
    return segment != "" if wanted == "*" else segment == wanted


def pattern_meets(pattern: str, segments: list[str], *, exact: bool) -> bool:
    """Return whether these segments are those of the pattern, or below it."""
    wanted = split(pattern) if exact else [part for part in pattern.split("/") if part]
    if len(segments) < len(wanted) or (exact and len(segments) != len(wanted)):
        return False
    return all(segment_fits(part, segments[at]) for at, part in enumerate(wanted))


def meets(rule: Rule, segments: list[str], change: Callable[[str], str] = str) -> bool:
    """Return whether the path of a rule is met, whatever its method and host; `change` is made to its patterns."""
    if "path" in rule:
        return any(pattern_meets(change(each), segments, exact=False) for each in listed(rule["path"]))
    if "exact" in rule:
        return any(pattern_meets(change(each), segments, exact=True) for each in listed(rule["exact"]))
    return True


def method_fits(rule: Rule, method: str) -> bool:
    """Return whether the method is one of the rule's: GET includes HEAD."""
    wanted = [each.upper() for each in listed(rule.get("method", []))]
    return not wanted or method.upper() in wanted or (method.upper() == "HEAD" and "GET" in wanted)


def bare_host(host: str) -> str:
    """Return the host without its port, in lower case, without a final dot."""
    return re.sub(r":[0-9]*$", "", host).lower().removesuffix(".")


def host_fits(rule: Rule, host: str) -> bool:
    return "host" not in rule or bare_host(host) in [bare_host(each) for each in listed(rule["host"])]


def first(rules: Sequence[Rule], segments: list[str], method: str, host: str) -> Rule | None:
    """Return the first rule whose path, method and host match."""
    for rule in rules:
        if meets(rule, segments) and method_fits(rule, method) and host_fits(rule, host):
            return rule
    return None


# Which paths are ambiguous


def folded(text: str) -> str:
    """Return the text with no difference of case, nor of the look of a character."""
    whole = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return whole.replace("i\u0307", "i")


def looks_odd(path: str) -> bool:
    """Return whether two programs might read the decoded path differently."""
    segments = split(path)
    return (
        not path.startswith("/")
        or any(segment in (".", "..") for segment in segments)
        or "" in segments[:-1]
        or any(segment != segment.rstrip() for segment in segments)
        or any(mark in path for mark in ";\\\x7f\ufffd")
        or any(ord(character) < 0x20 for character in path)
        or re.search(r"%(2e|2f|25|5c|3b|[01][0-9a-f])", path, re.IGNORECASE) is not None
    )


def hides_separators(path: str) -> bool:
    """Return whether a segment ends, or is a dot segment, for whoever takes characters for what they look like."""
    alike = folded(path)
    segments = split(alike)
    return "" in segments[:-1] or not {".", ".."}.isdisjoint(segments) or "\\" in alike


def has_odd_escape(raw: str) -> bool:
    return any(escape in raw.lower() for escape in ("%5c", "%2e", "%25", "%3b", "%00"))


def readings(asking: Asking) -> tuple[list[str], list[str]]:
    """Return the segments of the decoded path, and those between the slashes that stood on the wire."""
    return split(asking.path), [unquote(part, errors="replace") for part in split(asking.raw)]


def differs_in_case_alone(rules: Sequence[Rule], asking: Asking) -> bool:
    """Return whether a reading meets a rule's path only when case is ignored, or only when it is not."""
    by_path, by_wire = readings(asking)
    pairs = [(by_path, split(folded(asking.path))), (by_wire, [folded(part) for part in by_wire])]
    return any(meets(rule, after, folded) != meets(rule, before) for rule in rules for before, after in pairs)


def differs_by_what_is_cut_off(rules: Sequence[Rule], asking: Asking) -> bool:
    """Return whether an app that ends the path at `?` or `#`, or Windows, which drops dots at an end, meets others."""
    cut = re.split("[?#]", asking.path)[0]
    without_dots = "/".join(part.rstrip(".") for part in asking.path.split("/"))
    return any(
        meets(rule, split(other)) != meets(rule, split(asking.path)) for rule in rules for other in (cut, without_dots)
    )


def names_two_methods(rules: Sequence[Rule], asking: Asking) -> bool:
    """Return whether a header tells the app of another method, where any rule goes by the method."""
    return asking.overrides_method and any("method" in rule for rule in rules)


def is_ambiguous(rules: Sequence[Rule], asking: Asking) -> bool:
    if asking.unclear_mount or looks_odd(asking.path or "/") or has_odd_escape(asking.raw):
        return True
    if hides_separators(asking.path or "/"):
        return True
    if differs_in_case_alone(rules, asking) or names_two_methods(rules, asking):
        return True
    if differs_by_what_is_cut_off(rules, asking):
        return True
    if "%2f" not in asking.raw.lower():
        return False
    by_path, by_wire = readings(asking)
    if [meets(rule, by_path) for rule in rules] != [meets(rule, by_wire) for rule in rules]:
        return True
    decides = first(rules, by_path, asking.method, asking.host)
    return decides is not None and decides["allow"] == "anyone"


# Who


def glob(wanted: str, text: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in wanted.split("*")), text, re.DOTALL) is not None


def lower(text: str) -> str:
    """Return the text with ASCII letters in lower case."""
    return "".join(each.lower() if each.isascii() else each for each in text)


def address(policy: Policy, claims: Claims) -> str | None:
    """Return the address that may be gone by, or None."""
    verified = claims.get("email_verified", not policy.require_email_verified)
    if verified is not True and verified != "true":
        return None
    email = claims.get("email")
    if not isinstance(email, str):
        return None
    local, _, domain = email.partition("@")
    if len(email) > 320 or not is_seen(local) or not is_seen(domain) or any(each in '<>()[],;\\"' for each in local):
        return None
    marks = [each for each in domain if each.isascii() and not each.isalnum() and each not in "-_."]
    return None if marks or "" in domain.split(".") else f"{small(local)}@{small(domain)}"


def is_seen(part: str) -> bool:
    """Return whether this part of an address reads as it is written."""
    return part != "" and all(each in string.printable.strip() if each.isascii() else own(each) for each in part)


def own(letter: str) -> bool:
    """Return whether this letter is seen, and stands for no ASCII one."""
    unseen = "\u034f\u115f\u1160\u2800\u3002\uff61\u3164\ufe0f"
    return letter.isprintable() and letter not in unseen and not unicodedata.normalize("NFKC", letter).isascii()


def small(text: str) -> str:
    """Return the text in small letters, each by itself."""
    return "".join(each.lower() for each in unicodedata.normalize("NFC", text))


def at(claims: Claims, name: str) -> Any:
    """Return the claim of that name, or what the dots in it lead to; None where there is nothing.

    At each level the longest key that fits is taken.
    """
    found: Any = claims
    parts = name.split(".")
    while parts:
        keys = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
        fitting = [key for key in keys if isinstance(found, Mapping) and found.get(key) is not None]
        if not fitting:
            return None
        found = found[fitting[0]]
        parts = parts[fitting[0].count(".") + 1 :]
    return found


def group_names(value: Any) -> Any:
    """Return what names groups in a claim: of an object its keys, of objects in a list what they are called."""
    if isinstance(value, Mapping):
        return [key for key, held in value.items() if held is not None and held is not False]
    if isinstance(value, list):
        return [group_name(each) for each in value]
    return value


def group_name(value: Any) -> Any:
    names = [value.get(name) for name in ("name", "value", "display")] if isinstance(value, Mapping) else [value]
    return next((name for name in names if isinstance(name, str) and name), value)


def is_hidden(claims: Claims, name: str) -> bool:
    """Return whether something else stands where an object with this claim would be, or the claim is elsewhere."""
    if at(claims, name) is not None:
        return False
    elsewhere = claims.get("_claim_names")
    if isinstance(elsewhere, Mapping) and (name in elsewhere or name.partition(".")[0] in elsewhere):
        return True
    if name == "groups" and claims.get("hasgroups") is True:
        return True
    return leads_somewhere(claims, name)


def leads_somewhere(claims: Claims, name: str) -> bool:
    """Return whether there is such a claim, or no object where one with it could be, by any keys."""
    parts = name.split(".")
    for count in range(1, len(parts)):
        found = claims.get(".".join(parts[:count]))
        rest = ".".join(parts[count:])
        if found is not None and (not isinstance(found, Mapping) or leads_somewhere(found, rest)):
            return True
    return claims.get(name) is not None


def value_fits(wanted: Any, value: Any) -> bool:
    if type(wanted) is not type(value):
        return False
    return glob(wanted, value) if isinstance(wanted, str) else bool(wanted == value)


def claim_fits(wanted: Any, value: Any) -> Truth:
    """Return whether a claim is one of those wanted; a value that none of them could be like says nothing."""
    if isinstance(wanted, Mapping):
        return value is None
    if value is None:
        return None
    values = value if isinstance(value, list) else [value]
    if any(value_fits(one, each) for one in listed(wanted) for each in values):
        return True
    types = [type(one) for one in listed(wanted)]
    return False if all(type(each) in types for each in values) else None


def text_fits(wanted: Any, value: str | None) -> Truth:
    return None if value is None else any(glob(each, value) for each in listed(wanted))


def every(truths: Iterator[Truth]) -> Truth:
    found = list(truths)
    return False if False in found else None if None in found else True


def some(truths: Iterator[Truth]) -> Truth:
    found = list(truths)
    return True if True in found else None if None in found else False


def holds(policy: Policy, condition: Any, claims: Claims) -> Truth:
    """Return what a condition says of somebody."""
    if callable(condition):
        return asked_of(condition, policy, claims)
    if condition in ("anyone", "signed-in"):
        return True
    if condition == "nobody":
        return False
    ((kind, wanted),) = condition.items()
    email = address(policy, claims)
    match kind:
        case "emails":
            return text_fits([lower(each) for each in listed(wanted)], email)
        case "domains":
            return text_fits([lower(each) for each in listed(wanted)], email and email.partition("@")[2])
        case "groups":
            return claim_fits(wanted, group_names(at(claims, "groups")))
        case "scopes":
            return None
        case "provider":
            return text_fits(wanted, PROVIDER)
        case "claims":
            return every(
                None if isinstance(each, Mapping) and is_hidden(claims, name) else claim_fits(each, at(claims, name))
                for name, each in wanted.items()
            )
        case "any":
            return some(holds(policy, each, claims) for each in wanted)
        case "all":
            return every(holds(policy, each, claims) for each in wanted)
        case "not":
            found = holds(policy, wanted, claims)
            return None if found is None else not found
    raise AssertionError(kind)


def asked_of(condition: Callable[[Any], Any], policy: Policy, claims: Claims) -> Truth:
    """Return what a function says; anything but true and false, and an error, says nothing."""
    held = group_names(claims.get("groups"))
    groups = [held] if isinstance(held, str) else held if isinstance(held, list) else []
    person = SimpleNamespace(
        subject=claims["sub"],
        claims=claims,
        provider=PROVIDER,
        groups=tuple(each for each in groups if isinstance(each, str) and each),
    )
    try:
        said = condition(person)
    except Exception:  # whatever it is
        return None
    return said if said is True or said is False else None


def passes_lists(policy: Policy, claims: Claims) -> bool:
    """Return whether the allow lists let somebody pass: one match in any list that is given is enough."""
    if policy.allow_emails is None and policy.allow_domains is None and policy.allow_groups is None:
        return True
    email, held = address(policy, claims), claims.get("groups")
    groups = [each for each in (held if isinstance(held, list) else [held]) if isinstance(each, str) and each]
    return (
        any(email == lower(each) for each in policy.allow_emails or ())
        or any(email is not None and email.partition("@")[2] == lower(each) for each in policy.allow_domains or ())
        or any(each in groups for each in policy.allow_groups or ())
    )


# How they signed in


def is_fresh_enough(rule: Rule, claims: Claims, now: float) -> bool:
    """Return whether the sign-in was as strong and as recent as the rule asks; what is not said was not."""
    acr: Any = claims.get("acr")
    auth_time: Any = claims.get("auth_time")
    if "acr" in rule and not (isinstance(acr, str) and acr in listed(rule["acr"])):
        return False
    if "max_age" in rule:
        # A sign-in that is yet to come is none; clocks may be five minutes apart.
        return type(auth_time) in (int, float) and now <= auth_time + rule["max_age"] and auth_time <= now + 300
    return True


# All together


def judge(policy: Policy, person: Claims | None, asking: Asking, now: float) -> tuple[str, str | None]:
    """Return what happens, `pass`, `refused`, `login` or `step_up`, and the name of the rule that decides."""
    rules, asking = policy.all_rules, policy.as_seen(asking)
    if is_ambiguous(rules, asking):
        if person is None:
            return "login", None
        good = all(holds(policy, rule["allow"], person) and is_fresh_enough(rule, person, now) for rule in rules)
        return "pass" if good and passes_lists(policy, person) else "refused", None
    rule = first(rules, split(asking.path), asking.method, asking.host)
    name = rule["name"] if rule else None
    if rule and rule["allow"] == "anyone":
        return "pass", name
    if rule and rule["allow"] == "nobody":
        return "refused", name
    if person is None:
        return "login", name
    if not passes_lists(policy, person) or (rule and holds(policy, rule["allow"], person) is not True):
        return "refused", name
    return "pass" if rule is None or is_fresh_enough(rule, person, now) else "step_up", name


# Rules that can never decide


def universe(rules: Sequence[Rule], base_url: str = "") -> tuple[list[list[str]], list[str], list[str]]:
    """Return paths, methods and hosts among which there is one for each rule that decides anything at all.

    That is, all paths of the segments that the rules name and of another one, one deeper than they go, with a slash at
    the end and without; their methods, and another; their hosts, and another, or that of `base_url` alone.
    """
    patterns = [each for rule in rules for each in listed(rule.get("path", [])) + listed(rule.get("exact", []))]
    named = {part for each in patterns for part in split(each)} - {"", "*"}
    paths: list[list[str]] = [[""]]
    longer: list[list[str]] = [[]]
    for _ in range(1 + max((len(split(each)) for each in patterns), default=0)):
        longer = [[*path, segment] for path in longer for segment in [*sorted(named), "another"]]
        paths += [*longer, *([*path, ""] for path in longer)]
    methods = {each for rule in rules for each in listed(rule.get("method", []))} | {"HEAD", "ANOTHER"}
    hosts = {each for rule in rules for each in listed(rule.get("host", []))} | {"another.test"}
    return paths, sorted(methods), [base_url.removeprefix("https://")] if base_url else sorted(hosts)


def deciding(rules: Sequence[Rule], base_url: str = "") -> set[str]:
    """Return the names of the rules that decide any request at all."""
    found = set()
    paths, methods, hosts = universe(rules, base_url)
    for segments in paths:
        there = [rule for rule in rules if meets(rule, segments)]
        for method in methods:
            for host in hosts:
                rule = first(there, segments, method, host)
                found |= {rule["name"]} if rule else set()
    return found
