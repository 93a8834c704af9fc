"""FastAPI's own `/docs` behind the gate, in Chromium: it shows which operations need a login, and uses it.

The page takes Swagger UI from a CDN; here it is the same package from npm.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from playwright.sync_api import Browser, Route, expect

from oidc_gate import Identity
from oidc_gate.asgi import OIDCGate
from oidc_gate.fastapi import require
from tests.apps import COOKIE_SECRET
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.test_relogin_browser import asgi_server

pytestmark = pytest.mark.uncounted

SWAGGER = Path(__file__).parent / "swagger" / "node_modules" / "swagger-ui-dist"
PATIENCE = LIMIT * 1000


def app_of(provider: LocalProvider) -> FastAPI:
    app = FastAPI()

    @app.get("/payroll")
    async def payroll(who: Annotated[Identity, Depends(require(groups="engineers"))]) -> str:
        return f"Payroll, for {who.name}"

    @app.post("/bonus")
    async def bonus(who: Annotated[Identity, Depends(require(groups="nobody"))]) -> str:
        return f"A bonus, by {who.name}"

    @app.get("/weather")
    async def weather() -> str:
        return "rain"

    app.add_middleware(OIDCGate, **provider.gate_options(cookie_secret=COOKIE_SECRET))
    return app


def from_npm(route: Route) -> None:
    """Answer with the file of the package, or with nothing."""
    file = SWAGGER / route.request.url.rpartition("/")[2]
    if file.is_file():
        route.fulfill(path=file)
    else:
        route.abort()


def test_the_docs_show_and_use_the_login(chromium: Browser, provider: LocalProvider) -> None:
    assert SWAGGER.is_dir(), "run: npm ci --prefix tests/swagger"
    with asgi_server(app_of(provider)) as port, chromium.new_context() as context:
        context.set_default_timeout(PATIENCE)
        context.route(re.compile("^https:"), from_npm)
        address, page = f"http://localhost:{port}", context.new_page()
        page.goto(f"{address}/docs")  # and signs in on the way

        payroll, bonus, weather = (page.locator(f"#operations-default-{name}") for name in NAMES)
        expect(payroll.locator("button.authorization__btn")).to_have_count(1)
        expect(weather.locator("button.authorization__btn")).to_have_count(0)
        page.get_by_role("button", name="Authorize").click()
        dialog = page.locator(".dialog-ux")
        expect(dialog).to_contain_text("login")
        expect(dialog).to_contain_text("Sign in with the browser, at /oauth2/login")
        expect(dialog).to_contain_text("In: cookie")
        dialog.get_by_role("button", name="Close", exact=True).click()

        for operation, status, said in ((payroll, "200", "Payroll, for Ada Lovelace"), (bonus, "403", "not_allowed")):
            operation.locator("button.opblock-summary-control").click()
            operation.get_by_role("button", name="Try it out").click()
            operation.get_by_role("button", name="Execute").click()
            answer = operation.locator(".live-responses-table")
            expect(answer).to_contain_text(said)
            expect(answer.locator("td.response-col_status:not(.col_header)").first).to_contain_text(status)

        other = context.new_page()  # the session ends in another tab
        other.goto(f"{address}/oauth2/logout")
        payroll.get_by_role("button", name="Execute").click()
        answer = payroll.locator(".live-responses-table")
        expect(answer.locator("td.response-col_status:not(.col_header)").first).to_contain_text("401")
        expect(answer).to_contain_text("login_required")
        expect(answer).to_contain_text("/oauth2/login")


#: How Swagger UI calls the operations.
NAMES = ("payroll_payroll_get", "bonus_bonus_post", "weather_weather_get")
