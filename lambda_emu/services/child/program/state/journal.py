"""The changes that were asked for, in their order, in a file that outlives the process."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from msgspec import Struct

log = logging.getLogger(__name__)

JOURNAL = "journal.db"
ENDED = "ended-with-server"
"""A file beside the journal: the process before did not die of anything."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, service TEXT NOT NULL, seed INTEGER NOT NULL, time_s REAL NOT NULL,
    environ TEXT NOT NULL, body BLOB NOT NULL, file TEXT, is_done INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS keys (name TEXT PRIMARY KEY, pem BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS replaying (id INTEGER NOT NULL);
"""


class Entry(Struct, frozen=True):
    """One change. seed, time_s: of its moment. file: the name of a large body; else it is `body`."""

    id: int
    service: str
    seed: int
    time_s: float
    environ: Mapping[str, Any]
    body: bytes
    file: str | None


class Journal:
    """A commit is there when a call returns, also if the process is killed then. For one thread at a time."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")  # two processes would not know of each other's changes
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)

    def begin(self, entry: Entry) -> int:
        """Its number; whatever happens now, it is made again at the next start."""
        row = (entry.service, entry.seed, entry.time_s, json.dumps(entry.environ), entry.body, entry.file)
        made = self._db.execute(
            "INSERT INTO entries (service, seed, time_s, environ, body, file) VALUES (?, ?, ?, ?, ?, ?)", row
        )
        assert made.lastrowid is not None
        return made.lastrowid

    def end(self, id: int, *, has_changed: bool) -> None:
        """It was made. has_changed: else there is nothing to be made again."""
        if has_changed:
            self._db.execute("UPDATE entries SET is_done = 1 WHERE id = ?", (id,))
        else:
            self._db.execute("DELETE FROM entries WHERE id = ?", (id,))

    def count(self) -> int:
        count: int = self._db.execute("SELECT count(*) FROM entries").fetchone()[0]
        return count

    def last(self) -> int:
        last: int | None = self._db.execute("SELECT max(id) FROM entries").fetchone()[0]
        return last or 0

    def entries(self) -> Iterator[Entry]:
        """All of them in their order; each may be taken away before the next one is asked for."""
        after = 0
        while True:
            columns = "id, service, seed, time_s, environ, body, file"
            row = self._db.execute(
                f"SELECT {columns} FROM entries WHERE id > ? ORDER BY id LIMIT 1", (after,)
            ).fetchone()
            if row is None:
                return
            after = row[0]
            yield Entry(row[0], row[1], row[2], row[3], json.loads(row[4]), row[5], row[6])

    def begin_again(self, id: int) -> None:
        """Whoever dies of it a second time is not to try it a third time."""
        self._db.execute("INSERT INTO replaying (id) VALUES (?)", (id,))

    def ended_again(self, id: int) -> None:
        self._db.execute("DELETE FROM replaying WHERE id = ?", (id,))

    def fatal(self) -> list[int]:
        """The entries that two processes were making again when they died; of one, somebody may have killed it."""
        return [row[0] for row in self._db.execute("SELECT id FROM replaying GROUP BY id HAVING count(*) > 1")]

    def forgive(self) -> None:
        """The last process that was making one again did not die of it."""
        self._db.execute("DELETE FROM replaying WHERE rowid = (SELECT max(rowid) FROM replaying)")

    def drop(self, id: int) -> None:
        self._db.execute("DELETE FROM entries WHERE id = ?", (id,))

    def forget(self, until: int, services: Collection[str]) -> None:
        """What a snapshot has."""
        marks = ",".join("?" * len(services))
        self._db.execute(f"DELETE FROM entries WHERE id <= ? AND service IN ({marks})", (until, *services))

    def files(self) -> set[str]:
        """The bodies that its entries need."""
        return {row[0] for row in self._db.execute("SELECT file FROM entries WHERE file IS NOT NULL")}

    def key(self, name: str, make: Callable[[], bytes]) -> bytes:
        """What was made for this name the first time: a key, or a checksum that takes long."""
        row = self._db.execute("SELECT pem FROM keys WHERE name = ?", (name,)).fetchone()
        if row is not None:
            found: bytes = row[0]
            return found
        made = make()
        self._db.execute("INSERT INTO keys (name, pem) VALUES (?, ?)", (name, made))
        return made

    def close(self) -> None:
        self._db.close()


def mark_ended(folder: Path) -> None:
    """Whatever is being made again, the process ends for another reason."""
    with suppress(OSError):
        (folder / ENDED).touch()


def open_journal(file: Path) -> Journal:
    """What is no journal any more is put aside, and told. sqlite3.OperationalError: another process has it open."""
    try:
        journal = Journal(file)
        if (ended := file.with_name(ENDED)).exists():
            journal.forgive()
            ended.unlink()
        return journal
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        aside = file.with_suffix(f".broken-{uuid4().hex[:8]}")
        log.error("%s cannot be read (%s); it is now %s, and what it had is not known", file, error, aside.name)
        file.rename(aside)
        return Journal(file)


def own_folder(path: Path) -> Path:
    """For this user alone."""
    path.mkdir(parents=True, exist_ok=True)
    os.chmod(path, 0o700)
    return path
