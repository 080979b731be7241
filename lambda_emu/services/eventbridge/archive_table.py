"""Archived events in SQLite. Every function is a step of the store's writer, or part of one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from lambda_emu.services.eventbridge.event import Envelope
from lambda_emu.services.eventbridge.records import Archive

DAY_S = 86_400
_PUT = "INSERT INTO archived_events (account, region, archive, at_s, size, text) VALUES (?, ?, ?, ?, ?, ?)"
_OF = "account = ? AND region = ? AND archive = ?"
_OLD = f"DELETE FROM archived_events WHERE {_OF} AND at_s < ?"
_SUM = f"SELECT count(*), coalesce(sum(size), 0) FROM archived_events WHERE {_OF} AND at_s >= ?"
_NEXT = f"""
SELECT at_s, id, text FROM archived_events WHERE {_OF} AND (at_s, id) > (?, ?) AND at_s <= ? ORDER BY at_s, id LIMIT ?
"""


def put(connection: sqlite3.Connection, kept: Iterable[tuple[Archive, Envelope]], now_s: float) -> None:
    """And forget what each of these archives has kept long enough."""
    archives: dict[str, Archive] = {}
    for archive, event in kept:
        archives[archive.arn] = archive
        connection.execute(_PUT, (*_of(archive), event.at_s, len(event.text.encode(errors="replace")), event.text))
    for archive in archives.values():
        if archive.retention_days:
            connection.execute(_OLD, (*_of(archive), _oldest_s(archive, now_s)))


def summed(connection: sqlite3.Connection, archive: Archive, now_s: float) -> tuple[int, int]:
    """How many there are, and their bytes."""
    count, size = connection.execute(_SUM, (*_of(archive), _oldest_s(archive, now_s))).fetchone()
    return count, size


def after(
    connection: sqlite3.Connection, archive: Archive, place: tuple[float, int], end_s: float, most: int
) -> Sequence[tuple[float, int, str]]:
    """Those behind a place, by their time: each with its place and as text."""
    return connection.execute(_NEXT, (*_of(archive), *place, end_s, most)).fetchall()


def remove(connection: sqlite3.Connection, archive: Archive) -> None:
    connection.execute(f"DELETE FROM archived_events WHERE {_OF}", _of(archive))


def _of(archive: Archive) -> tuple[str, str, str]:
    return archive.scope.account, archive.scope.region, archive.name


def _oldest_s(archive: Archive, now_s: float) -> float:
    return now_s - archive.retention_days * DAY_S if archive.retention_days else 0.0
