"""Every page of the gate in a real browser: light and dark, wide and narrow; pictures in tests/screenshots."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.test_browser import Serve, app, serve

pytestmark = pytest.mark.uncounted

__all__ = ["app", "serve"]  # fixtures

PICTURES = Path(__file__).parent / "screenshots"
LONG = "a-very-long-address-of-somebody-with-a-very-long-name-and-no-place-to-break@a-long-subdomain.of.example.com"

#: Opens a page of the gate, and returns the frame that it is in when that is not the browser's tab.
Show = Callable[[Page, Serve, LocalProvider], Frame | None]


def signed_out(page: Page, serve: Serve, provider: LocalProvider) -> None:
    page.goto(f"{serve()}/oauth2/logout")


def refused(page: Page, serve: Serve, provider: LocalProvider) -> None:
    provider.people["ada"]["email"] = LONG
    page.goto(f"{serve(allow_groups='owners')}/")


def refused_by_a_rule(page: Page, serve: Serve, provider: LocalProvider) -> None:
    rule = {"path": "/reports", "allow": {"groups": "Finance"}, "help": "Ask finance-it@example.com for access."}
    page.goto(f"{serve(rules=[rule])}/reports/2026")


def nobody(page: Page, serve: Serve, provider: LocalProvider) -> None:
    page.goto(f"{serve(rules=[{'path': '/metrics', 'allow': 'nobody'}])}/metrics")


PAYROLL = {"path": "/payroll", "allow": "signed-in", "acr": ["phr", "mfa"], "max_age": "10m"}


def step_up_unmet(page: Page, serve: Serve, provider: LocalProvider) -> None:
    provider.usual_acr = "pwd"
    page.goto(f"{serve(rules=[PAYROLL])}/payroll")


def step_up_for_a_form(page: Page, serve: Serve, provider: LocalProvider) -> None:
    page.goto(f"{serve(rules=[PAYROLL | {'method': 'POST', 'path': '/'}], public_paths='/nothing')}/public")
    page.get_by_role("button", name="Save").click()


def step_up_by_another(page: Page, serve: Serve, provider: LocalProvider) -> None:
    page.goto(f"{serve(rules=[PAYROLL])}/")
    provider.user = provider.people["grace"]
    page.goto(page.url + "payroll")


def sign_in_failed(page: Page, serve: Serve, provider: LocalProvider) -> None:
    description = "The user is not assigned to this application. " * 4
    with provider.fault("callback_error", error_description=description):
        page.goto(f"{serve()}/")


def provider_down(page: Page, serve: Serve, provider: LocalProvider) -> None:
    address = serve()
    provider.stop()
    page.goto(f"{address}/")


def session_ended(page: Page, serve: Serve, provider: LocalProvider) -> None:
    page.goto(f"{serve(public_paths='/public')}/public")
    page.get_by_role("button", name="Save").click()


def confirm_logout(page: Page, serve: Serve, provider: LocalProvider) -> None:
    address, evil = serve("localhost"), serve(public_paths="/public")
    page.goto(f"{address}/")
    page.goto(f"{evil}/public")
    page.evaluate("address => { location = address }", f"{address}/oauth2/logout")


def login_loop(page: Page, serve: Serve, provider: LocalProvider) -> None:
    page.goto(f"{serve(auth_cookie_domain='other.example')}/")


def called_wrongly(page: Page, serve: Serve, provider: LocalProvider) -> None:
    page.goto(f"{serve()}/oauth2/callback")


def framed(page: Page, serve: Serve, provider: LocalProvider) -> Frame | None:
    page.goto(f"{serve(public_paths='/public')}/public")
    page.evaluate("""() => {
        const frame = document.createElement('iframe')
        Object.assign(frame, {src: '/'}).style = 'width: 100%; height: 600px'
        document.body.replaceChildren(frame)
    }""")
    return page.locator("iframe").element_handle().content_frame()


SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PAGES: dict[str, tuple[Show, str]] = {
    "signed-out": (signed_out, "You are signed out"),
    "refused": (refused, "You may not use this app"),
    "refused-by-a-rule": (refused_by_a_rule, "You may not use this page"),
    "nobody": (nobody, "You may not use this page"),
    "step-up-unmet": (step_up_unmet, "Your sign-in is not enough for this page"),
    "step-up-for-a-form": (step_up_for_a_form, "Please sign in again for this"),
    "step-up-by-another": (step_up_by_another, "Somebody else has signed in"),
    "sign-in-failed": (sign_in_failed, "Sign-in was refused"),
    "provider-down": (provider_down, "The sign-in provider does not answer"),
    "session-ended": (session_ended, "Your session has ended"),
    "confirm-logout": (confirm_logout, "Sign out?"),
    "login-loop": (login_loop, "Signing in goes round in circles"),
    "called-wrongly": (called_wrongly, "This address was not called correctly"),
    "framed": (framed, "Please sign in"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_and_used_anywhere(
    name: str, chromium: Browser, serve: Serve, provider: LocalProvider
) -> None:
    """No script changes these pages, so one that is shown already is what it would be if it had been loaded so."""
    show, title = PAGES[name]
    with chromium.new_context() as context:
        context.set_default_timeout(1000 * LIMIT)
        page = context.new_page()
        shown = show(page, serve, provider) or page.main_frame
        expect(shown.get_by_role("heading")).to_have_text(title)
        assert shown.title() == title
        assert shown.evaluate("document.documentElement.lang") == "en"
        PICTURES.mkdir(exist_ok=True)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for width in (1280, 390):
                page.set_viewport_size({"width": width, "height": 800})
                assert shown.evaluate("[matchMedia('(prefers-color-scheme: dark)').matches, top.innerWidth]") == [
                    scheme == "dark",
                    width,
                ]
                can_be_read_and_used(shown, name)
                page.screenshot(path=PICTURES / f"{name}-{scheme}-{width}.png")


def can_be_read_and_used(shown: Frame, name: str) -> None:
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    act = shown.locator(".act")
    assert contrast(shown, "main p, main h1") >= 4.5
    # Where nobody passes there is nothing to do; who signs in for a form has that to send too.
    count = {"nobody": 0, "step-up-for-a-form": 2}.get(name, 1)
    expect(act).to_have_count(count)
    for each in act.all():
        box = each.bounding_box()
        assert box is not None
        assert box["height"] >= 40  # a thumb's width
    assert not count or contrast(shown, ".act") >= 4.5


def contrast(frame: Frame, selector: str) -> float:
    """Return the least contrast of text against what is behind it (WCAG 2, 1.4.3)."""
    script = """selector => Math.min(...[...document.querySelectorAll(selector)].map(element => {
        const numbers = text => text.match(/[\\d.]+/g).map(Number)
        const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
            .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
            .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
        let behind = element
        while (numbers(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement
        const [a, b] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor]
            .map(numbers).map(light).sort((x, y) => y - x)
        return (a + 0.05) / (b + 0.05)
    }))"""
    return float(frame.evaluate(script, selector))
