"""Schedules and groups in SQLite. Every function here is part of a step of the store's writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TypeVar

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.services.scheduler.schedule import DEFAULT, Group, Schedule, arn_of
from lambda_emu.services.timetable import table as timetable
from lambda_emu.store.codec import decode, encode

T = TypeVar("T", bound=Struct)
_OF = "account = ? AND region = ?"


def schedule(connection: sqlite3.Connection, scope: Scope, group: str, name: str) -> Schedule | None:
    of_it = f"SELECT record FROM schedules WHERE {_OF} AND group_name = ? AND name = ?"
    return _one(Schedule, connection.execute(of_it, (scope.account, scope.region, group, name)))


def put_schedule(connection: sqlite3.Connection, scope: Scope, record: Schedule) -> None:
    row = (scope.account, scope.region, record.group, record.name, record.members["State"], encode(record))
    connection.execute("INSERT OR REPLACE INTO schedules VALUES (?, ?, ?, ?, ?, ?)", row)


def delete_schedule(connection: sqlite3.Connection, scope: Scope, group: str, name: str) -> None:
    of_it = f"DELETE FROM schedules WHERE {_OF} AND group_name = ? AND name = ?"
    connection.execute(of_it, (scope.account, scope.region, group, name))
    timetable.remove(connection, arn_of(scope, group, name))


def schedules_after(
    connection: sqlite3.Connection, scope: Scope, after: Sequence[str], most: int, **only: str | None
) -> Sequence[Schedule]:
    """In the order of group and name. after: those of the last one seen. only: group, prefix and state, if any."""
    found = connection.execute(
        f"SELECT record FROM schedules WHERE {_OF} AND (group_name, name) > (?, ?)"
        " AND (?5 IS NULL OR group_name = ?5) AND (?6 IS NULL OR substr(name, 1, length(?6)) = ?6)"
        " AND (?7 IS NULL OR state = ?7) ORDER BY group_name, name LIMIT ?8",
        (scope.account, scope.region, *after, only.get("group"), only.get("prefix"), only.get("state"), most),
    )
    return [decode(Schedule, record) for (record,) in found]


def group(connection: sqlite3.Connection, scope: Scope, name: str, now_s: float) -> Group | None:
    """The default one is made when somebody first asks."""
    of_it = f"SELECT record FROM schedule_groups WHERE {_OF} AND name = ?"
    found = _one(Group, connection.execute(of_it, (scope.account, scope.region, name)))
    if found is None and name == DEFAULT:
        found = Group(DEFAULT, now_s, now_s)
        put_group(connection, scope, found)
    return found


def put_group(connection: sqlite3.Connection, scope: Scope, record: Group) -> None:
    row = (scope.account, scope.region, record.name, encode(record))
    connection.execute("INSERT OR REPLACE INTO schedule_groups VALUES (?, ?, ?, ?)", row)


def delete_group(connection: sqlite3.Connection, scope: Scope, name: str) -> None:
    """With its schedules."""
    of_it = f"SELECT name FROM schedules WHERE {_OF} AND group_name = ?"
    for (schedule_name,) in connection.execute(of_it, (scope.account, scope.region, name)).fetchall():
        delete_schedule(connection, scope, name, schedule_name)
    connection.execute(f"DELETE FROM schedule_groups WHERE {_OF} AND name = ?", (scope.account, scope.region, name))


def groups_after(
    connection: sqlite3.Connection, scope: Scope, after: str, most: int, prefix: str | None
) -> Sequence[Group]:
    found = connection.execute(
        f"SELECT record FROM schedule_groups WHERE {_OF} AND name > ?"
        " AND (?4 IS NULL OR substr(name, 1, length(?4)) = ?4) ORDER BY name LIMIT ?5",
        (scope.account, scope.region, after, prefix, most),
    )
    return [decode(Group, record) for (record,) in found]


def clear(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM schedules")
    connection.execute("DELETE FROM schedule_groups")


def empty(connection: sqlite3.Connection, account: str) -> None:
    """Forget what is of one account."""
    connection.execute("DELETE FROM schedules WHERE account = ?", (account,))
    connection.execute("DELETE FROM schedule_groups WHERE account = ?", (account,))


def _one(kind: type[T], found: sqlite3.Cursor) -> T | None:
    row = found.fetchone()
    return None if row is None else decode(kind, row[0])
