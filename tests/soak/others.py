"""Who comes without a session: strangers, programs, the provider's server; and connections that stay open."""

from __future__ import annotations

import contextlib
import random
import secrets
import threading
from collections.abc import Callable, Iterator
from typing import Any

import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import connect

from tests.access_tokens import access_token
from tests.answers import Answer
from tests.by_hand import visitor
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.soak.fleet import LIVE_CHECK, Server
from tests.soak.judge import Judge
from tests.soak.people import BELIEVED, Person, described

__all__ = ["Live", "Strangers"]

GARBAGE = ("oidc_gate.{tag}=garbage", "oidc_gate.{tag}=" + "A" * 3000, "oidc_gate.{tag}=%00%FF; =; x=\t", "{name}=")


class Strangers:
    """Everybody at one server who has no browser with a session."""

    def __init__(self, server: Server, people: list[Person], provider: LocalProvider, judge: Judge) -> None:
        self.server, self.people, self.provider, self.judge = server, people, provider, judge
        self._random = random.Random(server.name)
        self._number = 0

    def come(self, over: threading.Event) -> None:
        """Do this and that until the soak is over."""
        acts: list[tuple[Callable[[], None], int]] = [
            (self.ask_for_a_page, 4), (self.fetch, 4), (self.bring_garbage, 4), (self.send_a_token, 6),
            (self.send_a_bad_token, 2), (self.log_somebody_out, 1),
        ]  # fmt: skip
        chosen, weights = [act for act, _ in acts], [weight for _, weight in acts]
        while not over.wait(self._random.uniform(0.05, 0.5)):
            (act,) = self._random.choices(chosen, weights)
            try:
                act()
            except Exception as error:
                self._accuse(f"{act.__name__}: {error!r}")

    def ask_for_a_page(self) -> None:
        answer = self._sent("stranger", lambda: visitor().get(f"{self.server.url}/page"))
        self._judged("a stranger's page", answer, {302, 303}, {"provider": {503}})

    def fetch(self) -> None:
        here = f"{self.server.url}/"
        answer = self._sent("stranger", lambda: visitor().fetch(f"{self.server.url}/fetch", initiator=here))
        self._judged("a stranger's fetch", answer, {401})

    def bring_garbage(self) -> None:
        """Send what is no cookie of ours, or was one: the last characters of a good one are others."""
        person, here = self._random.choice(self.people), f"{self.server.url}/"
        good = "; ".join(f"{name}={person.browser.cookies.get(name)}" for name in person.browser.cookies.names())
        name = next((each for each in person.browser.cookies.names() if each.startswith("oidc_gate.")), "oidc_gate.x")
        made = self._random.choice((*GARBAGE, None))
        text = f"{name}={secrets.token_urlsafe(300)}; {good[:20]}" if made is None else made.format(tag="x", name=name)
        answer = self._sent(
            "garbage", lambda: visitor().fetch(f"{self.server.url}/fetch", initiator=here, headers={"Cookie": text})
        )
        self._judged("garbage", answer, {401}, {"store": {503}})

    def send_a_token(self) -> None:
        self._number += 1
        subject = f"robot-{self.server.name}-{self._number % 5}"
        token = access_token(self.provider, sub=subject, jti=f"{self._number % 50}")
        answer = self._with_token(token)
        # A key that has just been rotated may be asked for once a minute; tokens are refused meanwhile.
        self._judged("a token", answer, {200}, {"provider": {401, 503}})
        if answer is not None and answer.status == 200 and answer.json()["subject"] != subject:
            self._accuse(f"A TOKEN OF {subject} GOT THE PAGE OF {answer.json()['subject']!r}")

    def send_a_bad_token(self) -> None:
        good = access_token(self.provider, sub="robot", jti="bad")
        now = self.provider.now()
        bad = self._random.choice(
            [good[:-8] + "AAAAAAAA", good.rpartition(".")[0] + ".", access_token(self.provider, exp=now - 7200),
             access_token(self.provider, aud="https://elsewhere.test"), "not-a-token"]
        )  # fmt: skip
        self._judged("a bad token", self._with_token(bad), {401}, {"provider": {503}})

    def log_somebody_out(self) -> None:
        """Come as the provider's server, and say that somebody's sessions are over."""
        person = self._random.choice(self.people)
        with person.lock:
            since = self.judge.now()
            form = {"logout_token": self.provider.make_logout_token(sub=person.subject)}
            url = f"{self.server.url}/oauth2/backchannel-logout"
            answer = self._sent("back-channel", lambda: visitor().post(url, form=form, navigate=False))
            if answer is None or answer.status != 200:
                excused = {"store": {503}, "provider": {400, 503}}
                self._judged("back-channel", answer, {200 if self.server.stores else 501}, excused)
                if self.server.stores:
                    person.told_to_end_at = since  # perhaps: the answer may have been lost
                    person.signed_in_at = None
                return
            person.told_to_end_at = self.judge.now()

    def _with_token(self, token: str) -> Answer | None:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.server.url}/api"
        return self._sent("token", lambda: visitor().fetch(url, headers=headers, initiator=f"{self.server.url}/"))

    def _sent(self, kind: str, send: Callable[[], Answer]) -> Answer | None:
        since = self.judge.now()
        try:
            answer = send()
        except requests.RequestException as error:
            self.judge.saw(kind, "broken")
            if not self.judge.excuses("connection", self.server.name, since):
                self._accuse(f"{kind} broke: {error!r}")
            return None
        self.judge.saw(kind, str(answer.status))
        return answer

    def _judged(
        self, what: str, answer: Answer | None, right: set[int], excused: dict[Any, set[int]] | None = None
    ) -> None:
        if answer is None or answer.status in right:
            return
        for excuse, statuses in (excused or {}).items():
            if answer.status in statuses and self.judge.excuses(excuse, self.server.name, self.judge.now() - LIMIT / 4):
                return
        shout = "PASSED: " if answer.status == 200 else ""
        self._accuse(f"{shout}{what} was answered {described(answer)}")

    def _accuse(self, what: str) -> None:
        self.judge.accuse(self.server.name, what)


