"""Every page in every language, in Chromium: nothing is cut off, axe-core finds nothing; pictures of all of them.

Languages differ by their texts alone: their pictures are light, and dark too in English and from right to left. They
are in `tests/screenshots/`; `pages.html` there shows them all.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from oidc_gate import Settings
from oidc_gate.browser import KeptForm, Pages, pages, scripted_pages
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
    UpstreamError,
    UpstreamSlowError,
)
from oidc_gate.gate.building import build
from oidc_gate.gate.error_replies import ProviderRefusalError, StepUpUnmetError, error_reply
from oidc_gate.gate.error_words import REFUSALS, WORDS
from oidc_gate.gate.refusals import _REASONS
from oidc_gate.settings.page_files import colors_of, logo_of
from oidc_gate.words.languages import LANGUAGES, Phrase, Said
from tests.asked import Asked
from tests.patience import LIMIT
from tests.test_settings import LOGO, REQUIRED, TEMPLATE

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
#: What is looked at in every way: one language for each direction.
DIRECTIONS = ("en", "ar")
TEMPLATE_TEXT = Path(TEMPLATE).read_text(encoding="utf-8")
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
    UpstreamError("upstream_broken"),
    UpstreamSlowError("upstream_slow"),
    LoginError("parameters_invalid"),
    ProviderError("nonce_mismatch"),
)


#: Who the operator is told by, of each error.
TELLING = build(Settings(**REQUIRED), time.time).telling


def made_by(made: Pages, tag: str) -> dict[str, Reply]:
    """Return all pages there are, in a language."""
    asks = Asked(headers={"accept": "text/html", "accept-language": tag})

    def told(error: GateError, kept: KeptForm | None = None) -> Reply:
        return error_reply(TELLING, made, error, asks, action_path="/reports", kept=kept)

    def refused(key: str) -> Reply:
        said: list[Said] = [Phrase(key, {"person": LONG}), "Ask finance-it@example.com for access."]
        action = ("do_sign_in_as_other", "/oauth2/login")
        return made.refusal(
            asks, 403, "not_allowed", "title_not_this_page", said, reference="0a1b2c3d4e", action=action
        )

    def kept(is_step_up: bool) -> Reply:
        return made.kept_form(
            asks, ASKED, KeptForm("/", "", "x" * 9000), sign_in="/", left=("15", "minutes"), is_step_up=is_step_up
        )

    return {
        "signed out": scripted_pages.signed_out(made, asks, "/oauth2/login", ()),
        "confirm logout": made.confirm_logout(asks, "/oauth2/logout", {"next": "/"}),
        "form post": made.form_post(asks, "/logout", [("state", "x")], ()),
        "session ended": made.session_ended(asks, ASKED, "/reports"),
        "step-up for a form": made.session_ended(asks, ASKED, "/reports", is_step_up=True),
        "choose provider": made.choose_provider(asks, [(LONG, "/oauth2/login?auth_id=a"), ("شركة", "/b")]),
        "kept form": kept(False),
        "kept form, step-up": kept(True),
        "kept form of another": told(LoginError("kept_form_other_person", status=403), KeptForm("/", "", "x" * 9000)),
        "form too large": made.form_too_large(asks, "/oauth2/login"),
        "signed in for a form": made.message(asks, 200, "title_signed_in", "text_signed_in_for_form"),
        "framed": made.framed(asks, ASKED, "/reports"),
        "turbo": made.reloading(asks, ASKED, "/reports"),
        "done": scripted_pages.signed_in(made, asks),
        "leaving": scripted_pages.leaving(made, asks, "https://id.example.com/", "/reports", (ASKED,)),
        "arriving": scripted_pages.arriving(made, asks, "/reports", ()),
        **{key: refused(key) for key in dict.fromkeys([*_REASONS.values(), "refused_anybody", "refused_ask"])},
        "step_up_unmet": told(StepUpUnmetError("payroll", "ada", *step_up())),
        **{code: told(ProviderRefusalError(code, "", code)) for code in REFUSALS},
        "provider_says": told(ProviderRefusalError("access_denied", "The user is not assigned to the app. " * 4, "")),
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


def without_scripts(replies: dict[str, Reply]) -> dict[str, str]:
    """Return the pages' bodies; what would send itself away while it is looked at stays."""
    sending = re.compile("<script>.*?</script>|<noscript>.*?</noscript>")
    return {name: sending.sub("", reply.body.decode()) for name, reply in replies.items()}


# Seen

