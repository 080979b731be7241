"""Fires what is due. One timer for the earliest; what is due is on disk, and nothing of it is in memory."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping
from functools import partial

from lambda_emu.clock import TIMER_ERROR_S as LEAST_WAIT_S
from lambda_emu.clock import Clock, Timer
from lambda_emu.http.loop import Loop
from lambda_emu.services.timetable import table
from lambda_emu.services.timetable.table import Fired, Missed, Owner, fire, fire_latest
from lambda_emu.store import Store

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 60.0
"""Timers stand still while a machine sleeps, and go on when its clock is set: so often it is looked at."""
ASLEEP_S = 3 * LONGEST_WAIT_S
"""Whoever was away so long is treated as one who was not running."""
AGAIN_AFTER_S = 1.0


class Timetable:
    """owners: by the service that an entry's ARN names. catch_up: all that was missed is made up for. On the loop.

    Goes by the time that the machine shows (`Clock.now_s`), as people do who write `cron(0 9 * * ? *)`.
    """

    def __init__(
        self, store: Store, loop: Loop, clock: Clock, owners: Mapping[str, Owner], *, catch_up: bool = False
    ) -> None:
        self._store = store
        self._loop = loop
        self._clock = clock
        self._owners = owners
        self._catch_up = catch_up
        self._timer: Timer | None = None
        self._look_again: Timer | None = None  # of the machine's: whether its time was set, or stood still
        self._next_s: float | None = None  # when the earliest is due
        self._seen_s = 0.0  # the machine's time when the timer was set
        self._missed_until_s: float | None = None  # until then nobody was there
        self._missed = Missed()
        self.looking = False  # the table is being asked
        self._again = False
        self._failing = False
        self._stopped = False

    def start(self) -> None:
        """Begin with what an earlier run left, and with what was due since."""
        self._be_back()
        self.look()

    def close(self) -> None:
        """Fire nothing any more; what is due stays in the table."""
        self._stopped = True
        self._cancel()

    def clear(self) -> None:
        """Forget all that is due, and when."""
        self._store.post(table.clear, lambda error, _: self._loop.post(self._cleared, error))

    def empty(self, account: str, told: Callable[[], object]) -> None:
        """Forget what of one account is due, and when."""

        def emptied(error: BaseException | None) -> None:
            self._cleared(error)
            told()

        step = partial(table.empty, account=account)
        self._store.post(step, lambda error, _: self._loop.post(emptied, error))

    def set_back(self) -> None:
        """The time that is shown is earlier than it was."""
        step = partial(table.set_back, now_s=self._clock.now_s(), draw=self._clock.random)
        self._store.post(step, lambda error, _: self._loop.post(self._turned, error))

    def look(self) -> None:
        """Something was entered, removed, or is due."""
        if self.looking:
            self._again = True
            return
        if self._stopped:
            return
        self._notice_absence()
        self._cancel()
        self.looking, self._again = True, False
        if self._missed_until_s is None:
            step = partial(fire, until_s=self._clock.now_s(), owners=self._owners, draw=self._clock.random)
        else:
            step = partial(fire_latest, until_s=self._missed_until_s, owners=self._owners, draw=self._clock.random)
        self._store.post(step, lambda error, fired: self._loop.post(self._looked, error, fired))

    def _looked(self, error: BaseException | None, fired: Fired | None) -> None:
        self.looking = False
        if fired is None:
            self._put_off(error)
            return
        if self._failing:
            log.warning("schedules go on")
            self._failing = False
        for service, work in fired.work.items():
            if work:
                self._owners[service].wake(work)
        self._missed += fired.missed
        if fired.is_all and self._missed_until_s is not None:
            self._tell_missed()
            self._missed_until_s, self._again = None, True
        self._next_s = fired.next_s
        if self._again or not fired.is_all or self._is_due():
            self.look()
        else:
            self._wait()

    def _cleared(self, error: BaseException | None) -> None:
        if error is not None:
            log.error("the timetable could not be cleared: %s", error)
        self.look()

    def _turned(self, error: BaseException | None) -> None:
        if error is not None:
            log.error("schedules are due by the time that was, since the timetable could not be set back: %s", error)
        self.look()

    def _put_off(self, error: BaseException | None) -> None:
        if self._stopped:
            return
        if not self._failing:
            told = "schedules: what is due cannot be written, which is tried again until it can: %s"
            log.error(told, error, exc_info=None if isinstance(error, sqlite3.Error) else error)
            self._failing = True
        self._seen_s = self._machine_s()
        self._timer = self._clock.call_later(AGAIN_AFTER_S, self.look)

    def _wait(self) -> None:
        """Without an entry there is no timer."""
        if self._next_s is None or self._stopped:
            return
        self._seen_s = self._machine_s()
        wait_s = max(self._next_s - self._clock.now_s(), LEAST_WAIT_S)
        self._timer = self._clock.call_later(wait_s, self._ring)
        if wait_s > LONGEST_WAIT_S:
            self._look_again = self._clock.machine.call_later(LONGEST_WAIT_S, self._ring)

    def _ring(self) -> None:
        self._notice_absence()
        self._cancel()
        if self._is_due():
            self.look()
        else:
            self._missed_until_s = None
            self._wait()

    def _is_due(self) -> bool:
        return self._next_s is not None and self._next_s <= self._clock.now_s()

    def _notice_absence(self) -> None:
        if self._timer is not None and self._machine_s() - self._seen_s > ASLEEP_S:
            self._be_back()

    def _be_back(self) -> None:
        """Nobody was there until now."""
        if not self._catch_up:
            self._missed_until_s = self._clock.now_s()

    def _machine_s(self) -> float:
        """The machine's own time, however far ours was moved."""
        return self._clock.now_s() - (self._clock.ahead_s or 0.0)

    def _tell_missed(self) -> None:
        missed, self._missed = self._missed, Missed()
        if missed.entries:
            told = "%s%d firings of %d schedules were due while nobody was there and are left out; --catch-up fires all"
            log.warning(told, "more than " if missed.is_more else "", missed.firings, missed.entries)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._look_again is not None:
            self._look_again.cancel()
            self._look_again = None
