"""Alarms and their history in SQLite. Every function here is part of a step of the store's writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.services.alarms.alarm import Alarm
from lambda_emu.store.codec import decode, encode

_OF = "account = ? AND region = ?"
KEPT_S = 14 * 24 * 3600
MOST_ITEMS = 20_000
"""Of all alarms."""


class Item(Struct, frozen=True):
    """Of the history of an alarm. kind: ConfigurationUpdate, StateUpdate or Action. data: JSON."""

    id: int
    name: str
    type: str
    kind: str
    at_s: float
    summary: str
    data: str


def alarm(connection: sqlite3.Connection, scope: Scope, name: str) -> Alarm | None:
    row = connection.execute(f"SELECT record FROM alarms WHERE {_OF} AND name = ?", (*_key(scope), name)).fetchone()
    return None if row is None else decode(Alarm, row[0])


def alarms(connection: sqlite3.Connection, scope: Scope) -> Sequence[Alarm]:
    """By name."""
    found = connection.execute(f"SELECT record FROM alarms WHERE {_OF} ORDER BY name", _key(scope))
    return [decode(Alarm, record) for (record,) in found]


def all_records(connection: sqlite3.Connection) -> Sequence[str]:
    """Whosever they are, for `read` on another thread."""
    return [record for (record,) in connection.execute("SELECT record FROM alarms")]


def read(record: str) -> Alarm:
    return decode(Alarm, record)


def count(connection: sqlite3.Connection, scope: Scope) -> int:
    found: int = connection.execute(f"SELECT count(*) FROM alarms WHERE {_OF}", _key(scope)).fetchone()[0]
    return found


def has_composites(connection: sqlite3.Connection, scope: Scope) -> bool:
    """By an index of those alone."""
    asked = f"SELECT 1 FROM alarms WHERE {_OF} AND json_extract(record, '$.is_composite') LIMIT 1"
    return connection.execute(asked, _key(scope)).fetchone() is not None


def put(connection: sqlite3.Connection, record: Alarm) -> None:
    row = (record.account, record.region, record.name, encode(record))
    connection.execute("INSERT OR REPLACE INTO alarms VALUES (?, ?, ?, ?)", row)


def delete(connection: sqlite3.Connection, scope: Scope, name: str) -> None:
    connection.execute(f"DELETE FROM alarms WHERE {_OF} AND name = ?", (*_key(scope), name))


def remember(connection: sqlite3.Connection, of: Alarm, kind: str, at_s: float, summary: str, data: str) -> None:
    """In its history, of which the oldest goes."""
    row = (of.account, of.region, of.name, of.kind, kind, at_s, summary, data)
    made = connection.execute(
        "INSERT INTO alarm_history (account, region, name, type, kind, at_s, summary, data)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    )
    connection.execute("DELETE FROM alarm_history WHERE id <= ?", ((made.lastrowid or 0) - MOST_ITEMS,))
    connection.execute("DELETE FROM alarm_history WHERE at_s < ?", (at_s - KEPT_S,))


def history(connection: sqlite3.Connection, scope: Scope, only: Mapping[str, Any], most: int) -> Sequence[Item]:
    """only: name, kind, since_s, until_s, after (the id of the last one seen), types, newest_first."""
    order, beyond = ("DESC", "<") if only["newest_first"] else ("ASC", ">")
    types: Iterable[str] = only["types"]
    marks = ",".join("?" * len(list(types)))
    found = connection.execute(
        f"SELECT id, name, type, kind, at_s, summary, data FROM alarm_history WHERE {_OF}"
        " AND (?3 IS NULL OR name = ?3) AND (?4 IS NULL OR kind = ?4) AND at_s >= ?5 AND at_s <= ?6"
        f" AND (?7 IS NULL OR id {beyond} ?7) AND type IN ({marks}) ORDER BY id {order} LIMIT {int(most)}",
        (*_key(scope), *(only[name] for name in ("name", "kind", "since_s", "until_s", "after")), *types),
    )
    return [Item(*row) for row in found]


def clear(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM alarms")
    connection.execute("DELETE FROM alarm_history")


def empty(connection: sqlite3.Connection, account: str) -> None:
    """Forget what is of one account."""
    connection.execute("DELETE FROM alarms WHERE account = ?", (account,))
    connection.execute("DELETE FROM alarm_history WHERE account = ?", (account,))


def _key(scope: Scope) -> tuple[str, str]:
    return scope.account, scope.region