class Live:
    """One who holds connections open, a WebSocket where the server has them and an event stream, until they end."""

    def __init__(self, server: Server, person: Person, judge: Judge) -> None:
        self.server, self.person, self.judge = server, person, judge
        self._random = random.Random(f"live {server.name}")

    def hold(self, over: threading.Event) -> None:
        """Open one after another until the soak is over."""
        while not over.wait(0.5):
            with self.person.lock:
                if self.person.signed_in_at is None and not self.person.comes_back():
                    continue
            which = self._talk if self.server.is_asgi and self._random.random() < 0.5 else self._listen
            since = self.judge.now()
            try:
                which(over)
            except (requests.RequestException, WebSocketException, OSError) as error:
                self.judge.saw("live", "broken")
                # gunicorn's threads are few, and a stream holds one: the answer may have to wait.
                if not any(self._excused(each, since) for each in ("connection", "session", "store")):
                    self.judge.accuse(self.server.name, f"{which.__name__}: {error!r}")
            except Exception as error:
                self.judge.accuse(self.server.name, f"{which.__name__}: {error!r}")

    def _talk(self, over: threading.Event) -> None:
        url = self.server.url.replace("http", "ws", 1) + "/socket"
        try:
            with connect(url, additional_headers=self._cookies(), open_timeout=LIMIT, origin=self._origin()) as socket:
                self.judge.saw("socket", "open")
                for _ in self._while_it_lasts(over):
                    socket.send("who am I?")
                    said = str(socket.recv(LIMIT))
                    if f'"{self.person.subject}"' not in said:
                        self.judge.accuse(self.server.name, f"A SOCKET OF {self.person.name} IS OF {said!r}")
                if self.person.signed_in_at is not None:
                    return
                with contextlib.suppress(TimeoutError):
                    socket.recv(LIVE_CHECK * 3 + BELIEVED)
                self.judge.accuse(self.server.name, "A SOCKET GOES ON after its session has ended")
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd is not None else 0
            self.judge.saw("socket", f"closed {code}")
            if code == 4401:
                self._over()
            elif not self._excused("connection", self.judge.now()):
                self.judge.accuse(self.server.name, f"a socket was closed: {closed!r}")
        except InvalidStatus as refused:
            self._refused("socket", refused.response.status_code)

    def _listen(self, over: threading.Event) -> None:
        with requests.Session() as session:
            session.trust_env = False
            url = f"{self.server.url}/events"
            answer = session.get(url, headers=self._cookies(), stream=True, timeout=LIMIT, allow_redirects=False)
            if answer.status_code != 200:
                self._refused("stream", answer.status_code)
                return
            self.judge.saw("stream", "open")
            chunks = answer.iter_content(None)
            for _ in self._while_it_lasts(over):
                if next(chunks, None) is None:
                    self.judge.saw("stream", "ended")
                    self._over()
                    return
            if self.person.signed_in_at is None:
                since = self.judge.now()
                for _ in chunks:
                    if self.judge.now() > since + LIVE_CHECK * 3 + BELIEVED:
                        if not self._excused("store", since):
                            self.judge.accuse(self.server.name, "A STREAM GOES ON after its session has ended")
                        return

    def _while_it_lasts(self, over: threading.Event) -> Iterator[None]:
        """Go on for a while; one time in three sign out in between, and see what comes of it."""
        for _ in range(self._random.randint(4, 40)):
            if over.wait(0.3):
                return
            yield
        if self._random.random() < 0.33 and self.server.stores and not over.is_set():
            with self.person.lock:
                self.person.sign_out()

    def _over(self) -> None:
        """Take note that the session has ended; it must have been to."""
        with self.person.lock:
            began = self.person.signed_in_at
            if began is not None and not any(self._excused(each, began) for each in ("session", "connection")):
                self.judge.accuse(self.server.name, "a connection was ended whose session had not")
            self.person.signed_in_at = None

    def _refused(self, what: str, status: int) -> None:
        self.judge.saw(what, str(status))
        began = self.person.signed_in_at or 0.0
        excused = self._excused("store", self.judge.now()) if status == 503 else self._excused("session", began)
        if not excused:
            self.judge.accuse(self.server.name, f"a {what} of somebody signed in got {status}")
        if status in (401, 403, 302):
            self.person.signed_in_at = None

    def _excused(self, excuse: Any, since: float) -> bool:
        return self.judge.excuses(excuse, self.server.name, since)

    def _cookies(self) -> dict[str, str]:
        return dict(self.person.browser._cookie_header(self.server.url, same_site=True, lax_allowed=True))

    def _origin(self) -> Any:
        return self.server.url
