"""Another process with the same settings: nothing that happens in it is known in the one that runs the tests.

`answers` has it put requests to a gate of its own; run as a program, this module is that process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, NamedTuple

from tests.answers import Answer, Sent
from tests.asking_apps import asking_app
from tests.browser import Browser
from tests.patience import LIMIT
from tests.stage import Clock, Stage, timed

ROOT = Path(__file__).parent.parent


class Asked(NamedTuple):
    """A request; `how` is the name of a method of `Browser`."""

    how: str
    path: str
    form: dict[str, str] | None = None


def answers(here: Stage, app: str, browser: Browser, *asked: Asked) -> list[Answer]:
    """Return what that process answers, each time as if this browser had asked; the browser's cookies stay."""
    settings = here.provider.gate_options(**here.settings)
    task = [here.world, app, settings, here.clock.now, browser.cookies.header_for("https://app.test/"), asked]
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [
        Answer(status, tuple((name, value) for name, value in headers), b64decode(body), _sent(each))
        for each, (status, headers, body) in zip(asked, json.loads(done.stdout), strict=True)
    ]


def _sent(asked: Asked) -> Sent:
    return Sent("GET", f"https://app.test{asked.path}", b"", "", None, "none", True)


def _main() -> None:
    world, app, settings, now, cookies, asked = json.load(sys.stdin)
    clock = Clock(now)
    gate = timed(world, asking_app(app, world), clock, **settings)
    told = []
    for how, path, form in asked:
        browser = Browser(gate, world)
        more: dict[str, Any] = {} if form is None else {"form": form}
        answer = getattr(browser, how)(path, headers={"Cookie": cookies}, **more)
        told.append((answer.status, answer.headers, b64encode(answer.body).decode()))
    print(json.dumps(told))


if __name__ == "__main__":
    _main()
