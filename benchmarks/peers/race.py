"""The race itself: install, start, check, take turns, print."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.canned_provider import CannedProvider
from benchmarks.measuring import say
from benchmarks.peers.contender import Contender
from benchmarks.peers.entrant import Entrant, Ground, InstallError
from benchmarks.peers.load import WrongAnswerError
from benchmarks.peers.results import report

__all__ = ["CHECK", "FULL", "QUICK", "Effort", "race"]


@dataclass(frozen=True)
class Effort:
    """How much is done: rounds of so many seconds with so many connections, and logins. No round: only checked."""

    rounds: int
    seconds: int
    connections: int
    logins: int
    warm_up: int


FULL = Effort(rounds=5, seconds=4, connections=16, logins=100, warm_up=2)
QUICK = Effort(rounds=1, seconds=1, connections=4, logins=3, warm_up=0)
CHECK = Effort(rounds=0, seconds=0, connections=0, logins=0, warm_up=0)


def race(entrants: Sequence[Entrant], effort: Effort) -> int:
    """Run it, print the report, and return the exit status: 1 when one did not gate."""
    if shutil.which("wrk") is None:
        say("The race needs wrk: apt-get install wrk")
        return 1
    load_before = os.getloadavg()[0]
    absent: dict[str, str] = {}
    ready: list[tuple[Entrant, str]] = []
    for entrant in entrants:
        try:
            ready.append((entrant, entrant.install()))
        except InstallError as error:
            absent[entrant.name] = str(error)
    with ExitStack() as stack:
        provider = stack.enter_context(CannedProvider())
        folder = Path(stack.enter_context(TemporaryDirectory()))
        contenders = [_started(stack, provider, folder, entrant, versions) for entrant, versions in ready]
        _measure(contenders, effort)
        if effort.rounds:
            how = f"{effort.rounds} rounds of {effort.seconds:g} s, {effort.connections} connections"
            print(report(contenders, absent, load_before, how))
        else:
            checked = {each.entrant.name: each.wrong or f"gates. {each.versions}" for each in contenders}
            print("\n".join(f"{name}: {said}" for name, said in (checked | absent).items()))
        return int(any(each.wrong for each in contenders))


def _started(stack: ExitStack, provider: CannedProvider, folder: Path, entrant: Entrant, versions: str) -> Contender:
    say(f"starting {entrant.name}")
    place = folder / entrant.name
    place.mkdir()
    contender = Contender(entrant, versions, Ground(provider, stack, place))
    _tried(contender, contender.start)
    return contender


def _tried(contender: Contender, step: Callable[[], object]) -> None:
    """Do something with a contender that is still in; what goes wrong takes it out, and the others go on."""
    if contender.wrong:
        return
    try:
        step()
    except (WrongAnswerError, RuntimeError, AssertionError, OSError, HTTPException) as error:
        contender.wrong = f"{type(error).__name__}: {error}"
        say(f"{contender.entrant.name}: {contender.wrong}")


def _measure(contenders: Sequence[Contender], effort: Effort) -> None:
    """Take turns, in a new order each round: what the machine does meanwhile is to hit all of them alike."""
    if effort.warm_up:
        for each in contenders:
            _tried(each, partial(each.load, effort.warm_up, effort.connections))
    for number in range(effort.rounds):
        say(f"round {number + 1} of {effort.rounds}")
        for each in random.sample(contenders, len(contenders)):
            _tried(each, partial(each.race, effort.seconds, effort.connections))
            if number == effort.rounds - 1:
                _tried(each, each.weigh)
    gates = [each for each in contenders if each.gates]
    for number in range(min(effort.rounds, 3)):
        say(f"without a session, round {number + 1}")
        for each in random.sample(gates, len(gates)):
            _tried(each, partial(each.race_anonymously, max(1, effort.seconds // 2), effort.connections))
    if effort.logins:
        say("logins")
        for each in gates:
            if not each.entrant.bearer:
                _tried(each, partial(each.log_in, effort.logins))
