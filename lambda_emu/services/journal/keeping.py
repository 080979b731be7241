"""What a service has to say so that its changes are kept: how they are written, gathered, and taken over by SQLite."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from lambda_emu.errors.base import LambdaError
from lambda_emu.services.journal.journal import Journal

log = logging.getLogger(__name__)


class Changed(Protocol):
    """What happened, as it is kept. is_gathered: it may go to SQLite with what comes later, in no step of its own."""

    @property
    def is_gathered(self) -> bool: ...

    def apply(self, connection: sqlite3.Connection) -> None:
        """A step of the store's writer."""

    def finish(self, connection: sqlite3.Connection) -> None:
        """What is right only after everything else of the commit."""


Change = TypeVar("Change", bound=Changed)
Error = TypeVar("Error", bound=LambdaError)


class Gathering(Protocol[Change]):
    """Changes that follow each other, as one."""

    @property
    def is_any(self) -> bool: ...

    def add(self, change: Change) -> None: ...

    def take(self) -> Change | None:
        """All of it; from now on there is nothing."""


class Keeping(Struct, Generic[Change, Error], frozen=True):
    """One service. what: as a log names it. name: of its journal: a file `<name>.journal`, a table `<name>_journal`.

    failure: what whoever asked is told if it could not be kept.
    """

    what: str
    name: str
    encode: Callable[[Change], bytes]
    decode: Callable[[bytes], Change]
    gather: Callable[[], Gathering[Change]]
    failure: Callable[[], Error]

    def open_journal(self, folder: Path) -> Journal | None:
        """None: there can be none."""
        try:
            return Journal.open(folder / f"{self.name}.journal")
        except OSError as error:  # such as a disk without room for one
            log.warning("%s have no journal, so each request waits for its commit: %s", self.what, error)
            return None

    def recover(self, connection: sqlite3.Connection, journal: Journal) -> None:
        """What an earlier run wrote to its journal and died before SQLite had it."""
        gathered = self.gather()
        for entry in journal.left(self.taken(connection)):
            gathered.add(self.decode(entry))
        change = gathered.take()
        if change is not None:
            change.apply(connection)
            change.finish(connection)
        self.put_taken(connection, journal.last)

    def taken(self, connection: sqlite3.Connection) -> int:
        """The number of the journal's last entry that is in the tables."""
        found = connection.execute(f"SELECT taken FROM {self.name}_journal").fetchone()
        return 0 if found is None else int(found[0])

    def put_taken(self, connection: sqlite3.Connection, number: int) -> None:
        connection.execute(f"INSERT OR REPLACE INTO {self.name}_journal VALUES (1, ?)", (number,))
