"""Who may do what, where: rules, public paths and allow lists over verified claims. Nothing here knows of settings.

Modules, from the ground up; each may import only from those before it:

- `reasons`: why somebody passes or does not, as codes
- `emails`: addresses that somebody can be gone by
- `texts`: texts with `*`, to be compared with
- `group_claims`: the shapes in which providers send groups
- `allow_lists`: addresses, domains and groups that may pass
- `person`: what rules go by of a person
- `answers`: yes, no, or it cannot be told
- `conditions`, `combinations`: who: yes, no, or it cannot be told
- `paths`: patterns of paths, and the paths that two programs could read differently
- `places`: the tree in which patterns are looked up
- `path_list`: a plain list of paths
- `unreachable`: whether patterns leave nothing to another one
- `rule`: one rule, as requests are judged by it
- `ngrok_names`: what expressions may name at ngrok, and not here
- `expression_values`: what names in expressions stand for
- `expressions`: CEL, and the rules of a Traffic Policy that go by it
- `sign_ins`: how good a sign-in is for a rule
- `verdicts`: what of a request tells its place, and what comes of it
- `policy`: `Policy`, which judges every request
- `findings`: what rules and lists say of a person, part by part
- `rule_list`: all rules, a line each
- `explanation`: a verdict in words, and as JSON

May import: `errors`, `identity`.
"""

from oidc_gate.access.allow_lists import AllowLists
from oidc_gate.access.combinations import AllOf, AnyOf, Not
from oidc_gate.access.conditions import (
    MISSING,
    Claim,
    Condition,
    Domains,
    Emails,
    Function,
    Groups,
    Provider,
    Scopes,
)
from oidc_gate.access.emails import compared_domain, compared_email
from oidc_gate.access.explanation import Explanation, Requested, explained
from oidc_gate.access.expression_values import AskedOf
from oidc_gate.access.expressions import Answer, Conditional, compiled
from oidc_gate.access.path_list import PathList
from oidc_gate.access.paths import EVERYWHERE, Pattern, encoded_segments, read_pattern
from oidc_gate.access.places import Tree
from oidc_gate.access.policy import AMBIGUOUS, NO_RULE, Policy
from oidc_gate.access.reasons import REASONS, Reason
from oidc_gate.access.rule import ANYONE, NOBODY, OF_CODE, PREFLIGHT, SIGNED_IN, CheckedRule
from oidc_gate.access.rule_list import RuleList, listed_rules, printable
from oidc_gate.access.sign_ins import signed_in_at
from oidc_gate.access.texts import Texts, counted
from oidc_gate.access.unreachable import covered_by
from oidc_gate.access.verdicts import Outcome, Spot, Verdict

__all__ = [
    "AMBIGUOUS",
    "ANYONE",
    "EVERYWHERE",
    "MISSING",
    "NOBODY",
    "NO_RULE",
    "OF_CODE",
    "PREFLIGHT",
    "REASONS",
    "SIGNED_IN",
    "AllOf",
    "AllowLists",
    "Answer",
    "AnyOf",
    "AskedOf",
    "CheckedRule",
    "Claim",
    "Condition",
    "Conditional",
    "Domains",
    "Emails",
    "Explanation",
    "Function",
    "Groups",
    "Not",
    "Outcome",
    "PathList",
    "Pattern",
    "Policy",
    "Provider",
    "Reason",
    "Requested",
    "RuleList",
    "Scopes",
    "Spot",
    "Texts",
    "Tree",
    "Verdict",
    "compared_domain",
    "compared_email",
    "compiled",
    "counted",
    "covered_by",
    "encoded_segments",
    "explained",
    "listed_rules",
    "printable",
    "read_pattern",
    "signed_in_at",
]
