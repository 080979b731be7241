"""How often a function URL may be called. docs/contract/events.md#function-urls."""

from __future__ import annotations

from typing import Any

import pytest
from still_rig import StillClock

from lambda_emu.triggers.rates import MOST_KNOWN, Rates


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


def function(name: str, reserved: int) -> Any:
    """All that is asked of one."""

    class Function:
        id = name
        reserved_concurrency = reserved

    return Function()


def served(rates: Rates, one: Any, times: int) -> int:
    return sum(rates.has_room(one) for _ in range(times))


def test_ten_times_the_reserved_concurrency_are_served_at_once_and_as_many_each_second(clock: StillClock) -> None:
    rates, one = Rates(clock), function("one", 2)

    assert served(rates, one, 50) == 20
    clock.advance(0.5, print)
    assert served(rates, one, 50) == 10
    clock.advance(60, print)
    assert served(rates, one, 50) == 20


def test_functions_are_counted_apart_and_with_nothing_reserved_not_at_all(clock: StillClock) -> None:
    rates = Rates(clock)

    assert served(rates, function("one", 1), 50) == 10
    assert served(rates, function("two", 1), 50) == 10
    assert served(rates, function("none", 0), 50) == 50  # refused for that


def test_what_is_kept_is_bounded(clock: StillClock) -> None:
    rates = Rates(clock)

    for number in range(3 * MOST_KNOWN):
        assert rates.has_room(function(f"f{number}", 1))
