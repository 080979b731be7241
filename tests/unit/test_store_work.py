"""The table of all that must still happen: a step ends and begins work at once, kinds are apart, payloads shared."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace
from store_rig import ACCOUNT, REGION, files_end_at, function_id

from lambda_emu.store import Store, WorkItem, WorkTable
from lambda_emu.store.schema import STEPS
from lambda_emu.store.work import Done

LIMIT = 100


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path)
    yield store
    store.close()


@pytest.fixture
def work(store: Store) -> WorkTable:
    return store.work


def made(change: Callable[[Done], None]) -> None:
    """Returns once the change is on disk; raises what kept it from there."""
    answer: Future[BaseException | None] = Future()
    change(answer.set_result)
    if (error := answer.result(timeout=30)) is not None:
        raise error


def add(work: WorkTable, *pieces: WorkItem, running: bool = False) -> None:
    for piece in pieces:
        made(partial(work.add, replace(piece, running=running)))


def finish(work: WorkTable, id: str, *then: WorkItem) -> None:
    made(lambda done: work.finish(id, done, then))


def take(work: WorkTable, kind: str, now_s: float = 0) -> list[str]:
    answer: Future[Sequence[WorkItem]] = Future()
    work.take(kind, now_s, LIMIT, lambda _, found: answer.set_result(found))
    return [piece.id for piece in answer.result(timeout=30)]


def piece(id: str, kind: str = "delivery", due_s: float = 0, **more: str | bytes) -> WorkItem:
    return WorkItem(id, kind, due_s, "{}", **more)  # type: ignore[arg-type]


def test_a_step_ends_its_work_and_begins_what_follows(work: WorkTable) -> None:
    add(work, piece("event", "event"), running=True)

    finish(work, "event", piece("delivery"), piece("alarm", "timer", due_s=60))

    assert take(work, "event") == []
    assert take(work, "delivery") == ["delivery"]
    assert (take(work, "timer", 59), take(work, "timer", 60)) == ([], ["alarm"])


def test_a_step_that_cannot_be_written_leaves_its_work_as_it_was(work: WorkTable, tmp_path: Path) -> None:
    add(work, piece("event", "event"))
    size_bytes = max(path.stat().st_size for path in tmp_path.glob("lambda-emu.db*"))

    with files_end_at(size_bytes + 100_000), pytest.raises(sqlite3.Error):
        finish(work, "event", piece("small"), piece("large", payload=b"x" * 1_000_000))

    assert take(work, "delivery") == []
    assert take(work, "event") == ["event"]


def test_what_was_forgotten_meanwhile_has_no_sequel(work: WorkTable) -> None:
    add(work, piece("event", "event"), running=True)
    work.clear()

    finish(work, "event", piece("delivery"))

    assert take(work, "delivery") == []


def test_kinds_are_taken_awaited_and_shown_apart(work: WorkTable) -> None:
    add(work, piece("event", "event", due_s=10), piece("delivery", due_s=20))

    assert (work.next_due_s("event"), work.next_due_s("delivery"), work.next_due_s("timer")) == (10, 20, None)
    assert take(work, "event", 30) == ["event"]
    assert [found.id for found in work.all("delivery")] == ["delivery"]
    assert take(work, "delivery", 30) == ["delivery"]


def test_what_an_earlier_run_had_taken_is_given_back_by_its_own_kind(tmp_path: Path) -> None:
    first = Store.open(tmp_path)
    add(first.work, piece("event", "event", due_s=5), piece("delivery"), running=True)
    add(first.work, piece("in a year", "timer", due_s=31_536_000))
    first.close()

    second = Store.open(tmp_path)
    made(lambda done: second.work.recover("event", 10, 300, done))

    assert take(second.work, "event", 10) == ["event"]
    assert take(second.work, "delivery", 10) == []  # whoever sees to deliveries has not begun
    assert second.work.next_due_s("timer") == 31_536_000
    second.close()


def test_a_payload_that_is_shared_goes_with_the_last_who_has_it(work: WorkTable, tmp_path: Path) -> None:
    payload = b"x" * 1_000_000
    add(work, piece("event", "event", payload=payload))

    finish(work, "event", piece("first", brought_by="event"), piece("second", brought_by="event"))
    assert work.payload("first") == work.payload("second") == payload
    finish(work, "first")
    assert work.payload("second") == payload
    finish(work, "second", piece("third", brought_by="event"))
    assert work.payload("third") == payload
    finish(work, "third")

    with closing(sqlite3.connect(tmp_path / "lambda-emu.db")) as database:
        assert database.execute("SELECT count(*) FROM payloads").fetchone() == (0,)


def test_who_shares_may_end_before_who_brought_it(work: WorkTable) -> None:
    add(work, piece("event", "event", payload=b"{}"), piece("beside", brought_by="event"))

    finish(work, "beside")

    assert work.payload("event") == b"{}"


def test_events_that_an_older_version_kept_are_work(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "lambda-emu.db")) as old, old:
        for number, step in enumerate(STEPS[:3], start=1):
            old.executescript(f"{step} PRAGMA user_version={number};")
        record = json.dumps([ACCOUNT, REGION, "f", "aws", None, function_id("f").arn(), None, None])
        for id, running in (("waited", 0), ("ran", 1)):
            old.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", (id, 20.0, 1, 10.0, record, running))
            old.execute("INSERT INTO payloads VALUES (?, ?)", (id, b'{"of": "%s"}' % id.encode()))

    store = Store.open(tmp_path)

    assert {
        event.request_id: (event.attempts, event.accepted_s, event.due_s) for event in store.queue.find_unsettled()
    } == {
        "waited": (1, 10, 20),
        "ran": (1, 10, 20),
    }
    assert take(store.work, "event", 20) == ["waited"]
    made(lambda done: store.queue.recover(20, 300, done))
    assert take(store.work, "event", 20) == ["ran"]
    assert store.queue.payload("ran") == b'{"of": "ran"}'
    store.close()
