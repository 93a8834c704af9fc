"""`cache_control = force …`: what the app says of caching does not count on protected pages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import StageFactory

SAYS: list[list[tuple[str, str]]] = [
    [],
    [("Cache-Control", "public, max-age=31536000, immutable")],
    [("cache-control", "max-age=60"), ("Cache-Control", "public")],
    [("Expires", "Thu, 01 Jan 2099 00:00:00 GMT"), ("Pragma", "cache")],
    [("CDN-Cache-Control", "max-age=60"), ("Surrogate-Control", "max-age=60"), ("X-Accel-Expires", "60")],
    [("X-Accel-Expires", "60")],
    [("Cloudflare-CDN-Cache-Control", "max-age=60")],
]
OF_CACHING = {
    "cache-control", "expires", "pragma", "cdn-cache-control", "surrogate-control", "x-accel-expires",
    "cloudflare-cdn-cache-control",
}  # fmt: skip


def said(answer: Any) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in answer.headers if name.lower() in OF_CACHING]


@pytest.mark.parametrize("app_says", SAYS, ids=repr)
@pytest.mark.parametrize("forced", ["no-store", "private, no-cache"])
def test_the_apps_word_is_overridden(stage: StageFactory, app_says: list[tuple[str, str]], forced: str) -> None:
    here = stage(cache_control=f"force {forced}")
    here.app.headers = [*app_says, ("ETag", '"1"')]
    browser = here.signed_in()
    for _ in range(3):  # seen first, seen again, recalled
        answer = browser.fetch("/")
        assert (said(answer), answer.header("ETag")) == ([("cache-control", forced)], '"1"')


@pytest.mark.parametrize("app_says", SAYS, ids=repr)
def test_on_public_pages_it_counts_with_a_session_and_without(
    stage: StageFactory, app_says: list[tuple[str, str]]
) -> None:
    here = stage(cache_control="force no-store", public_paths="/static")
    here.app.headers = app_says
    browser, spoken = here.signed_in(), [(name.lower(), value) for name, value in app_says]
    for _ in range(3):
        assert said(browser.fetch("/static/app.css")) == (spoken or [("cache-control", "no-store")])
        assert said(browser.fetch("/")) == [("cache-control", "no-store")]
        assert said(here.browser().fetch("/static/app.css")) == spoken
    assert browser.fetch("/static/app.css").json()["identity"]["subject"] == "ada-1815"


@pytest.mark.parametrize("app_says", SAYS, ids=repr)
def test_a_renewed_session_comes_with_it(stage: StageFactory, app_says: list[tuple[str, str]]) -> None:
    here = stage(cache_control="force no-store")
    here.app.headers = app_says
    browser = here.signed_in()
    here.clock.advance(120)
    answer = browser.fetch("/")
    assert (said(answer), len(answer.header_list("Set-Cookie"))) == ([("cache-control", "no-store")], 1)


def test_a_renewed_session_on_a_public_page_goes_by_the_apps_word(stage: StageFactory) -> None:
    here = stage(cache_control="force no-store", public_paths="/static")
    here.app.headers = [("Cache-Control", "public, max-age=60")]
    browser = here.signed_in()
    here.clock.advance(120)
    answer = browser.fetch("/static/app.css")
    assert (said(answer), answer.header_list("Set-Cookie")) == ([("cache-control", "public, max-age=60")], [])
