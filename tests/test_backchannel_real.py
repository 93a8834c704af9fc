"""Back-channel logout as panva's oidc-provider does it: its server posts the token to ours."""

from __future__ import annotations

from pathlib import Path

from oidc_gate.wsgi import OIDCGate
from tests.apps import COOKIE_SECRET, wsgi_echo
from tests.browser import Browser
from tests.providers.real import panva
from tests.providers.serving import ServerThread
from tests.redis_servers import until


def test_a_logout_at_panvas_provider_ends_the_session_here(tmp_path: Path) -> None:
    server = ServerThread(lambda environ, start_response: gate(environ, start_response))
    server.start()
    try:
        address = f"http://127.0.0.1:{server.port}/oauth2/backchannel-logout"
        client = {
            "client_id": "told",
            "client_secret": "secret-of-the-client-that-is-told-of-logouts",
            "redirect_uris": ["https://app.test/oauth2/callback"],
            "backchannel_logout_uri": address,
            "backchannel_logout_session_required": True,
        }
        with panva(tmp_path, clients=[client]) as provider:
            options = provider.gate_options("told", client_secret=client["client_secret"])
            store = f"sqlite:///{tmp_path}/sessions.db"
            gate = OIDCGate(wsgi_echo(), **options, cookie_secret=COOKIE_SECRET, session_store=store)
            browser, other = (Browser(gate, "wsgi") for _ in range(2))
            for each in (browser, other):
                assert provider.login(each, each.navigate("/")).status == 200
            page = browser.navigate(f"{provider.issuer}/session/end")
            provider.log_out(browser, page)
            until(lambda: browser.fetch("/").status == 401)
            assert "backchannel.success told" in provider.server.output
            assert other.fetch("/").status == 200, "the other browser's session is another"
    finally:
        server.stop()
