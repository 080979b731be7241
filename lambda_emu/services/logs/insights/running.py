"""A query over events: rows of its answer, and what was looked at."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

from lambda_emu.logs.groups import StoredEvent
from lambda_emu.services.logs.insights.commands import MOST_ROWS, Plan
from lambda_emu.services.logs.insights.expressions import text_of
from lambda_emu.services.logs.insights.rows import Row, Time, Value, pointer_of, time_shown

LOOK_AT, LOOK_AT_BYTES = 512, 64 * 1024
"""Events, and bytes of them, between two looks whether it is to go on."""
MOST_BYTES = 8 * 1024 * 1024
"""Of texts in an answer."""
OF_EVENTS = ("@timestamp", "@message")

Field = dict[str, str]


class Looked:
    """What was looked at until now."""

    def __init__(self) -> None:
        self.scanned = self.matched = self.bytes = 0


def run(
    plan: Plan, events: Iterable[StoredEvent], limit: int, looked: Looked, go_on: Callable[[], None]
) -> list[list[Field]]:
    """events: the newest first. go_on: raises when the query is to end."""
    rows: Iterator[Row] = _rows(events, looked, go_on)
    for number, step in enumerate(plan.steps):
        if number == plan.matching:
            rows = _counted(rows, looked)
        rows = step(rows)
    if plan.matching == len(plan.steps):
        rows = _counted(rows, looked)
    shown = plan.shown or OF_EVENTS
    found: list[list[Field]] = []
    size = 0
    for row in itertools.islice(rows, min(limit, MOST_ROWS)):
        fields = _shown(row, shown)
        size += sum(len(field["value"]) for field in fields)
        if found and size > MOST_BYTES:
            break
        found.append(fields)
    return found


def _rows(events: Iterable[StoredEvent], looked: Looked, go_on: Callable[[], None]) -> Iterator[Row]:
    next_event, next_byte = LOOK_AT, LOOK_AT_BYTES
    for event in events:
        looked.scanned += 1
        looked.bytes += len(event.message)
        if looked.scanned >= next_event or looked.bytes >= next_byte:
            go_on()
            next_event, next_byte = looked.scanned + LOOK_AT, looked.bytes + LOOK_AT_BYTES
        yield Row(event)


def _counted(rows: Iterable[Row], looked: Looked) -> Iterator[Row]:
    for row in rows:
        looked.matched += 1
        yield row


def _shown(row: Row, names: Iterable[str]) -> list[Field]:
    """A field that is not there is not shown; an event can be found again by @ptr."""
    values = {name: row.get(name) for name in names}
    fields = [{"field": name, "value": _text(value)} for name, value in values.items() if value is not None]
    if row.event is not None:
        fields.append({"field": "@ptr", "value": pointer_of(row.event)})
    return fields


def _text(value: Value) -> str:
    return time_shown(value) if isinstance(value, Time) else text_of(value)
