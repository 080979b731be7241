"""Queues and their messages in SQLite. Every function here is a step of the store's writer, or part of one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import astuple

from lambda_emu.arn import Scope
from lambda_emu.services.sqs.fifo import DEDUPLICATION_S
from lambda_emu.services.sqs.message import SOURCE, Message, Row
from lambda_emu.services.sqs.move_task import MoveTask
from lambda_emu.services.sqs.queue import QueueRecord

_QUEUE = "INSERT OR REPLACE INTO sqs_queues VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
# What begins a statement, what each row adds to it, and what ends it.
_MESSAGES = "INSERT INTO sqs_messages VALUES ", "(?, ?, ?, ?, ?, ?, ?, 0, 0, NULL)", ""
_CONTENTS = "INSERT INTO sqs_contents VALUES ", "(?, ?, ?, ?)", ""
_MARKS = (
    "WITH marked(due_s, receives, first_s, number) AS (VALUES ",
    "(?, ?, ?, ?)",
    ") INSERT OR REPLACE INTO sqs_messages SELECT old.number, old.queue, old.id, old.message_group, old.sent_s,"
    " marked.due_s, old.size, marked.receives, old.before, marked.first_s"
    " FROM marked CROSS JOIN sqs_messages AS old ON old.number = marked.number",
)
_SEEN = "INSERT OR REPLACE INTO sqs_seen VALUES (?, ?, ?, ?, ?)"
_MOVE = (
    "UPDATE sqs_messages SET number = ?, queue = ?, id = ?, sent_s = ?, due_s = ?, receives = ?, before = ?,"
    " first_s = ? WHERE number = ?"
)
_BURY = f"UPDATE sqs_contents SET number = ?, system = json_set(system, '$.{SOURCE}', ?) WHERE number = ?"
_REVIVE = f"UPDATE sqs_contents SET number = ?, system = json_remove(system, '$.{SOURCE}') WHERE number = ?"
_SOURCES = (
    f"SELECT number, json_extract(system, '$.{SOURCE}') FROM sqs_messages JOIN sqs_contents USING (number)"
    " WHERE before > 0"
)
_TASK = "INSERT OR REPLACE INTO sqs_moves VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
LAST = 2**63 - 1
PURGED_AT_ONCE = 5_000
ROWS_AT_ONCE = 50


MessageRow = tuple[int, int, str, str | None, float, float, int, str, str, str]
"""One that is new: its queue's id, its number, id, group, sent_s, due_s, size, and its content as `Row` has it."""
SeenRow = tuple[int, str, float, str, int]
"""Of a message that was sent: its queue's id, its key, until when that is remembered, its own id and number."""
Mark = tuple[float, int, float | None, int]
"""Of a message that was received: when it is visible again, how often it was, when first, its number."""


class SavedQueues(Struct, frozen=True):
    """What an earlier run left. last_number: nothing younger may have it, nor a smaller one."""

    queues: Sequence[QueueRecord]
    messages: Sequence[tuple[int, Message]]
    seen: Sequence[SeenRow]
    tasks: Sequence[MoveTask]
    last_number: int


def read_all(connection: sqlite3.Connection) -> SavedQueues:
    """What is there, without messages of a queue that was deleted when its server died."""
    lost = connection.execute("SELECT number FROM sqs_messages WHERE queue NOT IN (SELECT id FROM sqs_queues)")
    delete(connection, [number for (number,) in lost])
    queues = [
        QueueRecord(id, Scope(account, region), name, json.loads(attributes), json.loads(tags), created_s, modified_s)
        for id, account, region, name, attributes, tags, created_s, modified_s in connection.execute(
            "SELECT * FROM sqs_queues"
        )
    ]
    messages = [_message(row) for row in connection.execute("SELECT * FROM sqs_messages ORDER BY number")]
    sources = dict(connection.execute(_SOURCES).fetchall())
    for _, message in messages if sources else ():
        message.source = sources.get(message.number)
    seen = connection.execute("SELECT queue, key, until_s, id, number FROM sqs_seen ORDER BY until_s").fetchall()
    tasks = [MoveTask(*row) for row in connection.execute("SELECT * FROM sqs_moves ORDER BY number")]
    numbers = *(one[4] for one in seen), *(one.number for _, one in messages), *(one.number for one in tasks)
    return SavedQueues(queues, messages, seen, tasks, max(numbers, default=0))


def put_queue(connection: sqlite3.Connection, record: QueueRecord) -> None:
    texts = json.dumps(dict(record.attributes)), json.dumps(dict(record.tags))
    row = (record.id, record.scope.account, record.scope.region, record.name, *texts)
    connection.execute(_QUEUE, (*row, record.created_s, record.modified_s))


def delete_queue(connection: sqlite3.Connection, id: int, arn: str) -> None:
    connection.execute("DELETE FROM sqs_queues WHERE id = ?", (id,))
    connection.execute("DELETE FROM sqs_moves WHERE source = ?", (arn,))
    connection.execute("DELETE FROM sqs_seen WHERE queue = ?", (id,))


