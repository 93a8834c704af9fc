"""What ends a call to the provider in time, with one thread for all of them."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Barrier, Thread
from types import SimpleNamespace
from typing import Any

import pytest

from oidc_gate.provider.deadlines import Deadline
from tests.patience import LIMIT, in_time

NAME = "oidc_gate deadlines"


def watching() -> int:
    """Return how many threads watch."""
    return sum(thread.name == NAME for thread in threading.enumerate())


def wait_for(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.01)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return the two ends of a connection."""
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(LIMIT)
        yield here, there


def waited(sock: Any, watched: Any = None, seen: list[int] | None = None) -> float:
    """Wait on a connection for what never comes, and return for how many seconds more than was to be waited.

    A machine may be too busy to begin in that time: then it is tried with more. `watched`: what stands for it.
    """
    for seconds in (0.2, 2.0, 20.0):
        begun = time.monotonic()
        with suppress(TimeoutError), Deadline(seconds):
            Deadline.watch(watched or sock)
            if seen is not None:
                seen.append(watching())
            assert sock.recv(1) == b""
            return time.monotonic() - begun - seconds
    raise AssertionError("it never began in time")


def test_a_call_ends_in_time(pair: tuple[socket.socket, socket.socket]) -> None:
    assert waited(pair[0]) > -0.01


def test_one_thread_watches_all_and_ends_when_there_is_nothing_to_watch() -> None:
    together, seen, late = Barrier(8), list[int](), list[float]()

    def call() -> None:
        here, there = socket.socketpair()
        with here, there:
            here.settimeout(LIMIT)
            together.wait(LIMIT)
            late.append(waited(here, seen=seen))

    calls = [Thread(target=call) for _ in range(8)]
    for each in calls:
        each.start()
    for each in calls:
        each.join(LIMIT)
    assert (len(late), max(seen)) == (8, 1)
    assert min(late) > -0.01
    wait_for(lambda: watching() == 0)
    here, there = socket.socketpair()
    with here, there:
        assert waited(here) > -0.01


def test_a_call_that_ends_sooner_than_the_others_is_cut_first(pair: tuple[socket.socket, socket.socket]) -> None:
    def soon() -> None:
        with Deadline(LIMIT):
            assert waited(pair[0]) > -0.01

    in_time(soon, LIMIT / 2, 1)


def test_a_call_that_is_done_cuts_nothing(pair: tuple[socket.socket, socket.socket]) -> None:
    """Its connection is kept, and another call's by then."""
    here, there = pair
    for seconds in (0.2, 2.0, 20.0):
        with suppress(TimeoutError), Deadline(seconds):
            Deadline.watch(here)
            break
    wait_for(lambda: watching() == 0)
    there.send(b"x")
    assert here.recv(1) == b"x"


def test_nothing_is_waited_for_when_the_time_is_over(pair: tuple[socket.socket, socket.socket]) -> None:
    with Deadline(0.01):
        time.sleep(0.02)
        with pytest.raises(TimeoutError):
            Deadline.watch(pair[0])


def test_a_connection_within_tls_of_a_proxy_is_cut_too(pair: tuple[socket.socket, socket.socket]) -> None:
    assert waited(pair[0], SimpleNamespace(socket=pair[0])) > -0.01  # as urllib3's SSLTransport has it


def test_what_cannot_be_cut_keeps_no_other_call(
    pair: tuple[socket.socket, socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    for seconds in (0.2, 2.0, 20.0):
        with suppress(TimeoutError), Deadline(seconds):
            Deadline.watch(object())
            assert waited(pair[0]) > -0.01
            break
    wait_for(lambda: "could not be cut off: TypeError" in caplog.text)


def test_a_connection_that_has_ended_by_itself_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    wait_for(lambda: watching() == 0)
    for seconds in (0.2, 2.0, 20.0):
        here, there = socket.socketpair()
        with here, there, suppress(TimeoutError), Deadline(seconds):
            Deadline.watch(here)
            here.close()
            wait_for(lambda: watching() == 0)
            break
    assert caplog.text == ""


def test_a_thread_that_cannot_be_started_is_started_by_the_next_call(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for(lambda: watching() == 0)

    def none_left(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(Thread, "start", none_left)
        with pytest.raises(RuntimeError), Deadline(0.1):
            raise AssertionError
    assert waited(pair[0]) > -0.01


FORKED = """
import os, socket, sys, warnings
from contextlib import suppress
warnings.simplefilter("ignore", DeprecationWarning)  # of threads: the one that watches is to stay behind
from oidc_gate.provider.deadlines import Deadline

with Deadline(100):
    child = os.fork()
    if child == 0:
        here, there = socket.socketpair()
        here.settimeout(60)
        for seconds in (0.2, 2.0, 20.0):
            with suppress(TimeoutError), Deadline(seconds):
                Deadline.watch(here)
                os._exit(0 if here.recv(1) == b"" else 1)
        os._exit(1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_process_watches_for_itself() -> None:
    assert subprocess.run([sys.executable, "-c", FORKED], check=False, timeout=LIMIT).returncode == 0