SHEET = """<!doctype html><meta charset="utf-8"><style>
body { margin: 8px; display: grid; grid-template-columns: repeat(13, 320px); gap: 16px; align-items: start;
       background: #8a93a3; font: 12px sans-serif }
iframe { border: 0; display: block }
.wide { width: 320px; height: 200px; overflow: hidden; margin-top: 6px }
.wide iframe { transform: scale(.25); transform-origin: 0 0 }
</style>"""
#: Puts pages side by side, each on a telephone's screen and below it on a large one; returns what does not fit.
LAY_OUT = """async pages => {
    const found = [], frames = [], tiles = document.createDocumentFragment()
    for (const [name, body] of Object.entries(pages)) {
        const tile = document.createElement('div')
        tile.append(name)
        for (const [width, height, room] of [[320, 400, ''], [1280, 800, 'wide']]) {
            const box = document.createElement('div'), frame = document.createElement('iframe')
            Object.assign(frame, {width, height, srcdoc: body, title: name})
            frames.push(new Promise(done => { frame.onload = () => done(frame) }))
            box.className = room
            box.append(frame)
            tile.append(box)
        }
        tiles.append(tile)
    }
    document.body.append(tiles)
    for (const frame of await Promise.all(frames)) {
        const width = Number(frame.width), page = frame.contentDocument, main = page.querySelector('main')
        const complain = (what, element) =>
            found.push(`${frame.title} at ${width}: ${what}: ${element.outerHTML.slice(0, 80)}`)
        for (const part of [page.documentElement, main, ...main.querySelectorAll('*:not(input)')]) {
            const {left, right} = part.getBoundingClientRect()
            if (left < 0 || right > width || part.scrollWidth > part.clientWidth + 1 && part.clientWidth)
                complain('does not fit', part)
        }
        for (const target of page.querySelectorAll('a, button'))
            if (target.getBoundingClientRect().height < 24) complain('a small target', target)
        frame.tall = main.offsetHeight + 24
    }
    for (const frame of document.querySelectorAll('iframe[width="320"]')) frame.height = frame.tall
    return found
}"""


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """Open one page for all of this file."""
    with chromium.new_context() as context:
        context.set_default_timeout(1000 * LIMIT)
        yield context.new_page()


def schemes(tag: str) -> tuple[Scheme, ...]:
    return SCHEMES if tag in DIRECTIONS else SCHEMES[:1]


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_page_fits_on_every_screen_and_has_its_picture_taken(tag: str, page: Page) -> None:
    bodies = without_scripts(made_by(Pages(), tag))
    PICTURES.mkdir(exist_ok=True)
    page.set_viewport_size({"width": 4400, "height": 900})
    page.set_content(SHEET)
    assert page.evaluate(LAY_OUT, bodies) == []
    for scheme in schemes(tag):
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=PICTURES / f"pages-{tag}-{scheme}.png", full_page=True)
    pictures = [
        f'<h2>{tag}, {scheme}</h2><img src="pages-{tag}-{scheme}.png">' for tag in LANGUAGES for scheme in schemes(tag)
    ]
    (PICTURES / "pages.html").write_text("<!doctype html>\n" + "\n".join(pictures), encoding="utf-8")


# Read by programs

CHECK = """async ([pages, rules]) => {
    const found = []
    for (const [name, body] of Object.entries(pages)) {
        document.open(); document.write(body); document.close()
        await Promise.all([...document.images].map(image => image.decode()))
        const {violations, incomplete} = await axe.run(document, {runOnly: rules})
        for (const each of [...violations, ...incomplete])
            found.push(`${name}: ${each.id}, ${each.help}: ${each.nodes[0].html.slice(0, 200)}`)
    }
    return found
}"""
BRAND: dict[str, Any] = {
    "name": "Acme & Sons",
    "logo": logo_of(LOGO),
    "colors": colors_of("#0b6e4f"),
    "contact": "mailto:it@example.com",
}
#: One page of each make.
MAKES = ("signed out", "confirm logout", "form post", "framed", "refused_door", "access_denied")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("tag", LANGUAGES)
def test_axe_finds_nothing_to_complain_of(tag: str, scheme: Scheme, page: Page) -> None:
    """In English, and from right to left, every page; in the others, which differ by their texts alone, each make."""
    pages = without_scripts(made_by(Pages(), tag))
    if (tag, scheme) not in (("en", "light"), ("ar", "dark")):
        pages = {name: pages[name] for name in MAKES}
    pages |= {
        f"branded {name}": body for name, body in without_scripts(made_by(Pages(**BRAND), tag)).items() if name in MAKES
    }
    assert complaints(page, scheme, pages) == []


def test_axe_would_find_something(page: Page) -> None:
    faint = Pages(colors=("#9ab", "#9ab"), template="<h1>$heading</h1>$body $action $style")
    asks = Asked(headers={"accept": "text/html"})
    found = complaints(page, "light", without_scripts({"x": scripted_pages.signed_out(faint, asks, "/", ())}))
    assert {each.partition(": ")[2].partition(",")[0] for each in found} >= {"color-contrast", "html-has-lang"}


