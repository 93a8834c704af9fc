"""S: the settings, without asking anybody."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from oidc_gate.access import CheckedRule
from oidc_gate.doctor.case import Case, Check
from oidc_gate.doctor.findings import Finding, SkippedError, fail, ok, skipped, warn

__all__ = ["COMMAND_LINE", "SETTINGS_CHECKS", "settings_refused"]

#: The title of the source that every user of a machine can read.
COMMAND_LINE = "the command line"

#: Characters that a secret should have; below it `client_secret_jwt` is not HS256 either (RFC 7518, 3.2).
_LEAST = 32
#: The same for what the provider has chosen.
_LEAST_OF_CLIENT = 16


def settings_refused(detail: str) -> Finding:
    """Return what S1 finds where the settings stop start-up."""
    return fail(detail, "correct this setting; docs/reference/settings.md has all of them")


def _sources(case: Case) -> Finding:
    parts = [f"{len(source.names)} from {source.title}" for source in case.sources if source.names]
    settings = case.settings
    said = f"read: {', '.join(parts)}" if parts else "read"
    if settings.from_preset:
        made = ", ".join(f"{name} {value}" for name, value in settings.from_preset.items())
        said += f"; {settings.preset} stands for {made}"
    if settings.profile:
        algs = ", ".join(settings.signing_algs or ())
        said += f"; profile {settings.profile}: pushed {settings.pushed}, signing_algs {algs}, bound access tokens"
    watched = ", ".join(map(str, settings.files(Path()))) if settings.reload == "watch" else ""
    return ok(said + (f"; watched: {watched}" if watched else ""))


def _who_may_read(case: Case) -> Finding:
    said = [name for source in case.sources if source.title == COMMAND_LINE for name in source.names]
    exposed = sorted({"client_secret", "cookie_secret"}.intersection(said))
    if exposed:
        variables = " and ".join(f"OIDC_GATE_{name.upper()}_FILE" for name in exposed)
        return warn(
            f"{' and '.join(exposed)} on the command line, which other users of this machine can read",
            f"put it into a file, and its path into {variables}",
        )
    files = [path for source in case.sources for path in source.secret_files]
    found = [path for path in dict.fromkeys([*files, case.settings.client_private_key_file]) if path and _is_open(path)]
    if found:
        return warn(f"others than the owner may read {', '.join(found)}", f"chmod 600 {' '.join(found)}")
    return ok("nobody but their owner reads the files with secrets" if files else "no secret in a file")


def _is_open(path: str) -> bool:
    """Return whether the group or others may read a file. Where there are no such modes, nobody can tell."""
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return False
    return os.name == "posix" and bool(mode & (stat.S_IRGRP | stat.S_IROTH))


def _lengths(case: Case) -> Finding:
    settings = case.settings
    if not case.has_cookie_secret:
        return warn(
            "no cookie_secret is set: `oidc-gate run` makes one up and ends all sessions when it ends; others stop",
            "set OIDC_GATE_COOKIE_SECRET to what `oidc-gate secret` prints",
        )
    if any(len(secret) < _LEAST for secret in settings.cookie_secret):
        return warn(
            f"a cookie_secret has fewer than {_LEAST} characters",
            "make one with: oidc-gate secret; put it in front of the old one with --rotate FILE",
        )
    least = _LEAST if settings.client_auth_method == "client_secret_jwt" else _LEAST_OF_CLIENT
    if settings.client_secret and len(settings.client_secret) < least:
        return warn(f"client_secret has fewer than {least} characters", "have the provider make a longer one")
    return ok("long enough")


def _warnings(case: Case) -> Finding:
    found = case.settings.warnings()
    if found:
        return warn("; ".join(found), "if this is meant, leave it; if not, set what the sentence names")
    return ok("nothing is worth a second look")


def _rules(case: Case) -> Finding:
    rules = [rule for rule in case.settings.rules or () if isinstance(rule, CheckedRule)]
    if not rules:
        return skipped("there are no rules")
    count = f"{len(rules)} rule{'' if len(rules) == 1 else 's'}, each of which can decide"
    asked = dict.fromkeys(acr for rule in rules for acr in rule.acr)
    if not asked:
        return ok(count)
    try:
        listed = case.document().get("acr_values_supported")
    except SkippedError as reason:
        return ok(f"{count}; acr is not compared with the provider's: {reason}")
    if not isinstance(listed, list):
        return ok(f"{count}; the provider does not list which acr it knows")
    missing = [acr for acr in asked if acr not in listed]
    if missing:
        return warn(
            f"rules ask for acr {', '.join(missing)}, which the provider does not list",
            f"write acr as the provider does; it lists {', '.join(map(str, listed[:20]))}",
        )
    return ok(f"{count}; the provider lists their acr")


SETTINGS_CHECKS = (
    Check("S1", "settings", _sources),
    Check("S2", "secrets' files", _who_may_read),
    Check("S3", "secrets' length", _lengths),
    Check("S4", "second look", _warnings),
    Check("S5", "rules", _rules),
)
