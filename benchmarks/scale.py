"""When 50,000 people come to their provider, simulated: `python benchmarks/scale.py [--quick]`.

It prints how many calls a second the provider gets, at most (on average over ten seconds), in crowds that differ:
with the times spread as the gate does it, and as if they were not. `docs/scale.md` has the figures.
"""

from __future__ import annotations

import logging
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measuring import say
from benchmarks.simulation import Calls, Crowd, Simulation

PEOPLE = 50_000
HOUR = 3600.0
MINUTE = 60.0


@dataclass
class Run:
    """How many people are simulated, and for how many each of them stands."""

    people: int
    lines: list[str] = field(default_factory=list)

    @property
    def stands_for(self) -> float:
        """For how many people each that is simulated stands."""
        return PEOPLE / self.people

    def tell(self, what: str, *rates: float) -> None:
        """Add a line of the table: rates of calls, in the order of its head."""
        figures = "".join(f"{rate * self.stands_for:>9.1f}" for rate in rates)
        self.lines.append(f"{what:<66}{figures}")


def main() -> int:
    """Simulate, print the table, and return the exit status."""
    logger = logging.getLogger("oidc_gate")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    quick = "--quick" in sys.argv[1:]
    run = Run(50 if quick else 5_000)
    for scenario in (monday, at_once, rechecks, outage):
        for told in scenario(run):
            say(told)
    print(f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}; calls a second of {PEOPLE:,} people,")
    print(f"at most, on average over 10 s; {run.people:,} were simulated, each for {run.stands_for:.0f}\n")
    print("\n".join(run.lines))
    return 0


def monday(run: Run) -> Iterator[str]:
    """Have people come to work around nine, two thirds of them within ten minutes of it."""
    crowd = Crowd.monday(run.people)
    logins = Calls(list(crowd.arrivals))
    run.tell("Monday at nine: logins", logins.peak(since=-HOUR))
    for spread in (False, True):
        yield f"Monday, tokens for an hour, spread: {spread}"
        made = Simulation(life=HOUR, spread=spread)
        made.run(crowd, 5 * HOUR)
        middles = [(number + 1) * (HOUR - MINUTE) for number in range(4)]
        run.tell(_named("… tokens for an hour: refreshes in hours 1, 2, 3, 4", spread), *_about(made.tokens, middles))
    yield "Monday, tokens for five minutes"
    made = Simulation(life=5 * MINUTE)
    made.run(crowd, HOUR)
    all_there = HOUR / 2
    rates = made.tokens.peak(), made.tokens.mean(all_there, HOUR)
    run.tell("… tokens for five minutes: refreshes, peak and mean", *rates)
    run.lines.append(f"      store calls for a refresh: {_per_refresh(made)}")


def at_once(run: Run) -> Iterator[str]:
    """Have all sign in within ten seconds."""
    crowd = Crowd.at_once(run.people, 10.0)
    for life in (HOUR, 5 * MINUTE):
        for spread in (False, True):
            yield f"at once, tokens for {life:.0f} s, spread: {spread}"
            made = Simulation(life=life, spread=spread)
            made.run(crowd, 4.6 * life)
            step = life - min(MINUTE, life / 10)
            found = [made.tokens.peak(since=step * (k + 0.5), until=step * (k + 1.5)) for k in range(4)]
            run.tell(_named(f"all within 10 s, tokens for {life:.0f} s: refreshes 1, 2, 3, 4", spread), *found)


def rechecks(run: Run) -> Iterator[str]:
    """Have all sign in within ten seconds, and userinfo asked every five minutes."""
    crowd = Crowd.at_once(run.people, 10.0)
    for spread in (False, True):
        yield f"rechecks, spread: {spread}"
        made = Simulation(life=24 * HOUR, recheck=5 * MINUTE, spread=spread)
        made.run(crowd, 23 * MINUTE)
        found = [made.userinfo.peak(since=300 * (k + 0.5), until=300 * (k + 1.5)) for k in range(4)]
        run.tell(_named("all within 10 s, userinfo every 300 s: rechecks 1, 2, 3, 4", spread), *found)


def outage(run: Run) -> Iterator[str]:
    """Have the provider answer 503 for ten minutes, to people whose tokens last for five and who came one by one."""
    crowd = Crowd.at_once(run.people, 5 * MINUTE)
    start, end, last = 15 * MINUTE, 25 * MINUTE, 40 * MINUTE
    yield "an outage"
    made = Simulation(life=5 * MINUTE, down=(start, end), pause=10.0)
    made.run(crowd, last)
    calls = made.tokens
    run.tell(
        "provider down for 600 s, tokens for 300 s: before, in it, after",
        calls.peak(since=start / 2, until=start),
        calls.peak(since=start + MINUTE, until=end) / run.stands_for,  # of so many processes, however many people
        calls.peak(since=end, until=last),
    )


def _about(calls: Calls, middles: list[float]) -> list[float]:
    """Return the peaks half an hour before and after these times."""
    return [calls.peak(since=each - HOUR / 2, until=each + HOUR / 2) for each in middles]


def _per_refresh(made: Simulation) -> str:
    count = len(made.tokens.times)
    asked = {name: number for name, number in made.store.asked.items() if name != "save"}
    parts = ", ".join(f"{number / count:.1f} {name}" for name, number in asked.items())
    return f"{parts}; {made.store.bytes / count:.0f} bytes of values"


def _named(what: str, spread: bool) -> str:
    return f"{what}{'' if spread else ', unspread'}"


if __name__ == "__main__":
    sys.exit(main())
