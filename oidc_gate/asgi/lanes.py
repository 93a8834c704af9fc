"""Threads for what may block, in lanes: what is slow in one holds up nothing in another, nor in the app's own pool."""

from __future__ import annotations

from contextlib import suppress
from contextvars import copy_context
from threading import Lock
from typing import TYPE_CHECKING, Any

from oidc_gate.decisions import LANES, Decision, Work

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable

    from oidc_gate.decisions import Lane

__all__ = ["Lanes"]

#: Threads of each lane.
_LANE_THREADS = 16


class Lanes:
    """The lanes of one gate; `longest_wait`: for a thread, in seconds, before a request is turned away."""

    def __init__(self, longest_wait: float = 0.0) -> None:
        from concurrent.futures import ThreadPoolExecutor  # like the provider side, not a cost of the mere import

        from asgiref.sync import sync_to_async

        self.longest_wait = longest_wait
        self.pools = {lane: ThreadPoolExecutor(_LANE_THREADS, thread_name_prefix=f"oidc_gate-{lane}") for lane in LANES}
        self._in_thread = sync_to_async

    def submit(self, lane: Lane, work: Callable[[], None]) -> None:
        """Have something done in a lane that nobody waits for."""
        with suppress(RuntimeError):  # the process ends
            self.pools[lane].submit(work)

    async def perform(self, work: Work) -> Decision:
        """Run blocking work in its lane, with the context variables of this task.

        asgiref is for calls to the provider, as elsewhere in ASGI apps. For the store it is not: the way there and back
        takes it twice as long as what stands below, and asyncio's own `run_in_executor` a third longer, which is
        nothing beside a provider's answer, and much beside that of a store on this machine.
        """
        from asyncio import get_running_loop  # whoever runs this has it; an import of this module need not pay for it

        if work.turned_away is not None:
            return await self._in_turn(work)
        loop = get_running_loop()
        done: Future[Any] = loop.create_future()

        def tell(result: Any) -> None:
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(_settle, done, result)

        self.pools[work.lane].submit(copy_context().run, work.run).add_done_callback(tell)
        decision: Decision = (await done).result()
        return decision

    async def _in_turn(self, work: Work) -> Decision:
        """Run the work when a thread is free; where that takes too long, decide as the work has it for that."""
        from asyncio import CancelledError, ensure_future, wait

        begun = Lock()  # taken by whoever is first: the thread that runs it, or the wait that is over

        def run() -> Decision | None:
            return work.run() if begun.acquire(blocking=False) else None

        in_lane = self._in_thread(run, thread_sensitive=False, executor=self.pools[work.lane])
        task = ensure_future(in_lane())
        try:
            await wait({task}, timeout=self.longest_wait)
        except CancelledError:  # nobody waits any more: what has not begun need not be done
            begun.acquire(blocking=False)
            raise
        if not task.done() and begun.acquire(blocking=False) and work.turned_away is not None:
            return work.turned_away()
        decision: Any = await task
        return decision  # type: ignore[no-any-return]  # None only for those that were turned away


def _settle(future: Future[Any], result: Any) -> None:
    if not future.done():  # nobody waits any more for one that was cancelled
        future.set_result(result)
