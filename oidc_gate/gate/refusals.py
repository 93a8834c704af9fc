"""What someone gets who may not pass: not signed in, or signed in and not allowed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from oidc_gate.access import Answer, CheckedRule, Reason, Verdict
from oidc_gate.browser import KeptForm, Kind, Pages, kind_of, pages, requested_path, safe_path
from oidc_gate.caching import is_unshared
from oidc_gate.decisions import METHOD_HEADERS, Reply, Request
from oidc_gate.errors import GateError
from oidc_gate.gate.challenges import step_up_challenge
from oidc_gate.gate.components import Components, Here
from oidc_gate.gate.error_replies import error_reply
from oidc_gate.gate.step_up import StepUp
from oidc_gate.provider import names_shown
from oidc_gate.sessions import OpenSession
from oidc_gate.telling import About

if TYPE_CHECKING:
    from oidc_gate.words import Said

__all__ = ["Demand", "Refusals"]

Header = tuple[str, str]

#: Codes of gRPC for someone who is not signed in, and for someone who may not.
_UNAUTHENTICATED, _PERMISSION_DENIED = 16, 7


#: What is told to the person for each reason, as a key of `words`.
_REASONS: dict[Reason, str] = {
    "door": "refused_door",
    "email_unverified": "refused_email_unverified",
    "claim_missing": "refused_untold",
    "groups_overage": "refused_untold",
    "rule": "refused_rule",
    "nobody": "refused_nobody",
    "path_ambiguous": "refused_path_ambiguous",
}
#: So much of a path is logged.
_MOST_LOGGED = 200
#: Another sign-in helps with none of these.
_WHOEVER_ASKS: frozenset[Reason] = frozenset({"nobody"})


class Demand(NamedTuple):
    """What someone is asked to do: to sign in at `login`; the header and the code that say so to programs."""

    login: str
    challenge: Header
    error: str = "login_required"
    is_step_up: bool = False

    def coming_back(self, page: str) -> str:
        """Return the address of the login that comes back to this page, which is encoded."""
        return f"{self.login}{'&' if '?' in self.login else '?'}next={quote(page, safe='/')}"


class Refusals:
    """The refusals of one gate."""

    def __init__(self, components: Components) -> None:
        self._components = components
        self._step_up = StepUp(components)
        self._prepared = lru_cache(maxsize=64)(self._login_required)
        self._readers = frozenset(components.settings.cors_origins or ())
        #: What programs are told beside the login, where access tokens are taken; see `gate.challenges`.
        self.invitation: Callable[[Request], tuple[Header, ...]] | None = None
        #: What a program gets whose token is good, and not good enough, where access tokens are taken.
        self.of_program: Callable[[Request, OpenSession, Verdict], Reply] | None = None
        self._by_kind: dict[Kind, Callable[[Pages, Here, Demand], Reply]] = {
            Kind.FORM: _form,
            Kind.FRAME: _frame,
            Kind.TURBO: _turbo,
            Kind.HTMX: _htmx,
            Kind.GRPC_WEB: _grpc_web,
        }

    def login_required(self, request: Request, kind: Kind, rule: CheckedRule | None = None) -> Reply:
        """Return the 401 for someone who is not signed in, or not as this rule wants it."""
        if rule is None:
            self._components.telling.login_required(request, kind)
        answer = self._by_kind.get(kind)
        root_path = self._components.addresses.root_path(request)
        if answer is None and rule is None:
            return self._readable(request, self._inviting(request, self._prepared(root_path)))
        demand = self.demand(root_path, rule)
        components = self._components
        reply = _program(demand) if answer is None else answer(components.pages, components.here(request), demand)
        if answer is _htmx and rule is None:
            reply = self._inviting(request, reply)
        return self._readable(request, reply)

    def _inviting(self, request: Request, reply: Reply) -> Reply:
        """Return the 401 for a program, which says first how to come in with a token, where that can be done."""
        invitation = () if self.invitation is None else self.invitation(request)
        return reply._replace(headers=(*invitation, *reply.headers)) if invitation else reply

    def _readable(self, request: Request, reply: Reply) -> Reply:
        """Return the answer; scripts of the origins in `cors_origins` can read a 401 or 403 (Fetch standard, 3.2.3)."""
        if not self._readers or reply.status not in (401, 403):
            return reply
        origin = request.header("origin")
        cors = _readable_by(origin) if origin in self._readers else ()
        return reply._replace(headers=(*reply.headers, ("vary", "Origin"), *cors))

    def _login_required(self, root_path: str) -> Reply:
        """Return the 401 for programs; it is the same for all, and made once."""
        return _program(self.demand(root_path, None))

    def demand(self, root_path: str, rule: CheckedRule | None) -> Demand:
        """Return what someone is asked to do who is not signed in, or not as this rule wants it."""
        login = f"{root_path}{self._components.settings.path_prefix}/login"
        if rule is None:
            return Demand(login, pages.challenge(login))
        login = f"{login}?step_up={self._step_up.text(rule)}"
        return Demand(login, step_up_challenge(rule), "insufficient_user_authentication", is_step_up=True)

    def not_allowed(
        self, request: Request, opened: OpenSession | None, verdict: Verdict, headers: tuple[Header, ...] = ()
    ) -> Reply:
        """Return the 403 for someone who may not pass, whoever signs in; it says who that is."""
        reference = pages.reference()
        said = self._said(request, opened, verdict)
        self._components.telling_of(opened).access_refused(request, opened, verdict, reference, said)
        return self._readable(request, self._not_allowed(request, opened, verdict, headers, reference))

    def _not_allowed(
        self,
        request: Request,
        opened: OpenSession | None,
        verdict: Verdict,
        headers: tuple[Header, ...],
        reference: str,
    ) -> Reply:
        if verdict.answer is not None:
            return _policys_answer(verdict.answer, headers)
        if kind_of(request) is Kind.GRPC_WEB:
            return pages.grpc_status(_PERMISSION_DENIED, f"not allowed, reference {reference}", _grpc_type(request))
        action = None
        if opened is not None and verdict.reason not in _WHOEVER_ASKS:
            action = ("do_sign_in_as_other", self._components.path(self._components.here(request), "login"))
        return self._components.pages.refusal(
            request,
            403,
            "not_allowed",
            "title_not_this_app" if verdict.reason == "door" else "title_not_this_page",
            _said(opened, verdict),
            reference=reference,
            action=action,
            headers=headers,
        )

    def _said(self, request: Request, opened: OpenSession | None, verdict: Verdict) -> str:
        """Return who is refused and why: in the words of `oidc-gate explain`, and with what to ask it."""
        origin = self._components.addresses.origin(request)
        path = (request.raw_target or request.path)[:_MOST_LOGGED]
        said = f"{verdict.words} method={request.method[:20]!r} path={path!r} host={origin.host!r}"
        named = [name for name in METHOD_HEADERS if request.header(name)]
        if verdict.reason == "path_ambiguous" and named:
            said = f"{said} (the header {named[0]} names another method)"
        if opened is None:
            return f"{said}; nobody is signed in"
        identity, lists = opened.identity, self._components.policy.lists_of(opened.identity)
        claims = names_shown(identity.claims)
        return f"{said} subject={identity.subject!r}; {lists.told(identity.claims)}; claims seen: {claims}"

    def failure(
        self,
        request: Request,
        error: GateError,
        action_path: str,
        status: int | None = None,
        about: About = "request",
        kept: KeptForm | None = None,
    ) -> Reply:
        """Return the answer that tells of an error; see `oidc_gate.gate.error_replies`."""
        telling, made = self._components.telling, self._components.pages
        reply = error_reply(
            telling, made, error, request, action_path=action_path, about=about, status=status, kept=kept
        )
        return self._readable(request, reply)

    def of_token(
        self,
        request: Request,
        status: int,
        error: str,
        description: str,
        reference: str,
        challenges: tuple[Header, ...],
    ) -> Reply:
        """Return the answer to a token that is not good enough, with these challenges (RFC 6750, 3).

        `reference`: `""` where the log says nothing of it.
        """
        if kind_of(request) is Kind.GRPC_WEB:
            code = _UNAUTHENTICATED if status == 401 else _PERMISSION_DENIED
            reply = pages.grpc_status(code, f"{error}: {description}", _grpc_type(request))
            return reply._replace(headers=(*challenges, *reply.headers))
        body = {"error": error, "error_description": description} | ({"reference": reference} if reference else {})
        return self._readable(request, pages.json_reply(status, body, challenges))


def _said(opened: OpenSession | None, verdict: Verdict) -> list[Said]:
    """Return what is said to somebody who may not pass: why, and what the rule says besides."""
    from oidc_gate.words import Phrase  # late, as all words: no import waits for them

    said: list[Said] = [Phrase("refused_anybody")]
    if opened is not None:
        identity = opened.identity
        said = [Phrase(_REASONS[verdict.reason], {"person": identity.email or identity.display_name})]
    if verdict.rule is not None and verdict.rule.help:
        said.append(verdict.rule.help)
    elif verdict.reason == "rule":
        said.append(Phrase("refused_ask"))
    return said


def _program(demand: Demand, headers: tuple[Header, ...] = ()) -> Reply:
    body = {"error": demand.error, "login_url": demand.login}
    return pages.json_reply(401, body, (demand.challenge, *headers))


def _form(own_pages: Pages, here: Here, demand: Demand) -> Reply:
    back = demand.coming_back(safe_path(here.request.header("referer"), here.origin))
    return own_pages.session_ended(here.request, demand.challenge, back, is_step_up=demand.is_step_up)


def _frame(own_pages: Pages, here: Here, demand: Demand) -> Reply:
    return own_pages.framed(here.request, demand.challenge, _asked_for(here))


def _turbo(own_pages: Pages, here: Here, demand: Demand) -> Reply:
    return own_pages.reloading(here.request, demand.challenge, _asked_for(here))


def _htmx(_: Pages, here: Here, demand: Demand) -> Reply:
    page = safe_path(here.request.header("hx-current-url"), here.origin)
    return _program(demand, (("hx-redirect", demand.coming_back(page)),))


def _readable_by(origin: str) -> tuple[Header, ...]:
    return (
        ("access-control-allow-origin", origin),
        ("access-control-allow-credentials", "true"),
        ("access-control-expose-headers", "WWW-Authenticate, DPoP-Nonce"),
    )


def _policys_answer(answer: Answer, headers: tuple[Header, ...]) -> Reply:
    """Return what a Traffic Policy answers: to one person, so that no cache keeps it unless the policy says so.

    `headers` are a renewed session's, which go out with no answer that a shared cache may keep.
    """
    names = {name.lower() for name, _ in answer.headers}
    said = [*answer.headers, *(() if "cache-control" in names else (("cache-control", "no-store"),))]
    return Reply(answer.status, (*said, *(headers if is_unshared(said) else ())), answer.body)


def _asked_for(here: Here) -> str:
    return safe_path(requested_path(here.request, here.origin.root_path), here.origin)


def _grpc_web(_: Pages, here: Here, demand: Demand) -> Reply:
    text = "a stronger or a more recent sign-in is needed" if demand.is_step_up else "not signed in"
    return pages.grpc_status(_UNAUTHENTICATED, text, _grpc_type(here.request))


def _grpc_type(request: Request) -> str:
    """Return the content type of a gRPC-web answer: that of the request, where it is one of the known forms."""
    sent = request.header("content-type").partition(";")[0].strip().lower()
    return sent if sent in _GRPC_TYPES else "application/grpc-web+proto"


_GRPC_TYPES = frozenset(
    f"application/grpc-web{text}{form}" for text in ("", "-text") for form in ("", "+proto", "+json", "+thrift")
)
