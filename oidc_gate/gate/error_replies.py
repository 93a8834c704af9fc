"""How an error is told: to the person in words that say whose fault it is and what to do, to the log with its cause.

The two are joined by a reference. Nothing of the request and nothing of the provider's answer is shown, but for the
provider's own description of why it refused a login that was started here.
"""

from __future__ import annotations

import logging
from typing import NamedTuple

from oidc_gate.browser import pages, wants_page
from oidc_gate.decisions import Reply, Request
from oidc_gate.errors import (
    BusyError,
    GateError,
    LoginError,
    ProviderDownError,
    ProviderSetupError,
    StoreError,
    StoreSetupError,
)

__all__ = ["ProviderRefusalError", "StepUpUnmetError", "error_reply", "provider_busy"]

logger = logging.getLogger("oidc_gate")

Header = tuple[str, str]

#: When it is worth trying again after an outage, in seconds.
_RETRY_AFTER = "5"
#: When a browser that was turned away tries again by itself, in seconds.
_REFRESH = "2"


class ProviderRefusalError(GateError):
    """The provider sent the browser back with an error (RFC 6749, 4.1.2.1; Core, 3.1.2.6).

    `description` is for the page; `said`, the error and its description, for the log.
    """

    status = 400

    def __init__(self, error: str, description: str, said: str) -> None:
        known = _AS_WORDED.get(error, error)
        code = known if known in _REFUSALS else "provider_error"
        super().__init__(code, f"the provider refused the login: {said}")
        self.description = description[:300]


class StepUpUnmetError(GateError):
    """Somebody has signed in as a rule asked for, and what came of it is not what was asked.

    `asked` and `came`, in words, are for the page and for the log.
    """

    status = 403

    def __init__(self, rule: str, subject: str, asked: str, came: str) -> None:
        said = f"reason=step_up rule={rule!r} subject={subject!r}"
        super().__init__("step_up_unmet", f"{said}; it asks for a sign-in {asked}; what came is {came!r}")
        self.description = f"It asks for a sign-in {asked}; the sign-in provider says {came}."


class _Words(NamedTuple):
    title: str
    text: str
    action: str = "Try again"


_REFUSED = "Sign-in was refused"
_FAILED = "Sign-in did not work"

_REFUSALS = {
    "access_denied": _Words(
        _REFUSED,
        "The sign-in provider did not let you in: you declined, or this app has not been assigned to you. Ask whoever"
        " runs this app for access.",
    ),
    "request_denied": _Words(
        _REFUSED,
        "The sign-in provider rejected the request: this app may not have been assigned to you. Ask whoever runs this"
        " app for access.",
    ),
    "request_forbidden": _Words(
        _FAILED,
        "The sign-in provider did not recognise your browser. This happens with a bookmarked or long-open sign-in page,"
        " or when cookies are blocked. Please start again.",
        "Start again",
    ),
    "login_required": _Words(_FAILED, "The sign-in provider wants you to sign in there first."),
    "interaction_required": _Words(_FAILED, "The sign-in provider has a question for you that was not answered."),
    "consent_required": _Words(_FAILED, "The sign-in provider needs your consent, which was not given."),
    "unmet_authentication_requirements": _Words(
        "Your sign-in is not enough for this page",
        "The sign-in provider cannot sign you in in the way that this page asks for.",
    ),
    "invalid_scope": _Words(
        _FAILED, "The provider does not know one of the scopes this app asks for. Tell whoever runs it."
    ),
    "invalid_request": _Words(_FAILED, "The provider did not understand this app's request. Tell whoever runs it."),
    "invalid_state": _Words(
        _FAILED, "The provider did not accept this app's request. Please start again.", "Start again"
    ),
    "unauthorized_client": _Words(
        _FAILED, "The provider does not allow this app to sign people in. Tell whoever runs it."
    ),
    "unsupported_response_type": _Words(
        _FAILED, "The provider does not offer the code flow to this app. Tell whoever runs it."
    ),
    "server_error": _Words(_FAILED, "The sign-in provider had a problem of its own. Please try again in a while."),
    "temporarily_unavailable": _Words(_FAILED, "The sign-in provider is overloaded. Please try again in a while."),
}

#: Errors as Ory Hydra and what is built on it word them, and the codes that say the same.
_AS_WORDED = {"login request denied": "access_denied", "consent request denied": "access_denied"}

_WORDS = {
    "cookies_missing": _Words(
        _FAILED,
        "Your browser sent none of this site's cookies back. Allow cookies for this site, or open it in one window from"
        " the start.",
        "Start again",
    ),
    "state_unknown": _Words(
        _FAILED,
        "This sign-in was not started in this browser, or too long ago. Links from the middle of a sign-in cannot be"
        " shared or bookmarked.",
        "Start again",
    ),
    "step_up_unmet": _Words(
        "Your sign-in is not enough for this page",
        "You are signed in, and other pages are open to you. This one asks for more than the sign-in provider has"
        " done.",
        "Sign in once more",
    ),
    "step_up_other_person": _Words(
        "Somebody else has signed in",
        "This page asked you to sign in once more, and another person came back. Nothing has changed: you are signed in"
        " as before. To change who is signed in, sign out first.",
        "Go back",
    ),
    "tenant_not_allowed": _Words(
        "Your organisation has no access to this app",
        "You have signed in, with an account of an organisation whose people may not use this app. Sign in with another"
        " account, or ask whoever runs this app.",
        "Try again",
    ),
    "login_late": _Words(_FAILED, "Signing in took too long. Please start again.", "Start again"),
    "login_loop": _Words(
        "Signing in goes round in circles",
        "You have been signed in several times, and your browser did not keep the session. Allow cookies for this site"
        " and delete its old ones. For whoever runs it: compare base_url, trusted_proxies and auth_cookie_domain with"
        " the address above.",
    ),
    "gate_behind_gate": _Words(
        "This app is not set up right", "It stands behind two gates. Whoever runs it must take one of them away."
    ),
    "login_expired": _Words(_FAILED, "Your sign-in page was open for too long. Please start again.", "Start again"),
    "reauthentication_missing": _Words(
        _FAILED, "You were asked to sign in anew, and the provider let you through without. Please try again."
    ),
    "code_rejected": _Words(_FAILED, "The provider no longer accepts this sign-in. Please start again.", "Start again"),
    "session_too_large": _Words(
        _FAILED,
        "The provider says more about you than fits into a session. Whoever runs this app must ask for fewer groups.",
    ),
    "client_rejected": _Words(
        _FAILED,
        "The provider does not accept this app's credentials. Tell whoever runs it: the log says what to check.",
    ),
    "base_url_path": _Words(
        _FAILED,
        "This app's address is not set up right. Tell whoever runs it: the log says what to check.",
    ),
    "auth_id_unknown": _Words("No such sign-in", "This address names a sign-in provider that is not set up here."),
    "issuer_unknown": _Words("No such sign-in", "This address names a sign-in provider that is not set up here."),
    "logout_state_mismatch": _Words(
        "Signed out elsewhere", "This answer does not belong to a sign-out that was started in this browser.", "Go on"
    ),
}

