"""A person looks at the queues, while jobs come and the session ends."""

from __future__ import annotations

import os
import subprocess
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.real_apps.rq import APP
from tests.real_apps.serving import installed
from tests.real_apps.visiting import Visit, each_way


def enqueue(visit: Visit, queue: str) -> None:
    """Put a job into a queue."""
    code = f"""
import os, redis, rq
rq.Queue({queue!r}, connection=redis.Redis.from_url(os.environ["REDIS_URL"])).enqueue("time.sleep", 1)
"""
    env = {**os.environ, "REDIS_URL": visit.served.env["REDIS_URL"]}
    subprocess.run([str(installed(APP)), "-c", code], env=env, check=True)


def opened(visit: Visit, queue: str) -> Page:
    enqueue(visit, queue)
    page = visit.signed_in("/rq/")
    expect(page.locator("#queues tbody")).to_contain_text(queue)
    return page


def polled(page: Page) -> list[str]:
    """Return where the paths of what the page asks for by itself will be."""
    paths: list[str] = []
    page.on("request", lambda request: paths.append(urlsplit(request.url).path))
    return paths


@each_way(APP)
def test_a_bar_says_what_has_happened_and_the_page_goes_on(visit: Visit) -> None:
    visit.is_closed_to_strangers("/rq/", "/rq/0/data/queues.json", "/rq/static/css/main.css")
    page = opened(visit, "letters")
    paths = polled(page)
    enqueue(visit, "parcels")
    expect(page.locator("#queues tbody")).to_contain_text("parcels")
    assert [path for path in paths if not path.startswith(("/rq/0/data/", "/oauth2/"))] == []
    visit.photograph("queues")
    visit.end_session()
    expect(visit.bar()).to_be_visible()
    visit.photograph("ended")
    enqueue(visit, "postcards")
    visit.sign_in_by_the_bar()
    expect(page.locator("#queues tbody")).to_contain_text("postcards")


@each_way(APP)
def test_without_the_script_the_page_stands_still(visit: Visit) -> None:
    visit.context.route("**/oauth2/relogin.js", lambda route: route.fulfill(body=""))
    page = opened(visit, "letters")
    visit.end_session("logout")
    with page.expect_response(lambda answer: answer.status == 401):
        enqueue(visit, "telegrams")
    with page.expect_response(lambda answer: answer.status == 401):
        pass
    visit.photograph("without-the-script")
    expect(page.locator("#queues tbody")).not_to_contain_text("telegrams")
