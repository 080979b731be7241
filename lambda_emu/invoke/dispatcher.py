"""Sees to work of one kind when it is due, and writes down what comes of it. One driver owns the time; on the loop.

It looks when something is due, not by polling, and a batch at a time. A piece that was handed out counts as running
until what came of it is on disk; then the next may be taken.
"""

from __future__ import annotations

import logging
import sqlite3
from asyncio import Future
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Generic, Protocol, TypeVar

from lambda_emu.clock import Alarm, Clock, Timer
from lambda_emu.http.executors import Closed, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.persistence import Persistence
from lambda_emu.store import Done, WorkItem

log = logging.getLogger(__name__)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

LOOKS = Workers("looks at the queue of events", 2, 8192)
"""One event may be for hundreds of targets, each of which has a queue of its own."""
BATCH = 100
QUIET_S = 5.0
"""How often the queue is looked at all the same: a safety net, not the way work is found. Of the machine's time."""
PAUSE_S = 0.05


class WorkQueue(Protocol[T_co]):
    """Work of one kind on disk, as store/events.py has events. Writes tell, on any thread, when they are on disk."""

    def recover(self, now_s: float, longest_s: float, done: Done) -> None: ...
    def next_due_s(self) -> float | None: ...
    def take(self, now_s: float, limit: int, done: Callable[[BaseException | None, Sequence[T_co]], None]) -> None: ...
    def payload(self, id: str, /) -> bytes | None: ...
    def put_off(self, id: str, /, attempts: int, due_s: float, done: Done, record: str | None = None) -> None: ...
    def hasten(self, id: str, /, due_s: float, done: Done) -> None: ...
    def finish(self, id: str, /, done: Done, then: Sequence[WorkItem] = ()) -> None: ...


def nobody() -> None:
    """Where nobody need hear of it."""


