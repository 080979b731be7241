"""Moves the clock of work as far as a user asks: from one moment at which something is due to the next.

What is due at a moment runs, and what follows from that, before time goes on: so each comes in its order and at its own
time, also what is set only on the way. Time does not stand still meanwhile, and what takes too long is not waited for.
How far it is ahead is on disk before anything happens by it. docs/decisions/clock.md.
"""

from __future__ import annotations

import asyncio
import logging
import math
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from msgspec import Struct

from lambda_emu.clock import TIMER_ERROR_S
from lambda_emu.errors.base import LambdaError
from lambda_emu.http.loop import Loop
from lambda_emu.store import Store
from lambda_emu.work_clock import NO_LEAD, Lead, WorkClock

log = logging.getLogger(__name__)

DAY_S = 86_400
MOST_S = 366.0 * DAY_S
"""At once."""
MOST_AHEAD_S = 10 * MOST_S
FIRST_LIMIT_S = 2.0
"""So long what runs already is waited for."""
STEP_LIMIT_S = 10.0
"""So long what is due at one moment is."""
WAY_LIMIT_S = 20.0
"""So long one request moves time; who asked goes on from there."""
ANSWER_LIMIT_S = WAY_LIMIT_S + STEP_LIMIT_S + 30.0
FOLLOWER_ERROR_S = 0.002
"""By so much a follower's clock may differ from ours, which is told by milliseconds."""
LOOK_S = 0.001
WRITES = "changes that are being written"
"""By this name `under_way` has steps of the store's writer."""
TURNS = 5
"""Of the loop, after which a task that was woken has given its work to somebody."""
READ_LIMIT_S = 60.0


class TooFar(LambdaError):
    """most_s: so far it may be moved. when: at once, or in all."""

    code, status, text_key = "InvalidParameterValueException", 400, "Message"

    def __init__(self, most_s: float, when: str) -> None:
        super().__init__(f"The clock can be moved ahead by {most_s / DAY_S:.0f} days {when}")


class ClockMoves(LambdaError):
    """By somebody else's request."""

    code, status, text_key = "ResourceConflictException", 409, "Message"

    def __init__(self) -> None:
        super().__init__("The clock is being moved; try again when that is over")


class ClockStops(LambdaError):
    """Nothing is due any more where everything ends."""

    code, status, text_key = "ServiceException", 503, "Message"

    def __init__(self) -> None:
        super().__init__("lambda-emu is ending; the clock is not moved")


class Reading(Struct, frozen=True):
    """now_s: epoch seconds, as all is dated. ahead_s: of the machine's time. left_s: of what was asked for.

    running: what was due on the way and still runs, and how many of it.
    """

    now_s: float
    ahead_s: float
    left_s: float = 0.0
    running: Mapping[str, int] = {}


class Follower(Protocol):
    """Who has waits of his own, as another process has. requests: so many he was given so far."""

    @property
    def requests(self) -> int: ...

    async def follow(self) -> float | None:
        """Have him do what is due now. When something is due next, in epoch seconds; None: nothing that he knows."""


