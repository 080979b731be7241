"""What happens to messages, as it is kept: written down at once, gathered, and then taken over by SQLite together."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from lambda_emu.services.sqs import table
from lambda_emu.services.sqs.table import Mark, MessageRow, SeenRow


class Change(Struct, array_like=True, frozen=True):
    """One of these: messages that were sent, with deduplication ids; when some are visible again; some that are gone.

    They may change places: to a message nobody was told of nothing is done, and one that is gone is not hidden.
    """

    messages: Sequence[MessageRow] = ()
    seen: Sequence[SeenRow] = ()
    marks: Sequence[Mark] = ()
    gone: Sequence[int] = ()

    def apply(self, connection: sqlite3.Connection) -> None:
        """A step of the store's writer. All but the marks, which are right after everything else."""
        table.put(connection, self.messages)
        table.put_seen(connection, self.seen)
        table.delete(connection, self.gone)


encode = Encoder().encode
_decode = Decoder(Change).decode


class ChangeSet:
    """Changes that follow each other, as one: what came and went meanwhile is not in it."""

    def __init__(self, changes: Iterable[Change] = ()) -> None:
        self._forget()
        for change in changes:
            self.add(change)

    @classmethod
    def of_entries(cls, entries: Iterable[bytes]) -> ChangeSet:
        """Of a journal."""
        return cls(map(_decode, entries))

    def add(self, change: Change) -> None:
        for row in change.messages:
            self._messages[row[1]] = row
        self._seen += change.seen
        for mark in change.marks:
            self._marks[mark[3]] = mark
        for number in change.gone:
            if number in self._marks:
                del self._marks[number]
            if number in self._messages:
                del self._messages[number]
            else:
                self._gone.append(number)

    @property
    def is_any(self) -> bool:
        return bool(self._messages or self._seen or self._marks or self._gone)

    def take(self) -> Change | None:
        """All of it; from now on there is nothing."""
        if not self.is_any:
            return None
        taken = Change(list(self._messages.values()), self._seen, list(self._marks.values()), self._gone)
        self._forget()
        return taken

    def _forget(self) -> None:
        self._messages: dict[int, MessageRow] = {}
        self._seen: list[SeenRow] = []
        self._marks: dict[int, Mark] = {}
        self._gone: list[int] = []
