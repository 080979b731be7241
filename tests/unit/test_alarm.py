"""An alarm: it rings when it was last set to, however often it was set before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from still_rig import StillClock

from lambda_emu.clock import Alarm


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


def rings(clock: StillClock, alarm: Alarm, heard: list[float]) -> Callable[[float], None]:
    """Sets it to ring so long from now."""
    return lambda seconds: alarm.set(clock.monotonic_s() + seconds, lambda: heard.append(clock.monotonic_s()))


@pytest.mark.parametrize(
    ("set_at", "heard_at"),
    [
        ([(0, 5)], [5]),
        ([(0, 5), (3, 5)], [8]),  # later
        ([(0, 5), (3, 1)], [4]),  # sooner
        ([(0, 5), (1, 9), (2, 3)], [5]),  # later, then sooner
        ([(0, 2), (4, 3)], [2, 7]),  # once it has rung
        ([(0, 0)], [0]),
    ],
)
def test_it_rings_when_it_was_set_to_last(
    clock: StillClock, set_at: list[tuple[int, int]], heard_at: list[int]
) -> None:
    begun, heard, alarm = clock.monotonic_s(), list[float](), Alarm(clock)
    ring = rings(clock, alarm, heard)
    for second in range(20):
        for at, seconds in set_at:
            if at == second:
                ring(seconds)
        clock.advance(1, lambda callback: callback())

    assert [at - begun for at in heard] == heard_at


def test_one_that_is_set_again_and_again_keeps_one_timer(clock: StillClock) -> None:
    alarm = Alarm(clock)
    for _ in range(1000):
        rings(clock, alarm, [])(3)
        clock.advance(0.001, lambda callback: callback())

    assert len(clock.pending) == 1


def test_what_was_cleared_does_not_ring(clock: StillClock) -> None:
    heard: list[float] = []
    alarm = Alarm(clock)
    rings(clock, alarm, heard)(3)

    alarm.clear()
    clock.advance(10, lambda callback: callback())

    assert heard == []


def test_a_closed_one_leaves_no_timer(clock: StillClock) -> None:
    alarm = Alarm(clock)
    rings(clock, alarm, [])(3)

    alarm.close()

    assert clock.pending == []
