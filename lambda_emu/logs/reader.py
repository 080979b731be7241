"""Reading logs.db, from this process or another, while it is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec import Struct

from lambda_emu.arn import FunctionId
from lambda_emu.logs.batch import Ranges
from lambda_emu.logs.billing import Cost, invocation_cost
from lambda_emu.logs.costs import Usage
from lambda_emu.logs.lines import decode_event, events

OF_SCOPE = "account IN (:account, '') AND region IN (:region, '')"
OF_FUNCTION = f"stream.function = :name AND {OF_SCOPE}"
"""Streams kept before their account was are everybody's."""

OF_NAME = "stream.function = :name"  # in a file of the first schema, which its server has not opened since

SEGMENTS = """
SELECT page.id, at_ms, text, log_group, name, version, architecture, storage_mb, {platform}
FROM page JOIN stream ON stream.id = page.stream
WHERE {mine} AND page.id > :after ORDER BY page.id LIMIT :limit
"""
REPORTS = """
SELECT offset, request_id, status, error_type, duration_ms, billed_ms, memory_mb, peak_mb, init_ms
FROM report WHERE page = ?
"""
NAMES = "SELECT DISTINCT function FROM stream WHERE {mine} AND function NOT LIKE ':%' ORDER BY function LIMIT :most"
MOST_NAMES = 1000
USAGE = """
SELECT function, architecture, memory_mb, storage_mb, count(*), sum(billed_ms), min(at_ms), max(at_ms)
FROM report JOIN page ON page.id = report.page JOIN stream ON stream.id = page.stream
WHERE {mine} AND function NOT LIKE ':%' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
LOGGED = """
SELECT function, sum(length(text)) FROM page JOIN stream ON stream.id = page.stream
WHERE {mine} AND function NOT LIKE ':%' GROUP BY 1
"""
LAST = """
SELECT coalesce(min(id), 1) - 1 FROM (
    SELECT page.id FROM page JOIN stream ON stream.id = page.stream
    WHERE {mine} ORDER BY page.id DESC LIMIT :limit
)
"""

READ_BYTES = 1024 * 1024
"""How much text one answer holds, so that a flood is read in pieces."""
EVENT_BYTES = 256
"""What an event weighs besides its text: a million empty lines are much more than a megabyte."""


class Reported(Struct, frozen=True):
    """The figures of a REPORT line, and what the invocation costs."""

    request_id: str
    status: str
    error_type: str | None
    duration_ms: float
    billed_ms: int
    memory_mb: int
    peak_mb: int
    init_ms: float | None
    cost: Cost


class LogEvent(Struct, frozen=True):
    """One event of a stream. segment: where to go on reading. message: with its newline, if one ended it.

    platform: whether the platform wrote it and not the function; None in segments that did not keep it.
    """

    segment: int
    group: str
    stream: str
    version: str
    at_ms: int
    message: str
    report: Reported | None
    platform: bool | None


class Found(Struct, frozen=True):
    """Events in the order they were written. next: the segment to go on after. complete: there was nothing more."""

    events: tuple[LogEvent, ...]
    next: int
    complete: bool


class LogReader:
    """Opens the file anew for each question, so that it holds back neither the writer nor a new file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, function: FunctionId, after: int = 0, limit: int = 1000) -> Found:
        """Events of a function after segment `after`, of at most `limit` segments and about 1 MB.

        Nothing is found where there is no file. sqlite3.Error if the file is not readable.
        """
        if not self._path.exists():
            return Found((), after, complete=True)
        with closing(self._connect()) as db:
            db.execute("BEGIN")  # one view of the file, whatever is written meanwhile
            last = max(after, db.execute("SELECT coalesce(max(id), 0) FROM page").fetchone()[0])
            segments = _up_to(READ_BYTES, _ask(db, SEGMENTS, function, after=after, limit=limit))
            found = tuple(event for segment in segments for event in _events(segment, db.execute(REPORTS, segment[:1])))
        complete = len(segments) < limit and sum(_weight(segment[2]) for segment in segments) < READ_BYTES
        return Found(found, last if complete or not segments else segments[-1][0], complete)

    def before_last(self, function: FunctionId, segments: int) -> int:
        """The `after` from which `read` gives the last so many segments of a function."""
        if not self._path.exists():
            return 0
        with closing(self._connect()) as db:
            return int(_ask(db, LAST, function, limit=segments).fetchone()[0])

    def names(self, account: str, region: str) -> list[str]:
        """The functions that something is logged of, at most MOST_NAMES."""
        if not self._path.exists():
            return []
        with closing(self._connect()) as db:
            mine = "1" if db.execute("PRAGMA user_version").fetchone()[0] == 1 else OF_SCOPE
            of = {"account": account, "region": region, "most": MOST_NAMES}
            return [name for (name,) in db.execute(NAMES.format(mine=mine), of)]

    def ask(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """The rows of a query about a file of the present schema; none where there is no file. sqlite3.Error."""
        if not self._path.exists():
            return []
        with closing(self._connect()) as db:
            return db.execute(query, values).fetchall()

    def usage(self, account: str, region: str) -> tuple[list[Usage], dict[str, int]]:
        """What the REPORTs that are kept add up to, and the bytes of all lines, by function. sqlite3.Error."""
        if not self._path.exists():
            return [], {}
        with closing(self._connect()) as db:
            db.execute("BEGIN")
            mine = "1" if db.execute("PRAGMA user_version").fetchone()[0] == 1 else OF_SCOPE
            of = {"account": account, "region": region}
            usages = [Usage(*row) for row in db.execute(USAGE.format(mine=mine), of)]
            return usages, dict(db.execute(LOGGED.format(mine=mine), of).fetchall())

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


def answer(reader: LogReader, function: FunctionId, after: int | None, limit: int) -> dict[str, Any]:
    """`{"events": [...], "next": n, "complete": bool}`: what follows segment `after`, or without one the last segments.

    Asking again with `after` = next goes on from there. With "names", of the functions that have logs, where this one
    has none. sqlite3.Error as `LogReader.read`.
    """
    start = reader.before_last(function, limit) if after is None else after
    found = reader.read(function, start, limit)
    events = [event_json(event) for event in found.events]
    names = {} if events or after is not None else {"names": reader.names(function.account, function.region)}
    return {"events": events, "next": found.next, "complete": found.complete, **names}


def _ask(db: sqlite3.Connection, query: str, function: FunctionId, **values: int) -> sqlite3.Cursor:
    """A query about the segments of a function, whichever schema the file has."""
    schema = db.execute("PRAGMA user_version").fetchone()[0]
    form = {"mine": OF_NAME if schema == 1 else OF_FUNCTION, "platform": "platform" if schema > 2 else "NULL"}
    names = {"name": function.name, "account": function.account, "region": function.region}
    return db.execute(query.format(**form), names | values)


def _up_to(size_bytes: int, segments: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
    """The first segments; with the last of them they reach `size_bytes`."""
    taken, size = [], 0
    for segment in segments:
        taken.append(segment)
        size += _weight(segment[2])
        if size >= size_bytes:
            break
    return taken


def _weight(text: bytes) -> int:
    return len(text) + EVENT_BYTES * text.count(b"\n")


def event_json(event: LogEvent) -> dict[str, Any]:
    """An event as `lambda-emu logs --json` and the server's own endpoint show it. Prices are decimal strings."""
    report = event.report
    return {
        "id": event.segment,
        "group": event.group,
        "stream": event.stream,
        "version": event.version,
        "timestamp": event.at_ms,
        "message": event.message,
        "platform": event.platform,
        "report": None if report is None else _report_json(report),
    }


def _report_json(report: Reported) -> dict[str, Any]:
    return {
        "requestId": report.request_id,
        "status": report.status,
        "errorType": report.error_type,
        "durationMs": round(report.duration_ms, 3),
        "billedDurationMs": report.billed_ms,
        "memorySizeMB": report.memory_mb,
        "maxMemoryUsedMB": report.peak_mb,
        "initDurationMs": None if report.init_ms is None else round(report.init_ms, 3),
        "costUSD": f"{report.cost.total_usd:.12f}",
    }


def _events(segment: Sequence[Any], reports: Iterable[Sequence[Any]]) -> Iterator[LogEvent]:
    number, at_ms, text, group, stream, version, architecture, storage_mb, packed = segment
    ranges = None if packed is None else Ranges.unpack(packed)
    by_offset = {row[0]: _read_report(row, architecture, storage_mb) for row in reports}
    offset = 0
    for event in events(text):
        message = decode_event(event).decode("utf-8", "replace")
        yield LogEvent(number, group, stream, version, at_ms, message, by_offset.get(offset), _within(ranges, offset))
        offset += len(event)


def _within(ranges: list[tuple[int, int]] | None, offset: int) -> bool | None:
    """Whether one of them has this byte. Asked in rising order: those that are passed are dropped."""
    if ranges is None:
        return None
    while ranges and ranges[0][1] <= offset:
        del ranges[0]
    return bool(ranges) and ranges[0][0] <= offset


def _read_report(row: Sequence[Any], architecture: str, storage_mb: int) -> Reported:
    _, request_id, status, error_type, duration_ms, billed_ms, memory_mb, peak_mb, init_ms = row
    cost = invocation_cost(billed_ms, memory_mb, architecture, storage_mb)
    return Reported(request_id, status, error_type, duration_ms, billed_ms, memory_mb, peak_mb, init_ms, cost)
