"""The asynchronous queue on disk: an event is there from its acknowledgement until it is settled."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from store_rig import files_end_at, function_id, new_event

from lambda_emu.store import EventQueue, QueuedEvent, Store

LIMIT = 1000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path)
    yield store
    store.close()


@pytest.fixture
def queue(store: Store) -> EventQueue:
    return store.queue


def put(queue: EventQueue, *events: QueuedEvent) -> None:
    """Keep these events; returns when all are acknowledged."""
    answers = []
    for event in events:
        answer: Future[BaseException | None] = Future()
        queue.put(event, answer.set_result)
        answers.append(answer)
    errors = [error for answer in answers if (error := answer.result(timeout=30)) is not None]
    if errors:
        raise errors[0]


def nothing() -> None: ...


def ids(events: Sequence[QueuedEvent]) -> list[str]:
    return [event.request_id for event in events]


def test_an_event_comes_back_as_it_was_put(queue: EventQueue) -> None:
    id = function_id("f")
    event = QueuedEvent(
        "e1", id, "$LATEST", id.arn("$LATEST"), b'{"\xc3\xa4": 1}', "Root=1", accepted_s=1.25, attempts=2, due_s=99.5
    )
    of_a_tenant = replace(event, request_id="e2", tenant_id="blue")

    put(queue, event, of_a_tenant)

    assert queue.due(100.0, LIMIT) == [event, of_a_tenant]


def test_an_event_kept_before_there_were_tenants_still_runs(tmp_path: Path, queue: EventQueue) -> None:
    put(queue, new_event("e1"))
    with closing(sqlite3.connect(tmp_path / "lambda-emu.db")) as database, database:
        (record,) = database.execute("SELECT record FROM events").fetchone()
        database.execute("UPDATE events SET record = ?", (json.dumps(json.loads(record)[:7]),))

    assert queue.due(10, LIMIT) == [new_event("e1")]


def test_only_what_is_due_is_taken_and_the_longest_due_first(queue: EventQueue) -> None:
    put(queue, new_event("later", due_s=30), new_event("second", due_s=20), new_event("first", due_s=10))

    assert ids(queue.due(20, LIMIT)) == ["first", "second"]
    assert ids(queue.due(20, limit=1)) == ["first"]
    assert queue.next_due_s(20) == 30
    assert queue.next_due_s(30) is None


def test_an_event_that_was_put_off_is_due_at_its_new_time(queue: EventQueue) -> None:
    put(queue, new_event("e1", due_s=10))

    queue.reschedule("e1", attempts=1, due_s=70, done=nothing)

    put(queue, new_event("e2"))  # writes keep their order: this one's acknowledgement follows
    assert queue.due(60, LIMIT) == [new_event("e2")]
    assert queue.due(70, LIMIT) == [new_event("e2"), replace(new_event("e1", due_s=10), attempts=1, due_s=70)]


def test_a_settled_event_is_forgotten(queue: EventQueue) -> None:
    put(queue, new_event("e1"), new_event("e2"))

    queue.finish("e1", nothing)

    put(queue, new_event("e3"))
    assert ids(queue.due(0, LIMIT)) == ["e2", "e3"]


def test_settling_what_is_not_there_is_no_trouble(queue: EventQueue) -> None:
    queue.finish("nobody", nothing)
    queue.reschedule("nobody", 1, 5.0, nothing)

    put(queue, new_event("e1"))
    assert ids(queue.due(10, LIMIT)) == ["e1"]


def test_events_outlive_their_store(tmp_path: Path) -> None:
    first = Store.open(tmp_path)
    put(first.queue, new_event("e1"), new_event("e2"))
    first.queue.finish("e1", nothing)
    first.close()  # what was handed in is written first

    second = Store.open(tmp_path)

    assert second.queue.due(0, LIMIT) == [new_event("e2")]
    second.close()


def test_an_acknowledged_event_can_be_read_by_others_at_once(queue: EventQueue, tmp_path: Path) -> None:
    put(queue, new_event("e1"))

    other = sqlite3.connect(tmp_path / "lambda-emu.db")
    assert other.execute("SELECT request_id FROM events").fetchall() == [("e1",)]
    other.close()


def test_an_event_that_does_not_fit_is_refused_alone(queue: EventQueue, tmp_path: Path) -> None:
    put(queue, new_event("e1"))
    size_bytes = max(path.stat().st_size for path in tmp_path.glob("lambda-emu.db*"))
    answers: dict[str, Future[BaseException | None]] = {name: Future() for name in ("e2", "large", "e3")}

    with files_end_at(size_bytes + 100_000):
        for name, answer in answers.items():
            queue.put(new_event(name, payload=b"x" * (1_000_000 if name == "large" else 10)), answer.set_result)
        refused = {name for name, answer in answers.items() if answer.result(timeout=30) is not None}

    assert refused == {"large"}
    assert ids(queue.due(0, LIMIT)) == ["e1", "e2", "e3"]
    put(queue, new_event("large", payload=b"x" * 1_000_000))
