"""The loop thread: it owns every socket, pool and timer. Others ask it; it never waits for them."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Coroutine
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

import uvloop

from lambda_emu.http.executors import Closed, Executor, Workers

log = logging.getLogger(__name__)
T = TypeVar("T")
P = ParamSpec("P")

GIL_SWITCH_S = 0.0002
"""How long a worker may hold the interpreter while the loop wants it; the default of 5 ms was seen in every call."""

LAST_MOMENT_S = 0.5
"""How long a stop waits for tasks that are about to end."""
STOP_LIMIT_S = 1.5


class Loop:
    """One event loop on a thread of its own, and an executor for each kind of work that may block."""

    def __init__(self) -> None:
        self.asyncio: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="loop", daemon=True)
        self._executors: dict[Workers, Executor] = {}  # made on the loop, when first needed
        self._takes_work = True
        self.given = 0  # so much work ever
        self._tasks: set[asyncio.Task[Any]] = set()  # keeps running tasks alive; touched on the loop only

    def start(self) -> None:
        sys.setswitchinterval(GIL_SWITCH_S)
        self._thread.start()

    def stop(self) -> None:
        """End what runs on it, then the workers, then the thread. Not from the loop.

        Who hangs is left behind: no thread of ours keeps the process from ending.
        """
        turns = self._turns(self._end_tasks())
        hanging = self._end_workers()
        if turns:
            self._turns(asyncio.sleep(0))  # who waits for work that was given up hears of it
        self.asyncio.call_soon_threadsafe(self.asyncio.stop)
        self._thread.join(timeout=STOP_LIMIT_S)
        if not self._thread.is_alive():
            self._close_after(hanging)

    def ask(self, fn: Callable[[], T], timeout_s: float) -> T:
        """Run `fn` on the loop and return what it returned. From any other thread."""
        answer: Future[T] = Future()
        self.asyncio.call_soon_threadsafe(_answer, fn, answer)
        return answer.result(timeout_s)

    def run(
        self, coroutine: Coroutine[Any, Any, T], timeout_s: float, meanwhile: Callable[[], object] | None = None
    ) -> T:
        """Run a coroutine on the loop to its end. From any other thread; on timeout it is cancelled.

        meanwhile: what is done here before waiting for it.
        """
        future = asyncio.run_coroutine_threadsafe(coroutine, self.asyncio)
        try:
            if meanwhile is not None:
                meanwhile()
            return future.result(timeout_s)
        except BaseException:  # who waits may also be told to stop
            future.cancel()
            raise

    def post(self, fn: Callable[..., object], *args: object) -> None:
        """Have the loop call `fn` soon. From any thread; after the loop has ended it does nothing."""
        try:
            self.asyncio.call_soon_threadsafe(fn, *args)
        except RuntimeError:
            log.debug("the loop has ended; %r is not called", fn)

    def spawn(self, coroutine: Coroutine[Any, Any, object], what: str) -> asyncio.Task[object]:
        """Run a coroutine beside everything else; what it raises is logged. On the loop."""
        task = self.asyncio.create_task(coroutine, name=what)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def work(self, kind: Workers, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """Run what may block on a worker of its kind. On the loop; await the result. Full, Closed."""
        executor = self._executors.get(kind)
        if executor is None:
            if not self._takes_work:
                raise Closed
            executor = self._executors[kind] = Executor(kind.label, kind.threads, kind.waiting)
        self.given += 1
        return executor.call(lambda: fn(*args, **kwargs))

    def count_unfinished(self, kind: Workers | None = None) -> int:
        """How many of this kind, or of all, are at work or wait for it. From any thread."""
        found = list(self._executors.items())
        return sum(len(executor.unfinished) for each, executor in found if kind in (None, each))

    def unfinished(self) -> Counter[str]:
        """How many are at work or wait for it, by what it is. From any thread."""
        return Counter({kind.label: self.count_unfinished(kind) for kind in list(self._executors)})

    def _turns(self, coroutine: Coroutine[Any, Any, object]) -> bool:
        """Whether the loop comes so far in time."""
        try:
            self.run(coroutine, STOP_LIMIT_S)
        except TimeoutError:
            log.warning("the loop did not come to rest in %g s", STOP_LIMIT_S)
            return False
        return True

    def _close_after(self, hanging: Collection[Future[Any]]) -> None:
        """A worker that ends late still tells the loop; the last one gives back what it has open."""

        def close(_: object = None) -> None:
            if all(future.done() for future in hanging):
                self.asyncio.close()

        for future in hanging:
            future.add_done_callback(close)
        if not hanging:
            close()

    def _end_workers(self) -> Collection[Future[Any]]:
        """Wait a moment for what runs; returns what is left behind."""
        self._takes_work = False
        executors = list(self._executors.values())
        for executor in executors:
            executor.close()
        running = [future for executor in executors for future in list(executor.unfinished)]
        _, hanging = wait(running, LAST_MOMENT_S)
        if hanging:
            labels = ", ".join(executor.label for executor in executors if executor.unfinished)
            log.warning("%d of these are given up, since they do not end: %s", len(hanging), labels)
        return hanging

    def _run(self) -> None:
        asyncio.set_event_loop(self.asyncio)
        self.asyncio.run_forever()

    async def _end_tasks(self) -> None:
        """Whom its owner let go ends in a moment by itself; who does not is cancelled, and may still tidy up."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), LAST_MOMENT_S)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed", task.get_name(), exc_info=error)


def _answer(fn: Callable[[], T], answer: Future[T]) -> None:
    try:
        answer.set_result(fn())
    except BaseException as error:  # noqa: BLE001 - handed to whoever asked, on another thread
        answer.set_exception(error)
