"""The asynchronous queue on disk: an event is there from its acknowledgement until it is settled."""

from __future__ import annotations

import json
import sqlite3
import tracemalloc
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from store_rig import ACCOUNT, REGION, files_end_at, function_id, new_event

from lambda_emu.store import EventQueue, LastAnswer, QueuedEvent, Store
from lambda_emu.store.schema import STEPS

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


def nothing(_: BaseException | None) -> None: ...


def put_off(queue: EventQueue, *events: QueuedEvent) -> None:
    """Keep these events, and have them wait for their time."""
    put(queue, *events)
    for event in events:
        queue.put_off(event.request_id, event.attempts, event.due_s, nothing)


def recovered(folder: Path, now_s: float = 0, longest_s: float = 1e9) -> Store:
    """Another run on the same data."""
    store = Store.open(folder)
    answer: Future[BaseException | None] = Future()
    store.queue.recover(now_s, longest_s, answer.set_result)
    assert answer.result(timeout=30) is None
    return store


def take(queue: EventQueue, now_s: float, limit: int = LIMIT) -> list[QueuedEvent]:
    """What is handed out, each with its payload read."""
    answer: Future[Sequence[QueuedEvent]] = Future()
    queue.take(now_s, limit, lambda _, events: answer.set_result(events))
    events = answer.result(timeout=30)
    assert [event.payload for event in events] == [None] * len(events)
    return [replace(event, payload=queue.payload(event.request_id)) for event in events]


def ids(events: Sequence[QueuedEvent]) -> list[str]:
    return [event.request_id for event in events]


def test_an_event_comes_back_as_it_was_put(queue: EventQueue) -> None:
    id = function_id("f")
    event = QueuedEvent(
        "e1", id, "$LATEST", id.arn("$LATEST"), b'{"\xc3\xa4": 1}', "Root=1", accepted_s=1.25, attempts=2, due_s=99.5
    )
    of_a_tenant = replace(event, request_id="e2", tenant_id="blue")

    put_off(queue, event, of_a_tenant)

    assert take(queue, 100.0) == [event, of_a_tenant]


def test_an_event_kept_before_there_were_tenants_still_runs(tmp_path: Path, queue: EventQueue) -> None:
    put_off(queue, new_event("e1"))
    put(queue, new_event("last"))  # writes keep their order: what was before is on disk
    with closing(sqlite3.connect(tmp_path / "lambda-emu.db")) as database, database:
        (record,) = database.execute("SELECT record FROM work").fetchone()
        database.execute("UPDATE work SET record = ?", (json.dumps(json.loads(record)[:7]),))

    assert take(queue, 10) == [new_event("e1")]


def test_an_event_kept_beside_its_payload_by_an_older_version_still_runs(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "lambda-emu.db")) as old, old:
        for number, step in enumerate(STEPS[:2], start=1):
            old.executescript(f"{step} PRAGMA user_version={number};")
        record = json.dumps([ACCOUNT, REGION, "f", "aws", None, function_id("f").arn(), None, None])
        old.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", ("e1", 10.0, 0, 10.0, record, b"{}"))

    store = recovered(tmp_path, now_s=10)

    assert take(store.queue, 10) == [new_event("e1", due_s=10)]
    store.close()


def test_only_what_is_due_is_taken_and_the_longest_due_first(queue: EventQueue) -> None:
    put_off(queue, new_event("later", due_s=30), new_event("second", due_s=20), new_event("first", due_s=10))

    assert ids(take(queue, 20, limit=1)) == ["first"]
    assert ids(take(queue, 20)) == ["second"]
    assert queue.next_due_s() == 30
    assert ids(take(queue, 30)) == ["later"]
    assert queue.next_due_s() is None


def test_what_runs_is_not_found_again_until_it_is_put_off(queue: EventQueue) -> None:
    put_off(queue, new_event("e1"))
    put(queue, new_event("begun at once"))

    assert ids(take(queue, 10)) == ["e1"]
    assert take(queue, 10) == []
    queue.hasten("e1", 0, nothing)
    assert take(queue, 10) == []
    queue.put_off("e1", 1, 5, nothing)
    assert ids(take(queue, 10)) == ["e1"]


