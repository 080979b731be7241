"""What becomes of a schedule that is due: what its target gets, and what is left of it after its last time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec.json import encode

from lambda_emu.arn import scope_in
from lambda_emu.services.scheduler import table
from lambda_emu.services.scheduler.schedule import Schedule, scope_and_names
from lambda_emu.services.timetable.table import Firing
from lambda_emu.store import WorkItem

MakeWork = Callable[[Schedule, Firing], Sequence[WorkItem]]
"""The work that brings a firing to its target; quick, and writes nothing. On the store's writer."""


class DueSchedules:
    """timetable.Owner of schedules. wake: told on the loop of work that was committed."""

    def __init__(self, make_work: MakeWork, wake: Callable[[Sequence[WorkItem]], None]) -> None:
        self._make_work = make_work
        self.wake = wake

    def work_of(self, connection: sqlite3.Connection, firing: Firing) -> Sequence[WorkItem]:
        found = table.schedule(connection, *scope_and_names(firing.arn))
        return () if found is None else self._make_work(found, firing)

    def end(self, connection: sqlite3.Connection, arn: str) -> None:
        found = table.schedule(connection, *scope_and_names(arn))
        if found is not None and found.is_deleted_after:
            table.delete_schedule(connection, *scope_and_names(arn))


def payload_of(schedule: Schedule, firing: Firing, execution_id: str, attempt: int = 1) -> bytes:
    """What the target gets: its Input with the words of Scheduler's guide replaced, else the event of its own."""
    scheduled = f"{datetime.fromtimestamp(firing.scheduled_s, UTC):%Y-%m-%dT%H:%M:%SZ}"
    text: str | None = schedule.members["Target"].get("Input")
    if text is None:
        return encode(_event(firing.arn, scheduled, execution_id))
    for word, value in (
        ("schedule-arn", firing.arn),
        ("scheduled-time", scheduled),
        ("execution-id", execution_id),
        ("attempt-number", str(attempt)),
    ):
        text = text.replace(f"<aws.scheduler.{word}>", value)
    return text.encode()


def _event(arn: str, scheduled: str, id: str) -> dict[str, Any]:
    """docs/contract/events.md#schedules: its detail is a string."""
    scope = scope_in(arn)
    return {
        "version": "0",
        "id": id,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": scope.account,
        "time": scheduled,
        "region": scope.region,
        "resources": [arn],
        "detail": "{}",
    }
