"""The parts of a page that are made of texts, in its reader's language; what comes from elsewhere is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from oidc_gate.decisions import Request

if TYPE_CHECKING:
    from oidc_gate.words import Language, Said

__all__ = ["LINK", "NEW_TAB", "SOFT", "contact_of", "form_with", "language_of", "link_to", "markup"]

NEW_TAB = ' target="_blank" rel="noopener"'
SOFT = '<p class="soft">{}</p>'
LINK = '<p><a class="act" href="{}"{}>{}</a></p>'


def language_of(request: Request) -> Language:
    """Return the language for whoever has sent this request."""
    from oidc_gate.words import best_match, language

    return language(best_match(request.header("accept-language")))


def markup(language: Language, said: Said) -> str:
    """Return what is said, escaped; a text from elsewhere does not disturb the direction of what is around it."""

    def given(text: str) -> str:
        is_plain = language.direction == "ltr" and text.isascii()
        return escape(text) if is_plain else f"<bdi>{escape(text)}</bdi>"

    return language.say(said, given, escape)


def link_to(language: Language, action: tuple[str, str] | None, attributes: str = "") -> str:
    """Return a link that looks like a button: what it says, and its address; `""` for none."""
    if action is None:
        return ""
    return LINK.format(escape(action[1]), attributes, escape(language.texts[action[0]]))


def form_with(
    language: Language, url: str, fields: Iterable[tuple[str, str]], button: str, *, query: str = ""
) -> str:
    """Return a form of hidden fields, with a button, which adds this query to the form's address."""
    hidden = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields)
    to = f' formaction="{escape(f"{url}?{query}")}"' if query else ""
    button = f'<button class="act"{to}>{escape(language.texts[button])}</button>'
    return f'<form method="post" action="{escape(url)}">{hidden}{button}</form>'


def contact_of(contact: str) -> str:
    """Return whom to ask, as markup: a link where it is an address."""
    if contact.startswith(("mailto:", "https://")):
        shown = contact.removeprefix("mailto:").partition("?")[0]
        return f'<a href="{escape(contact)}">{escape(shown)}</a>'
    return contact and f"<bdi>{escape(contact)}</bdi>"
