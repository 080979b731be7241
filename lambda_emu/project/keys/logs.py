"""`events: logs`: subscription filters of log groups, which have the function run."""

from __future__ import annotations

from typing import Any

from lambda_emu.model.value_types import text
from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.event_kind import EventKind, main_key
from lambda_emu.project.keys.shapes import Key
from lambda_emu.project.keys.types import KeyType
from lambda_emu.services.logs.patterns import PatternInvalid, parse_pattern

GROUP = text("1 to 512 letters, digits, -, _, ., / and #", r"[.\-_/#A-Za-z0-9]{1,512}")
FILTER = text("a filter pattern of up to 1024 characters", r"[^\0]{0,1024}")


def _read_pattern(document: Document, value: Value) -> Any:
    written = document.scalar(value, FILTER)
    if written is None:
        return None
    try:
        parse_pattern(written)
    except PatternInvalid as error:
        document.mistake(value, f"{written!r}: {error}")
    return written


LOGS = EventKind(
    "group",
    (
        main_key("group", GROUP, "The log group, as /aws/lambda/hello; it is made if need be."),
        Key(
            "filter",
            "filterPattern",
            KeyType(FILTER.allowed, _read_pattern),
            "Which events it is for, by a [pattern](services.md#filter-patterns).",
            default="all",
        ),
    ),
    "Events of a log group.",
)
