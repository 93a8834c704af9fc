"""How an error is told: to the person in words that say whose fault it is and what to do, to the log with its cause.

The two are joined by a reference; `error_words` has the words. Nothing of the request and nothing of the provider's
answer is shown, but for the provider's own description of why it refused a login that was started here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_gate.browser import KeptForm, Pages, pages
from oidc_gate.decisions import Reply, Request
from oidc_gate.errors import BusyError, GateError
from oidc_gate.telling import About, Telling

if TYPE_CHECKING:
    from oidc_gate.words import Phrase

__all__ = ["ProviderRefusalError", "StepUpUnmetError", "error_reply", "provider_busy"]

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
        from oidc_gate.gate.error_words import AS_WORDED, REFUSALS  # late, as all words: no import waits for them

        known = AS_WORDED.get(error, error)
        code = known if known in REFUSALS else "provider_error"
        super().__init__(code, f"the provider refused the login: {said}")
        self.description = description[:300]


class StepUpUnmetError(GateError):
    """Somebody has signed in as a rule asked for, and what came of it is not what was asked.

    `asked` and `came` are for the page and for the log.
    """

    status = 403

    def __init__(self, rule: str, subject: str, asked: Phrase, came: Phrase) -> None:
        from oidc_gate.words import english

        say, said = english().say, f"reason=step_up rule={rule!r} subject={subject!r}"
        super().__init__("step_up_unmet", f"{said}; it asks for a sign-in {say(asked)}; what came is {say(came)!r}")
        self.asked, self.came = asked, came


def provider_busy() -> BusyError:
    """Return the error for a request that has waited for its turn to ask the provider too long."""
    return BusyError("provider_busy", "too many requests wait for the provider; this one did not come to its turn")


def error_reply(
    telling: Telling,
    own_pages: Pages,
    error: GateError,
    request: Request,
    *,
    action_path: str,
    about: About = "request",
    status: int | None = None,
    headers: tuple[Header, ...] = (),
    kept: KeptForm | None = None,
) -> Reply:
    """Return the answer that tells of an error, and have its cause told to the operator.

    `own_pages` make the page; `about` says what has failed. `action_path` is where "try again" leads: a path of our
    own, `""` for no such link. `status` stands in for that of the error's class. `kept`: see `Pages.refusal`.
    """
    from oidc_gate.gate.error_words import CHECKS, words_for

    words = words_for(error, is_refusal=isinstance(error, ProviderRefusalError))
    reference = pages.reference()
    hint = f" (oidc-gate doctor: {CHECKS[error.code]})" if error.code in CHECKS else ""
    telling.failed(error, request, reference, hint, about)
    if error.status == 503:
        headers = (*headers, ("retry-after", _RETRY_AFTER))
    if isinstance(error, BusyError) and request.method == "GET":
        headers = (*headers, ("refresh", _REFRESH))  # so that the browser waits, and no thread of the server's
    return own_pages.refusal(
        request,
        status or error.status,
        error.code,
        words.title,
        _said(error, words.text),
        reference=reference,
        action=(words.action, action_path) if action_path else None,
        headers=headers,
        kept=kept,
    )


def _said(error: GateError, text: str) -> list[Phrase]:
    """Return what is said of an error: the text of its kind, and what is special to it."""
    from oidc_gate.words import Phrase

    said = [Phrase(text)]
    if isinstance(error, ProviderRefusalError) and error.description:
        said.append(Phrase("provider_says", {"description": error.description}))
    elif isinstance(error, StepUpUnmetError):
        said.append(Phrase("step_up", {"asked": error.asked, "came": error.came}))
    return said
