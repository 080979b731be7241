"""What people would have been sent, as SMS and e-mail: the last of it, in a file that outlives the process.

Beside it wait the e-mails that somebody here is to receive, until that is done.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

FILE = "outbox.db"
MOST_KEPT = 1000
MOST_BYTES = 32 * 1024 * 1024
MOST_ARRIVING, MOST_ARRIVING_BYTES = 1000, 256 * 1024 * 1024
"""E-mails that wait to be received."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS sent (id INTEGER PRIMARY KEY AUTOINCREMENT, told TEXT NOT NULL, bytes INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS arriving (id INTEGER PRIMARY KEY AUTOINCREMENT, mail BLOB NOT NULL);
"""
READ = "SELECT told FROM sent ORDER BY id"


class Full(Exception):
    """As many e-mails wait as may."""


class Outbox:
    """Used by any thread; what was added is there when the call returns."""

    def __init__(self, folder: Path | None = None) -> None:
        """folder: where it is kept; None: in memory."""
        self._lock = threading.Lock()  # guards the connection
        file = ":memory:" if folder is None else str(folder / FILE)
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + SCHEMA)

    def add(self, told: Mapping[str, Any], arriving: bytes | None = None) -> int:
        """told: to who looks. arriving: an e-mail to be received here; its number, else 0. Full."""
        said = json.dumps(told)
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if arriving is not None:
                count, size = self._db.execute("SELECT count(*), total(length(mail)) FROM arriving").fetchone()
                if count >= MOST_ARRIVING or size + len(arriving) > MOST_ARRIVING_BYTES:
                    raise Full
            self._db.execute("INSERT INTO sent (told, bytes) VALUES (?, ?)", (said, len(said)))
            self._db.execute(
                "DELETE FROM sent WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER newest AS place, "
                "sum(bytes) OVER newest AS bytes FROM sent WINDOW newest AS (ORDER BY id DESC)) "
                "WHERE place > ? OR (bytes > ? AND place > 1))",
                (MOST_KEPT, MOST_BYTES),
            )
            if arriving is None:
                return 0
            number = self._db.execute("INSERT INTO arriving (mail) VALUES (?)", (arriving,)).lastrowid
            assert number is not None
            return number

    def sent(self) -> list[dict[str, Any]]:
        """Oldest first."""
        with self._lock:
            return [json.loads(told) for (told,) in self._db.execute(READ)]

    def arriving(self) -> list[int]:
        with self._lock:
            return [number for (number,) in self._db.execute("SELECT id FROM arriving ORDER BY id")]

    def mail(self, number: int) -> bytes | None:
        with self._lock:
            row = self._db.execute("SELECT mail FROM arriving WHERE id = ?", (number,)).fetchone()
            return None if row is None else bytes(row[0])

    def arrived(self, number: int) -> None:
        with self._lock:
            self._db.execute("DELETE FROM arriving WHERE id = ?", (number,))


def is_waited_for(folder: Path) -> bool:
    """Whether an e-mail there is still to be received. While nobody writes there."""
    return bool(_read(folder, "SELECT 1 FROM arriving LIMIT 1"))


def read_sent(folder: Path) -> list[dict[str, Any]]:
    """While nobody writes there."""
    return [json.loads(told) for (told,) in _read(folder, READ)]


def _read(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """What cannot be read is nothing."""
    if not (folder / FILE).exists():
        return []
    try:
        with closing(sqlite3.connect(f"{(folder / FILE).absolute().as_uri()}?mode=ro", uri=True)) as db:
            return db.execute(query).fetchall()
    except sqlite3.Error:
        return []
