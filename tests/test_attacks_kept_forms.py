"""Attacks on kept forms (docs/kept-forms.md) beyond those of `tests/test_kept_forms.py`: other places, other people."""

from __future__ import annotations

from typing import Any

import pytest

from tests.access_tokens import TAKING, access_token
from tests.browser import Browser
from tests.providers.local import LocalProvider
from tests.stage import session_cookie
from tests.test_kept_forms import (
    BODY,
    URLENCODED,
    There,
    app_of,
    end_idly,
    ended,
    is_lost,
    kept,
    names_of,
    send,
    sign_in,
    taken,
    there,
)

pytestmark = pytest.mark.uncounted

__all__ = ["there"]  # a fixture


def posted(browser: Browser, text: str, url: str = "/oauth2/resume", **options: Any) -> Any:
    return browser.post(url, body=b"kept=" + text.encode(), content_type=URLENCODED, **options)


def test_a_form_is_sent_nowhere_but_to_the_place_it_was_kept_at(there: There) -> None:
    """Another mount, scheme, host, port, client, or path prefix of the same gate, with one secret for all."""
    here = there()
    text = kept(send(ended(here)))
    elsewhere = [
        here.signed_in("/shop/", root_path="/shop"),
        here.signed_in("/", origin="http://app.test"),
        here.signed_in("/", origin="https://app.test:8443"),
        here.signed_in("/", origin="https://www.app.test"),
    ]
    for browser in elsewhere:
        prefix = "/shop" if browser is elsewhere[0] else ""
        refused = posted(browser, text, f"{prefix}/oauth2/resume")
        assert (refused.status, names_of(refused)) == (400, "kept_form_invalid"), browser.origin
    assert {method for _, method, *_ in taken(here)} == {"GET"}


def test_what_was_kept_in_one_mount_is_not_sent_to_another(there: There) -> None:
    """Two mounts of one app, whose public address the settings say once."""
    here = there()
    browser = here.browser(root_path="/shop")
    browser.navigate("/shop/")
    end_idly(here, browser)
    text = send(browser, "/shop/orders").forms[0].fields["kept"]
    depot = here.browser(root_path="/depot")
    depot.cookies = browser.cookies
    depot.navigate("/depot/")
    refused = posted(depot, text, "/depot/oauth2/resume")
    assert names_of(refused) == "kept_form_invalid"


def test_a_session_that_somebody_planted_sends_nothing_of_its_victims(there: There, provider: LocalProvider) -> None:
    """A neighbour plants a session of their own: what the victim writes is kept for the neighbour, and sent by nobody.

    The sealed text stays in the victim's page, and the neighbour's session gives it no other reader.
    """
    here = there(auth_cookie_domain="app.test")
    provider.user = provider.people["grace"]
    neighbour = here.signed_in()
    provider.user = provider.people["ada"]
    victim = here.browser()
    planted = f"{here.session_name}={session_cookie(neighbour)}; Domain=app.test; Path=/; Secure"
    victim.cookies.receive("https://app.test/", planted)
    end_idly(here, victim)
    page = send(victim, body=b"text=of+the+victim")
    assert b"of the victim" not in page.body
    assert b"of+the+victim" not in page.body
    sign_in(victim, page)
    refused = victim.submit(page)
    assert (refused.status, names_of(refused)) == (403, "kept_form_other_person")
    assert [method for _, method, *_ in taken(here)] == ["GET"]


def test_a_form_counts_as_the_method_it_was_sent_with(there: There) -> None:
    """The second request may not make another of it, where rules go by the method."""
    rules = [
        {"path": "/orders", "method": "POST", "allow": "signed-in"},
        {"path": "/orders", "allow": {"groups": "nobody-has-it"}},
    ]
    here = there(rules=rules)
    browser = here.signed_in("/")
    end_idly(here, browser)
    page = send(browser, "/orders/7")
    sign_in(browser, page)
    calls = len(taken(here))
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X_HTTP_METHOD_OVERRIDE"):
        refused = posted(browser, kept(page), headers={name: "DELETE"})
        assert refused.status == 403, name
    assert len(taken(here)) == calls
    assert browser.submit(page).status == 200


