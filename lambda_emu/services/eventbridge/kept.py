"""How buses, rules and what belongs to them are kept, and what a change of theirs comes to on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.json import decode, encode

from lambda_emu.arn import scope_in
from lambda_emu.model.schedules.timing import Timing
from lambda_emu.services.eventbridge import archive_table
from lambda_emu.services.eventbridge.records import DEFAULT, KINDS, Archive, Record, Rule
from lambda_emu.services.timetable import table

_READ = "SELECT record FROM records WHERE kind = ? ORDER BY account, region, key"
_FIND = "SELECT record FROM records WHERE kind = ? AND account = ? AND region = ? AND key = ?"
_PUT = "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM records WHERE kind = ? AND account = ? AND region = ? AND key = ?"


class Change(Struct, frozen=True):
    """What is to be kept and forgotten, and what is answered then."""

    put: Sequence[Record] = ()
    gone: Sequence[Record] = ()
    result: Mapping[str, Any] | None = None


class KeptChange(Struct, frozen=True):
    """A change as it is written. due: rules by their ARNs that are due by another expression from now on, or none."""

    change: Change
    due: Mapping[str, str | None]
    now_s: float
    draw: Callable[[], float]

    def write(self, connection: sqlite3.Connection) -> None:
        for record in self.change.gone:
            connection.execute(_DELETE, _place(record))
            if isinstance(record, Archive):
                archive_table.remove(connection, record)
        for record in self.change.put:
            put(connection, record)
        for arn, expression in self.due.items():
            if expression is None:
                table.remove(connection, arn)
            else:
                table.put(connection, arn, Timing.of_rule(expression, self.now_s), self.now_s, self.draw)


def put(connection: sqlite3.Connection, record: Record) -> None:
    """A step of the store's writer, as all here."""
    connection.execute(_PUT, (*_place(record), encode(record).decode()))


def read_all(connection: sqlite3.Connection) -> list[Record]:
    """What an earlier run left."""
    return [decode(text, type=kind) for kind in KINDS for (text,) in connection.execute(_READ, (kind.kind,))]


def find_rule(connection: sqlite3.Connection, arn: str) -> Rule | None:
    scope, name = scope_in(arn), arn.partition(":rule/")[2]
    key = name if "/" in name else f"{DEFAULT}/{name}"
    row = connection.execute(_FIND, (Rule.kind, scope.account, scope.region, key)).fetchone()
    return None if row is None else decode(row[0], type=Rule)


def _place(record: Record) -> tuple[str, str, str, str]:
    return record.kind, record.scope.account, record.scope.region, record.key
