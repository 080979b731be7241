"""What one piece of work sees and changes, before it is committed: all of it or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from lambda_emu.arn import Scope
from lambda_emu.store.shelf import Key, Shelf

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """One record before and after; None: it does not exist."""

    shelf: Shelf[T]
    key: Key
    before: T | None
    after: T | None


class Draft:
    """Reads as the writes before this one leave the store, whether or not those can be read already elsewhere."""

    def __init__(self) -> None:
        self._changes: dict[tuple[Shelf[Any], Key], Any] = {}

    def get(self, shelf: Shelf[T], scope: Scope, key: str) -> T | None:
        changed = (shelf, (scope, key))
        if changed in self._changes:
            found: T | None = self._changes[changed]
            return found
        return shelf.written.get(scope, {}).get(key)

    def all(self, shelf: Shelf[T], scope: Scope) -> Sequence[T]:
        """The records of a scope, in no order."""
        records: dict[str, T] = dict(shelf.written.get(scope, {}))
        for (changed, (its_scope, key)), record in self._changes.items():
            if changed is shelf and its_scope == scope:
                records.pop(key, None)
                if record is not None:
                    records[key] = record
        return list(records.values())

    def put(self, shelf: Shelf[T], scope: Scope, key: str, record: T | None) -> None:
        """Make a record this one; None removes it."""
        self._changes[(shelf, (scope, key))] = record

    def apply(self, connection: sqlite3.Connection) -> list[Change[Any]]:
        """Write everything down; called once, at the end."""
        changes = list(self._compared())
        for change in changes:
            change.shelf.rows.write(connection, change.key, change.before, change.after)
        for change in changes:
            change.shelf.put(change.key, change.after)
        return changes

    def _compared(self) -> Iterator[Change[Any]]:
        for (shelf, key), after in self._changes.items():
            yield Change(shelf, key, shelf.written.get(key[0], {}).get(key[1]), after)