class Timekeeper:
    """under_way: what runs or is being written, and how many of it; on the loop."""

    def __init__(
        self, clock: WorkClock, loop: Loop, store: Store, under_way: Callable[[], Counter[str]], follower: Follower
    ) -> None:
        self.on_set_back: Callable[[], None] = lambda: None
        """Called on the loop when dates are the machine's again."""
        self._clock = clock
        self._loop = loop
        self._store = store
        self._under_way = under_way
        self._follower = follower
        self._told = -1  # requests of the follower when he was last asked
        self._follower_s = math.inf  # when something of his is due, by the monotonic clock of work
        self._expected = Counter[str]()  # what is not waited for
        self._late = Counter[str]()  # what was waited for in vain
        self._moves = self._stopped = False
        self._keeping = 0  # changes that are ours alone
        self._unkept = False  # whether the last of them failed, which is told once
        clock.keep = self._keep

    def read(self) -> Reading:
        """From any thread."""
        return Reading(self._clock.now_s(), self._clock.lead.shown_s)

    def advance(self, seconds: float) -> Reading:
        """Move time by so much, or as far as it comes in WAY_LIMIT_S. Not on the loop. TooFar, ClockMoves."""
        if seconds > MOST_S:
            raise TooFar(MOST_S, "at once")
        if self._clock.lead.shown_s + seconds > MOST_AHEAD_S:
            raise TooFar(MOST_AHEAD_S, "in all; a reset sets it back")
        return self._loop.run(self._advance(seconds), ANSWER_LIMIT_S)

    def reset(self) -> Reading:
        """Show the machine's time again; what waits goes on waiting for as long as it would have. Not on the loop."""
        self._loop.run(self._reset(), ANSWER_LIMIT_S)
        return self.read()

    def stop(self) -> None:
        """Time goes on by itself alone: what ends one by one is not due any more, and must not seem to be over. On the
        loop; before all else ends.
        """
        self._stopped = True

    # -- on the loop ------------------------------------------------------------------------------

    async def _reset(self) -> None:
        with self._alone():
            if self._clock.lead.shown_s:
                self._clock.set_back()
                self.on_set_back()
                await self._ask_follower()
                await self._settle(FIRST_LIMIT_S)

    async def _advance(self, seconds: float) -> Reading:
        clock = self._clock
        with self._alone():
            wanted_s = clock.lead.waited_s + seconds
            await self._settle(FIRST_LIMIT_S)
            self._late.clear()
            await self._go(wanted_s, clock.machine.monotonic_s() + WAY_LIMIT_S)
        running = self._running() & self._late
        return Reading(clock.now_s(), clock.lead.shown_s, self._left_s(wanted_s), dict(running))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else moves it meanwhile. ClockMoves, ClockStops."""
        if self._stopped:
            raise ClockStops
        if self._moves:
            raise ClockMoves
        self._moves = True
        self._expected, self._late = Counter(), Counter()
        try:
            with self._clock.moving():
                yield
        finally:
            self._moves = False

    async def _go(self, wanted_s: float, latest_s: float) -> None:
        """From moment to moment. latest_s: no longer than until then, by the machine's clock."""
        clock = self._clock
        await self._ask_follower()
        while clock.machine.monotonic_s() < latest_s and not self._stopped:
            until_s = clock.machine.monotonic_s() + wanted_s
            if clock.step(min(until_s, self._follower_s)):
                await self._settle(STEP_LIMIT_S)
                if self._follower.requests != self._told:
                    await self._ask_follower()
                continue
            await self._ask_follower()
            await self._settle(STEP_LIMIT_S)
            if not self._left_s(wanted_s):
                return

    def _left_s(self, wanted_s: float) -> float:
        left_s = wanted_s - self._clock.lead.waited_s
        return left_s if left_s > TIMER_ERROR_S else 0.0

    async def _ask_follower(self) -> None:
        """Of what is due already he will not say more."""
        self._told = self._follower.requests
        next_s = await self._follower.follow()
        in_s = math.inf if next_s is None else next_s - self._clock.now_s()
        self._follower_s = self._clock.monotonic_s() + in_s + FOLLOWER_ERROR_S if in_s > 0 else math.inf

    async def _settle(self, limit_s: float) -> None:
        """Until all is done that was due, and what followed from it; or until that took too long."""
        clock = self._clock
        latest_s = clock.machine.monotonic_s() + limit_s
        while not self._stopped and await self._is_busy():
            if clock.machine.monotonic_s() >= latest_s:
                self._late |= self._running() - self._expected
                self._expected = self._running()
                return
            await asyncio.sleep(LOOK_S)
            clock.step(clock.monotonic_s())  # time goes by

    async def _is_busy(self) -> bool:
        """Not before some turns of the loop in which nothing was under way, nor came and went."""
        for _ in range(TURNS):
            if self._is_unexpected():
                return True
            before = self._progress()
            for _ in range(TURNS):
                await asyncio.sleep(0)
            if before == self._progress():
                return self._is_unexpected()
        return True

    def _is_unexpected(self) -> bool:
        now = self._running()
        self._expected &= now  # what has ended meanwhile, and comes again, is waited for
        return bool(now - self._expected)

    def _running(self) -> Counter[str]:
        """All but our own changes."""
        return self._under_way() - Counter({WRITES: self._keeping})

    def _progress(self) -> int:
        return self._store.told + self._loop.given + self._follower.requests

    # -- on disk ----------------------------------------------------------------------------------

    def _keep(self, lead: Lead) -> None:
        """What happens by it is written after it."""
        self._keeping += 1
        self._store.post(partial(_write, lead=lead), lambda error, _: self._loop.post(self._kept, error))

    def _kept(self, error: BaseException | None) -> None:
        self._keeping -= 1
        if error is not None and not self._unkept:
            log.error("how far the clock is ahead cannot be written, so the next run may not know it: %s", error)
        elif error is None and self._unkept:
            log.warning("how far the clock is ahead is written again")
        self._unkept = error is not None


def read_lead(store: Store) -> Lead:
    """How far an earlier run was ahead. Not on the loop, nor on the store's thread."""
    found: Future[Lead] = Future()
    store.post(_read, lambda error, lead: found.set_exception(error) if error else found.set_result(lead))
    return found.result(READ_LIMIT_S)


def _read(connection: sqlite3.Connection) -> Lead:
    row = connection.execute("SELECT shown_s, waited_s FROM clock").fetchone()
    return NO_LEAD if row is None else Lead(*row)


def _write(connection: sqlite3.Connection, lead: Lead) -> None:
    connection.execute("INSERT OR REPLACE INTO clock VALUES (1, ?, ?)", (lead.shown_s, lead.waited_s))
