"""What someone gets who may not pass: not signed in, or signed in and not allowed."""

from __future__ import annotations

import logging
from functools import lru_cache

from oidc_gate.browser import pages, wants_page
from oidc_gate.decisions import Reply, Request
from oidc_gate.errors import GateError
from oidc_gate.gate.components import Components
from oidc_gate.gate.error_replies import error_reply
from oidc_gate.sessions import OpenSession

__all__ = ["Refusals"]

logger = logging.getLogger("oidc_gate")

Header = tuple[str, str]


class Refusals:
    """The refusals of one gate."""

    def __init__(self, components: Components) -> None:
        self._components = components
        self._prepared = lru_cache(maxsize=64)(self._login_required)

    def login_required(self, request: Request, *, page: bool) -> Reply:
        """Return the 401 for someone who is not signed in; it is the same for all, and made once."""
        return self._prepared(self._components.addresses.root_path(request), page)

    def _login_required(self, root_path: str, page: bool) -> Reply:
        return pages.login_required(f"{root_path}{self._components.settings.path_prefix}/login", page=page)

    def not_allowed(self, request: Request, opened: OpenSession, headers: tuple[Header, ...] = ()) -> Reply:
        """Return the 403 for someone whom the rules do not let pass; it says who that is."""
        here = self._components.here(request)
        who = opened.identity.email or opened.identity.display_name
        reference = pages.reference()
        logger.warning("not allowed (reference %s): subject %r", reference, opened.identity.subject)
        return pages.refusal(
            403,
            "not_allowed",
            "You may not use this app",
            f"You are signed in as {who}, who is not on this app's list. Ask whoever runs it for access, or sign in as"
            " someone else.",
            page=wants_page(request),
            reference=reference,
            action=("Sign in as someone else", self._components.path(here, "login")),
            headers=headers,
        )

    def failure(self, request: Request, error: GateError, action_path: str, status: int | None = None) -> Reply:
        """Return the answer that tells of an error; see `oidc_gate.failures`."""
        return error_reply(error, request, action_path=action_path, status=status)