def complaints(page: Page, scheme: Scheme, pages: dict[str, str]) -> list[str]:
    if not AXE.is_file():
        raise AssertionError("axe-core needs npm, and: npm ci --prefix tests/accessibility")
    page.set_viewport_size({"width": 320, "height": 700})
    page.emulate_media(color_scheme=scheme)
    if not page.evaluate("'axe' in window"):
        page.set_content("")
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(CHECK, [pages, RULES])
    return found


# As the browser has it

#: What a browser paints of an element.
PAINTED = """element => {
    const style = getComputedStyle(element)
    return [style.borderTopWidth, style.borderTopColor, style.outlineStyle, style.outlineWidth, style.backgroundColor]
}"""


def shown(page: Page, reply: Reply, *, scheme: Scheme = "light") -> None:
    """Open a page as it comes over the wire, with its policy."""
    page.emulate_media(color_scheme=scheme, forced_colors="none")
    page.unroute_all()
    page.route(
        "https://app.test/**", lambda route: route.fulfill(status=200, headers=dict(reply.headers), body=reply.body)
    )
    page.goto("https://app.test/page")


def test_a_button_has_a_border_in_a_high_contrast_theme_and_its_focus_is_seen(page: Page) -> None:
    for make in ("signed out", "confirm logout"):
        shown(page, made_by(Pages(), "en")[make])
        width, color, outline, _, _ = page.locator(".act").evaluate(PAINTED)
        assert (width, color, outline) == ("1px", "rgba(0, 0, 0, 0)", "none")
        page.emulate_media(forced_colors="active")
        _, color, _, _, behind = page.locator(".act").evaluate(PAINTED)
        assert color not in ("rgba(0, 0, 0, 0)", behind)
        page.emulate_media(forced_colors="none")
        page.keyboard.press("Tab")
        assert page.locator(".act").evaluate(PAINTED)[2:4] == ["solid", "3px"]


def test_nothing_moves_for_whoever_wants_no_motion(page: Page) -> None:
    still = "@keyframes x { to { opacity: 0 } } main { animation: x 1s infinite; transition: all 1s }"
    template = TEMPLATE_TEXT.replace("<style>$style</style>", f"<style>{still} $style</style>")
    shown(page, made_by(Pages(template=template), "en")["signed out"])
    assert page.evaluate("document.getAnimations().length") == 1
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate("document.getAnimations().length") == 0
    page.emulate_media(reduced_motion="no-preference")


@pytest.mark.parametrize("tag", ["de", "ar"])
def test_a_page_holds_when_its_text_is_spaced_as_its_reader_wants(tag: str, page: Page) -> None:
    """WCAG 2.2, 1.4.12; and 1.4.4, twice as large a text."""
    page.set_viewport_size({"width": 320, "height": 700})
    for make in ("refused_untold", "login_loop", "unmet_authentication_requirements"):
        shown(page, made_by(Pages(**BRAND), tag)[make])
        page.evaluate("""() => {
            const style = document.querySelector('html').style
            Object.assign(style, {fontSize: '200%', lineHeight: 1.5, letterSpacing: '.12em', wordSpacing: '.16em'})
        }""")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_brand_and_a_template_work_under_the_policy_and_scripts_do_not(scheme: Scheme, page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.set_viewport_size({"width": 1280, "height": 800})
    for name, template in (("branded", ""), ("template", TEMPLATE_TEXT)):
        shown(page, made_by(Pages(**BRAND, template=template), "en")["access_denied"], scheme=scheme)
        assert page.title() == "Sign-in was refused · Acme & Sons"
        assert page.locator(".brand img").evaluate("image => image.complete && image.naturalWidth") == 160
        assert page.locator(".act").evaluate(PAINTED)[4] == f"rgb{rgb(BRAND['colors'][scheme == 'dark'])}"
        page.screenshot(path=PICTURES / f"{name}-{scheme}.png")
    assert page.evaluate("getComputedStyle(document.body).placeItems") == "start center"
    assert [text for text in said if "script" not in text] == []
    assert len(said) == 1, "the template's script, and nothing else"


def rgb(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color[1:]))


def test_every_language_is_written_in_its_direction(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    for tag, side in (("en", "left"), ("ar", "right")):
        shown(page, made_by(Pages(**BRAND), tag)["signed out"])
        edges = page.evaluate(
            """side => ['.brand img', 'h1', '.act'].map(name => {
            const range = document.createRange()
            const element = document.querySelector(name)
            range.selectNodeContents(element)
            const box = name == 'h1' ? range.getBoundingClientRect() : element.getBoundingClientRect()
            return Math.round(box[side])
        })""",
            side,
        )
        assert max(edges) - min(edges) <= 2
