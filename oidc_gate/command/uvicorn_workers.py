"""Several worker processes of uvicorn, which stay at SIGHUP: each reads its settings again, and goes on.

uvicorn itself would start new ones, one after another. An old one would go by the old rules until its turn comes, and
wait for streams and long requests, and cut off what takes longer.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Any

from uvicorn import Config
from uvicorn.supervisors import Multiprocess

from oidc_gate.command.hanging_up import terminal_watch

__all__ = ["Workers", "run_workers"]


def run_workers(factory: str, **options: Any) -> None:
    """Run what this name makes in each of some processes, until SIGINT or SIGTERM. `options`: of `uvicorn.Config`."""
    config = Config(factory, factory=True, **options)
    with suppress(KeyboardInterrupt):
        Workers(config, [config.bind_socket()]).run()


class Workers(Multiprocess):
    """The parent of the processes. Where its terminal goes, they end."""

    def __init__(self, *given: Any) -> None:
        self._is_terminal_gone = terminal_watch()  # first: uvicorn hears the signal under `nohup` too
        super().__init__(*given)

    def handle_hup(self) -> None:
        """Hand SIGHUP on to each process, once that hears it: it would end one that has just been started."""
        if self._is_terminal_gone():
            self.handle_term()
            return
        for process in self.processes:
            if process.wait_until_ready(self.config.timeout_worker_healthcheck, self.should_exit) and process.pid:
                with suppress(ProcessLookupError):  # it has ended since, and another takes its place
                    os.kill(process.pid, signal.SIGHUP)
