"""What happened in one account: the invocations that ended, and the last lines of all its functions."""

from __future__ import annotations

from typing import Any

from lambda_emu.logs.lines import decode_event, events
from lambda_emu.logs.reader import LogReader

OF_ACCOUNT = "stream.account = :account AND function NOT LIKE ':%'"
INVOCATIONS = f"""
SELECT page.id, function, region, version, at_ms, request_id, status, error_type, duration_ms, billed_ms, memory_mb,
    peak_mb, init_ms
FROM report JOIN page ON page.id = report.page JOIN stream ON stream.id = page.stream
WHERE {OF_ACCOUNT} AND page.id > :after ORDER BY page.id, offset LIMIT :limit
"""
LINES = f"""
SELECT log_group, at_ms, text FROM page JOIN stream ON stream.id = page.stream
WHERE {OF_ACCOUNT} AND at_ms >= :since_ms ORDER BY page.id DESC LIMIT :limit
"""
MOST_INVOCATIONS = 10_000
MOST_SEGMENTS = 1000
MOST_LOG_BYTES = 64 * 1024


def invocations(reader: LogReader, account: str, after: int) -> dict[str, Any]:
    """`{"invocations": [...], "next": n}`: those whose REPORT stands behind segment `after`, in the order of these.

    Asking again with `after` = next goes on from there. sqlite3.Error.
    """
    rows = reader.ask(INVOCATIONS, account=account, after=after, limit=MOST_INVOCATIONS)
    return {"invocations": [_shown(row[1:]) for row in rows], "next": rows[-1][0] if rows else after}


def last_lines(reader: LogReader, account: str, since_ms: int) -> dict[str, Any]:
    """`{"log": text}`: what was logged at that time or later, at most MOST_LOG_BYTES. sqlite3.Error.

    A function's group stands before its part.
    """
    parts: list[str] = []
    size = 0
    for group, _, text in reader.ask(LINES, account=account, since_ms=since_ms, limit=MOST_SEGMENTS):
        lines = b"".join(decode_event(event) for event in events(bytes(text)))[-(MOST_LOG_BYTES - size) :]
        parts += (lines.decode("utf-8", "replace"), f"{group}\n")
        size += len(lines)
        if size >= MOST_LOG_BYTES:
            break
    return {"log": "".join(_without_repeats(parts[::-1]))}


def _without_repeats(parts: list[str]) -> list[str]:
    """Pairs of a group and its lines; a group is named where it follows another."""
    shown: list[str] = []
    named = ""
    for group, lines in zip(parts[::2], parts[1::2], strict=True):
        shown += (lines,) if group == named else (group, lines)
        named = group
    return shown


def _shown(row: Any) -> dict[str, Any]:
    function, region, version, at_ms, request_id, status, error_type, *figures = row
    duration_ms, billed_ms, memory_mb, peak_mb, init_ms = figures
    return {
        "function": function,
        "region": region,
        "version": version,
        "at_ms": at_ms,
        "request_id": request_id,
        "status": status,
        "error_type": error_type,
        "duration_ms": round(duration_ms, 3),
        "billed_ms": billed_ms,
        "memory_mb": memory_mb,
        "peak_memory_mb": peak_mb,
        "init_ms": None if init_ms is None else round(init_ms, 3),
    }
