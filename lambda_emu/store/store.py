"""Functions: read from an immutable catalogue in memory, changed through one writer, on disk before anybody is told."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import IO

from lambda_emu.arn import FunctionId
from lambda_emu.model.function import Function
from lambda_emu.store.artifacts import Artifacts
from lambda_emu.store.codec import decode, encode
from lambda_emu.store.queue import EventQueue
from lambda_emu.store.schema import DATABASE
from lambda_emu.store.writer import Writer

log = logging.getLogger(__name__)

Listener = Callable[[Function | None, Function | None], None]
Catalogue = dict[FunctionId, Function]


class DataDirectoryInUse(Exception):
    """Another lambda-emu holds this data directory."""

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(
            f"{path} is in use by another lambda-emu (process {owner or 'unknown'}); "
            "stop it, or choose another --data-dir, or --ephemeral"
        )


class Store:
    """The data directory of one running emulator."""

    def __init__(self, data_dir: Path, lock: IO[str]) -> None:
        """Use `Store.open`."""
        self._lock = lock
        path = data_dir / DATABASE
        self._catalogue: Catalogue = {}  # replaced whole by the writer's thread, read by all
        self._written: Catalogue = {}  # what the transaction under way would make of it; the writer's thread only
        self._listeners: list[Listener] = []
        self._writer = Writer(path, self._undone)
        self.queue = EventQueue(path, self._writer)
        self.artifacts = Artifacts(data_dir / "artifacts")

    @classmethod
    def open(cls, data_dir: Path) -> Store:
        """Take the directory, making it if need be. DataDirectoryInUse, NewerSchema, OSError."""
        data_dir.mkdir(parents=True, exist_ok=True)
        (data_dir / ".gitignore").write_text("*\n")
        lock = _take(data_dir)
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
        self.queue.close()
        self._lock.close()

    def subscribe(self, listener: Listener) -> None:
        """Have `listener(before, after)` called after each commit, on the writer's thread. None: it did not exist."""
        self._listeners.append(listener)

    # -- reading: any thread, no lock -------------------------------------------------------------

    def function(self, id: FunctionId) -> Function | None:
        return self._catalogue.get(id)

    def functions(self, account: str, region: str) -> Sequence[Function]:
        """All functions of an account in a region, by name."""
        return sorted(_within(self._catalogue, account, region), key=lambda function: function.id.name)

    # -- writing: waits for the commit ------------------------------------------------------------

    def create(self, function: Function) -> None:
        """KeyError if a function of this name exists."""

        def edit(before: Function | None) -> Function:
            if before is not None:
                raise KeyError(function.id)
            return function

        self._edit(function.id, edit)

    def change(self, id: FunctionId, edit: Callable[[Function], Function]) -> Function:
        """Replace a function by what `edit` makes of it; nobody else changes it meanwhile.

        `edit` is pure and may raise to leave things as they are. KeyError if there is no such function.
        """
        return self.change_among(id, lambda function, _: edit(function))

    def change_among(self, id: FunctionId, edit: Callable[[Function, Sequence[Function]], Function]) -> Function:
        """As `change`, for rules about several: `edit` also gets all functions of the account and region.

        They are as the writes before this one leave them, whether or not those can be read already.
        """

        def edit_existing(before: Function | None) -> Function:
            if before is None:
                raise KeyError(id)
            return edit(before, _within(self._written, id.account, id.region))

        after = self._edit(id, edit_existing)[1]
        assert after is not None
        return after

    def remove(self, id: FunctionId) -> Function:
        """Forget a function and return what it was. KeyError if there is no such function."""

        def none(before: Function | None) -> None:
            if before is None:
                raise KeyError(id)

        before = self._edit(id, none)[0]
        assert before is not None
        return before

    def _edit(
        self, id: FunctionId, edit: Callable[[Function | None], Function | None]
    ) -> tuple[Function | None, Function | None]:
        def work(connection: sqlite3.Connection) -> tuple[Function | None, Function | None]:
            before = self._written.get(id)
            after = edit(before)
            _write(connection, id, after)
            _put(self._written, id, after)
            return before, after

        def committed(change: tuple[Function | None, Function | None]) -> None:
            catalogue = dict(self._catalogue)
            _put(catalogue, id, change[1])
            self._catalogue = catalogue
            for listener in self._listeners:
                listener(*change)

        change = self._writer.run(work, committed)
        if dropped := _artifacts(change[0]) - _artifacts(change[1]):
            self._collect(dropped)
        return change

    def _undone(self) -> None:
        """A transaction failed: forget what it would have made. Called on the writer's thread."""
        self._written = dict(self._catalogue)

    def _collect(self, dropped: Collection[str] = ()) -> None:
        """Remove artifacts that no function needs any more; those dropped now go with a later one."""
        kept: set[str] = set().union(*map(_artifacts, self._catalogue.values()))
        try:
            self.artifacts.collect(kept, dropped)
        except OSError as error:  # what was asked for is done all the same
            log.warning("unused code could not be removed, the next change tries again: %s", error)

    def _load(self) -> None:
        functions = [decode(record) for (record,) in self._writer.read("SELECT record FROM functions")]
        self._catalogue = {function.id: function for function in functions}
        self._written = dict(self._catalogue)
        self._collect()


def _within(catalogue: Catalogue, account: str, region: str) -> list[Function]:
    return [f for f in catalogue.values() if f.id.account == account and f.id.region == region]


def _artifacts(function: Function | None) -> set[str]:
    """The SHA-256 of everything a function needs to run."""
    versions = () if function is None else (function.latest, function.running)
    return {
        artifact.sha256
        for version in versions
        for artifact in (version.code, *(layer.content for layer in version.layers))
    }


def _put(catalogue: Catalogue, id: FunctionId, function: Function | None) -> None:
    if function is None:
        catalogue.pop(id, None)
    else:
        catalogue[id] = function


def _write(connection: sqlite3.Connection, id: FunctionId, function: Function | None) -> None:
    key = (id.account, id.region, id.name)
    if function is None:
        connection.execute("DELETE FROM functions WHERE account = ? AND region = ? AND name = ?", key)
    else:
        connection.execute("INSERT OR REPLACE INTO functions VALUES (?, ?, ?, ?)", (*key, encode(function)))


def _take(data_dir: Path) -> IO[str]:
    """Lock the directory for as long as the returned file is open; the system frees it when this process dies."""
    lock = open(data_dir / "lock", "a+", encoding="ascii")  # noqa: SIM115 - kept open on purpose
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        owner = lock.read().strip()
        lock.close()
        raise DataDirectoryInUse(data_dir, owner) from None
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
