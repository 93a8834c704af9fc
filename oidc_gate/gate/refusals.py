"""What someone gets who may not pass: not signed in, or signed in and not allowed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote

from oidc_gate.browser import Kind, kind_of, pages, requested_path, safe_path, wants_page
from oidc_gate.decisions import Reply, Request
from oidc_gate.errors import GateError
from oidc_gate.gate.components import Components, Here
from oidc_gate.gate.error_replies import error_reply
from oidc_gate.sessions import OpenSession

__all__ = ["Refusals"]

logger = logging.getLogger("oidc_gate")

Header = tuple[str, str]

#: Codes of gRPC for someone who is not signed in, and for someone who may not.
_UNAUTHENTICATED, _PERMISSION_DENIED = 16, 7


#: What is told to the person, after who they are, for each reason.
_REASONS = {
    "door": ", who is not on this app's list. Ask whoever runs it for access, or sign in as someone else.",
    "email_unverified": ". The sign-in provider has not verified that address. Have it verified there, then sign in"
    " again; or sign in as someone else.",
}
_UNTOLD = (
    ". The sign-in provider does not say of you what this app goes by. Tell whoever runs it the reference below:"
    " the log says what is missing."
)
_REASONS |= {"claim_missing": _UNTOLD, "groups_overage": _UNTOLD}


class Refusals:
    """The refusals of one gate."""

    def __init__(self, components: Components) -> None:
        self._components = components
        self._prepared = lru_cache(maxsize=64)(self._login_required)
        self._by_kind: dict[Kind, Callable[[Here], Reply]] = {
            Kind.FORM: self._form,
            Kind.FRAME: self._frame,
            Kind.TURBO: self._turbo,
            Kind.HTMX: self._htmx,
            Kind.GRPC_WEB: _grpc_web,
        }

    def login_required(self, request: Request, kind: Kind) -> Reply:
        """Return the 401 for someone who is not signed in."""
        answer = self._by_kind.get(kind)
        if answer is not None:
            return answer(self._components.here(request))
        return self._prepared(self._components.addresses.root_path(request))

    def _login_required(self, root_path: str) -> Reply:
        """Return the 401 for programs; it is the same for all, and made once."""
        return pages.login_required(f"{root_path}{self._components.settings.path_prefix}/login")

    def _form(self, here: Here) -> Reply:
        login = self._components.path(here, "login")
        return pages.session_ended(login, _coming_back(login, here, "referer"))

    def _frame(self, here: Here) -> Reply:
        return pages.framed(self._components.path(here, "login"), _asked_for(here))

    def _turbo(self, here: Here) -> Reply:
        return pages.reloading(self._components.path(here, "login"), _asked_for(here))

    def _htmx(self, here: Here) -> Reply:
        login = self._components.path(here, "login")
        return pages.login_required(login, (("hx-redirect", _coming_back(login, here, "hx-current-url")),))

    def not_allowed(self, request: Request, opened: OpenSession, headers: tuple[Header, ...] = ()) -> Reply:
        """Return the 403 for someone whom the rules do not let pass; it says who that is."""
        here, identity, lists = self._components.here(request), opened.identity, self._components.rules
        reference, reason = pages.reference(), lists.reason(identity.claims)
        logger.warning(
            "not allowed (reference %s): reason=%s subject=%r; %s; claims seen: %s",
            *(reference, reason, identity.subject, lists.told(identity.claims), ", ".join(sorted(identity.claims))),
        )
        if kind_of(request) is Kind.GRPC_WEB:
            return pages.grpc_status(_PERMISSION_DENIED, f"not allowed, reference {reference}", _grpc_type(request))
        return pages.refusal(
            403,
            "not_allowed",
            "You may not use this app",
            f"You are signed in as {identity.email or identity.display_name}{_REASONS[reason]}",
            page=wants_page(request),
            reference=reference,
            action=("Sign in as someone else", self._components.path(here, "login")),
            headers=headers,
        )

    def failure(self, request: Request, error: GateError, action_path: str, status: int | None = None) -> Reply:
        """Return the answer that tells of an error; see `oidc_gate.gate.error_replies`."""
        return error_reply(error, request, action_path=action_path, status=status)


def _coming_back(login: str, here: Here, header: str) -> str:
    """Return the address of the login that comes back to the page which this header names."""
    return f"{login}?next={quote(safe_path(here.request.header(header), here.origin), safe='/')}"


def _asked_for(here: Here) -> str:
    return safe_path(requested_path(here.request, here.origin.root_path), here.origin)


def _grpc_web(here: Here) -> Reply:
    return pages.grpc_status(_UNAUTHENTICATED, "not signed in", _grpc_type(here.request))


def _grpc_type(request: Request) -> str:
    """Return the content type of a gRPC-web answer: that of the request, where it is one of the known forms."""
    sent = request.header("content-type").partition(";")[0].strip()
    return sent if sent in _GRPC_TYPES else "application/grpc-web+proto"


_GRPC_TYPES = frozenset(
    f"application/grpc-web{text}{form}" for text in ("", "-text") for form in ("", "+proto", "+json", "+thrift")
)