def purge(connection: sqlite3.Connection, id: int, last: int) -> bool:
    """Whether more are left than go at once. last: the number of the youngest message that goes."""
    of_queue = "SELECT number FROM sqs_messages WHERE queue = ? AND number <= ? LIMIT ?"
    numbers = [number for (number,) in connection.execute(of_queue, (id, last, PURGED_AT_ONCE))]
    delete(connection, numbers)
    return len(numbers) == PURGED_AT_ONCE


def put(connection: sqlite3.Connection, messages: Sequence[MessageRow]) -> None:
    """Only into queues that still are there."""
    ids = {row[0] for row in messages}
    there = {id for id in ids if connection.execute("SELECT 1 FROM sqs_queues WHERE id = ?", (id,)).fetchone()}
    rows = [row for row in messages if row[0] in there]
    _write(connection, _MESSAGES, [(row[1], row[0], *row[2:7]) for row in rows])
    _write(connection, _CONTENTS, [(row[1], *row[7:]) for row in rows])


def put_seen(connection: sqlite3.Connection, rows: Sequence[SeenRow]) -> None:
    """With those goes what nobody needs to remember any more."""
    if rows:
        connection.execute("DELETE FROM sqs_seen WHERE until_s <= ?", (rows[-1][2] - DEDUPLICATION_S,))
        connection.executemany(_SEEN, rows)


def mark(connection: sqlite3.Connection, rows: Sequence[Mark]) -> None:
    _write(connection, _MARKS, rows)


def _write(connection: sqlite3.Connection, texts: tuple[str, str, str], rows: Sequence[tuple[object, ...]]) -> None:
    """Some rows a statement: for each the interpreter has to be had anew, which takes long beside a busy loop."""
    begin, of_row, end = texts
    for at in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[at : at + ROWS_AT_ONCE]
        connection.execute(begin + ", ".join([of_row] * len(some)) + end, [value for row in some for value in row])


def contents(connection: sqlite3.Connection, numbers: Iterable[int]) -> dict[int, Row]:
    select = "SELECT body, attributes, system FROM sqs_contents WHERE number = ?"
    rows = ((number, connection.execute(select, (number,)).fetchone()) for number in numbers)
    return {number: row for number, row in rows if row is not None}


def delete(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
    """In one call, through which others have the interpreter, however many they are."""
    text = json.dumps(numbers)
    connection.execute("DELETE FROM sqs_messages WHERE number IN (SELECT value FROM json_each(?))", (text,))
    connection.execute("DELETE FROM sqs_contents WHERE number IN (SELECT value FROM json_each(?))", (text,))


class Move(Struct, frozen=True):
    """A message goes to another queue, where it has another number. The rest is as `Message` has it."""

    number: int
    new_number: int
    queue_id: int
    id: str
    sent_s: float
    due_s: float
    receives: int
    before: int
    first_s: float | None
    source: str | None

    @classmethod
    def of(cls, number: int, queue_id: int, message: Message) -> Move:
        """Of a message that is there already. number: the one it had."""
        one = message
        figures = one.sent_s, one.due_s, one.receives, one.before, one.first_s
        return cls(number, one.number, queue_id, one.id, *figures, one.source)


def move(connection: sqlite3.Connection, moves: Iterable[Move]) -> None:
    for one in moves:
        figures = one.sent_s, one.due_s, one.receives, one.before, one.first_s
        connection.execute(_MOVE, (one.new_number, one.queue_id, one.id, *figures, one.number))
        if one.source is None:
            connection.execute(_REVIVE, (one.new_number, one.number))
        else:
            connection.execute(_BURY, (one.new_number, one.source, one.number))


def put_task(connection: sqlite3.Connection, task: MoveTask, forgotten: Iterable[MoveTask] = ()) -> None:
    """forgotten: older ones that nobody asks for any more."""
    connection.execute(_TASK, astuple(task))
    connection.executemany("DELETE FROM sqs_moves WHERE number = ?", [(one.number,) for one in forgotten])


def clear_away(connection: sqlite3.Connection, moves: Sequence[Move], old: Sequence[int]) -> None:
    """What a receive came upon and did not hand out."""
    move(connection, moves)
    delete(connection, old)


def clear(connection: sqlite3.Connection) -> None:
    for table in ("queues", "messages", "contents", "seen", "moves"):
        connection.execute(f"DELETE FROM sqs_{table}")


def _message(row: tuple[int, int, str, str | None, float, float, int, int, int, float | None]) -> tuple[int, Message]:
    number, queue_id, id, group, sent_s, due_s, size, receives, before, first_s = row
    message = Message(number, id, group, sent_s, due_s, size)
    message.receives, message.before, message.first_s = receives, before, first_s
    return queue_id, message
