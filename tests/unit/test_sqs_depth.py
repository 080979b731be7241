"""Queues with many messages: what is forgotten goes bit by bit, and leaves nothing, in memory or on disk."""

from __future__ import annotations

import sqlite3
import tracemalloc
from pathlib import Path

import pytest
from ground_rig import ACCOUNT, REGION
from sqs_rig import Sqs, serving, sqs
from waiting import eventually

from lambda_emu.arn import Scope
from lambda_emu.services.journal.commits import LATER_S
from lambda_emu.services.sqs import queues, table
from lambda_emu.services.sqs.message import Message
from lambda_emu.services.sqs.queue import Queue, QueueRecord
from lambda_emu.store.schema import DATABASE

__all__ = ["sqs"]

HOURS_S = 40_000.0


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "PURGED_AT_ONCE", 3)
    monkeypatch.setattr(queues, "LET_GO", 2)


def rows(folder: Path) -> list[int]:
    """Of messages, and of their contents."""
    with sqlite3.connect(folder / DATABASE) as connection:
        tables = "sqs_messages", "sqs_contents"
        return [connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables]


def test_a_purge_takes_what_was_there_and_leaves_what_comes(sqs: Sqs, tmp_path: Path) -> None:
    url, other = sqs.create("jobs"), sqs.create("other")
    sqs.send(url, *map(str, range(10)), DelaySeconds=0)
    sqs.send(url, "delayed", DelaySeconds=60)
    sqs.send(other, "of another")
    sqs.bodies(url, 1)

    sqs.client.purge_queue(QueueUrl=url)
    sqs.send(url, "late")
    sqs.clock.advance(61)

    assert (sqs.bodies(url), sqs.bodies(other)) == (["late"], ["of another"])
    sqs.clock.advance(LATER_S)
    eventually(lambda: rows(tmp_path) == [2, 2], "what comes to be in SQLite")


def test_a_purge_keeps_what_was_sent_before_it_is_over(sqs: Sqs, tmp_path: Path) -> None:
    url = sqs.create("jobs.fifo", ContentBasedDeduplication="true")
    sqs.send(url, *map(str, range(10)), MessageGroupId="g")
    sqs.bodies(url, 1)
    late: list[object] = []

    def purge_and_send() -> None:
        queue = sqs.queues.find(Scope(ACCOUNT, REGION), "jobs.fifo")
        sqs.queues.purge(queue, late.append)

    sqs.loop.ask(purge_and_send, 10)
    sqs.send(url, "late", MessageGroupId="g")
    eventually(lambda: late, "the purge to end")

    assert sqs.bodies(url) == ["late"]
    sqs.clock.advance(LATER_S)
    eventually(lambda: rows(tmp_path) == [1, 1], "what comes to be in SQLite")


def test_a_queue_that_is_deleted_leaves_no_row(sqs: Sqs, tmp_path: Path) -> None:
    url = sqs.create("jobs")
    sqs.send(url, *map(str, range(10)))

    sqs.client.delete_queue(QueueUrl=url)

    eventually(lambda: rows(tmp_path) == [0, 0], "the rows to go")


def test_what_a_deletion_did_not_get_to_goes_at_the_next_start(tmp_path: Path) -> None:
    with serving(tmp_path) as sqs:
        sqs.send(sqs.create("jobs"), "x")
        sqs.send(sqs.create("other"), "of another")
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.execute("DELETE FROM sqs_queues WHERE name = 'jobs'")

    with serving(tmp_path) as sqs:
        assert rows(tmp_path) == [1, 1]
        assert sqs.bodies(sqs.client.get_queue_url(QueueName="other")["QueueUrl"]) == ["of another"]


@pytest.mark.parametrize(("name", "group"), [("jobs", None), ("jobs.fifo", "g")])
def test_a_queue_keeps_nothing_of_messages_that_are_gone(name: str, group: str | None) -> None:
    """Though each of them was hidden for hours."""
    queue = Queue(QueueRecord(1, Scope(ACCOUNT, REGION), name, {}, {}, 0, 0))

    def pass_through(first: int, count: int) -> None:
        for number in range(first, first + count):
            queue.add(Message(number, "id", group, 0.0, 0.0, 1), 1.0)
            message = next(queue.visible())
            queue.take(message)
            queue.hide([message], 1.0, 1.0, HOURS_S + number)
            queue.remove([number])

    pass_through(0, 5_000)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        pass_through(5_000, 20_000)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert after - before < 200_000
