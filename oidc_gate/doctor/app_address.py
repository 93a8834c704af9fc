"""The app's own address, asked from outside, and what this very gate proves of what arrived there."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from oidc_gate.doctor.case import Case
from oidc_gate.doctor.findings import SkippedError
from oidc_gate.errors import ProviderDownError, ProviderSetupError
from oidc_gate.gate import Components, Proof, build, read_proof
from oidc_gate.provider import HTTPAnswer, HTTPRequest, read_json_object
from oidc_gate.sessions import CookieBackend

__all__ = [
    "PAGE",
    "Reached",
    "ask_app",
    "ask_health",
    "components_of",
    "health_answer",
    "json_of",
    "own_origin",
    "parts_of",
    "proven",
    "reached",
    "what_answered",
]

#: What a browser sends with a page's request.
PAGE = {
    "Accept": "text/html",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-User": "?1",
}
#: So many answers show whether all replicas are alike; asking takes no longer than this, in seconds.
_TIMES, _LONGEST = 10, 15.0


@dataclass(frozen=True, slots=True)
class Reached:
    """What answered `health` with a challenge, if anything: `proof` where it was this gate.

    `trouble`: why there was no answer; `is_lasting`: which no waiting mends.
    """

    answer: HTTPAnswer | None
    proof: Proof | None = None
    trouble: str = ""
    is_lasting: bool = False


def ask_app(case: Case, url: str, headers: dict[str, str] | None = None) -> HTTPAnswer:
    """Return the answer of the app's address, over a connection of its own. Raises ProviderDownError, SkippedError."""
    return case.app_ask(HTTPRequest(url, {"Connection": "close"} | (headers or {})))


def ask_health(case: Case, headers: dict[str, str] | None = None, challenge: str = "") -> Reached:
    """Return what answers a challenge at `base_url`. Raises SkippedError where that cannot be asked, or not judged."""
    _ = case.redirect_uri  # or there is no address
    query = f"?challenge={challenge or secrets.token_urlsafe(24)}"
    try:
        answer = ask_app(case, case.own_url("health") + query, headers)
    except ProviderDownError as error:
        return Reached(None, trouble=str(error), is_lasting=isinstance(error, ProviderSetupError))
    said = health_answer(answer)
    if not said:
        return Reached(answer)
    components = components_of(case)
    return Reached(answer, read_proof(said, case.settings.cookie_secret, components.context, query.partition("=")[2]))


def health_answer(answer: HTTPAnswer) -> str | None:
    """Return what was said to the challenge, `""` where nothing was; None where this is no answer of `health`."""
    said = json_of(answer.body)
    if answer.status != 200 or said.get("status") != "ok":
        return None
    text = said.get("answer", "")
    return text if isinstance(text, str) else None


def json_of(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body, an empty one where there is none."""
    try:
        return read_json_object(body)
    except ValueError:
        return {}


def parts_of(url: str) -> SplitResult:
    """Return the parts of what may be an address, none where it is not."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def components_of(case: Case) -> Components:
    """Return the parts of a gate with these settings; none of them asks anybody for anything."""
    backend = CookieBackend(case.settings.cookie_secret, "")  # whose store need not even be there
    return case.once("components", lambda: build(case.settings, case.clock, backend, on_paper=True))


def own_origin(case: Case) -> str:
    """Return scheme and host of `base_url` as the gate writes them."""
    scheme = urlsplit(case.settings.base_url).scheme
    return f"{scheme}://{components_of(case).addresses.host('')}"


def reached(case: Case) -> list[Reached]:
    """Return what answered at `base_url`, asked several times, once for all checks. Raises SkippedError."""

    def ask() -> list[Reached]:
        if not case.has_cookie_secret:
            raise SkippedError("without a cookie_secret no gate can be told from another")
        found, give_up = [ask_health(case)], time.monotonic() + _LONGEST
        while len(found) < _TIMES and found[-1].answer is not None and time.monotonic() < give_up:
            found.append(ask_health(case))
        return found

    return case.once("reached", ask)


def proven(case: Case, *, at_times: bool = False) -> Proof:
    """Return what this gate saw of a plain request. Raises SkippedError where not it alone answered.

    `at_times`: it is enough that it did so once.
    """
    found = [each.proof for each in reached(case)]
    proofs = [proof for proof in found if proof is not None]
    if not proofs:
        nothing = all(each.answer is None for each in reached(case))
        what = "nothing answers at base_url" if nothing else "what answers at base_url is not known to be this gate"
        raise SkippedError(f"{what}: A1")
    if len(proofs) < len(found) and not at_times:
        raise SkippedError("what answers at base_url is not this gate alone: A1")
    return proofs[0]


def what_answered(case: Case, found: Reached) -> tuple[str, str]:
    """Return what it was that answered and is not this gate, and how to mend that."""
    answer = found.answer
    if answer is None:
        return f"base_url cannot be reached from here: {found.trouble}", (
            "start the app and what is in front of it first, for the A checks ask it as it runs; or correct base_url;"
            " if only this machine has no way to it, run doctor where there is one"
        )
    said = health_answer(answer)
    if said:
        return "a gate answers, with another cookie_secret, issuer_url, client_id or auth_id", (
            "give all replicas, and doctor, the same settings and secrets"
        )
    if said is not None:
        return "a gate answers, and proves nothing", (
            "have the proxy pass the query on; or that gate is of an older version"
        )
    if 300 <= answer.status < 400:
        return _sent_on(case, answer)
    code = json_of(answer.body).get("error")
    if answer.status == 401 and code == "login_required":
        return _begins_a_login(case)
    if answer.status in (400, 404) and isinstance(code, str):
        return f"a gate answers {answer.status} {code[:40]}", (
            "is path_prefix the same there, and does the proxy leave path and Host as they are?"
        )
    if answer.status >= 500:
        return f"{_path(case)} answers {answer.status}: what is in front does not reach the app", (
            "look at the proxy's own log, and whether the app runs"
        )
    return f"{_path(case)} answers {answer.status}, which is not this gate's answer", (
        "does the proxy send this path to the app, and is the app behind the gate?"
    )


def _sent_on(case: Case, answer: HTTPAnswer) -> tuple[str, str]:
    if "redirect_uri=" in answer.location:
        return _begins_a_login(case)
    place = parts_of(answer.location)
    where = f"{place.scheme}://{place.netloc}" if place.netloc else place.path[:100]
    return f"{_path(case)} leads on to {where}", (
        "set base_url to the address where people end up, or take that redirect away"
    )


def _begins_a_login(case: Case) -> tuple[str, str]:
    return f"{_path(case)} wants a login: a gate is reached there under another path, or another gate is in front", (
        "is path_prefix the same there? If base_url has a path, have the proxy take that off, and nothing else"
    )


def _path(case: Case) -> str:
    return urlsplit(case.own_url("health")).path
