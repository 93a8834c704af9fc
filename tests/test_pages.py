"""The gate's pages: escaped, without outside assets or scripts, with a policy that allows their one style alone."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from oidc_gate.browser import KeptForm, Pages, pages, scripted_pages
from oidc_gate.decisions import Reply
from oidc_gate.words import Phrase, Said
from tests.asked import Asked

ASKED = pages.challenge("/oauth2/login")
EVIL = "\"><script>alert('x')</script>&amp;\u2028"
MADE = Pages()


def said_of(text: str) -> list[Said]:
    return [Phrase("provider_says", {"description": text}), text]


ASKS = Asked(headers={"accept": "text/html"})
MAKERS: dict[str, Callable[[str], Reply]] = {
    "message": lambda text: MADE.message(ASKS, 200, "title_busy", "error_busy", action=("do_go_on", text)),
    "confirm_logout": lambda text: MADE.confirm_logout(ASKS, text, {"next": text, text: "x"}),
    "form_post": lambda text: MADE.form_post(ASKS, text, [("next", text), (text, "x")], ()),
    "session_ended": lambda text: MADE.session_ended(ASKS, ASKED, text),
    "kept_form": lambda text: MADE.kept_form(
        ASKS, ASKED, KeptForm(text, text, text), sign_in=text, left=(text, "minutes")
    ),
    "refusal_that_keeps": lambda text: MADE.refusal(
        ASKS,
        403,
        text,
        "title_failed",
        said_of(text),
        reference=text,
        action=("do_go_on", text),
        kept=KeptForm(text, text, text),
    ),
    "form_too_large": lambda text: MADE.form_too_large(ASKS, text),
    "framed": lambda text: MADE.framed(ASKS, ASKED, text),
    "reloading": lambda text: MADE.reloading(ASKS, ASKED, text),
    "done": lambda _: scripted_pages.signed_in(MADE, ASKS),
    "signed_out": lambda text: scripted_pages.signed_out(MADE, ASKS, text, ()),
    "leaving": lambda text: scripted_pages.leaving(MADE, ASKS, text, text, (ASKED,)),
    "arriving": lambda text: scripted_pages.arriving(MADE, ASKS, text, ()),
    "refusal": lambda text: MADE.refusal(
        ASKS,
        400,
        text,
        "title_failed",
        said_of(text),
        reference=text,
        action=("do_go_on", text),
    ),
}
#: The pages with a script of their own, which is allowed by its hash.
SCRIPTED = [MAKERS[name] for name in ("form_post", "done", "signed_out", "leaving", "arriving")]
#: Those that may be shown in a frame of the app's own.
FRAMED = [MAKERS[name] for name in ("framed", "kept_form", "refusal_that_keeps")]
a_page = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


class Reader(HTMLParser):
    """Collects what a browser would make of a page."""

    def __init__(self, page: Reply) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: dict[str, str] = {}
        self.said = ""
        self.feed(page.body.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.said += data
        self.texts[self.tags[-1]] = self.texts.get(self.tags[-1], "") + data

    def values(self, tag: str, name: str) -> list[str]:
        return [value for where, which, value in self.attributes if (where, which) == (tag, name)]


def scripts(reply: Reply) -> list[str]:
    return re.findall("<script>(.*?)</script>", reply.body.decode())


def headers(reply: Reply) -> dict[str, str]:
    found = dict(reply.headers)
    assert len(found) == len(reply.headers)
    return found


@a_page
def test_what_comes_from_elsewhere_is_text_and_never_markup(make: Callable[[str], Reply]) -> None:
    plain, hostile = Reader(make("x")), Reader(make(EVIL))
    assert [tag for tag in hostile.tags if tag != "bdi"] == plain.tags
    assert [(tag, name) for tag, name, _ in hostile.attributes] == [(tag, name) for tag, name, _ in plain.attributes]
    assert hostile.tags.count("script") == (1 if make in SCRIPTED else 0)
    assert re.findall("<script>(.*?)</script>", make(EVIL).body.decode()) == scripts(make("x"))


def test_a_hostile_text_is_shown_as_it_is() -> None:
    said: list[Said] = [Phrase("refused_nobody", {"person": EVIL}), EVIL]
    found = Reader(MADE.refusal(ASKS, 403, EVIL, "title_busy", said, reference=EVIL, action=("do_go_on", EVIL)))
    assert found.said.count(EVIL) == 4
    assert found.values("a", "href") == [EVIL]


def test_what_is_said_in_another_script_does_not_turn_the_text_around_it() -> None:
    said = [Phrase("refused_nobody", {"person": "\u05d3\u05e0\u05d4 <"})]
    page = MADE.refusal(ASKS, 403, "x", "title_busy", said, reference="0a")
    assert "as <bdi>\u05d3\u05e0\u05d4 &lt;</bdi>. Nobody" in page.body.decode()


@a_page
def test_nothing_is_fetched_from_anywhere(make: Callable[[str], Reply]) -> None:
    page = Reader(make("x"))
    assert not {"link", "img", "iframe", "object", "embed", "base", "video", "audio", "svg"} & set(page.tags)
    assert not {name for _, name, _ in page.attributes} & {"src", "srcset", "style", "background", "onclick", "onload"}
    assert not re.search(r"@import|url\(|expression|https?:", page.texts["style"])


@a_page
def test_the_policy_allows_the_one_style_by_its_hash_and_nothing_else(make: Callable[[str], Reply]) -> None:
    reply = make("x")
    (style,) = re.findall(rb"<style>(.*?)</style>", reply.body, re.DOTALL)
    policy = policy_of(reply)
    script = policy.pop("script-src", "")
    assert script == " ".join(hashed(text.encode()) for text in scripts(reply))
    assert policy == {
        "default-src": "'none'",
        "style-src": hashed(style),
        "form-action": "'self' https: http:",
        "base-uri": "'none'",
        "frame-ancestors": "'self'" if make in FRAMED else "'none'",
    }


@a_page
def test_a_page_is_not_kept_not_framed_not_sniffed_and_tells_nobody_where_it_was(make: Callable[[str], Reply]) -> None:
    found = headers(make("x"))
    found.pop("www-authenticate", None)
    assert found.pop("content-security-policy")
    assert found == {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "vary": "accept-language",
        "x-frame-options": "SAMEORIGIN" if make in FRAMED else "DENY",
    }


def policy_of(reply: Reply) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in headers(reply)["content-security-policy"].split(";"))


def hashed(text: bytes) -> str:
    return f"'sha256-{b64encode(sha256(text).digest()).decode()}'"


@a_page
def test_a_page_is_whole_has_a_language_a_title_and_fits_a_small_screen(make: Callable[[str], Reply]) -> None:
    page = Reader(make("x"))
    assert page.values("html", "lang") == ["en"]
    assert page.values("html", "dir") == ["ltr"]
    assert page.values("meta", "charset") == ["utf-8"]
    assert "width=device-width" in " ".join(page.values("meta", "content"))
    assert page.texts["title"] == page.texts["h1"]
    assert page.tags.count("main") == page.tags.count("h1") == 1
    assert "prefers-color-scheme:dark" in page.texts["style"]


def test_a_lone_surrogate_in_a_claim_does_not_break_a_page() -> None:
    assert b"a?b" in MADE.refusal(ASKS, 403, "x", "title_busy", ["a\ud800b"], reference="0a").body


def test_a_message_needs_neither_a_link_nor_a_note() -> None:
    page = Reader(MADE.message(ASKS, 200, "title_busy", "text_close_window"))
    assert "a" not in page.tags
    assert "footer" not in page.tags
    assert page.texts["p"] == "You can close this window."


def test_an_error_is_read_out_at_once_and_other_pages_are_not() -> None:
    assert Reader(MAKERS["refusal"]("x")).values("div", "role") == ["alert"]
    assert Reader(MAKERS["session_ended"]("x")).values("div", "role") == []
    assert Reader(MAKERS["kept_form"]("x")).values("div", "role") == []


def test_a_redirect_is_not_kept_and_carries_its_cookies() -> None:
    reply = pages.redirect("/next", (("set-cookie", "a=b"),))
    assert (reply.status, reply.body) == (302, b"")
    assert headers(reply)["location"] == "/next"
    assert headers(reply)["cache-control"] == "no-store"
    assert reply.headers[-1] == ("set-cookie", "a=b")
    assert pages.redirect("/next", status=303).status == 303


def test_an_answer_for_programs_is_json_that_is_not_kept() -> None:
    reply = pages.json_reply(200, {"name": "ü", "groups": []}, (("x", "y"),))
    assert json.loads(reply.body) == {"name": "ü", "groups": []}
    assert headers(reply) == {
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "x": "y",
    }


def test_someone_who_is_not_signed_in_is_told_where_to_go() -> None:
    people = [make(ASKS, ASKED, "/page") for make in (MADE.session_ended, MADE.framed, MADE.reloading)]
    for answer in people:
        assert answer.status == 401
        assert headers(answer)["www-authenticate"] == 'OIDC login_url="/oauth2/login"'
    assert [Reader(page).values("a", "href") for page in people] == [["/page"]] * 3


def test_only_pages_for_frames_can_be_shown_in_one_and_only_in_the_apps_own() -> None:
    other = headers(MAKERS["session_ended"]("/page"))
    for framed in (headers(MAKERS["framed"]("/page")), headers(MAKERS["kept_form"]("/page"))):
        assert "frame-ancestors 'self'" in framed["content-security-policy"]
        assert framed["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'none'" in other["content-security-policy"]
    assert other["x-frame-options"] == "DENY"
    page = Reader(MAKERS["framed"]("/page"))
    assert page.values("a", "target") == ["_blank"]
    assert page.values("a", "rel") == ["noopener"]


def test_turbo_is_told_to_load_the_page_anew() -> None:
    page = Reader(MAKERS["reloading"]("/page"))
    assert ("meta", "name", "turbo-visit-control") in page.attributes
    assert "reload" in page.values("meta", "content")


def test_a_grpc_status_stands_in_the_headers_of_an_answer_without_a_body() -> None:
    answer = pages.grpc_status(16, "not signed in", "application/grpc-web+proto")
    assert (answer.status, answer.body) == (200, b"")
    assert headers(answer)["grpc-status"] == "16"
    assert headers(answer)["grpc-message"] == "not signed in"
    assert headers(answer)["content-type"] == "application/grpc-web+proto"


def test_a_refusal_has_one_code_and_one_reference_on_the_page_and_in_json() -> None:
    def refused(asked: Asked) -> Reply:
        return MADE.refusal(
            asked,
            403,
            "not_allowed",
            "title_not_this_app",
            [Phrase("refused_rule", {"person": "ada@example.com"}), "Ask Bob."],
            reference="0a1b",
            action=("do_try_again", "/"),
            headers=(("x", "y"),),
        )

    page, answer = refused(ASKS), refused(Asked(headers={"accept-language": "de"}))
    text = "You are signed in as ada@example.com, who may use this app, but not this part of it. Ask Bob."
    assert page.status == answer.status == 403
    assert headers(page)["x"] == headers(answer)["x"] == "y"
    assert f"<p>{text}</p>" in page.body.decode()
    assert "Error not_allowed · Reference 0a1b" in page.body.decode()
    assert json.loads(answer.body) == {"error": "not_allowed", "message": text, "reference": "0a1b"}
    assert "vary" not in headers(answer), "what programs get is the same in all languages"


def test_signing_out_is_asked_for_with_a_form_that_keeps_what_was_asked() -> None:
    page = Reader(MADE.confirm_logout(ASKS, "/oauth2/logout", {"next": "/a?b=c&d", "auth_id": "default"}))
    assert page.values("form", "action") == ["/oauth2/logout"]
    assert page.values("form", "method") == ["post"]
    assert page.values("input", "name") == ["next", "auth_id"]
    assert page.values("input", "value") == ["/a?b=c&d", "default"]
    assert page.values("input", "type") == ["hidden", "hidden"]


def test_the_page_after_signing_out_leads_nowhere_by_itself() -> None:
    reply = scripted_pages.signed_out(MADE, ASKS, "/oauth2/login", (("set-cookie", "a=; Max-Age=0"),))
    assert reply.status == 200
    assert ("set-cookie", "a=; Max-Age=0") in reply.headers
    assert "location" not in headers(reply)
    assert "refresh" not in headers(reply)
    assert not Reader(reply).values("meta", "http-equiv")
    assert Reader(reply).values("a", "href") == ["/oauth2/login"]


def test_the_page_for_the_providers_frame_says_nothing_and_may_be_framed() -> None:
    reply = pages.blank()
    assert reply.status == 200
    assert not {"x-frame-options", "content-security-policy", "set-cookie"} & set(headers(reply))
    assert headers(reply)["cache-control"] == "no-store"
    assert Reader(reply).tags == ["title"]


def test_references_are_short_and_never_the_same() -> None:
    found = {pages.reference() for _ in range(100)}
    assert len(found) == 100
    assert all(re.fullmatch("[0-9a-f]{10}", reference) for reference in found)
