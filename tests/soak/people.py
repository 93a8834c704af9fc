"""People in browsers: each signs in, asks, signs out, comes back, and knows at any time what it is to be answered."""

from __future__ import annotations

import random
import re
import threading
import time
from typing import Any

import requests

from tests.answers import Answer
from tests.browser import Browser
from tests.by_hand import visitor
from tests.providers.local import LocalProvider
from tests.providers.people import PASSWORD
from tests.soak.fleet import HTTP_TIMEOUT, STORE_TIMEOUT, Server
from tests.soak.judge import Judge

__all__ = ["Person", "described"]

#: Nobody who is signed in waits for longer (seconds), on a machine with much else to do.
LONGEST_WAIT = 2 * (HTTP_TIMEOUT + STORE_TIMEOUT) + 20
#: What has ended is believed by another process for so long (`session_cache_seconds` and a busy machine).
BELIEVED = 4.0
#: Answers that are right at any time, by their codes: a WSGI server keeps its last threads free of logins, and logins
#: that were finished while the clock was ahead count for as much longer in `login_loop`, once it is set back.
ALWAYS_RIGHT = ("provider_busy", "login_loop")
#: Whoever signs in three times in a minute is told that his browser keeps no session.
BETWEEN_LOGINS = 32.0


class Person:
    """One person with one browser at one server."""

    def __init__(self, server: Server, number: int, provider: LocalProvider, judge: Judge) -> None:
        self.server, self.provider, self.judge = server, provider, judge
        self.name = f"{server.name}-{number}"
        self.subject = f"sub-{self.name}"
        provider.people[self.name] = {"sub": self.subject, "email": f"{self.name}@example.com", "name": self.name}
        self.browser: Browser = visitor()
        #: When the session began; None without one. Since when the provider has wanted it to end; inf for no.
        self.signed_in_at: float | None = None
        self.told_to_end_at = float("inf")
        self._random = random.Random(self.name)
        self._tried_at = float("-inf")
        #: Held while something is done that ends or begins a session.
        self.lock = threading.RLock()

    def live(self, over: threading.Event) -> None:
        """Do this and that until the soak is over; not all sign in at once, for WSGI turns away who waits for long."""
        over.wait(self._random.uniform(0.0, 15.0))
        while not over.wait(self._random.uniform(0.1, 0.8)):
            with self.lock:
                try:
                    self._do_something()
                except Exception as error:
                    self.judge.accuse(self.server.name, f"{self.name}: {error!r}")
                self.browser.trail.clear()

    def _do_something(self) -> None:
        chance = self._random.random()
        if self.signed_in_at is None:
            self.comes_back()
        elif chance < 0.03:
            self.sign_out()
        elif chance < 0.05 and self.server.stores:
            self.lose_a_form()
        else:
            self.ask("page" if chance < 0.4 else "fetch")

    # Signing in and out

    def comes_back(self) -> bool:
        """Sign in, if that is not too soon after the last time; return whether that went well."""
        return self.judge.now() > self._tried_at + BETWEEN_LOGINS and self.sign_in()

    def sign_in(self) -> bool:
        """Sign in, from the page that was asked for and back to it; return whether that went well."""
        since = self._tried_at = self.judge.now()
        try:
            page = self._reached(f"{self.server.url}/page")
        except requests.RequestException as error:
            self._failed("login", since, repr(error))
            return False
        if page.status == 200 and self._is_me(page):
            self.signed_in_at, self.told_to_end_at = self.judge.now(), float("inf")
            self.judge.saw("login", "200")
            return True
        self._failed("login", since, described(page), page.status)
        return False

    def _reached(self, url: str) -> Answer:
        page = self.browser.navigate(url)
        if page.status == 200 and page.url.startswith(self.provider.origin) and page.forms:
            page = self.browser.follow(self.browser.submit(page, username=self.name, password=PASSWORD))
        return page

    def _failed(self, kind: str, since: float, what: str, status: int = 0) -> None:
        excused = any(
            self.judge.excuses(each, self.server.name, since) for each in ("provider", "store", "connection", "session")
        )
        self.judge.saw(kind, str(status or "broken"))
        excused = excused or any(code in what for code in ALWAYS_RIGHT)
        if not excused or status == 200:
            self.judge.accuse(self.server.name, f"{self.name}: a {kind} failed without a fault: {what}")

    def sign_out(self) -> None:
        """Sign out; a copy of the cookie opens nothing soon after, where sessions are in a store."""
        since, copy = self.judge.now(), self.browser.copy()
        answer = self._sent("logout", since, lambda: self.browser.get(f"{self.server.url}/oauth2/logout"))
        if answer is None:
            return
        self.judge.saw("logout", str(answer.status))
        if answer.status == 503 and self.judge.excuses("store", self.server.name, since):
            return  # to be repeated
        if answer.status not in (200, 302, 303):
            self.judge.accuse(self.server.name, f"{self.name}: a logout was answered {described(answer)}")
        self.signed_in_at = None
        if self.server.stores:
            self._is_over("after a logout", copy)
        self._is_over("after a logout", self.browser, wait=0.0)

    def lose_a_form(self) -> None:
        """Have the session ended elsewhere, send a form, sign in, and send it again: the app gets it once."""
        since = self.judge.now()
        ended = self._sent("logout", since, lambda: self.browser.copy().get(f"{self.server.url}/oauth2/logout"))
        if ended is None or ended.status == 503:
            return
        self.signed_in_at = None
        time.sleep(BELIEVED)
        form = {"text": f"from {self.name}"}
        here = f"{self.server.url}/page"
        page = self._sent(
            "form", since, lambda: self.browser.post(f"{self.server.url}/form", form=form, initiator=here)
        )
        if page is None:
            return
        self.judge.saw("form", str(page.status))
        if page.status != 401:
            if not (page.status == 503 and self.judge.excuses("store", self.server.name, since)):
                self.judge.accuse(self.server.name, f"{self.name}: a form without a session got {described(page)}")
            return
        if not page.forms:
            self.judge.accuse(self.server.name, f"{self.name}: a form was not kept: {page.text[:300]!r}")
            return
        time.sleep(max(0.0, self._tried_at + BETWEEN_LOGINS - self.judge.now()))
        if not self.sign_in():
            return
        again = self._sent("form", since, lambda: self.browser.submit(page))
        if again is None:
            return
        self.judge.saw("form", str(again.status))
        if again.status != 200:
            self._failed("kept form", since, described(again), again.status)
        elif again.json() != again.json() | {"subject": self.subject, "form": f"text=from+{self.name}"}:
            self.judge.accuse(self.server.name, f"{self.name}: a kept form came as {again.text!r}")

    # Asking

    def ask(self, kind: str) -> None:
        """Ask for something while signed in."""
        since = self.judge.now()
        url = f"{self.server.url}/{kind}"
        answer = self._sent(kind, since, lambda: self._asked(kind, url))
        if answer is None:
            return
        wait = self.judge.now() - since
        self.judge.saw(kind, str(answer.status), wait)
        if wait > LONGEST_WAIT:
            self.judge.accuse(self.server.name, f"{self.name} waited for {wait:.1f} s")
        if answer.status == 200:
            if self._is_me(answer) and since > self.told_to_end_at + BELIEVED and self._is_sure(since):
                self.judge.accuse(self.server.name, f"{self.name}: the provider ended the session, and it goes on")
        elif answer.status == 503:
            if not self.judge.excuses("store", self.server.name, since):
                self.judge.accuse(self.server.name, f"{self.name}: signed in, got {described(answer)}")
        elif answer.status in (302, 303, 401):
            began = self.signed_in_at or 0.0
            if self.told_to_end_at == float("inf") and not self.judge.excuses("session", self.server.name, began):
                self.judge.accuse(self.server.name, f"{self.name}: locked out, signed in {since - began:.1f} s ago")
            self.signed_in_at = None
        elif answer.status == 400 and "login_loop" in answer.text:  # the session is over
            self.signed_in_at = None
        else:
            self.judge.accuse(self.server.name, f"{self.name}: signed in, got {described(answer)}")

    def _asked(self, kind: str, url: str) -> Answer:
        return self.browser.get(url) if kind == "page" else self.browser.fetch(url, initiator=f"{self.server.url}/")

    def _sent(self, kind: str, since: float, send: Any) -> Answer | None:
        """Return the answer, None where the connection broke, which only a fault may do."""
        try:
            answer: Answer = send()
        except requests.RequestException as error:
            self.judge.saw(kind, "broken")
            if not self.judge.excuses("connection", self.server.name, since):
                self.judge.accuse(self.server.name, f"{self.name}: a {kind} broke: {error!r}")
            return None
        return answer

    def _is_me(self, answer: Answer) -> bool:
        subject = answer.json()["subject"]
        if subject != self.subject:
            self.judge.accuse(self.server.name, f"{self.name} GOT THE PAGE OF {subject!r}")
        return bool(subject == self.subject)

    def _is_over(self, when: str, browser: Browser, wait: float = BELIEVED) -> None:
        """See that a browser gets nothing any more, once everybody has had time to know."""
        time.sleep(wait)
        since = self.judge.now()
        url = f"{self.server.url}/fetch"
        answer = self._sent("ended", since, lambda: browser.copy().fetch(url, initiator=f"{self.server.url}/"))
        if answer is None:
            return
        self.judge.saw("ended", str(answer.status))
        if answer.status not in (401, 503) and self._is_sure(since):
            self.judge.accuse(self.server.name, f"{self.name}: PASSED {when}: {described(answer)}")

    def _is_sure(self, since: float) -> bool:
        """Return whether a store can have been told of what ended lately."""
        return not self.judge.excuses("store", self.server.name, since)


def described(answer: Answer) -> str:
    """Return what an answer was, for whoever reads of it."""
    where = answer.url.partition("?")[0]
    code = re.search(r"Error (\w+)", answer.text)
    said = code[0] if code else repr(answer.body[:160])
    return f"{answer.status} from {where}: {said} {answer.location[:80]}"
