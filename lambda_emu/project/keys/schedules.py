"""`events: schedule`: its keys are those of SAM's ScheduleV2, and what they may hold is what Scheduler takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from lambda_emu.errors.base import LambdaError
from lambda_emu.model.schedules.expressions import parse_schedule_expression
from lambda_emu.model.schedules.zones import UnknownZone, find_zone
from lambda_emu.model.value_types import text, whole
from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.event_kind import EventKind, flag, turned
from lambda_emu.project.keys.shapes import Key
from lambda_emu.project.keys.types import KeyType, single

EXPRESSION = text("rate(5 minutes), cron(0 9 ? * MON-FRI *) or at(2030-01-01T09:00:00)", r"(?s).{1,256}")
ZONE = text("a time zone such as Europe/Berlin", r".{1,50}")
DATE = text("a time such as 2030-01-01T09:00:00Z", r".{1,40}")
QUEUE = text("1 to 80 letters, digits, - and _", r"[\w-]{1,80}")
SCHEDULE_NAME = text("1 to 64 letters, digits, -, _ and .", r"[\w.-]{1,64}")


def _read_expression(document: Document, value: Value) -> Any:
    return _checked(document, value, EXPRESSION.allowed, document.scalar(value, EXPRESSION), parse_schedule_expression)


def _read_zone(document: Document, value: Value) -> Any:
    return _checked(document, value, ZONE.allowed, document.scalar(value, ZONE), find_zone)


def _read_date(document: Document, value: Value) -> Any:
    """Seconds since the epoch; without a zone it is UTC."""
    written = document.scalar(value, DATE)
    return None if _checked(document, value, DATE.allowed, written, _seconds) is None else _seconds(written)


def _checked(document: Document, value: Value, allowed: str, written: Any, check: Callable[[str], object]) -> Any:
    """What was written; None after a mistake."""
    if written is None:
        return None
    try:
        check(written)
    except (LambdaError, UnknownZone, ValueError, OverflowError) as error:
        why = f"; {error.hint}" if isinstance(error, LambdaError) and error.hint else ""
        document.mistake(value, f"{written!r} must be {allowed}{why}")
        return None
    return written


def _seconds(written: str) -> int:
    found = datetime.fromisoformat(written)
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def _read_input(document: Document, value: Value) -> Any:
    before = document.mistake_count
    found = document.data(value)
    return None if document.mistake_count > before else json.dumps(found)


INPUT = KeyType("what JSON could say too", _read_input)


def retry_keys(max_age: str) -> tuple[Key, ...]:
    """Of what EventBridge and Scheduler bring. max_age: what that key is for."""
    return (
        Key(
            "retries",
            "MaximumRetryAttempts",
            single(whole(0, 185)),
            "How often an event that could not be brought is tried again.",
            default="`185`",
        ),
        Key(
            "max_age",
            "MaximumEventAgeInSeconds",
            single(whole(60, 86_400, "seconds")),
            max_age,
            default="`86400`",
        ),
        Key("dead_letters", "dead_letters", single(QUEUE), "The queue for what could not be brought; made if missing."),
    )


SCHEDULE = EventKind(
    "schedule",
    (
        Key("schedule", "name", KeyType(EXPRESSION.allowed, _read_expression), "When it runs.", required=True),
        Key(
            "timezone",
            "ScheduleExpressionTimezone",
            KeyType(ZONE.allowed, _read_zone),
            "Whose time that is.",
            default="`UTC`",
        ),
        Key(
            "input",
            "Input",
            INPUT,
            "The event.",
            default="one of Scheduler's own",
        ),
        Key("start_date", "StartDate", KeyType(DATE.allowed, _read_date), "Not before that."),
        Key("end_date", "EndDate", KeyType(DATE.allowed, _read_date), "Not after that."),
        Key(
            "flexible_window",
            "FlexibleTimeWindow",
            turned(
                single(whole(1, 1440, "minutes")), lambda most: {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": most}
            ),
            "It may run so much later.",
        ),
        *retry_keys("How long it is tried, and how late it may run after a time without a server."),
        Key("enabled", "State", flag("ENABLED", "DISABLED"), "Whether it runs.", default="`true`"),
        Key(
            "name",
            "Name",
            single(SCHEDULE_NAME),
            "Its own; wanted where a function runs twice at the same times.",
            default="made of the function's",
        ),
    ),
    "A time.",
)