class Dispatcher(Generic[T]):
    """Hands out what is due to `run`, which ends by `finish`, `put_off` or `drop`. Times are the steady clock's.

    most: so many pieces may be out at once, 0 for a while if need be; None: as many as are due. `look` when it grew.
    """

    most: int | None = None

    def __init__(
        self,
        queue: WorkQueue[T],
        loop: Loop,
        clock: Clock,
        run: Callable[[T], Awaitable[None]],
        when_idle: Callable[[], None] | None = None,
    ) -> None:
        """when_idle: told when there is nothing left, instead of looking again by itself."""
        self._queue = queue
        self._loop = loop
        self._clock = clock
        self._run = run
        self._when_idle = when_idle
        self._persistence = Persistence(loop, clock)
        self._running = 0  # pieces whose attempt is not over, or what came of it not on disk
        self._timer: Timer | None = None
        self._wake_s = 0.0  # when that fires
        self._net = Alarm(clock.machine)
        self._looking = False
        self._look_again = False
        self._backlog = False  # more is due than was taken
        self._waits = False  # something may be in the queue that is not out
        self.stopped = False

    def start(self, longest_wait_s: float) -> None:
        """Begin with what an earlier run left. longest_wait_s: no piece is due later from now."""
        recover = partial(self._queue.recover, self._clock.steady_s(), longest_wait_s)
        self._persistence.make(recover, self.look)

    def stop(self) -> None:
        """Hand out nothing any more; what is not finished stays in the queue."""
        self.stopped = True
        self._persistence.stop()
        self._cancel_timer()
        self._net.close()

    # -- what comes of a piece --------------------------------------------------------------------

    def begin(self) -> None:
        """A piece runs that was not handed out: who puts it into the queue runs it at once."""
        self._running += 1

    @property
    def lets_in(self) -> bool:
        """Whether a piece may begin that is not in the queue yet: there is room, and none that is there waits."""
        return self._room > 0 and not self._waits and not self.stopped

    def payload(self, id: str) -> Future[bytes | None]:
        """What a piece brings. sqlite3.Error."""
        return self._loop.work(LOOKS, self._queue.payload, id)

    def finish(self, id: str, then: Sequence[WorkItem] = (), told: Callable[[], None] = nobody) -> None:
        """It is done, and this follows from it. Tried until it is on disk, which `told` hears of."""

        def kept() -> None:
            told()
            self._go_on()

        self._persistence.make(partial(self._queue.finish, id, then=then), kept if then else self._go_on)

    def put_off(self, id: str, attempts: int, due_s: float, record: str | None = None) -> None:
        """It is tried again then. Tried until it is on disk; only then may it be taken again."""
        change = partial(self._queue.put_off, id, attempts, due_s, record=record)
        self._persistence.make(change, partial(self._go_on, due_s))

    def drop(self) -> None:
        """A piece was forgotten meanwhile."""
        self._running -= 1

    def hasten(self, id: str) -> None:
        """It is due now, if it waits."""
        self._queue.hasten(id, self._clock.steady_s(), lambda _: self._loop.post(self.look))

    def _go_on(self, due_s: float | None = None) -> None:
        self._running -= 1
        if due_s is not None:
            self._waits = True
            if self._looking:
                self._look_again = True  # the present look may have passed it
            else:
                self._wake_at(due_s)
        if self._may_take_more() or (self._waits and self._when_idle is not None and not self._running):
            self.look()
        elif self._when_idle is not None and not self._running and not self._looking:
            self._when_idle()

    # -- looking ----------------------------------------------------------------------------------

    def look(self) -> None:
        """Take what is due; one look at a time."""
        self._waits = True
        self._cancel_timer()
        if self._looking:
            self._look_again = True
        elif self._room == 0:
            self._backlog = True  # perhaps; it is looked again when there is room
        elif not self.stopped:
            self._looking, self._backlog = True, False
            self._loop.spawn(self._take(), "a look at the queue")

    async def _take(self) -> None:
        next_s, seen = None, False
        try:
            next_s = await self._next_due_s()
            if next_s is not None and next_s <= self._clock.steady_s():
                limit = self._room
                found = await self._take_due(limit)
                self._running += len(found)
                self._backlog = len(found) == limit
                for piece in found:
                    await self._run(piece)
                next_s = await self._next_due_s()
            seen = True
        except sqlite3.Error as error:
            self._persistence.note(error)
            next_s = None  # not at once: there is no room
        except Closed:
            log.debug("the queue is not looked at any more")
        finally:
            self._end_look(next_s, seen)

    def _next_due_s(self) -> Future[float | None]:
        return self._loop.work(LOOKS, self._queue.next_due_s)

    async def _take_due(self, limit: int) -> Sequence[T]:
        """What is due now, taken. sqlite3.Error."""
        found: Future[Sequence[T]] = self._loop.asyncio.create_future()
        self._queue.take(self._clock.steady_s(), limit, partial(self._loop.post, _answer, found))
        return await found

    def _end_look(self, next_s: float | None, seen: bool) -> None:
        """Well or not: look again now, or when the next piece is due. seen: whether that could be read."""
        self._looking = False
        self._waits = self._look_again or next_s is not None or not seen
        if self._look_again or self._may_take_more():
            self._look_again = False
            self.look()
        elif self._room == 0:
            self._backlog = next_s is not None or not seen
        elif self._when_idle is not None and not self._waits:
            if not self._running:
                self._when_idle()
        elif not self.stopped:
            self._net.set(self._clock.machine.monotonic_s() + QUIET_S, self.look)
            if next_s is not None:
                self._wake_at(max(next_s, self._clock.steady_s() + PAUSE_S))

    def _wake_at(self, at_s: float) -> None:
        if self.stopped or (self._timer is not None and self._wake_s <= at_s):
            return
        self._cancel_timer()
        self._wake_s = at_s
        self._timer = self._clock.call_later(max(at_s - self._clock.steady_s(), 0.0), self.look)

    def _cancel_timer(self) -> None:
        self._net.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def _room(self) -> int:
        """How many may be taken now."""
        return BATCH if self.most is None else min(max(self.most - self._running, 0), BATCH)

    def _may_take_more(self) -> bool:
        if self.most is None:
            return self._backlog and self._running < BATCH // 2
        return self._backlog and self._room > self.most // 2


def _answer(found: Future[Sequence[T]], error: BaseException | None, pieces: Sequence[T]) -> None:
    if found.cancelled():
        return
    if error is None:
        found.set_result(pieces)
    else:
        found.set_exception(error)
