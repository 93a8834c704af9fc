"""`python -m tests.both_worlds [--requests 100000] [--seed 1] [--processes 2]`: 1 when something differs."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.both_worlds.made_up import made_up
from tests.both_worlds.pairs import SETTINGS, Pair
from tests.providers.local import LocalProvider

KEPT = Path(__file__).parent / "kept.jsonl"
#: After so many requests people sign in anew, and the clock goes on.
_TURN, _STEP = 2000, 30.0
#: So many that differ are enough to know.
_MOST = 20


def kept(name: str) -> Iterator[str]:
    """Give the keys of requests to which this pair once answered differently."""
    for line in KEPT.read_text().splitlines() if KEPT.exists() else ():
        pair, key, *_ = json.loads(line)
        if pair == name:
            yield key


async def differences(pair: Pair, count: int, seed: str) -> tuple[Counter[str], list[tuple[str, str]]]:
    """Send a pair so many requests; return how many came of what, and what was wrong with which (a line each).

    A request is made up from its key: with that it can be made up again, with the sessions and tokens of another run.
    """
    outcomes: Counter[str] = Counter()
    wrong: list[tuple[str, str]] = []
    for number, key in enumerate([*kept(pair.name), *(f"{seed} {number}" for number in range(count))]):
        if number % _TURN == _TURN - 1:
            pair.clock.advance(_STEP)
            pair.sign_in()
        request = made_up(random.Random(key), pair.sessions, pair.tokens)
        try:
            answers = await pair.ask(request)
            what = pair.wrong(request, answers)
        except Exception:
            what = "an exception\n" + traceback.format_exc()
        else:
            seen = dict(answers[0].seen or ())
            outcomes["somebody" if seen.get("subject") else "anybody" if seen else str(answers[0].status)] += 1
        if what and len(wrong) < _MOST:
            sent = [request.method, request.url, request.headers, request.body.decode("latin-1")]
            wrong.append((what, json.dumps([pair.name, key, *sent])))
    return outcomes, wrong


def _run(name: str, count: int, seed: str) -> tuple[Counter[str], list[tuple[str, str]]]:
    logging.getLogger("oidc_gate").setLevel(logging.CRITICAL)
    with LocalProvider() as provider:
        return asyncio.run(differences(Pair(name, provider), count, seed))


def main() -> int:
    """Run it, print what came of it, keep what differed, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.both_worlds", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", default=str(int(time.time())))
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    share = asked.requests // (len(SETTINGS) * asked.processes) + 1
    begun, outcomes, wrong = time.monotonic(), Counter[str](), list[tuple[str, str]]()
    with ProcessPoolExecutor(asked.processes) as pool:
        works = [
            pool.submit(_run, name, share, f"{asked.seed} {name} {number}")
            for name in SETTINGS
            for number in range(asked.processes)
        ]
        for work in works:
            counted, found = work.result()
            outcomes.update(counted)
            wrong += found
    total, took = sum(outcomes.values()), time.monotonic() - begun
    print(f"{total:,} requests to each world, {took:.0f} s, seed {asked.seed}")
    print("  " + ", ".join(f"{what}: {count:,}" for what, count in outcomes.most_common()))
    for what, line in wrong:
        print(f"\n{line}\n{what}")
    if wrong:
        with KEPT.open("a") as file:
            file.writelines(f"{line}\n" for _, line in wrong)
        print(f"\n{len(wrong)} differ (at most {_MOST} of each process are told); they are kept in {KEPT}")
        return 1
    print("nothing differs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
