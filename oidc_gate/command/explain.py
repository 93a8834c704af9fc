"""`oidc-gate explain`: which rule decides a request, and why, condition by condition."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any, Protocol

from oidc_gate.command.expectations import checked
from oidc_gate.command.on_paper import Headers, PaperGate, settings_on_paper
from oidc_gate.command.people import claims_in, of_cookie
from oidc_gate.command.run import Launch
from oidc_gate.command.terminal import shown
from oidc_gate.command.token_bearer import RefusedToken, of_token
from oidc_gate.errors import SettingsError
from oidc_gate.sessions import OpenSession

__all__ = ["Question", "explain"]

_WHO = "Of a request say who asks: --as FILE with claims in JSON, --as-cookie FILE, --token FILE, or --anonymous"

#: A token that counts for nothing is in the request all the same: no preflight has one.
_UNREAD = (("authorization", "Bearer"),)


@dataclass(frozen=True)
class Question:
    """What is asked: a request, perhaps with `headers`, of all rules (`lists`), or a file of expectations (`check`).

    For whom: `claims`, `cookie` and `token` name files; none of them and not `anonymous` is for no person at all.
    """

    method: str | None = None
    path: str | None = None
    host: str | None = None
    claims: str | None = None
    cookie: str | None = None
    token: str | None = None
    anonymous: bool = False
    lists: bool = False
    check: str | None = None
    json: bool = False
    headers: Headers = ()

    @property
    def names_a_person(self) -> bool:
        """Whether it is said who asks, be it nobody."""
        return self.anonymous or not (self.claims is None and self.cookie is None and self.token is None)


class _Answer(Protocol):
    @property
    def text(self) -> str: ...

    @property
    def as_json(self) -> Any: ...


@dataclass(frozen=True)
class _TokenUnread:
    """The answer where the token counts for nothing."""

    answer: _Answer
    why: str

    @property
    def text(self) -> str:
        return f"{self.answer.text}\n  the token is not looked at here: {self.why}"

    @property
    def as_json(self) -> Any:
        return self.answer.as_json | {"token_unread": self.why}


def explain(launch: Launch, question: Question, encoding: str) -> tuple[int, str]:
    """Return the exit status, and what is to be printed in this encoding. Raises SettingsError.

    The status is 0 for what passes and 1 for what does not; 0 for a list.
    """
    _check(question)
    opens_cookies = question.cookie is not None
    now = time.time()  # which stands still: a sign-in of ten minutes ago does not grow older while it is judged
    settings = settings_on_paper(launch, opens_cookies=opens_cookies, asks_provider=question.token is not None)
    gate = PaperGate(settings, lambda: now, opens_cookies=opens_cookies)
    status, answer = _answered(gate, question)
    if question.json:
        return status, json.dumps(answer.as_json, indent=2)
    return status, shown(answer.text, encoding)


def _check(question: Question) -> None:
    """Refuse a question that cannot be answered. Raises SettingsError."""
    asks_one = question.method is not None
    if asks_one + question.lists + (question.check is not None) != 1:
        raise SettingsError(f"explain is asked one thing: METHOD PATH, or --list, or --check FILE. {_WHO}")
    if question.check is not None and (question.names_a_person or question.host is not None or question.headers):
        raise SettingsError("--check takes host and person from each case: leave --host, --as and the like out")
    if question.lists and question.headers:
        raise SettingsError("--list is of no request: leave --header out")
    mistakes = []
    if asks_one and question.path is None:
        mistakes.append(f"explain needs METHOD and PATH, like GET /reports, and there is just {question.method}.")
    if str(question.method).startswith("/") and question.path is not None:
        mistakes.append(f"METHOD comes before PATH: {question.path} {question.method}.")
    if asks_one and not question.names_a_person:
        mistakes.append(_WHO)
    if mistakes:
        raise SettingsError(" ".join(mistakes))


def _answered(gate: PaperGate, question: Question) -> tuple[int, _Answer]:
    if question.check is not None:
        report = checked(gate, question.check)
        return int(bool(report.failures)), report
    unread = ""
    if question.token is not None:
        unread = gate.passes_over_token(question.method, question.path, question.host, question.headers)
    person = None if unread else _person(gate, question)
    if isinstance(person, RefusedToken):
        return 1, person
    if question.method is None or question.path is None:
        return 0, gate.rules(person, asks=question.names_a_person, host=question.host)
    headers = (*question.headers, *_UNREAD) if unread else question.headers
    explanation = gate.explanation(question.method, question.path, question.host, person, headers)
    return int(not explanation.verdict.passes), _TokenUnread(explanation, unread) if unread else explanation


def _person(gate: PaperGate, question: Question) -> OpenSession | RefusedToken | None:
    if question.token is not None:
        return of_token(gate, question.token)
    if question.claims is not None:
        return gate.person(claims_in("--as", question.claims))
    return None if question.cookie is None else of_cookie(gate, question.cookie)