def test_a_look_reads_no_payload_whatever_runs_or_waits(queue: EventQueue) -> None:
    payload = b"x" * 1_000_000
    put(queue, *(new_event(f"running {number}", payload=payload) for number in range(20)))
    put_off(queue, *(new_event(f"waiting {number}", payload=payload) for number in range(20)))
    answer: Future[Sequence[QueuedEvent]] = Future()

    tracemalloc.start()
    queue.next_due_s()
    queue.take(0, LIMIT, lambda _, events: answer.set_result(events))
    events = answer.result(timeout=30)
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (len(events), events[0].payload) == (20, None)
    assert most_bytes < len(payload)


def test_an_event_that_was_put_off_is_due_at_its_new_time(queue: EventQueue) -> None:
    put(queue, new_event("e1", due_s=10))

    queue.put_off("e1", attempts=1, due_s=70, done=nothing)

    put_off(queue, new_event("e2"))
    assert take(queue, 60) == [new_event("e2")]
    assert take(queue, 70) == [replace(new_event("e1", due_s=10), attempts=1, due_s=70)]


def test_an_event_that_is_hastened_is_due_sooner(queue: EventQueue) -> None:
    put_off(queue, new_event("e1", due_s=70))

    queue.hasten("e1", 20, nothing)

    assert ids(take(queue, 20)) == ["e1"]


def test_a_settled_event_is_forgotten_and_its_payload_too(queue: EventQueue) -> None:
    put_off(queue, new_event("e1"), new_event("e2"))

    queue.finish("e1", nothing)

    assert ids(take(queue, 0)) == ["e2"]
    assert queue.payload("e1") is None


def test_settling_what_is_not_there_is_no_trouble(queue: EventQueue) -> None:
    queue.finish("nobody", nothing)
    queue.put_off("nobody", 1, 5.0, nothing)

    put_off(queue, new_event("e1"))
    assert ids(take(queue, 10)) == ["e1"]


def test_events_outlive_their_store_and_what_ran_waits_again(tmp_path: Path) -> None:
    first = Store.open(tmp_path)
    put(first.queue, new_event("e1"), new_event("e2"))
    first.queue.finish("e1", nothing)
    first.close()  # what was handed in is written first

    second = recovered(tmp_path)

    assert take(second.queue, 0) == [new_event("e2")]
    second.close()


def test_what_was_written_before_the_clock_went_back_is_due_in_time(tmp_path: Path) -> None:
    first = Store.open(tmp_path)
    put_off(first.queue, new_event("e1", due_s=4000))
    first.close()

    second = recovered(tmp_path, now_s=100, longest_s=300)

    assert second.queue.next_due_s() == 400
    (event,) = take(second.queue, 400)
    assert event.accepted_s == 100
    second.close()


def test_an_acknowledged_event_can_be_read_by_others_at_once(queue: EventQueue, tmp_path: Path) -> None:
    put(queue, new_event("e1"))

    other = sqlite3.connect(tmp_path / "lambda-emu.db")
    assert other.execute("SELECT id FROM work").fetchall() == [("e1",)]
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
    assert sorted(ids(queue.find_unsettled())) == ["e1", "e2", "e3"]
    put(queue, new_event("large", payload=b"x" * 1_000_000))


def test_what_the_last_attempt_came_to_outlasts_a_restart(tmp_path: Path) -> None:
    event = replace(new_event("one"), last=LastAnswer(200, "$LATEST", '{"errorMessage": "ü"}'))
    store = Store.open(tmp_path)
    put(store.queue, replace(event, last=None))
    store.queue.put_off(event.request_id, 1, 5.0, nothing, event.record)
    store.close()

    store = recovered(tmp_path)
    with closing(store):
        (found,) = take(store.queue, 10.0)

    assert found.last == event.last
    assert (found.tenant_id, found.attempts) == (event.tenant_id, 1)
