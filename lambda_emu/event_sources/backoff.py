"""Sleep that can be ended, and how long to sleep after failures."""

from __future__ import annotations

import asyncio
from math import inf

from lambda_emu.clock import Clock
from lambda_emu.http.loop import Loop

FIRST_S, LONGEST_S = 0.5, 30.0


class Nap:
    """One sleeper, whom anybody may wake. On the loop."""

    def __init__(self, loop: Loop, clock: Clock) -> None:
        self._loop = loop
        self._clock = clock
        self._sleeper: asyncio.Future[None] | None = None

    async def sleep(self, delay_s: float, look_s: float = inf) -> None:
        """At most so long; infinite: until it is ended, for whoever knows that it will be.

        look_s: at most so long by the machine's time, for whoever looks at what does not wake him.
        """
        self._sleeper = self._loop.asyncio.create_future()
        timers = [] if delay_s == inf else [self._clock.call_later(delay_s, self.end)]
        if look_s < delay_s:
            timers.append(self._clock.machine.call_later(look_s, self.end))
        try:
            await self._sleeper
        finally:
            for timer in timers:
                timer.cancel()
            self._sleeper = None

    @property
    def is_asleep(self) -> bool:
        """Whether nobody has ended it yet."""
        return self._sleeper is not None and not self._sleeper.done()

    def end(self) -> None:
        if self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(None)


class Backoff:
    """Twice as long after each failure in a row. On the loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._until_s = 0.0

    def wait_s(self) -> float:
        """So long still; not positive: no longer."""
        return self._until_s - self._clock.monotonic_s() if self._failures else 0.0

    def failed(self) -> None:
        """Several that failed at about the same time are one."""
        if self._failures and self.wait_s() > 0:
            return
        self._failures += 1
        delay_s = min(FIRST_S * 2 ** min(self._failures - 1, 10), LONGEST_S)
        self._until_s = self._clock.monotonic_s() + delay_s

    def succeeded(self) -> None:
        self._failures = 0
