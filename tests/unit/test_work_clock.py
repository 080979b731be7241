"""The clock of work: whatever timers there are and however it is moved, each fires once, in its order, at its time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_emu.clock import Clock, SteppingClock, Timer
from lambda_emu.work_clock import Lead, WorkClock

delays = st.integers(0, 40).map(lambda tenths: tenths / 10)
trees = st.recursive(
    st.tuples(delays, st.just(())),
    lambda inner: st.tuples(delays, st.lists(inner, max_size=3).map(tuple)),
    max_leaves=8,
)
"""A timer: its delay, and those that it sets when it fires."""
acts = st.one_of(
    st.tuples(st.just("set"), trees),
    st.tuples(st.just("advance"), delays),
    st.tuples(st.just("wait"), delays),
    st.tuples(st.just("cancel"), st.integers(0, 10)),
)


@contextmanager
def clocks(*, stands: bool = True) -> Iterator[tuple[SteppingClock, WorkClock]]:
    """A machine whose time a test moves, and the clock of work on it."""
    loop = asyncio.new_event_loop()
    machine = SteppingClock(stands=stands)
    machine.bind(loop)
    try:
        yield machine, WorkClock(machine)
    finally:
        loop.close()


class Player:
    """Sets timers, and knows when each should fire: by a list, as slow as it is simple."""

    def __init__(self, machine: SteppingClock, clock: WorkClock) -> None:
        self.fired: list[tuple[float, int]] = []
        self.expected: dict[int, float] = {}
        self._timers: list[tuple[int, Timer]] = []
        self._machine = machine
        self._clock = clock
        self._begun_s = clock.monotonic_s()
        self._count = 0

    @property
    def now_s(self) -> float:
        return round(self._clock.monotonic_s() - self._begun_s, 6)

    def set(self, tree: Any) -> None:
        delay_s, then = tree
        id, self._count = self._count, self._count + 1
        self.expected[id] = round(self.now_s + delay_s, 6)

        def fire() -> None:
            self.fired.append((self.now_s, id))
            for each in then:
                self.set(each)

        self._timers.append((id, self._clock.call_later(delay_s, fire)))

    def advance(self, seconds: float) -> None:
        until_s = self._clock.monotonic_s() + seconds
        with self._clock.moving():
            while self._clock.step(until_s):
                pass

    def wait(self, seconds: float) -> None:
        """The machine's time goes by."""
        loop = self._machine._loop
        assert loop is not None
        loop.run_until_complete(asyncio.wait_for(loop.run_in_executor(None, self._machine.advance, seconds), 10))

    def cancel(self, which: int) -> None:
        if self._timers:
            id, timer = self._timers.pop(which % len(self._timers))
            timer.cancel()
            if id not in {fired for _, fired in self.fired}:
                del self.expected[id]


@given(st.lists(acts, max_size=14))
def test_every_timer_fires_once_in_its_order_at_its_own_time(wanted: list[tuple[str, Any]]) -> None:
    with clocks() as (machine, clock):
        player = Player(machine, clock)
        for act, what in [*wanted, ("advance", 0.0)]:
            getattr(player, act)(what)

        due = sorted((at_s, id) for id, at_s in player.expected.items() if at_s <= player.now_s)
        assert [at_s for at_s, _ in player.fired] == pytest.approx([at_s for at_s, _ in due], abs=1e-5)
        assert sorted(id for _, id in player.fired) == sorted(id for _, id in due)


@given(st.lists(st.one_of(delays, st.none()), max_size=8))
def test_waits_go_on_over_dates_that_are_set_back(ways: list[float | None]) -> None:
    """None: they are set back. The machine's own time is nobody's to move."""
    with clocks() as (machine, clock):
        player, ahead_s, begun_s = Player(machine, clock), 0.0, machine.now_s()
        player.set((1000.0, ()))
        for seconds in ways:
            if seconds is None:
                clock.set_back()
                ahead_s = 0.0
            else:
                player.advance(seconds)
                ahead_s += seconds
            assert clock.now_s() - machine.now_s() == pytest.approx(ahead_s)

        left_s = 1000.0 - player.now_s
        player.advance(left_s - 0.5)
        assert player.fired == []
        player.advance(0.5)
        assert player.fired == [(1000.0, 0)]
        assert machine.now_s() == begun_s


def test_where_it_is_kept_another_one_goes_on() -> None:
    with clocks() as (machine, clock):
        kept = list[Lead]()
        clock.keep = kept.append
        with clock.moving():
            while clock.step(clock.monotonic_s() + 60):
                pass
        later = WorkClock(machine)
        later.take(kept[-1])

        assert later.steady_s() == clock.steady_s() == pytest.approx(machine.steady_s() + 60)
        assert later.now_s() == clock.now_s()


def test_until_it_is_moved_its_readings_are_the_machines_own() -> None:
    machine = Clock()
    clock = WorkClock(machine)

    assert (clock.now_s, clock.monotonic_s) == (machine.now_s, machine.monotonic_s)
    assert clock.ahead_s is None
