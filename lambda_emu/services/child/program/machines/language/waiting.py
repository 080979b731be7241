"""Threads that work by the clock of work, and events that they wait for by it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from math import inf
from typing import Any

from lambda_emu.services.child.program.clock import Wait, clock

UNLIMITED_S = 99_999_999
"""As the interpreter says that there is no limit."""
MOST_WORKERS = 4000


class Worker(threading.Thread):
    """While it runs and does not wait, time does not go on."""

    counting = threading.Lock()  # guards what is below
    count = 0

    def __init__(self, target: Callable[..., object], args: Iterable[Any] = (), name: str = "", daemon: bool = True):
        super().__init__(target=target, args=args, name=name or "state machine", daemon=daemon)
        self.over: Event | None = getattr(threading.current_thread(), "over", None)
        """Of the execution that it works for, as those that it begins do."""

    def start(self) -> None:
        """RuntimeError: there are too many."""
        with Worker.counting:
            if Worker.count >= MOST_WORKERS:
                raise RuntimeError(f"More than {MOST_WORKERS} branches and tasks are under way")
            Worker.count += 1
        clock.begin(self)
        try:
            super().start()
        except RuntimeError:  # the system has no more of them
            self._leave()
            raise

    def run(self) -> None:
        try:
            super().run()
        finally:
            self._leave()

    def _leave(self) -> None:
        clock.end(self)
        with Worker.counting:
            Worker.count -= 1


class Event:
    """As threading.Event, but that time may go on while a thread waits for it. It is seen by who waits for it even if
    it is cleared at once.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._times = 0
        self._lock = threading.Lock()  # guards who is woken
        self._waits: set[Wait] = set()

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        with self._lock:
            self._is_set = True
            self._times += 1
            for wait in self._waits:
                clock.wake(wait)

    def clear(self) -> None:
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        with self._lock:
            times, wait = self._times, Wait()
            if self._is_set:
                return True
            self._waits.add(wait)
        try:
            limit_s = inf if timeout is None or timeout >= UNLIMITED_S else timeout
            clock.wait(limit_s, lambda: self._times == times, wait)
        finally:
            with self._lock:
                self._waits.discard(wait)
        return self._times != times


class Moment(datetime):
    """As AWS writes it in what executions see."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Moment:
        """UTC; without a zone it says none, as what it is compared with."""
        now = cls.fromtimestamp(clock.now_s(), UTC)
        return now if tz is not None else now.replace(tzinfo=None)

    def isoformat(self, *_: object) -> str:
        return written(self.timestamp())


def written(epoch_s: float) -> str:
    """UTC, to the millisecond."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def sleep(seconds: float) -> None:
    """By the clock of work, until the execution that this thread works for is over."""
    over: Event = getattr(threading.current_thread(), "over", None) or Event()
    over.wait(seconds)


def look_again(seconds: float) -> None:
    """By the machine's: until somebody who works meanwhile is looked for again. Time may go on."""
    until_s = time.monotonic() + seconds
    clock.wait(inf, lambda: time.monotonic() < until_s)