@pytest.mark.parametrize("destination", ["document", "iframe", "frame", "object", "embed"])
def test_no_frame_of_another_site_has_a_form_kept(there: There, destination: str) -> None:
    browser = ended(there())
    headers = {"Sec-Fetch-Dest": destination}
    answer = send(browser, initiator="https://evil.example/", headers=headers)
    assert is_lost(answer)
    assert "SAMEORIGIN" not in (answer.header("X-Frame-Options") or "")


def test_a_redirect_of_another_site_keeps_nothing(there: There) -> None:
    """A form of the own page that another site sends back (307) is that site's: its Origin is null."""
    here = there()
    browser = ended(here)
    assert is_lost(send(browser, headers={"Origin": "null", "Sec-Fetch-Site": "cross-site"}))
    old = ended(here, send_fetch_metadata=False)
    assert is_lost(send(old, headers={"Origin": "null"}))


def test_nothing_of_a_form_is_markup_on_its_page(there: There) -> None:
    markup = "\"><script>alert(1)</script><a href='"
    here = there()
    browser = ended(here)
    headers = {"Referer": f"https://app.test/form?{markup}"}
    page = send(browser, f"/?{markup}", body=markup.encode(), kind=f"{URLENCODED}; x={markup}", headers=headers)
    here.clock.advance(901)
    assert kept(page)
    late = browser.submit(page)
    sign_in(browser, page)
    for answer in (page, late, browser.submit(page)):
        for part in ("<script", "alert(1)<", "<a href='", '"><a', "'\""):  # an address has them encoded
            assert part not in answer.text


def test_a_secret_that_was_taken_out_sends_nothing(there: There) -> None:
    here = there()
    browser = ended(here)
    page = send(browser)
    new = here.another_gate(cookie_secret="another-cookie-secret-that-is-long-enough-9876543210")
    other = here.moved(browser, new)
    other.navigate("/")
    refused = posted(other, kept(page))
    assert names_of(refused) == "kept_form_invalid"


def test_one_of_two_that_are_sent_at_once_counts(there: There) -> None:
    """Where there is a store: in two processes too."""
    here = there("sqlite")
    browser = ended(here)
    page = send(browser)
    sign_in(browser, page)
    twin = here.moved(browser, here.another_gate())
    assert sorted(answer.status for answer in (posted(browser, kept(page)), posted(twin, kept(page)))) == [200, 409]
    assert [body for *_, body in taken(here) if body] == [BODY]


TOKENS: dict[str, Any] = {"good": None, "bad": "Bearer x.y.z", "malformed": "Bearer", "second": "Basic eA==, Bearer x"}


def told_header(here: Any) -> str | None:
    """Return the Authorization header that the app was told last."""
    raw = app_of(here).raw[-1]
    sent = {name.decode(): value.decode() for name, value in raw.get("headers", ())}
    found: str | None = raw.get("HTTP_AUTHORIZATION", sent.get("authorization"))
    return found


@pytest.mark.parametrize("path", ["/orders/7", "/elsewhere"])
@pytest.mark.parametrize("name", TOKENS)
def test_an_access_token_beside_it_makes_it_nobody_else_s(
    there: There, provider: LocalProvider, name: str, path: str
) -> None:
    """On the gate's own paths it does not count; at the app's path, to which the form goes, it would."""
    here = there(**TAKING, bearer_paths=["/orders"])
    browser = ended(here)
    page = send(browser, path)
    header = TOKENS[name] or f"Bearer {access_token(provider, sub='grace-1906')}"
    calls = len(taken(here))
    assert kept(posted(browser, kept(page), headers={"Authorization": header})) == kept(page)
    assert len(taken(here)) == calls
    sign_in(browser, page)
    for _ in range(2):
        assert posted(browser, kept(page), headers={"Authorization": header}).status == 200
        assert taken(here)[-1][:3] == ("ada-1815", "POST", path)
        assert told_header(here) is None


@pytest.mark.parametrize(
    ("settings", "header"), [(TAKING, "Basic YWRhOng="), ({}, "Basic YWRhOng="), ({}, "Bearer of-the-app")]
)
def test_a_header_that_is_the_app_s_own_goes_with_it(there: There, settings: dict[str, Any], header: str) -> None:
    here = there(**settings)
    browser = ended(here)
    page = send(browser)
    sign_in(browser, page)
    assert posted(browser, kept(page), headers={"Authorization": header}).status == 200
    assert (taken(here)[-1][0], told_header(here)) == ("ada-1815", header)
