"""Log groups in the server's database, and how far their filters have seen the log."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.json import Decoder, decode, encode

from lambda_emu.arn import Scope
from lambda_emu.services.logs.records import LogGroup

POLICY = "log resource policy"
LATE = "late destination of logs"
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
    connection.execute("DELETE FROM records WHERE kind IN (?, ?)", (POLICY, LATE))


def empty(connection: sqlite3.Connection, account: str) -> None:
    """Forget what is of one account."""
    connection.execute("DELETE FROM log_groups WHERE account = ?", (account,))
    connection.execute("DELETE FROM records WHERE kind = ? AND account = ?", (POLICY, account))


def put_policy(connection: sqlite3.Connection, scope: Scope, name: str, policy: Mapping[str, Any]) -> None:
    row = (POLICY, scope.account, scope.region, name, encode(policy).decode())
    connection.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)", row)


def delete_policy(connection: sqlite3.Connection, scope: Scope, name: str) -> bool:
    """Whether there was one."""
    named = (POLICY, scope.account, scope.region, name)
    of_it = "DELETE FROM records WHERE kind = ? AND account = ? AND region = ? AND key = ?"
    return connection.execute(of_it, named).rowcount > 0


def read_all_policies(connection: sqlite3.Connection) -> Mapping[Scope, Sequence[str]]:
    """The documents of every account and region."""
    found: dict[Scope, list[str]] = {}
    of_kind = "SELECT account, region, record FROM records WHERE kind = ? ORDER BY key"
    for account, region, record in connection.execute(of_kind, (POLICY,)):
        found.setdefault(Scope(account, region), []).append(decode(record)["policyDocument"])
    return found


def read_policies(connection: sqlite3.Connection, scope: Scope) -> Sequence[Mapping[str, Any]]:
    """By name."""
    of_kind = "SELECT record FROM records WHERE kind = ? AND account = ? AND region = ? ORDER BY key"
    return [decode(record) for (record,) in connection.execute(of_kind, (POLICY, scope.account, scope.region))]


class Positions(Struct, frozen=True):
    """The segment up to which filters have seen the log; late: destinations for which less of it was read."""

    segment: int | None
    late: Mapping[str, int]


def read_positions(connection: sqlite3.Connection) -> Positions:
    found = connection.execute("SELECT segment FROM log_position").fetchone()
    late = connection.execute("SELECT key, record FROM records WHERE kind = ?", (LATE,))
    return Positions(None if found is None else int(found[0]), {name: int(segment) for name, segment in late})


def put_position(connection: sqlite3.Connection, segment: int) -> None:
    connection.execute("INSERT OR REPLACE INTO log_position VALUES (1, ?)", (segment,))


def put_late(connection: sqlite3.Connection, destination: str, segment: int | None) -> None:
    """None: it is late no more."""
    if segment is None:
        connection.execute("DELETE FROM records WHERE kind = ? AND key = ?", (LATE, destination))
    else:
        row = (LATE, "", "", destination, str(segment))
        connection.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)", row)
