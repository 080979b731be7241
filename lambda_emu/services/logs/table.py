"""Log groups in the server's database, and how far their filters have seen the log."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from msgspec.json import Decoder, encode

from lambda_emu.arn import Scope
from lambda_emu.services.logs.records import LogGroup

_DECODER = Decoder(LogGroup)


def read_all(connection: sqlite3.Connection) -> Sequence[LogGroup]:
    return [_DECODER.decode(record) for (record,) in connection.execute("SELECT record FROM log_groups")]


def put(connection: sqlite3.Connection, group: LogGroup) -> None:
    row = (group.account, group.region, group.name, encode(group).decode())
    connection.execute("INSERT OR REPLACE INTO log_groups VALUES (?, ?, ?, ?)", row)


def delete(connection: sqlite3.Connection, scope: Scope, name: str) -> None:
    named = (scope.account, scope.region, name)
    connection.execute("DELETE FROM log_groups WHERE account = ? AND region = ? AND name = ?", named)


def clear(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM log_groups")
    connection.execute("DELETE FROM log_position")


def read_position(connection: sqlite3.Connection) -> int | None:
    """The segment up to which filters have seen the log."""
    found = connection.execute("SELECT segment FROM log_position").fetchone()
    return None if found is None else int(found[0])


def put_position(connection: sqlite3.Connection, segment: int) -> None:
    connection.execute("INSERT OR REPLACE INTO log_position VALUES (1, ?)", (segment,))
