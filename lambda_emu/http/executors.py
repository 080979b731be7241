"""Threads for what may block, a few for each kind of work: no kind waits behind another, and none without bound."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Workers(Struct, frozen=True, eq=False):
    """The threads for one kind of work. label: what waits for them. threads: at most. waiting: how many more may wait.

    Who has the work says so beside it; docs/decisions/executors.md has why, and which kinds there are.
    """

    label: str
    threads: int
    waiting: int


class Full(Exception):
    """As many wait as may."""

    def __init__(self, label: str, waiting: int) -> None:
        super().__init__(f"{waiting} {label} are waiting already")


class Closed(Exception):
    """Nothing more is taken."""


class Executor:
    """Runs functions in their order on up to `threads` threads, which are made when first needed.

    Unlike the standard library's it may be full, and whoever hangs in it holds up neither `close` nor the process.
    """

    def __init__(self, label: str, threads: int, waiting: int) -> None:
        self.label = label
        self.unfinished: set[Future[Any]] = set()  # given and not done; what others see of it may be a moment old
        self._most = threads
        self._waiting = waiting
        self._threads = 0
        self._closed = False
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()

    def call(self, fn: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        """Have a thread call `fn`. On the loop; await the result. Full, Closed."""
        future = self._submit(partial(fn, *args))
        waited = asyncio.wrap_future(future)
        future.add_done_callback(self.unfinished.discard)  # after that, so the loop has been told of the end
        return waited

    def _submit(self, fn: Callable[[], T]) -> Future[T]:
        if self._closed:
            raise Closed
        if len(self.unfinished) >= self._most + self._waiting:
            raise Full(self.label, self._waiting)
        future: Future[T] = Future()
        self.unfinished.add(future)
        self._jobs.put((future, fn))
        if self._threads < min(len(self.unfinished), self._most):
            self._threads += 1
            threading.Thread(target=self._run, name=f"{self.label} {self._threads}", daemon=True).start()
        return future

    def close(self) -> None:
        """Take nothing more and give up what waits; what runs goes on. Waits for nobody."""
        self._closed = True
        for future in list(self.unfinished):
            future.cancel()
        for _ in range(self._threads):
            self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, fn = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(fn())
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever awaits the result
                future.set_exception(error)
            del job, future, fn  # nothing is kept alive while this thread waits
