"""One platform record, one line of the log, in whichever format the function logs."""

from __future__ import annotations

import json
from collections.abc import Callable

from lambda_emu.logs.events import event, level
from lambda_emu.logs.levels import Level
from lambda_emu.logs.records import Record
from lambda_emu.logs.text import text_line

Line = Callable[[Record, float], bytes | None]
"""The bytes of a record in a log, newline included; None if the log does not show it. Time is in seconds."""


def lines_of(log_format: str, least: Level = Level.INFO) -> Line:
    """How a log writes records. log_format: "Text" or "JSON". least: the system log level, which only JSON knows."""

    def json_line(record: Record, now_s: float) -> bytes | None:
        importance = level(record)
        if importance is None or importance < least:
            return None
        return json.dumps(event(record, now_s), separators=(",", ":")).encode() + b"\n"

    return json_line if log_format == "JSON" else text_line
