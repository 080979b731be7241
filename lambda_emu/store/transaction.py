"""What one piece of work sees and changes, before it is committed: all of it or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.store.table import Key, Table

T = TypeVar("T")


class RecordChange(Struct, Generic[T], frozen=True):
    """One record before and after; None: it does not exist."""

    table: Table[T]
    key: Key
    before: T | None
    after: T | None


class Transaction:
    """Reads as the writes before this one leave the store, whether or not those can be read already elsewhere."""

    def __init__(self) -> None:
        self._changes: dict[tuple[Table[Any], Key], Any] = {}

    def get(self, table: Table[T], scope: Scope, key: str) -> T | None:
        changed = (table, (scope, key))
        if changed in self._changes:
            found: T | None = self._changes[changed]
            return found
        return table.pending.get(scope, {}).get(key)

    def all(self, table: Table[T], scope: Scope) -> Sequence[T]:
        """The records of a scope, in no order."""
        records: dict[str, T] = dict(table.pending.get(scope, {}))
        for (changed, (its_scope, key)), record in self._changes.items():
            if changed is table and its_scope == scope:
                records.pop(key, None)
                if record is not None:
                    records[key] = record
        return list(records.values())

    def put(self, table: Table[T], scope: Scope, key: str, record: T | None) -> None:
        """Make a record this one; None removes it."""
        self._changes[(table, (scope, key))] = record

    def apply(self, connection: sqlite3.Connection) -> list[RecordChange[Any]]:
        """Write everything down; called once, at the end."""
        changes = list(self._compare())
        for change in changes:
            change.table.rows.write(connection, change.key, change.before, change.after)
        for change in changes:
            change.table.put(change.key, change.after)
        return changes

    def _compare(self) -> Iterator[RecordChange[Any]]:
        for (table, key), after in self._changes.items():
            yield RecordChange(table, key, table.pending.get(key[0], {}).get(key[1]), after)
