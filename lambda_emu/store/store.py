"""Everything that lasts: read from immutable pictures in memory, changed through one writer, on disk before told."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import IO, Any, TypeVar

from lambda_emu.arn import FunctionId
from lambda_emu.model.capacity.capacity_provider import CapacityProvider
from lambda_emu.model.function.code_signing import CodeSigningConfig
from lambda_emu.model.function.function import Function
from lambda_emu.model.iam.late_role import LateRole
from lambda_emu.model.layers.layer import Layer
from lambda_emu.model.mappings.mapping import EventSourceMapping
from lambda_emu.model.stack_resource import StackResource
from lambda_emu.model.stacks import ChangeSet, StackEvent, StackRecord
from lambda_emu.store.code.artifacts import Artifacts
from lambda_emu.store.data_directory import take
from lambda_emu.store.events import EventQueue
from lambda_emu.store.rows import FunctionRows, RecordRows
from lambda_emu.store.schema import DATABASE
from lambda_emu.store.table import Table
from lambda_emu.store.transaction import RecordChange, Transaction
from lambda_emu.store.work import WorkTable
from lambda_emu.store.writer import Done, Step, StoreWriter

log = logging.getLogger(__name__)
T = TypeVar("T")

Listener = Callable[[T | None, T | None], None]
"""Hears of a record before and after a change. None: it did not, or does not, exist."""


class Store:
    """The data directory of one running emulator. A table for each kind of record, by name within its scope."""

    def __init__(self, data_dir: Path, lock: IO[str]) -> None:
        """Use `Store.open`."""
        self.folder = data_dir
        self.functions = Table[Function](FunctionRows())
        self.layers = Table[Layer](RecordRows("layer", Layer, _artifacts_of_layer))
        self.mappings = Table[EventSourceMapping](RecordRows("event source mapping", EventSourceMapping))
        self.signing_configs = Table[CodeSigningConfig](RecordRows("code signing config", CodeSigningConfig))
        self.capacity_providers = Table[CapacityProvider](RecordRows("capacity provider", CapacityProvider))
        self.stack_resources = Table[StackResource](RecordRows("stack resource", StackResource))
        self.stacks = Table[StackRecord](RecordRows("stack", StackRecord))
        self.stack_events = Table[StackEvent](RecordRows("stack event", StackEvent))
        self.change_sets = Table[ChangeSet](RecordRows("change set", ChangeSet))
        self.late_roles = Table[LateRole](RecordRows("late role", LateRole))
        self._tables: Sequence[Table[Any]] = (
            self.functions,
            self.layers,
            self.mappings,
            self.signing_configs,
            self.capacity_providers,
            self.stack_resources,
            self.stacks,
            self.stack_events,
            self.change_sets,
            self.late_roles,
        )
        self._lock = lock
        self._listeners: dict[Table[Any], list[Listener[Any]]] = {}
        path = data_dir / DATABASE
        self._writer = StoreWriter(path, self._roll_back)
        self.work = WorkTable(path, self._writer)
        self.queue = EventQueue(self.work)
        self.artifacts = Artifacts(data_dir / "artifacts")

    @classmethod
    def open(cls, data_dir: Path) -> Store:
        """Take the directory, making it if need be. NotOurs, DataDirectoryInUse, NewerSchema, OSError."""
        lock = take(data_dir)
        try:
            store = cls(data_dir, lock)
            store._load()
        except BaseException:
            lock.close()
            raise
        store._writer.start()
        return store

    def close(self) -> None:
        """Finish what was handed in and give the directory back."""
        self._writer.stop()
        self.work.close()
        self._lock.close()

    def subscribe(self, table: Table[T], listener: Listener[T]) -> None:
        """Have `listener` called for each record of a table that a commit changed, on the writer's thread.

        All changes of that commit can be read then. Nothing is committed before it returns. Before `write` is called.
        """
        self._listeners.setdefault(table, []).append(listener)

    def post(self, step: Step, done: Done) -> None:
        """Take a step in tables that are no records, without waiting; as `StoreWriter.post`. From any thread."""
        self._writer.post(step, done)

    @property
    def unfinished(self) -> int:
        """So many steps are being taken. From any thread."""
        return self._writer.unfinished

    @property
    def told(self) -> int:
        """Of so many it was told ever that they were."""
        return self._writer.told

    def function(self, id: FunctionId) -> Function | None:
        """From any thread, without a lock, as every reading of a table."""
        return self.functions.get(id.scope, id.name)

    # -- writing: waits for the commit ------------------------------------------------------------

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Do the work as one transaction that no other writer comes between, and return what it returned.

        It is pure but for the transaction, since it may be called twice, and may raise to leave things as they are.
        """
        dropped: set[str] = set()

        def write(connection: sqlite3.Connection) -> tuple[T, list[RecordChange[Any]]]:
            transaction = Transaction()
            result = work(transaction)
            return result, transaction.apply(connection)

        def publish(written: tuple[T, list[RecordChange[Any]]]) -> None:
            for change in written[1]:
                change.table.publish(change.key, change.after)
                dropped.update(_needs(change.table, change.before) - _needs(change.table, change.after))
            self._tell(written[1])

        result, _ = self._writer.run(write, publish)
        if dropped:
            self._collect(dropped)
        return result

    def create(self, function: Function, check: Callable[[Transaction], None] = lambda _: None) -> None:
        """KeyError if a function of this name exists. check: raises if it must not be, of what else there is."""
        id = function.id

        def work(transaction: Transaction) -> None:
            if transaction.get(self.functions, id.scope, id.name) is not None:
                raise KeyError(id)
            check(transaction)
            transaction.put(self.functions, id.scope, id.name, function)

        self.write(work)

    def change(
        self,
        id: FunctionId,
        edit: Callable[[Function], Function],
        check: Callable[[Transaction], None] = lambda _: None,
    ) -> Function:
        """Replace a function by what `edit` makes of it; nobody else changes it meanwhile.

        `edit` is pure and may raise to leave things as they are; so may `check`, of what else there is.
        KeyError if there is no such function.
        """
        return self.change_among(id, lambda function, _: edit(function), check)

    def change_among(
        self,
        id: FunctionId,
        edit: Callable[[Function, Sequence[Function]], Function],
        check: Callable[[Transaction], None] = lambda _: None,
    ) -> Function:
        """As `change`, for rules about several: `edit` also gets all functions of the account and region."""

        def work(transaction: Transaction) -> Function:
            before = transaction.get(self.functions, id.scope, id.name)
            if before is None:
                raise KeyError(id)
            check(transaction)
            after = edit(before, transaction.all(self.functions, id.scope))
            transaction.put(self.functions, id.scope, id.name, after)
            return after

        return self.write(work)

    def remove(self, id: FunctionId) -> Function:
        """Forget a function and return what it was. KeyError if there is no such function."""

        def work(transaction: Transaction) -> Function:
            before = transaction.get(self.functions, id.scope, id.name)
            if before is None:
                raise KeyError(id)
            transaction.put(self.functions, id.scope, id.name, None)
            return before

        return self.write(work)

    def clear(self, account: str | None = None) -> None:
        """Forget every record of every account, and all work; or those of one account alone, and none of the work.

        Work for what is not there any more ends by itself.
        """

        def work(transaction: Transaction) -> None:
            for table in self._tables:
                for scope, key in table.pending_keys():
                    if account in (None, scope.account):
                        transaction.put(table, scope, key, None)

        self.write(work)
        if account is None:
            self.work.clear()

    def _tell(self, changes: Sequence[RecordChange[Any]]) -> None:
        for change in changes:
            for listener in self._listeners.get(change.table, ()):
                try:
                    listener(change.before, change.after)
                except Exception:
                    log.exception("a listener of the store failed")

    def _roll_back(self) -> None:
        """A transaction failed: forget what it would have made. Called on the writer's thread."""
        for table in self._tables:
            table.roll_back()

    def _collect(self, dropped: Collection[str] = ()) -> None:
        """Remove artifacts that nothing needs any more; those dropped now go with a later one."""
        kept: set[str] = set()
        for table in self._tables:
            for _, record in table.everywhere():
                kept |= table.rows.artifacts(record)
        try:
            self.artifacts.collect(kept, dropped)
        except OSError as error:  # what was asked for is done all the same
            log.warning("unused code could not be removed, the next change tries again: %s", error)

    def _load(self) -> None:
        for table in self._tables:
            self._writer.load(table.load)
        self._writer.load(self.work.load)
        self._collect()


def _needs(table: Table[T], record: T | None) -> set[str]:
    return set() if record is None else table.rows.artifacts(record)


def _artifacts_of_layer(layer: Layer) -> set[str]:
    return {version.content.sha256 for version in layer.versions.values()}
