"""Schedules bring events by time: Scheduler and the timetable. What is due goes to its target by the outbox."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lambda_emu.arn import Scope, scope_in
from lambda_emu.clock import Clock
from lambda_emu.destinations.actor import Actor
from lambda_emu.destinations.delivery import NOT_COUNTED, Delivery, work_of
from lambda_emu.destinations.outbox import Outbox
from lambda_emu.destinations.retries import Cause, RetryPolicy
from lambda_emu.http.loop import Loop
from lambda_emu.services.late import LIMIT_S, LateRoom, ask_store
from lambda_emu.store import Store, WorkItem

if TYPE_CHECKING:
    from lambda_emu.services.scheduler.schedule import Schedule
    from lambda_emu.services.scheduler.serving import SchedulerServer
    from lambda_emu.services.timetable.table import Firing, Owner
    from lambda_emu.services.timetable.timetable import Timetable

log = logging.getLogger(__name__)

PRINCIPAL = "scheduler.amazonaws.com"

NO_OTHERS: Mapping[str, Callable[[], Owner]] = MappingProxyType({})


class Schedules(LateRoom["Timetable"]):
    """others: who else has entries in the timetable, by service, as rules of EventBridge."""

    left = "SELECT 1 FROM timetable UNION ALL SELECT 1 FROM schedules UNION ALL SELECT 1 FROM schedule_groups"

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
        super().__init__(store, loop)
        self._clock = clock
        self._outbox = outbox
        self._others = others
        self._catch_up = catch_up

    def make_server(self, scope: Scope) -> SchedulerServer:
        """For `SchedulerService`, on a worker. scope: of callers who name none."""
        from lambda_emu.services.scheduler.serving import SchedulerServer

        return SchedulerServer(self._store, self._loop, self._clock, scope, self.open())

    def clear(self) -> None:
        """On the loop."""
        if self.opened is not None:
            self._store.post(self._clear, _tell_failure)
            self.opened.clear()

    def empty(self, account: str) -> None:
        """Not on the loop."""
        if self.opened is None:
            return
        from lambda_emu.services.scheduler import table

        ask_store(self._store, partial(table.empty, account=account), LIMIT_S)
        super().empty(account)

    def _open(self) -> Timetable:
        from lambda_emu.services.scheduler.firing import DueSchedules
        from lambda_emu.services.timetable.timetable import Timetable

        owners: dict[str, Owner] = {service: make() for service, make in self._others.items()}
        owners["scheduler"] = DueSchedules(self._make_work, self._outbox.wake)
        timetable = Timetable(self._store, self._loop, self._clock, owners, catch_up=self._catch_up)
        if not self._closed:
            self._loop.ask(timetable.start, LIMIT_S)
        return timetable

    def _clear(self, connection: sqlite3.Connection) -> None:
        from lambda_emu.services.scheduler import table

        table.clear(connection)

    def _make_work(self, schedule: Schedule, firing: Firing) -> Sequence[WorkItem]:
        from lambda_emu.services.scheduler.firing import payload_of
        from lambda_emu.services.scheduler.targets import options_of

        target = schedule.members["Target"]
        id = self._clock.new_id()
        named = scope_in(firing.arn).function(schedule.name)
        at = f"{datetime.fromtimestamp(firing.scheduled_s, UTC):%Y-%m-%dT%H:%M:%SZ}"
        delivery = Delivery(
            id,
            target["Arn"],
            named,
            f"what was due at {at}",
            NOT_COUNTED,
            options=options_of(target),
            policy=_policy_of(target, firing.arn, at, id),
            by=Actor(PRINCIPAL, firing.arn, target["RoleArn"]),
        )
        return [work_of(delivery, self._clock.steady_s(), payload_of(schedule, firing, id))]


def _policy_of(target: Mapping[str, Any], arn: str, scheduled: str, id: str) -> RetryPolicy:
    """id: of the execution."""
    retries = target["RetryPolicy"]
    attributes = {
        "EXECUTION_ID": id,
        "IS_PAYLOAD_TRUNCATED": "false",
        "SCHEDULED_TIME": scheduled,
        "SCHEDULE_ARN": arn,
        "TARGET_ARN": target["Arn"],
    }
    return RetryPolicy(
        retries["MaximumEventAgeInSeconds"],
        retries["MaximumRetryAttempts"],
        target.get("DeadLetterConfig", {}).get("Arn"),
        Cause.SCHEDULE,
        attributes,
    )


def _tell_failure(error: BaseException | None, _: object) -> None:
    if error is not None:
        log.error("schedules could not be forgotten: %s", error)
