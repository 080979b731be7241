"""Steps that the loop has ready together share a commit, and one that fails leaves the others."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import eventually

from lambda_emu.clock import SteppingClock
from lambda_emu.http.loop import Loop
from lambda_emu.services.sqs.commits import LATER_S, Commits
from lambda_emu.services.sqs.errors import SqsError
from lambda_emu.store import Store
from lambda_emu.store.schema import DATABASE

INSERT = "INSERT INTO sqs_contents VALUES (?, '', '', '')"


class Steps:
    """Steps that each insert a row, in a real store; told: the numbers that were, each with its error."""

    def __init__(self, store: Store, loop: Loop, clock: SteppingClock) -> None:
        self.loop = loop
        self.clock = clock
        self.commits = Commits(store, loop, clock, self._first)
        self.told: list[tuple[int, SqsError | None]] = []
        self._untold: list[int] = []
        self._path = store.folder / DATABASE

    def post(self, *numbers: int) -> None:
        """All in one turn of the loop."""

        def act() -> None:
            for number in numbers:
                self.commits.post(self._insert(number), self._tell(number))

        self.loop.ask(act, 10)

    def keep_soon(self, number: int) -> None:
        """Nobody waits for it."""

        def act() -> None:
            self._untold.append(number)
            self.commits.soon()

        self.loop.ask(act, 10)

    def kept(self) -> list[int]:
        with sqlite3.connect(self._path) as connection:
            return [number for (number,) in connection.execute("SELECT number FROM sqs_contents ORDER BY number")]

    def numbers_told(self) -> list[int]:
        return [number for number, _ in self.told]

    def _first(self) -> Callable[[sqlite3.Connection], object] | None:
        numbers, self._untold = self._untold, []
        steps = [self._insert(number) for number in numbers]
        return (lambda connection: [step(connection) for step in steps]) if steps else None

    def _insert(self, number: int) -> Callable[[sqlite3.Connection], int]:
        def step(connection: sqlite3.Connection) -> int:
            connection.execute(INSERT, (number,))
            return number

        return step

    def _tell(self, number: int) -> Callable[[SqsError | None, Any], None]:
        def told(error: SqsError | None, result: Any) -> None:
            assert result == (number if error is None else None)
            self.told.append((number, error))

        return told


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    store, loop, clock = Store.open(tmp_path), Loop(), SteppingClock(stands=True)
    loop.start()
    clock.bind(loop.asyncio)
    try:
        yield Steps(store, loop, clock)
    finally:
        loop.stop()
        store.close()


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


def test_what_nobody_waits_for_goes_with_the_next_or_soon(steps: Steps) -> None:
    steps.keep_soon(1)
    steps.post(2)
    eventually(lambda: steps.numbers_told() == [2], "the second to be told")
    with_it = steps.kept()
    steps.keep_soon(3)
    steps.clock.advance(LATER_S)

    assert with_it == [1, 2]
    eventually(lambda: steps.kept() == [1, 2, 3], "the third to be kept")


def test_what_nobody_waits_for_fails_alone(steps: Steps) -> None:
    steps.post(1)
    steps.keep_soon(1)
    steps.post(2)

    eventually(lambda: steps.numbers_told() == [1, 2], "both to be told")

    assert steps.kept() == [1, 2]


def test_nothing_waits_once_it_ends(steps: Steps) -> None:
    steps.keep_soon(1)
    steps.loop.ask(steps.commits.close, 10)
    steps.keep_soon(2)

    eventually(lambda: steps.kept() == [1, 2], "both to be kept")