_DOWN = _Words(
    "The sign-in provider does not answer",
    "It may be down, or not reachable from here. Whoever is signed in already is not affected. Please try again in a"
    " few seconds.",
)
_STORE_DOWN = _Words("Sessions cannot be read right now", "Please try again in a few seconds.")
_NOT_SET_UP = _Words(
    "Sign-in is not set up right",
    "This app's sign-in is not set up right; the log says why. Waiting does not help: tell whoever runs this app, with"
    " the reference below. Whoever is signed in already is not affected.",
)
_SESSIONS_NOT_SET_UP = _Words(
    "Sessions are not set up right",
    "The place where this app keeps its sessions is not set up right; the log says why. Waiting does not help: tell"
    " whoever runs this app, with the reference below.",
)
_BUSY = _Words(
    "One moment, please",
    "Many people are signing in right now. Nothing is lost: if this page does not go on by itself in a few seconds,"
    " reload it.",
)
_BAD_INPUT = _Words(
    "This address was not called correctly", "Go back to the page that you wanted and start from there."
)
_BAD_ANSWER = _Words(
    _FAILED, "The sign-in provider's answer could not be accepted. If it happens again, tell whoever runs this app."
)


#: The check of `oidc-gate doctor` that would have found what an error is about, for the log.
_CHECKS = {
    "alg_not_allowed": "P5",
    "base_url_path": "A1",
    "callback_issuer_mismatch": "P22",
    "client_rejected": "P7",
    "cookies_missing": "A5",
    "discovery_failed": "P1",
    "discovery_incomplete": "P3",
    "endpoint_missing": "P3",
    "id_token_missing": "P13",
    "invalid_request": "P14",
    "invalid_scope": "P13",
    "issuer_mismatch": "P2",
    "keys_missing": "P4",
    "keys_unreadable": "P4",
    "provider_unavailable": "P1",
    "provider_unreachable": "P1",
    "session_too_large": "C1",
    "signature_invalid": "P4",
    "step_up_unmet": "S5",
    "store_unavailable": "B1",
    "store_unusable": "B1",
    "token_expired": "N5",
    "token_from_the_future": "N5",
    "unauthorized_client": "P7",
    "unmet_authentication_requirements": "S5",
    "userinfo_missing": "P19",
}


def provider_busy() -> BusyError:
    """Return the error for a request that has waited for its turn to ask the provider too long."""
    return BusyError("provider_busy", "too many requests wait for the provider; this one did not come to its turn")


def error_reply(
    error: GateError, request: Request, *, action_path: str, status: int | None = None, headers: tuple[Header, ...] = ()
) -> Reply:
    """Return the answer that tells of an error, and write its cause to the log.

    `action_path` is where "try again" leads: a path of our own. `status` stands in for that of the error's class.
    """
    words = _words(error)
    reference = pages.reference()
    hint = f" (oidc-gate doctor: {_CHECKS[error.code]})" if error.code in _CHECKS else ""
    logger.warning("%s (reference %s): %s%s", error.code, reference, error.detail, hint)
    if error.status == 503:
        headers = (*headers, ("retry-after", _RETRY_AFTER))
    if isinstance(error, BusyError) and request.method == "GET":
        headers = (*headers, ("refresh", _REFRESH))  # so that the browser waits, and no thread of the server's
    text = words.text
    if isinstance(error, ProviderRefusalError) and error.description:
        text += f" The provider says: {error.description}"
    elif isinstance(error, StepUpUnmetError):
        text += f" {error.description}"
    return pages.refusal(
        status or error.status,
        error.code,
        words.title,
        text,
        page=wants_page(request),
        reference=reference,
        action=(words.action, action_path),
        headers=headers,
    )


def _words(error: GateError) -> _Words:
    found = _REFUSALS.get(error.code) if isinstance(error, ProviderRefusalError) else _WORDS.get(error.code)
    if found is not None:
        return found
    return next((words for kind, words in _OF_KIND if isinstance(error, kind)), _BAD_ANSWER)


#: The first that fits counts.
_OF_KIND: tuple[tuple[type[GateError], _Words], ...] = (
    (ProviderSetupError, _NOT_SET_UP),
    (ProviderDownError, _DOWN),
    (StoreSetupError, _SESSIONS_NOT_SET_UP),
    (StoreError, _STORE_DOWN),
    (BusyError, _BUSY),
    (LoginError, _BAD_INPUT),
)

