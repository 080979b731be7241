"""Whoever wants to go on has his slice, and everybody else the loop."""

from __future__ import annotations

import asyncio
import time

from lambda_emu.clock import Clock
from lambda_emu.http.turns import Turns


def test_many_that_never_end_leave_the_loop_to_others() -> None:
    turns, clock, done = Turns(), Clock(), [0] * 50

    def slices_of(number: int) -> None:
        def go_on() -> None:
            done[number] += 1
            time.sleep(0.002)
            turns.add(go_on, clock)

        turns.add(go_on, clock)

    async def others() -> int:
        for number in range(50):
            slices_of(number)
        turned, until_s = 0, time.monotonic() + 1
        while time.monotonic() < until_s:
            await asyncio.sleep(0)
            turned += 1
        return turned

    assert asyncio.run(others()) > 40  # with 100 ms a turn there would be ten
    assert max(done) - min(done) <= 1


def test_one_that_fails_stops_nobody() -> None:
    turns, clock, seen = Turns(), Clock(), list[str]()

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: seen.append("failed"))
        turns.add(lambda: seen.append(str(1 / 0)), clock)
        turns.add(lambda: seen.append("went on"), clock)
        await asyncio.sleep(0.05)

    asyncio.run(run())

    assert seen == ["failed", "went on"]
