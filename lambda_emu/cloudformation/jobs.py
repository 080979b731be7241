"""Stacks are made, changed and removed on threads of their own, a few at once; each is one job."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from lambda_emu.cloudformation.errors import TooManyJobs

log = logging.getLogger(__name__)

MOST_JOBS = 8
STOP_LIMIT_S = 1.0


class Stopping(Exception):
    """The server ends."""


class Jobs:
    """close: from any thread; what runs is told at its next step, and is given up if that takes long."""

    def __init__(self) -> None:
        self._running: set[threading.Thread] = set()
        self._closed = threading.Event()
        self._lock = threading.Lock()  # guards the set; never held while anything runs

    def check_room(self) -> None:
        """Before anything is written of what is to be begun. TooManyJobs."""
        if self._closed.is_set() or len(self._running) >= MOST_JOBS:
            raise TooManyJobs

    def start(self, name: str, work: Callable[[], None]) -> threading.Event:
        """Set when it is done. A few that were begun at the same moment may be more than there is room for."""
        done = threading.Event()

        def run() -> None:
            try:
                work()
            except Stopping:
                log.info("the stack %s is left as it is: the server ends", name)
            finally:
                with self._lock:
                    self._running.discard(thread)
                done.set()

        thread = threading.Thread(target=run, name=f"stack {name}", daemon=True)
        with self._lock:
            self._running.add(thread)
        thread.start()
        return done

    def check(self) -> None:
        """Between two steps of a job. Stopping."""
        if self._closed.is_set():
            raise Stopping

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            running = list(self._running)
        for thread in running:
            thread.join(STOP_LIMIT_S / len(running))
