"""Records of one kind in memory: an immutable picture that anybody reads, and what the writer is making of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from lambda_emu.arn import Scope

T = TypeVar("T")
Key = tuple[Scope, str]


class Rows(Protocol[T]):
    """How records of one kind lie in the database, and which artifacts they need."""

    def load(self, connection: sqlite3.Connection) -> Iterable[tuple[Scope, str, T]]:
        """All there are."""

    def write(self, connection: sqlite3.Connection, key: Key, before: T | None, after: T | None) -> None:
        """Make the rows of one record those of `after`; None: it does not exist."""

    def artifacts(self, record: T) -> set[str]:
        """The SHA-256 of everything it needs."""


class _Snapshot(Generic[T]):
    """The records of one scope; never changed."""

    __slots__ = ("_in_order", "by_key")

    def __init__(self, by_key: Mapping[str, T]) -> None:
        self.by_key = by_key
        self._in_order: Sequence[T] | None = None

    @property
    def in_order(self) -> Sequence[T]:
        if self._in_order is None:  # two threads may both do it, which does no harm
            self._in_order = tuple(self.by_key[key] for key in sorted(self.by_key))
        return self._in_order


class Table(Generic[T]):
    """Reading: any thread, no lock. The rest is for the store: `pending` belongs to the writer's thread alone."""

    def __init__(self, rows: Rows[T]) -> None:
        self.rows = rows
        self.pending: dict[Scope, dict[str, T]] = {}  # as the transaction under way would leave it
        self.as_committed: dict[Scope, _Snapshot[T]] = {}
        """Replaced whole at each commit, so it is the same object for as long as nothing is changed."""

    def get(self, scope: Scope, key: str) -> T | None:
        snapshot = self.as_committed.get(scope)
        return None if snapshot is None else snapshot.by_key.get(key)

    def all(self, scope: Scope) -> Sequence[T]:
        """All records of a scope, by key; put in order once a change."""
        snapshot = self.as_committed.get(scope)
        return () if snapshot is None else snapshot.in_order

    def everywhere(self) -> Iterator[tuple[Scope, T]]:
        """The records of every scope."""
        for scope, snapshot in self.as_committed.items():
            for record in snapshot.by_key.values():
                yield scope, record

    def scopes_of(self, key: str) -> list[Scope]:
        """Where there is a record of this key."""
        return [scope for scope, snapshot in self.as_committed.items() if key in snapshot.by_key]

    # -- the store's, on the writer's thread ------------------------------------------------------

    def load(self, connection: sqlite3.Connection) -> None:
        for scope, key, record in self.rows.load(connection):
            self.pending.setdefault(scope, {})[key] = record
        self.as_committed = {scope: _Snapshot(dict(records)) for scope, records in self.pending.items()}

    def pending_keys(self) -> list[Key]:
        return [(scope, key) for scope, records in self.pending.items() for key in records]

    def put(self, key: Key, record: T | None) -> None:
        """What the transaction under way would make of a record."""
        _put(self.pending.setdefault(key[0], {}), key[1], record)

    def publish(self, key: Key, record: T | None) -> None:
        """It is committed: from now on it is what everybody reads."""
        scope, name = key
        snapshot = self.as_committed.get(scope)
        records = {} if snapshot is None else dict(snapshot.by_key)
        _put(records, name, record)
        self.as_committed = {**self.as_committed, scope: _Snapshot(records)}

    def roll_back(self) -> None:
        """Forget what was not committed."""
        self.pending = {scope: dict(snapshot.by_key) for scope, snapshot in self.as_committed.items()}


def _put(records: dict[str, T], key: str, record: T | None) -> None:
    if record is None:
        records.pop(key, None)
    else:
        records[key] = record
