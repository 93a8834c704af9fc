"""One entrant that runs: signed in to, looked at, and measured."""

from __future__ import annotations

import re
from functools import partial
from statistics import median

from benchmarks.peers.entrant import Entrant, Ground
from benchmarks.peers.load import Load, WrongAnswerError, under_load
from benchmarks.peers.processes import cpu_seconds, mebibytes
from benchmarks.peers.visitor import PAGE, Reply, Visitor, get

__all__ = ["Contender"]

HELLO = b"hello"
REFUSED = (301, 302, 303, 307, 308, 401)


class Contender:
    """An entrant whose servers run.

    Attributes:
        loads, anonymous: what was measured with a session, and without any cookie.
        login_ms: processor time of a login in ms; None where there is none.
        memory: of all its processes, in MiB, after the load.
        wrong: what it answered wrongly; "" when all was right. It is not measured any more then.

    """

    def __init__(self, entrant: Entrant, versions: str, ground: Ground) -> None:
        self.entrant, self.versions, self._ground = entrant, versions, ground
        self.loads: list[Load] = []
        self.anonymous: list[Load] = []
        self.login_ms: float | None = None
        self.memory = 0.0
        self.wrong = ""
        self._url = ""
        self._signed: dict[str, str] = {}

    @property
    def gates(self) -> bool:
        """Whether it is anything but a bare app."""
        return bool(self.entrant.bare)

    @property
    def sends_away(self) -> str:
        """How somebody without a session is refused: "401", "302", or "302*" when not to the provider at once."""
        reply = get(self._url, {})
        at_once = reply.header("location").startswith(self._ground.provider.issuer)
        return "401" if reply.status == 401 else f"{reply.status}{'' if at_once else '*'}"

    def start(self) -> None:
        """Start the servers, sign somebody in, and look whether all is gated; see `probe`."""
        self.entrant.start(self._ground)
        self._url = f"{self._ground.url}/"
        if self.entrant.bearer:
            self._signed = {"Authorization": f"Bearer {self._ground.provider.access_token('RS256', 1)}"}
        elif self.gates:
            self._signed = {"Cookie": self._login()}
        for _ in range(3):
            self.probe()

    def _login(self) -> str:
        visitor = Visitor()
        reply = visitor.visit(self._url)
        _expect(reply, signed=True)
        return visitor.cookies(self._url)

    def probe(self) -> None:
        """Ask with the session, without one, and with one that was changed; raise if it does not gate."""
        _expect(get(self._url, self._signed), signed=True)
        if self.gates:
            _expect(get(self._url, {}), signed=False)
            _expect(get(self._url, {name: _garbled(value) for name, value in self._signed.items()}), signed=False)

    def race(self, seconds: int, connections: int) -> None:
        """Measure requests of somebody signed in."""
        self.loads.append(self.load(seconds, connections))

    def race_anonymously(self, seconds: int, connections: int) -> None:
        """Measure requests without a session, as a browser's for a page."""
        self.anonymous.append(self._under_load({}, seconds, connections))

    def load(self, seconds: int, connections: int) -> Load:
        """Return the figures of requests of somebody signed in."""
        return self._under_load(self._signed, seconds, connections)

    def _under_load(self, headers: dict[str, str], seconds: int, connections: int) -> Load:
        size = round(median(get(self._url, headers).size for _ in range(5)))
        measure = partial(under_load, seconds=seconds, connections=connections, probe=self.probe)
        return measure(self._url, PAGE | headers, size, self._ground.roots)

    def log_in(self, times: int) -> None:
        """Have somebody new sign in so many times, one after the other, and note the processor time of each."""
        used = cpu_seconds(self._ground.roots)
        for _ in range(times):
            self._login()
        self.login_ms = (cpu_seconds(self._ground.roots) - used) * 1000 / times

    def weigh(self) -> None:
        """Note the memory."""
        self.memory = mebibytes(self._ground.roots)


def _expect(reply: Reply, *, signed: bool) -> None:
    if signed and (reply.status != 200 or reply.body != HELLO):
        raise WrongAnswerError(f"with a session: {reply.status}, {reply.body[:100]!r}")
    if not signed and (reply.status not in REFUSED or HELLO in reply.body):
        raise WrongAnswerError(f"without a session: {reply.status}, {reply.body[:100]!r}")


def _garbled(value: str) -> str:
    """Change a character in the middle of each cookie, or of the token's signature."""

    def changed(text: str) -> str:
        middle = len(text) // 2 if "=" in value else len(text) - 20
        return text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]

    return re.sub(r"(?<==)[^;]+|(?<=Bearer )\S+", lambda found: changed(found[0]), value)
