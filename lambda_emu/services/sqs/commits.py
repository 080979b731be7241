"""Steps of SQL that the loop has ready in one turn share a commit, and one hand-over to the store's thread each way."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from lambda_emu.clock import Clock, Timer
from lambda_emu.http.loop import Loop
from lambda_emu.services.sqs.errors import SqsError, SqsFailure
from lambda_emu.store import Store

log = logging.getLogger(__name__)

LATER_S = 0.05
"""So long at most a step that nobody waits for waits for another."""

Step = Callable[[sqlite3.Connection], Any]
Told = Callable[[SqsError | None, Any], None]
_Job = tuple[Step, Told]


class Commits:
    """On the loop. Steps are taken in their order; if a commit of several fails, each is tried again alone."""

    def __init__(self, store: Store, loop: Loop, clock: Clock, first: Callable[[], Step | None]) -> None:
        """first: asked at each commit for what nobody waits for, which is taken before all else."""
        self._store = store
        self._loop = loop
        self._clock = clock
        self._first = first
        self._jobs: list[_Job] = []
        self._is_near = False
        self._timer: Timer | None = None
        self._closed = False

    def post(self, step: Step, told: Told) -> None:
        """told: called on the loop after the commit, with what the step returned."""
        self._jobs.append((step, told))
        if not self._is_near:
            self._is_near = True
            self._loop.asyncio.call_soon(self._hand_over)

    def soon(self) -> None:
        """See to it that there is one in LATER_S, if there is none before."""
        if self._closed:
            self._hand_over()
        elif self._timer is None and not self._is_near:
            self._timer = self._clock.call_later(LATER_S, self._hand_over)

    def close(self) -> None:
        """Nothing waits for another any more."""
        self._closed = True
        self._hand_over()

    def _hand_over(self) -> None:
        self._is_near = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        jobs, self._jobs = self._jobs, []
        first = self._first()
        if first is not None:
            jobs.insert(0, (first, _ignore))
        if jobs:
            self._take(jobs)

    def _take(self, jobs: Sequence[_Job]) -> None:
        def step(connection: sqlite3.Connection) -> Sequence[Any]:
            return [step(connection) for step, _ in jobs]

        def done(error: BaseException | None, results: Sequence[Any]) -> None:
            self._loop.post(self._tell, jobs, error, results)

        self._store.post(step, done)

    def _tell(self, jobs: Sequence[_Job], error: BaseException | None, results: Sequence[Any]) -> None:
        if error is None:
            for (_, told), result in zip(jobs, results, strict=True):
                told(None, result)
        elif len(jobs) == 1:
            log.error("queues could not be written: %s", error)
            jobs[0][1](SqsFailure(), None)
        else:  # only those that cannot be kept shall hear of it
            for job in jobs:
                self._take([job])


def _ignore(error: SqsError | None, result: Any) -> None:
    """Nobody waits for it; what could not be written has been logged."""
