"""How long tests wait: as long as it takes, and for what may not take long, until it did not.

What waits for something to happen has a limit only so that it ends where it never does; on a busy machine everything
may take many times as long as usual.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Seconds until what has not happened counts as never happening.
LIMIT = 120.0
#: A provider or a store may take longer than a gate waits in life: no journey is to fail for that.
PATIENT = {"http_timeout": "30s", "store_timeout": "20s"}


def in_time(work: Callable[[], T], limit: float, tries: int = 6) -> T:
    """Return what the work returns, which must not take longer than this.

    Where it did, it is done again: what is slow by itself is slow each time, but a busy machine is not.
    """
    for _ in range(tries):
        started = time.monotonic()
        result = work()
        if time.monotonic() - started < limit:
            return result
    raise AssertionError(f"it took longer than {limit} s, {tries} times in a row")
