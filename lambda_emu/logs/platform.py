"""One platform record, one line of the log, byte for byte, in whichever format the function logs.

docs/contract/logs-billing.md#platform-lines, #json-and-levels.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from lambda_emu.logs.events import event, level
from lambda_emu.logs.levels import Level
from lambda_emu.logs.records import SUCCESS, End, InitReport, InitStart, Record, Report, Start
from lambda_emu.logs.text_lines import end_line, ending, report_line, start_line

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


def text_line(record: Record, _: float) -> bytes | None:
    """The line of `record` with its newline; None for a record that a text log does not show. Its time is not shown."""
    write = LINES.get(type(record))
    line = None if write is None else write(record)
    return None if line is None else line.encode()


def _init_start(record: InitStart) -> str | None:
    if record.runtime_version is None or record.phase != "init":
        return None
    arn = record.runtime_version_arn or ""
    return f"INIT_START Runtime Version: {record.runtime_version}\tRuntime Version ARN: {arn}\n"


def _init_report(record: InitReport) -> str | None:
    if record.status == SUCCESS and record.initialization_type == "on-demand":
        return None
    head = f"INIT_REPORT Init Duration: {record.duration_ms:.2f} ms\tPhase: {record.phase}\t"
    return f"{head}{ending(record.status, record.error_type)}\n"


def _start(record: Start) -> str:
    return start_line(record.request_id, record.version)


def _end(record: End) -> str:
    return end_line(record.request_id)


def _report(record: Report) -> str:
    return report_line(record.figures)


LINES: dict[type, Callable[[Any], str | None]] = {
    InitStart: _init_start,
    InitReport: _init_report,
    Start: _start,
    End: _end,
    Report: _report,
}
