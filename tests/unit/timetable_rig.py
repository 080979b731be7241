"""A timetable over a real store, whose work stays in the table. As a program: fires until it is killed."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from lambda_emu.clock import Clock, SteppingClock, Timer
from lambda_emu.http.loop import Loop
from lambda_emu.model.schedules.timing import Timing
from lambda_emu.services.timetable import table
from lambda_emu.services.timetable.table import Firing
from lambda_emu.services.timetable.timetable import Timetable
from lambda_emu.store import Store, WorkItem

KIND = "firing"
PREFIX = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/"


class CountingClock(SteppingClock):
    """waiting: timers that may still ring."""

    def __init__(self, *, stands: bool) -> None:
        super().__init__(stands=stands)
        self.waiting: set[object] = set()
        self._slept_s = 0.0

    def sleep(self, seconds: float) -> None:
        """The machine does: its time goes on, and no timer rings."""
        self._slept_s += seconds

    def now_s(self) -> float:
        return super().now_s() + self._slept_s

    @property
    def ahead_s(self) -> float:  # type: ignore[override]
        return super().ahead_s - self._slept_s

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        def ring() -> None:
            self.waiting.discard(timer)
            callback()

        timer = CountedTimer(super().call_later(delay_s, ring), self.waiting)
        self.waiting.add(timer)
        return timer


class CountedTimer:
    """A timer that leaves the set when it is cancelled."""

    def __init__(self, timer: Timer, waiting: set[object]) -> None:
        self._timer = timer
        self._waiting = waiting

    def cancel(self) -> None:
        self._waiting.discard(self)
        self._timer.cancel()


@dataclass
class Owner:
    """Makes a piece of work of each firing. broken: entries whose work cannot be made."""

    clock: Clock
    woken: list[WorkItem] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def work_of(self, connection: sqlite3.Connection, firing: Firing) -> Sequence[WorkItem]:
        name = firing.arn.removeprefix(PREFIX)
        if name in self.broken:
            raise RuntimeError("no target")
        return [WorkItem(self.clock.new_id(), KIND, 0.0, json.dumps([name, firing.scheduled_s]))]

    def end(self, connection: sqlite3.Connection, arn: str) -> None:
        self.ended.append(arn.removeprefix(PREFIX))

    def wake(self, work: Sequence[WorkItem]) -> None:
        self.woken.extend(work)


@dataclass
class Rig:
    store: Store
    loop: Loop
    clock: CountingClock
    owner: Owner
    timetable: Timetable
    owners: dict[str, table.Owner]

    def step(self, work: Any) -> Any:
        return step(self.store, work)

    def put(self, name: str, expression: str, **members: Any) -> None:
        now_s = self.clock.now_s()
        members = {"anchor_s": int(now_s) + 60, **members}
        timing = Timing(expression, **members)
        self.step(lambda connection: table.put(connection, PREFIX + name, timing, now_s, self.clock.random))
        self.loop.ask(self.timetable.look, 10)
        self.settle()

    def next_of(self, name: str) -> int | None:
        found: int | None = self.step(lambda connection: table.next_of(connection, PREFIX + name))
        return found

    def fired(self) -> list[tuple[str, int]]:
        """Names and times, in the order in which their work was written."""
        self.settle()
        return [(name, at_s) for name, at_s in (json.loads(work.record) for work in self.owner.woken)]

    def settle(self) -> None:
        settle(self.store, self.loop, self.timetable)


def step(store: Store, work: Any) -> Any:
    """Wait for a step of the writer, and return what it returned."""
    done: Future[Any] = Future()
    store.post(work, lambda error, found: done.set_exception(error) if error else done.set_result(found))
    return done.result(10)


def settle(store: Store, loop: Loop, timetable: Timetable) -> None:
    """Returns when what is due is fired."""

    deadline_s = monotonic() + 60
    while loop.ask(lambda: timetable.looking, 10):
        assert monotonic() < deadline_s, "the timetable does not come to rest"
        step(store, lambda _: None)


@contextmanager
def running(folder: Path, ahead_s: float = 0.0, *, catch_up: bool = False, stands: bool = True) -> Iterator[Rig]:
    """ahead_s: how far the clock is ahead of the machine's."""
    store, loop, clock = Store.open(folder), Loop(), CountingClock(stands=stands)
    loop.start()
    clock.bind(loop.asyncio)
    clock.advance(ahead_s)
    owner = Owner(clock)
    owners: dict[str, table.Owner] = {"scheduler": owner}
    timetable = Timetable(store, loop, clock, owners, catch_up=catch_up)
    rig = Rig(store, loop, clock, owner, timetable, owners)
    loop.ask(timetable.start, 10)
    rig.settle()
    try:
        yield rig
    finally:
        loop.ask(timetable.close, 10)
        loop.stop()
        store.close()


def work_left(folder: Path) -> list[tuple[str, int]]:
    """Of a store that nobody has open."""
    with sqlite3.connect(folder / "lambda-emu.db") as connection:
        rows = connection.execute("SELECT record FROM work WHERE kind = ?", (KIND,)).fetchall()
    return [(name, at_s) for name, at_s in (json.loads(record) for (record,) in rows)]


def main(folder: Path, ahead_s: float) -> None:
    with running(folder, ahead_s, catch_up=True) as rig:
        print("ready", flush=True)
        while True:
            rig.clock.advance(30)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
