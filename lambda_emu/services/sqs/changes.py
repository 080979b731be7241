"""What happens to messages, as it is kept: written down at once, gathered, and then taken over by SQLite together."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from lambda_emu.services.journal.keeping import Keeping
from lambda_emu.services.sqs import table
from lambda_emu.services.sqs.errors import SqsError, SqsFailure
from lambda_emu.services.sqs.table import Mark, MessageRow, SeenRow


class Change(Struct, array_like=True, frozen=True):
    """One of these: messages that were sent, with deduplication ids; when some are visible again; some that are gone.

    They may change places: to a message nobody was told of nothing is done, and one that is gone is not hidden.
    """

    messages: Sequence[MessageRow] = ()
    seen: Sequence[SeenRow] = ()
    marks: Sequence[Mark] = ()
    gone: Sequence[int] = ()

    @property
    def is_gathered(self) -> bool:
        """So that the last mark of a message is the one that is kept."""
        return bool(self.marks)

    def apply(self, connection: sqlite3.Connection) -> None:
        table.put(connection, self.messages)
        table.put_seen(connection, self.seen)
        table.delete(connection, self.gone)

    def finish(self, connection: sqlite3.Connection) -> None:
        table.mark(connection, self.marks)


class ChangeSet:
    """Changes that follow each other, as one: what came and went meanwhile is not in it."""

    def __init__(self) -> None:
        self._forget()

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


KEEPING: Keeping[Change, SqsError] = Keeping(
    "queues", "sqs", Encoder().encode, Decoder(Change).decode, ChangeSet, SqsFailure
)
