"""Looks at all alarms when a minute has ended. Nothing runs while there are none."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial

from lambda_emu.clock import Clock, Timer
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.metrics.points import MINUTE_S
from lambda_emu.metrics.recorder import Recorder
from lambda_emu.services.alarms import table
from lambda_emu.services.alarms.alarm import Alarm
from lambda_emu.services.alarms.changes import Tell, enter
from lambda_emu.services.alarms.evaluation import evaluate
from lambda_emu.services.late import LIMIT_S, ask_store
from lambda_emu.store import Store, WorkItem

log = logging.getLogger(__name__)

EVALUATIONS = Workers("evaluations of alarms", 1, 4096)
"""One after the other, in the order of their minutes, of which a clock that is moved makes many at once."""
AFTER_S = 0.5
"""What happened last in a minute is told in a moment."""


class Watch:
    """services.late.Opened. printed: waits until what functions have printed is with the recorder. On the loop."""

    def __init__(
        self,
        store: Store,
        loop: Loop,
        clock: Clock,
        recorder: Recorder,
        printed: Callable[[], object],
        tell: Tell,
        wake: Callable[[Sequence[WorkItem]], None],
    ) -> None:
        self._store = store
        self._loop = loop
        self._clock = clock
        self._recorder = recorder
        self._printed = printed
        self._tell = tell
        self._wake = wake
        self._timer: Timer | None = None
        self._begun = 0  # how often somebody made an alarm
        self._closed = False
        self._is_failing = False

    def begin(self) -> None:
        """There may be an alarm."""
        self._begun += 1
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is None and not self._closed:
            now_s = self._clock.now_s()
            ends_s = (int((now_s - AFTER_S) // MINUTE_S) + 1) * MINUTE_S + AFTER_S
            self._timer = self._clock.call_later(max(ends_s - now_s, AFTER_S), self._ring)

    def close(self) -> None:
        self._closed = True
        self._rest()

    def clear(self) -> None:
        """Forget all alarms."""
        self._store.post(table.clear, lambda error, _: self._loop.post(self._cleared, error))

    def empty(self, account: str, told: Callable[[], object]) -> None:
        """Forget the alarms of one account."""

        def emptied(error: BaseException | None) -> None:
            if error is not None:
                log.error("alarms could not be forgotten: %s", error)
            told()

        step = partial(table.empty, account=account)
        self._store.post(step, lambda error, _: self._loop.post(emptied, error))

    def _cleared(self, error: BaseException | None) -> None:
        if error is not None:
            log.error("alarms could not be forgotten: %s", error)
        self._rest()

    def _rest(self, begun: int | None = None) -> None:
        """begun: unless somebody made an alarm since then."""
        if self._timer is not None and begun in (None, self._begun):
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        """The next minute's timer is there before this one is looked at: a clock that is moved comes by in order."""
        self._timer = None
        now_s = self._clock.now_s()
        self._set_timer()
        until_s = int(now_s // MINUTE_S) * MINUTE_S
        try:
            looked = self._loop.work(EVALUATIONS, self._look, until_s, now_s, self._begun)
        except (Closed, Full):
            log.debug("alarms are looked at in the next minute")
            return
        looked.add_done_callback(lambda done: None if done.cancelled() else self._looked(done.exception()))

    def _look(self, until_s: int, now_s: float, begun: int) -> None:
        """On a worker."""
        records = ask_store(self._store, table.all_records, LIMIT_S)
        if not records:
            self._loop.post(self._rest, begun)
            return
        self._printed()
        self._recorder.flush()
        alarms = map(table.read, records)
        found = [after for alarm in alarms if (after := self._evaluate(alarm, until_s, now_s)) is not None]
        if found:
            work = ask_store(self._store, partial(enter, found=found, tell=self._tell), LIMIT_S)
            self._loop.post(self._wake, work)

    def _evaluate(self, alarm: Alarm, until_s: int, now_s: float) -> Alarm | None:
        """One that fails holds up no other."""
        if alarm.is_composite:
            return None
        try:
            return evaluate(alarm, self._recorder.file, until_s, now_s)
        except sqlite3.Error:
            raise
        except Exception:
            log.exception("%s cannot be evaluated", alarm.arn)
            return None

    def _looked(self, error: BaseException | None) -> None:
        if error is None:
            self._is_failing = False
        elif not self._is_failing and not isinstance(error, Closed):
            log.error("alarms could not be evaluated, which is tried again each minute: %r", error)
            self._is_failing = True
