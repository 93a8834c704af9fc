"""The gate's pages: plain HTML for people, in their language.

Every value that comes from elsewhere is escaped, and the Content-Security-Policy allows nothing but style sheets by
their hashes, and on some pages one short script, by its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from oidc_gate.browser.markup import LINK, NEW_TAB, SOFT, contact_of, form_with, language_of, link_to, markup
from oidc_gate.browser.replies import COMMON, accepted, blank, challenge, grpc_status, json_reply, redirect, reference
from oidc_gate.browser.request_kinds import wants_page
from oidc_gate.decisions import Reply, Request

if TYPE_CHECKING:
    from oidc_gate.words import Language, Phrase, Said

__all__ = ["KeptForm", "Pages", "accepted", "blank", "challenge", "grpc_status", "json_reply", "redirect", "reference"]

Header = tuple[str, str]

#: Sends the form of the page.
_SEND = "document.forms[0].submit()"


class KeptForm(NamedTuple):
    """A form that a page keeps. `sealed`: its hidden field; `path`, `query`: where its button sends that."""

    path: str
    query: str
    sealed: str


class Pages:
    """The pages of one gate, each in the language that its reader's browser asks for.

    Headings, texts and links are named by their keys in `words`.

    Whose pages they are: `name`; `logo`, a `data:` URL; `colors` of buttons, in light and in dark; `contact`, whom to
    ask about errors. `template`: what they are made of, the gate's own for `""`.
    """

    def __init__(
        self,
        *,
        name: str = "",
        contact: str = "",
        logo: str = "",
        colors: tuple[str, str] | None = None,
        template: str = "",
    ) -> None:
        from oidc_gate.browser.layout import Layout  # late: no import has to wait for it

        self._layout = Layout(name, logo, colors, template)
        self._contact = contact_of(contact)
        policy = self._layout.policy
        self._headers = _page_headers(policy, "DENY")
        #: For what may be shown in a frame of the app's own, and for the page that sends a form by itself.
        self._framed = _page_headers(policy.replace("ancestors 'none'", "ancestors 'self'"), "SAMEORIGIN")
        self._sending = self._allowing(_SEND)

    def message(
        self,
        request: Request,
        status: int,
        title: str,
        text: str,
        *,
        action: tuple[str, str] | None = None,
        headers: tuple[Header, ...] = (),
    ) -> Reply:
        """Return a page with a heading, a text, and perhaps one link (`action`: what it says, and its address)."""
        language = language_of(request)
        return self._page(language, status, title, text, link_to(language, action), headers=headers)

    def confirm_logout(self, request: Request, logout_path: str, fields: dict[str, str]) -> Reply:
        """Return the page that asks whether to sign out, for someone whom another site has sent to the logout path."""
        language = language_of(request)
        form = form_with(language, logout_path, fields.items(), "do_sign_out")
        return self._page(language, 200, "title_sign_out", "text_sign_out", form)

    def form_post(
        self, request: Request, url: str, fields: Iterable[tuple[str, str]], headers: tuple[Header, ...]
    ) -> Reply:
        """Return the page that sends the browser on to the provider with a form, for what is too long for an address.

        It is sent by itself where scripts run; else there is the button.
        """
        language = language_of(request)
        form = f"{form_with(language, url, fields, 'do_go_on')}<script>{_SEND}</script>"
        reply = self._page(language, 200, "title_signing_out", "text_signing_out", form, headers=headers)
        return reply._replace(headers=(*self._sending, *headers))

    def scripted(
        self,
        request: Request,
        status: int,
        title: str,
        text: str,
        script: str,
        *,
        action: tuple[str, str] | None = None,
        more: str = "",
        headers: tuple[Header, ...] = (),
    ) -> Reply:
        """Return a page with a script, which runs before there is anything to be seen; `more` stands before it."""
        language = language_of(request)
        head = f"{more}<script>{script}</script>"
        reply = self._page(language, status, title, text, link_to(language, action), more=head)
        return reply._replace(headers=(*self._allowing(script), *headers))

    def session_ended(self, request: Request, asked: Header, back: str, *, is_step_up: bool = False) -> Reply:
        """Return the 401 for a form that came too late; `back` leads to the page that the form was on, signed in.

        That opens in a new tab, for this page is what still has the form: a browser that loads it again sends it once
        more. The page behind may be empty by then, where it may not be kept (`Cache-Control: no-store`). `asked`: the
        header that says what is asked of programs. `is_step_up`: the session is there, and not good enough.
        """
        language = language_of(request)
        title = "title_sign_in_for_this" if is_step_up else "title_session_ended"
        link = link_to(language, ("do_sign_in_in_new_tab", back), NEW_TAB)
        return self._page(language, 401, title, "text_session_ended", link, headers=(asked,))

    def kept_form(
        self,
        request: Request,
        asked: Header,
        kept: KeptForm,
        *,
        sign_in: str,
        left: tuple[str, str],
        is_step_up: bool = False,
    ) -> Reply:
        """Return the 401 that keeps a form.

        `sign_in`: where a new tab leads. `left`: for how long it is good, a number and its unit.
        """
        from oidc_gate.words import Phrase

        language = language_of(request)
        again = Phrase("do_send_again")
        said = Phrase("text_kept_form", {"time": Phrase(left[1], {"number": left[0]}), "button": again})
        link = link_to(language, ("do_sign_in_in_new_tab", sign_in), NEW_TAB)
        form = _again(language, kept)
        title = "title_sign_in_for_this" if is_step_up else "title_session_ended"
        reply = self._page(language, 401, title, said, link + form)
        return reply._replace(headers=(*self._framed, asked))

    def form_too_large(self, request: Request, sign_in: str) -> Reply:
        """Return the 413 for a form that is too large to be kept; `sign_in`: where a new tab leads."""
        language = language_of(request)
        link = link_to(language, ("do_sign_in_in_new_tab", sign_in), NEW_TAB)
        return self._page(language, 413, "title_form_too_large", "text_form_too_large", link)

    def choose_provider(self, request: Request, choices: Iterable[tuple[str, str]]) -> Reply:
        """Return the page on which a person chooses where to sign in; `choices`: names and addresses."""
        language = language_of(request)
        links = "".join(LINK.format(escape(address), "", f"<bdi>{escape(name)}</bdi>") for name, address in choices)
        return self._page(language, 200, "title_sign_in", "text_choose_provider", links)

    def framed(self, request: Request, asked: Header, address: str) -> Reply:
        """Return the 401 for a frame, an embedded object or a download: providers show no page of theirs in frames."""
        language = language_of(request)
        link = link_to(language, ("do_sign_in_in_new_tab", address), NEW_TAB)
        reply = self._page(language, 401, "title_sign_in", "text_framed", link)
        return reply._replace(headers=(*self._framed, asked))

    def reloading(self, request: Request, asked: Header, address: str) -> Reply:
        """Return the 401 for Turbo, which loads the page anew instead of showing this one in its place."""
        language = language_of(request)
        link = link_to(language, ("do_sign_in", address))
        more = '<meta name="turbo-visit-control" content="reload">'
        return self._page(language, 401, "title_sign_in", "text_reloading", link, headers=(asked,), more=more)

    def refusal(
        self,
        request: Request,
        status: int,
        code: str,
        title: str,
        said: Sequence[Said],
        *,
        reference: str,
        action: tuple[str, str] | None = None,
        headers: tuple[Header, ...] = (),
        kept: KeptForm | None = None,
    ) -> Reply:
        """Return an error: a page that says whose fault it is and what to do, or JSON with the same code.

        What is `said` follows each other. The page names whom to ask, where that is set. `kept`: a form that it goes on
        keeping; then its link opens a new tab.
        """
        from oidc_gate.words import Phrase, english

        if not wants_page(request):
            message = " ".join(map(english().say, said))
            return json_reply(status, {"error": code, "message": message, "reference": reference}, headers)
        language = language_of(request)
        lines = [markup(language, Phrase("note", {"code": code, "reference": reference}))]
        if self._contact:
            lines.append(language.say(Phrase("contact", {"contact": ""}), lambda _: self._contact, escape))
        reply = self._page(
            language,
            status,
            title,
            said,
            link_to(language, action, NEW_TAB if kept else "") + (_again(language, kept) if kept else ""),
            note=f"<footer>{''.join(map(SOFT.format, lines))}</footer>",
            reference=reference,
            headers=headers,
        )
        return reply._replace(headers=(*self._framed, *headers)) if kept else reply

    def _page(
        self,
        language: Language,
        status: int,
        title: str,
        text: str | Phrase | Sequence[Said],
        action: str,
        *,
        note: str = "",
        reference: str = "",
        more: str = "",
        headers: tuple[Header, ...] = (),
    ) -> Reply:
        """Return a page. `text`: a key, a phrase, or what an error says, which is read out at once."""
        from oidc_gate.browser.layout import Parts
        from oidc_gate.words import Phrase

        if isinstance(text, str):
            body = f"<p>{escape(language.texts[text])}</p>"
        elif isinstance(text, Phrase):
            body = f"<p>{markup(language, text)}</p>"
        else:
            sentences = language.space.join(markup(language, each) for each in text)
            body = f'<div role="alert"><p>{sentences}</p></div>'
        parts = Parts(
            heading=language.texts[title],
            reference=reference,
            lang=language.tag,
            dir=language.direction,
            body=body,
            action=action,
            note=note,
            more=more,
        )
        return Reply(status, (*self._headers, *headers), self._layout.page(parts))

    def _allowing(self, script: str) -> tuple[Header, ...]:
        from oidc_gate.browser.layout import source_of

        return _page_headers(f"{self._layout.policy}; script-src {source_of(script)}", "DENY")


def _again(language: Language, kept: KeptForm) -> str:
    """Return the form that sends what is kept."""
    return form_with(language, kept.path, (("kept", kept.sealed),), "do_send_again", query=kept.query)


def _page_headers(policy: str, frames: str) -> tuple[Header, ...]:
    return (
        ("content-type", "text/html; charset=utf-8"),
        *COMMON,
        ("vary", "accept-language"),
        ("content-security-policy", policy),
        ("x-frame-options", frames),
    )
