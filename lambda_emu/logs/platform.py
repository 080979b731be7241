"""One platform record, one line of the log, in whichever format the function logs."""

from __future__ import annotations

import json

from lambda_emu.logs.events import event, level
from lambda_emu.logs.levels import Level
from lambda_emu.logs.records import Record
from lambda_emu.logs.text import text_line


def platform_line(log_format: str, record: Record, now_s: float, least: Level = Level.INFO) -> bytes | None:
    """The bytes of `record` in a log, newline included; None if the log does not show it.

    log_format: "Text" or "JSON". least: the system log level, which only JSON knows.
    """
    if log_format != "JSON":
        line = text_line(record)
        return None if line is None else line.encode()
    importance = level(record)
    if importance is None or importance < least:
        return None
    return json.dumps(event(record, now_s), separators=(",", ":")).encode() + b"\n"
