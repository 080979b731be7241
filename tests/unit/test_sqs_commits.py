"""What happens to queues is kept in its order: in the journal at once, or by a commit that steps share."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from store_rig import files_end_at
from waiting import eventually

from lambda_emu.clock import SteppingClock
from lambda_emu.http.loop import Loop
from lambda_emu.services.journal.commits import AGAIN_S, LATER_S, Commits
from lambda_emu.services.journal.journal import MOST_BYTES
from lambda_emu.services.sqs.changes import KEEPING, Change, ChangeSet
from lambda_emu.services.sqs.errors import SqsError
from lambda_emu.store import Store
from lambda_emu.store.schema import DATABASE

INSERT = "INSERT INTO sqs_contents VALUES (?, '', '', '')"


class Steps:
    """Steps and changes that each insert a row, in a real store; told: the numbers that were, each with its error."""

    def __init__(self, store: Store, loop: Loop, clock: SteppingClock, *, has_journal: bool = True) -> None:
        self.loop = loop
        self.clock = clock
        self.journal = KEEPING.open_journal(store.folder) if has_journal else None
        self.commits = Commits(KEEPING, store, loop, clock, self.journal)
        self.told: list[tuple[int, SqsError | None]] = []
        self._path = store.folder / DATABASE
        self.post(0)
        with sqlite3.connect(self._path) as connection:
            connection.execute("INSERT INTO sqs_queues VALUES (1, '', '', '', '', '', 0, 0)")
        eventually(lambda: bool(self.told), "the first to be told")
        self.told.clear()

    def post(self, *numbers: int) -> None:
        """All in one turn of the loop."""

        def act() -> None:
            for number in numbers:
                self.commits.post(self._insert(number), self._tell(number, number))

        self.loop.ask(act, 10)

    def put(self, *numbers: int, body: str = "", ordered: bool = False) -> list[int]:
        """All in one turn of the loop; those that were told in it."""

        def act() -> list[int]:
            for number in numbers:
                change = Change(messages=[(1, number, "", None, 0.0, 0.0, 0, body, "", "")])
                self.commits.put(change, self._tell(number, None), ordered=ordered)
            return self.numbers_told()

        return self.loop.ask(act, 10)

    def hide(self, number: int, due_s: float) -> None:
        """Nobody waits for it."""
        self.loop.ask(lambda: self.commits.put(Change(marks=[(due_s, 1, 0.0, number)]), _ignore, awaited=False), 10)

    def hidden_until(self, number: int) -> float:
        with sqlite3.connect(self._path) as connection:
            row = connection.execute("SELECT due_s FROM sqs_messages WHERE number = ?", (number,)).fetchone()
        return float(row[0])

    def remove(self, *numbers: int) -> None:
        self.loop.ask(lambda: self.commits.put(Change(gone=numbers), _ignore), 10)

    def left(self) -> list[int]:
        """What whoever comes after this process finds in the journal and not in SQLite."""
        with sqlite3.connect(self._path) as connection:
            taken = KEEPING.taken(connection)
        found = KEEPING.open_journal(self._path.parent)
        gathered = ChangeSet()
        for entry in [] if found is None else found.left(taken):
            gathered.add(KEEPING.decode(entry))
        change = gathered.take()
        return [] if change is None else [row[1] for row in change.messages]

    def kept(self) -> list[int]:
        with sqlite3.connect(self._path) as connection:
            return [
                number for (number,) in connection.execute("SELECT number FROM sqs_contents WHERE number ORDER BY 1")
            ]

    def numbers_told(self) -> list[int]:
        return [number for number, _ in self.told]

    def _insert(self, number: int) -> Callable[[sqlite3.Connection], int]:
        def step(connection: sqlite3.Connection) -> int:
            connection.execute(INSERT, (number,))
            return number

        return step

    def _tell(self, number: int, returned: int | None) -> Callable[[SqsError | None, Any], None]:
        def told(error: SqsError | None, result: Any) -> None:
            assert result == (returned if error is None else None)
            self.told.append((number, error))

        return told


def _ignore(*_: Any) -> None:
    pass


@contextmanager
def steps_in(folder: Path, *, has_journal: bool = True) -> Iterator[Steps]:
    store, loop, clock = Store.open(folder), Loop(), SteppingClock(stands=True)
    loop.start()
    clock.bind(loop.asyncio)
    try:
        yield Steps(store, loop, clock, has_journal=has_journal)
    finally:
        loop.stop()
        store.close()


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    with steps_in(tmp_path) as steps:
        yield steps


def test_steps_are_told_in_their_order_after_the_commit(steps: Steps) -> None:
    steps.post(1, 2, 3)
    steps.post(4)

    eventually(lambda: len(steps.told) == 4, "all to be told")

    assert steps.told == [(number, None) for number in (1, 2, 3, 4)]
    assert steps.kept() == [1, 2, 3, 4]


def test_one_that_fails_is_told_alone_and_the_others_are_kept(steps: Steps) -> None:
    steps.post(1)
    steps.post(2, 1, 3)

    eventually(lambda: len(steps.told) == 4, "all to be told")

    assert steps.numbers_told() == [1, 2, 1, 3]
    assert [error is None for _, error in steps.told] == [True, True, False, True]
    assert steps.kept() == [1, 2, 3]


def test_a_change_is_told_at_once_and_outlives_the_process_before_sqlite_has_it(steps: Steps) -> None:
    told = steps.put(1, 2)

    assert told == [1, 2]
    assert (steps.kept(), steps.left()) == ([], [1, 2])
    steps.clock.advance(LATER_S)
    eventually(lambda: steps.kept() == [1, 2], "both to be in SQLite")
    eventually(lambda: steps.left() == [], "the journal to be done with them")


def test_what_came_and_went_never_reaches_sqlite(steps: Steps) -> None:
    steps.put(1, 2)
    steps.remove(1)

    steps.clock.advance(LATER_S)

    eventually(lambda: steps.kept() == [2], "the other to be in SQLite")


def test_changes_follow_a_step_that_is_under_way(steps: Steps) -> None:
    steps.put(1)
    told: list[str] = []

    def act() -> None:
        steps.commits.post(lambda _: None, lambda *_: told.append("the step"))
        steps.commits.put(Change(gone=[1]), lambda *_: told.append("the change"))
        told.append("neither")

    steps.loop.ask(act, 10)

    eventually(lambda: len(told) == 3, "both to be told")
    assert told == ["neither", "the step", "the change"]
    assert steps.kept() == []


def test_what_the_journal_has_no_room_for_is_told_after_its_commit(steps: Steps) -> None:
    told = steps.put(1, body="x" * MOST_BYTES)

    assert told == []
    eventually(lambda: steps.numbers_told() == [1], "it to be told")
    assert steps.kept() == [1]


def test_more_than_the_journal_holds_is_kept_and_told_in_its_order(steps: Steps) -> None:
    numbers = range(1, 100)

    told = steps.put(*numbers, body="x" * (MOST_BYTES - 100), ordered=True)

    eventually(lambda: len(steps.told) == len(numbers), "all to be told")
    steps.clock.advance(LATER_S)
    eventually(lambda: steps.kept() == list(numbers), "all to be in SQLite")
    assert len(told) < len(numbers)
    assert steps.numbers_told() == list(numbers)


def test_the_journal_has_changes_again_when_there_is_room(steps: Steps) -> None:
    """Though all the time others wait for their commit."""

    def told_at_once() -> bool:
        number = 1000 + len(steps.told)
        steps.put(number, body="x" * MOST_BYTES)
        return number + 1 in steps.put(number + 1)

    steps.put(*range(1, 20), body="x" * (MOST_BYTES - 100))

    eventually(told_at_once, "one to be told at once")


def test_without_a_journal_a_change_is_told_after_its_commit(tmp_path: Path) -> None:
    with steps_in(tmp_path, has_journal=False) as steps:
        told = steps.put(1, 2)

        assert told == []
        eventually(lambda: steps.numbers_told() == [1, 2], "both to be told")
        assert steps.kept() == [1, 2]


@pytest.mark.parametrize("has_journal", [True, False])
def test_of_a_message_that_is_hidden_again_the_last_is_kept(tmp_path: Path, has_journal: bool) -> None:
    with steps_in(tmp_path, has_journal=has_journal) as steps:
        steps.put(1)
        steps.post(2)
        steps.hide(1, 10.0)
        eventually(lambda: steps.numbers_told() == [1, 2], "both to be told")
        steps.hide(1, 20.0)
        steps.clock.advance(LATER_S)

        eventually(lambda: steps.hidden_until(1) == 20.0, "the last to be kept")


def test_what_sqlite_cannot_take_stays_in_the_journal_until_it_can(steps: Steps) -> None:
    steps.put(1)
    with files_end_at(0):
        steps.post(2)
        eventually(lambda: steps.numbers_told() == [1, 2], "both to be told")
        refused, kept = steps.told[1][1], steps.left()
    steps.clock.advance(AGAIN_S)

    assert refused is not None
    assert kept == [1]
    eventually(lambda: steps.kept() == [1], "it to be in SQLite")


def test_nothing_waits_once_it_ends(steps: Steps) -> None:
    steps.put(1)
    steps.loop.ask(steps.commits.close, 10)
    steps.put(2)

    eventually(lambda: steps.kept() == [1, 2], "both to be in SQLite")
