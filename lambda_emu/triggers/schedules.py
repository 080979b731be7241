"""Schedules bring events by time: Scheduler and the timetable. What is due goes to its target by the outbox.

They are opened by whoever needs them first: most servers have none.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lambda_emu.arn import Scope, scope_in, service_in
from lambda_emu.clock import Clock
from lambda_emu.destinations.delivery import NOT_COUNTED, Delivery, work_of
from lambda_emu.destinations.outbox import Outbox
from lambda_emu.http.loop import Loop
from lambda_emu.store import Store, WorkItem

if TYPE_CHECKING:
    from lambda_emu.services.scheduler.schedule import Schedule
    from lambda_emu.services.scheduler.serving import SchedulerServer
    from lambda_emu.services.timetable.table import Firing, Owner
    from lambda_emu.services.timetable.timetable import Timetable

log = logging.getLogger(__name__)

LIMIT_S = 60.0
SERVED = ("lambda", "sqs", "sns")
"""Targets by the service that their ARN names."""
NO_OTHERS: Mapping[str, Callable[[], Owner]] = MappingProxyType({})


class Schedules:
    """opened: None until somebody needed it. others: who else has entries, by service, as rules of EventBridge."""

    def __init__(
        self,
        store: Store,
        loop: Loop,
        clock: Clock,
        outbox: Outbox,
        others: Mapping[str, Callable[[], Owner]] = NO_OTHERS,
        *,
        catch_up: bool = False,
    ) -> None:
        self.opened: Timetable | None = None
        self._store = store
        self._loop = loop
        self._clock = clock
        self._outbox = outbox
        self._others = others
        self._catch_up = catch_up
        self._stopped = False
        self._lock = Lock()  # guards the opening; never waited for on the loop

    def open_what_is_left(self) -> None:
        """Of an earlier run: what is due is fired. Not on the loop."""
        if self._ask(lambda connection: connection.execute("SELECT 1 FROM timetable LIMIT 1").fetchone()):
            self.open()

    def open(self) -> Timetable:
        """The one that is open, else it is opened: then not on the loop."""
        if self.opened is not None:
            return self.opened
        from lambda_emu.services.scheduler.firing import DueSchedules
        from lambda_emu.services.timetable.timetable import Timetable

        with self._lock:
            if self.opened is None:
                owners: dict[str, Owner] = {service: make() for service, make in self._others.items()}
                owners["scheduler"] = DueSchedules(self._make_work, self._outbox.wake)
                timetable = Timetable(self._store, self._loop, self._clock, owners, catch_up=self._catch_up)
                self._loop.ask(timetable.stop if self._stopped else timetable.start, LIMIT_S)
                self.opened = timetable
        return self.opened

    def make_server(self, scope: Scope) -> SchedulerServer:
        """For `SchedulerService`, on a worker. scope: of callers who name none."""
        from lambda_emu.services.scheduler.serving import SchedulerServer

        return SchedulerServer(self._store, self._loop, self._clock, scope, self.open())

    def clear(self) -> None:
        """Forget all schedules. Not on the loop."""
        from lambda_emu.services.scheduler import table as schedules
        from lambda_emu.services.timetable import table as timetable

        def clear(connection: sqlite3.Connection) -> None:
            schedules.clear(connection)
            timetable.clear(connection)

        self._ask(clear)

    def stop(self) -> None:
        """Fire nothing any more. On the loop, before the outbox stops."""
        self._stopped = True
        if self.opened is not None:
            self.opened.stop()

    def _make_work(self, schedule: Schedule, firing: Firing) -> Sequence[WorkItem]:
        from lambda_emu.services.scheduler.firing import payload_of

        target = schedule.members["Target"]["Arn"]
        if service_in(target) not in SERVED:
            log.warning("%s is due, and its target is not served: %s", firing.arn, target)
            return ()
        id = self._clock.new_id()
        named = scope_in(firing.arn).function(schedule.name)
        about = f"what was due at {datetime.fromtimestamp(firing.scheduled_s, UTC):%Y-%m-%dT%H:%M:%SZ}"
        delivery = Delivery(id, target, named, about, NOT_COUNTED)
        return [work_of(delivery, self._clock.steady_s(), payload_of(schedule, firing, id))]

    def _ask(self, step: Callable[[sqlite3.Connection], Any]) -> Any:
        """Wait for a step of the store's writer."""
        found: Future[Any] = Future()

        def told(error: BaseException | None, result: Any) -> None:
            if error is not None:
                found.set_exception(error)
            else:
                found.set_result(result)

        self._store.post(step, told)
        return found.result(LIMIT_S)
