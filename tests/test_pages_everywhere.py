"""Every page in every language, in Chromium: nothing is cut off, axe-core finds nothing; pictures of all of them.

The pictures are in `tests/screenshots/`, one for each language, light and dark; `pages.html` there shows them all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from oidc_gate.browser import Pages, pages
from oidc_gate.decisions import Reply
from oidc_gate.errors import (
    BusyError,
    GateError,
    LoginError,
    ProviderDownError,
    ProviderError,
    ProviderSetupError,
    StoreError,
    StoreSetupError,
)
from oidc_gate.gate.error_replies import ProviderRefusalError, StepUpUnmetError, error_reply
from oidc_gate.gate.error_words import REFUSALS, WORDS
from oidc_gate.gate.refusals import _REASONS
from oidc_gate.settings.page_files import colors_of, logo_of
from oidc_gate.words.languages import LANGUAGES, Phrase
from tests.asked import Asked
from tests.patience import LIMIT
from tests.test_settings import LOGO

PICTURES = Path(__file__).parent / "screenshots"
AXE = Path(__file__).parent / "accessibility" / "node_modules" / "axe-core" / "axe.min.js"
#: WCAG 2.0 to 2.2, A and AA, and what axe's authors advise besides.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

ASKED = pages.challenge("/oauth2/login")
LONG = "a-very-long-address-of-somebody-with-a-very-long-name-and-no-place-to-break@a-long-subdomain.of.example.com"
#: Of each class one, for what has no words of its own.
OF_A_CLASS: tuple[GateError, ...] = (
    ProviderSetupError("issuer_mismatch"),
    ProviderDownError("provider_unreachable"),
    StoreSetupError("store_unusable"),
    StoreError("store_unavailable"),
    BusyError("provider_busy"),
    LoginError("parameters_invalid"),
    ProviderError("nonce_mismatch"),
)


def made_by(made: Pages, tag: str) -> dict[str, Reply]:
    """Return all pages there are, in a language."""
    asks = Asked(headers={"accept": "text/html", "accept-language": tag})

    def told(error: GateError) -> Reply:
        return error_reply(made, error, asks, action_path="/reports")

    def refused(key: str) -> Reply:
        said = [Phrase(key, {"person": LONG}), "Ask finance-it@example.com for access."]
        action = ("do_sign_in_as_other", "/oauth2/login")
        return made.refusal(
            asks, 403, "not_allowed", "title_not_this_page", said, reference="0a1b2c3d4e", action=action
        )

    return {
        "signed out": made.signed_out(asks, "/oauth2/login", ()),
        "confirm logout": made.confirm_logout(asks, "/oauth2/logout", {"next": "/"}),
        "form post": made.form_post(asks, "/logout", [("state", "x")], ()),
        "session ended": made.session_ended(asks, ASKED, "/reports"),
        "step-up for a form": made.session_ended(asks, ASKED, "/reports", is_step_up=True),
        "framed": made.framed(asks, ASKED, "/reports"),
        "turbo": made.reloading(asks, ASKED, "/reports"),
        **{key: refused(key) for key in dict.fromkeys([*_REASONS.values(), "refused_anybody", "refused_ask"])},
        "step_up_unmet": told(StepUpUnmetError("payroll", "ada", *step_up())),
        **{code: told(ProviderRefusalError(code, "Not assigned to the app." * (code == "access_denied"), code)) for code in REFUSALS},
        **{code: told(LoginError(code)) for code in WORDS if code != "step_up_unmet"},
        **{error.code: told(error) for error in OF_A_CLASS},
    }  # fmt: skip


def step_up() -> tuple[Phrase, Phrase]:
    minutes, hours = Phrase("minutes", {"number": "10"}), Phrase("hours", {"number": "3"})
    kinds = Phrase("either", {"first": "phr", "second": "mfa"})
    asked = (Phrase("step_up_asked_kind", {"kinds": kinds}), Phrase("step_up_asked_age", {"age": minutes}))
    came = (Phrase("step_up_came_kind", {"kind": "pwd"}), Phrase("step_up_came_age", {"age": hours}))
    first, second = (Phrase("both", {"first": one, "second": other}) for one, other in (asked, came))
    return first, second
