"""Records that were put, as they are kept: written down at once, gathered, and then taken over by SQLite together."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from lambda_emu.services.journal.keeping import Keeping
from lambda_emu.services.kinesis import table
from lambda_emu.services.kinesis.errors import KinesisError, KinesisFailure
from lambda_emu.services.kinesis.table import Row


class Change(Struct, array_like=True, frozen=True):
    records: Sequence[Row] = ()

    @property
    def is_gathered(self) -> bool:
        """Whoever puts a record waits until it is kept."""
        return False

    def apply(self, connection: sqlite3.Connection) -> None:
        table.put(connection, self.records)

    def finish(self, connection: sqlite3.Connection) -> None:
        pass


class ChangeSet:
    """Changes that follow each other, as one."""

    def __init__(self) -> None:
        self._records: list[Row] = []

    @property
    def is_any(self) -> bool:
        return bool(self._records)

    def add(self, change: Change) -> None:
        self._records += change.records

    def take(self) -> Change | None:
        if not self._records:
            return None
        taken, self._records = Change(self._records), []
        return taken


KEEPING: Keeping[Change, KinesisError] = Keeping(
    "streams", "kinesis", Encoder().encode, Decoder(Change).decode, ChangeSet, KinesisFailure
)
