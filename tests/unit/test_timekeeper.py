"""Time goes on when what was due is done: also what hands its work to other threads, and comes back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from msgspec.structs import astuple

from lambda_emu.clock import SteppingClock
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.store import Store
from lambda_emu.timekeeper import MOST_AHEAD_S, MOST_S, WRITES, Timekeeper, TooFar, read_lead
from lambda_emu.work_clock import WorkClock

SOME = Workers("some work", 2, 16)
STEPS = 40


class Child:
    """A follower that has something due every so many seconds."""

    def __init__(self, world: World, every_s: float) -> None:
        self.requests = 0
        self.followed: list[float] = []
        self._world = world
        self._every_s = every_s
        self._next_s = world.clock.now_s() + every_s

    async def follow(self) -> float | None:
        if self._world.clock.now_s() >= self._next_s:
            self.followed.append(self._world.passed_s)
            self._next_s += self._every_s
        return self._next_s


class Nobody:
    requests = 0

    async def follow(self) -> float | None:
        return None


class World:
    """A clock of work on a machine that stands still, a loop and a store."""

    def __init__(self, folder: Path) -> None:
        self.machine = SteppingClock(stands=True)
        self.clock = WorkClock(self.machine)
        self.loop = Loop()
        self.store = Store.open(folder)
        self.loop.start()
        self.machine.bind(self.loop.asyncio)
        self.fired: list[float] = []
        self._begun_s = self.clock.monotonic_s()
        self.keeper = self.keep_time(Nobody())

    def keep_time(self, follower: Any) -> Timekeeper:
        return Timekeeper(self.clock, self.loop, self.store, self.under_way, follower)

    @property
    def passed_s(self) -> float:
        return round(self.clock.monotonic_s() - self._begun_s, 3)

    def under_way(self) -> Counter[str]:
        return self.loop.unfinished() + Counter({WRITES: self.store.unfinished})

    def chain(self, hand_over: Callable[[Callable[[], object]], object]) -> None:
        """A minute after each other: something that is done elsewhere, and sets the next timer when it comes back."""

        def again() -> None:
            if len(self.fired) < STEPS:
                self.clock.call_later(60, due)

        def due() -> None:
            self.fired.append(self.passed_s)
            hand_over(again)

        self.loop.ask(again, 10)

    def close(self) -> None:
        self.loop.stop()
        self.store.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def by_the_store(world: World, then: Callable[[], object]) -> None:
    world.store.post(lambda _: None, lambda *_: world.loop.post(then))


def by_a_worker(world: World, then: Callable[[], object]) -> None:
    world.loop.work(SOME, Event().wait, 0.002).add_done_callback(lambda _: then())


def by_both(world: World, then: Callable[[], object]) -> None:
    by_a_worker(world, partial(by_the_store, world, partial(by_a_worker, world, partial(by_the_store, world, then))))


def by_a_task(world: World, then: Callable[[], object]) -> None:
    async def task() -> None:
        for _ in range(2):
            await asyncio.sleep(0)
        then()

    world.loop.spawn(task(), "a task")


@pytest.mark.parametrize("hand_over", [by_the_store, by_a_worker, by_both, by_a_task])
def test_what_follows_from_what_was_due_is_there_before_time_goes_on(world: World, hand_over: Any) -> None:
    world.chain(partial(hand_over, world))

    reading = world.keeper.advance(3600)

    assert world.fired == [60.0 * number for number in range(1, STEPS + 1)]
    assert reading.ahead_s == pytest.approx(3600)
    assert (reading.left_s, dict(reading.running)) == (0.0, {})


def test_who_has_waits_of_his_own_is_asked_at_their_times(world: World) -> None:
    child = Child(world, 700)
    keeper = world.keep_time(child)
    world.chain(partial(by_the_store, world))

    keeper.advance(3600)

    assert child.followed == pytest.approx([700, 1400, 2100, 2800, 3500], abs=0.01)
    assert world.fired == [60.0 * number for number in range(1, STEPS + 1)]


def test_how_far_it_is_ahead_is_kept_before_anything_happens_by_it(world: World) -> None:
    found: list[float] = []
    world.clock.call_later(
        60, lambda: world.store.post(lambda db: found.append(*db.execute("SELECT shown_s FROM clock").fetchone()), done)
    )
    done: Any = lambda *_: None  # noqa: E731

    world.keeper.advance(100)

    assert found == [pytest.approx(60)]
    assert astuple(read_lead(world.store)) == pytest.approx((100, 100))
    world.keeper.reset()
    assert astuple(read_lead(world.store)) == pytest.approx((0, 100))


def test_nobody_moves_it_out_of_all_bounds(world: World) -> None:
    with pytest.raises(TooFar, match="366 days at once"):
        world.keeper.advance(MOST_S + 1)
    for _ in range(int(MOST_AHEAD_S // MOST_S)):
        world.keeper.advance(MOST_S)
    with pytest.raises(TooFar, match="3660 days in all"):
        world.keeper.advance(60)

    world.keeper.reset()

    assert world.keeper.advance(60).ahead_s == pytest.approx(60)
