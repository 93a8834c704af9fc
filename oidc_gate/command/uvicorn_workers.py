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
from uvicorn.supervisors.multiprocess import Process

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
        self._untold: list[Process] = []
        super().__init__(*given)

    def handle_hup(self) -> None:
        """Have SIGHUP handed on to each process."""
        if self._is_terminal_gone():
            self.handle_term()
            return
        self._untold = [*self.processes]
        self._tell()

    def keep_subprocess_alive(self) -> None:
        """Do what uvicorn does twice a second; hand the signal on to those that hear it by now."""
        self._tell()
        super().keep_subprocess_alive()

    def _tell(self) -> None:
        """Hand the signal on. It would end a process that has just been started: that has it once it is ready.

        One that has ended meanwhile needs no word: what takes its place reads the settings by itself.
        """
        self._untold = [process for process in self._untold if process in self.processes]
        for process in [*self._untold]:
            if process.pid and process.is_ready(timeout=1):
                self._untold.remove(process)
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGHUP)
