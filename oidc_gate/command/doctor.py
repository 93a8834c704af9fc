"""`oidc-gate doctor`: whether people will be able to sign in, before one of them tries."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from oidc_gate.command.run import Launch
from oidc_gate.command.terminal import shown
from oidc_gate.doctor import (
    CHECKS,
    COMMAND_LINE,
    Case,
    Examined,
    Options,
    Report,
    Source,
    about,
    examine,
    printable,
    settings_refused,
)
from oidc_gate.errors import SettingsError
from oidc_gate.provider import Provider

__all__ = ["Wanted", "doctor"]

_PREFIX = "OIDC_GATE_"
_SECRETS = ("client_secret", "cookie_secret")
#: Settings that may hold a secret in a file.
_IN_A_FILE = frozenset({*_SECRETS, "session_store", "cookie_deny_list"})


@dataclass(frozen=True)
class Wanted:
    """What is asked for: `about` a check; or all of them, how, and how it is to be told."""

    about: str | None = None
    json: bool = False
    strict: bool = False
    offline: bool = False
    no_controls: bool = False
    direct: str | None = None


def doctor(launch: Launch, wanted: Wanted, encoding: str, *, colour: bool, width: int | None = None) -> tuple[int, str]:
    """Return the exit status, and what is to be printed in this encoding. Raises SettingsError for a wrong question.

    The status is 0, 1 where a check failed (with `strict` also where one warns), and 2 for wrong settings. `width`: of
    the terminal, in characters; without one each text is one line, to be searched in.
    """
    if wanted.about is not None:
        return 0, shown(about(wanted.about), encoding)
    options = Options(offline=wanted.offline, controls=not wanted.no_controls, direct=wanted.direct or "")
    try:
        case, *others = _cases(launch, options)
    except SettingsError as error:
        report = Report(_title(), [Examined(CHECKS[0], settings_refused(printable(str(error))), 0)], 0.0)
        status = 2
    else:
        report = examine(case, CHECKS, _title(case), others=others)
        status = report.status(strict=wanted.strict)
    if wanted.json:
        return status, json.dumps(report.as_json, indent=2)
    return status, shown(report.text(colour=colour, width=width), encoding)


def _cases(launch: Launch, options: Options) -> list[Case]:
    """Return the case of each provider, the first one first. Raises SettingsError where start-up would stop."""
    made_up = secrets.token_urlsafe(32)
    settings = launch.settings_or(made_up)
    for each in settings.all_providers:
        Provider(each)  # reads the private key, and tries it
    has_cookie_secret, sources = settings.cookie_secret != (made_up,), list(_sources(launch))
    callbacks = ["callback", *(f"callback/{each.auth_id}" for each in settings.all_providers[1:])]
    return [
        Case(each, options, sources=sources, has_cookie_secret=has_cookie_secret, callback=callback)
        for each, callback in zip(settings.all_providers, callbacks, strict=True)
    ]


def _sources(launch: Launch) -> Iterator[Source]:
    file = launch.file()
    path = launch.traffic_policy_file or launch.config or os.environ.get(f"{_PREFIX}CONFIG", "").strip()
    if path:
        yield Source(path, list(file), [*([path] if _IN_A_FILE & file.keys() else ()), *_secret_files(file)])
    given = {
        name.removeprefix(_PREFIX).lower(): value
        for name, value in os.environ.items()
        if name.startswith(_PREFIX) and value.strip() and name not in (f"{_PREFIX}CONFIG", f"{_PREFIX}APP")
    }
    yield Source("the environment", list(given), list(_secret_files(given)))
    yield Source(COMMAND_LINE, list(launch.options), list(_secret_files(launch.options)))


def _secret_files(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the files in which secrets stand by themselves."""
    for name in _SECRETS:
        path = given.get(f"{name}_file")
        if path is not None:
            yield str(path).strip()


def _title(case: Case | None = None) -> str:
    title = f"oidc_gate {version('oidc-gate')}"
    if case is None:
        return title
    settings = case.settings
    parts = [title, f"issuer {settings.issuer_url}", f"client {settings.client_id}", settings.base_url]
    return " · ".join(filter(None, parts))
