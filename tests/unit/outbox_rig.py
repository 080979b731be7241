"""An outbox over a real store, at a time that a test moves, with targets that do as they are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lambda_emu.arn import Scope
from lambda_emu.clock import SteppingClock
from lambda_emu.destinations.delivery import Delivery, work_of
from lambda_emu.destinations.failures import NotDelivered
from lambda_emu.destinations.outbox import Outbox
from lambda_emu.http.loop import Loop
from lambda_emu.store import Store, WorkItem

FUNCTION = Scope("123456789012", "us-east-1").function("f")
WELL, ILL = "arn:aws:test:us-east-1:123456789012:well", "arn:aws:test:us-east-1:123456789012:ill"


class Targets:
    """A sender whose targets take what comes, hang, or refuse, by their ARN.

    said: by those that refuse. told: all that was taken.
    """

    most = 3

    def __init__(self) -> None:
        self.got: dict[str, list[bytes]] = {WELL: [], ILL: []}
        self.tries: Counter[str] = Counter()
        self.out: Counter[str] = Counter()
        self.most_out: Counter[str] = Counter()
        self.mood: dict[str, str] = {}
        self.said: Exception = NotDelivered("not today", "ServiceException")
        self.told: list[Delivery] = []
        self.gate = asyncio.Event()  # where those wait that hang

    async def send(self, delivery: Delivery, body: bytes) -> None:
        target = delivery.target
        self.tries[target] += 1
        self.out[target] += 1
        self.most_out[target] = max(self.most_out[target], self.out[target])
        try:
            if self.mood.get(target) == "hangs":
                await self.gate.wait()
            if self.mood.get(target) == "refuses":
                raise self.said
            self.told.append(delivery)
            self.got.setdefault(target, []).append(body)
        finally:
            self.out[target] -= 1


class Rig:
    def __init__(self, store: Store, loop: Loop, clock: SteppingClock, targets: Targets) -> None:
        self.store = store
        self.loop = loop
        self.clock = clock
        self.targets = targets
        self.outbox = Outbox(store, loop, clock, {"test": targets})

    def work(self, target: str, *numbers: int, **more: Any) -> list[WorkItem]:
        """more: of each delivery."""
        now_s = self.clock.steady_s()
        return [
            work_of(
                Delivery(self.clock.new_id(), target, FUNCTION, f"number {number}", **more), now_s, str(number).encode()
            )
            for number in numbers
        ]

    def enqueue(self, target: str, *numbers: int, **more: Any) -> None:
        """Returns when they are on disk."""
        self.keep(self.work(target, *numbers, **more))

    def keep(self, work: list[WorkItem]) -> None:
        kept: Future[BaseException | None] = Future()
        self.outbox.enqueue(work, kept.set_result)
        assert kept.result(10) is None

    def tried_more(self, before: int) -> bool:
        return self.targets.tries[ILL] > before

    def payloads(self) -> int:
        """How many are kept."""
        found: Future[int] = Future()
        count = "SELECT count(*) FROM payloads"
        self.store.post(
            lambda connection: connection.execute(count).fetchone()[0], lambda _, got: found.set_result(got)
        )
        return found.result(10)

    def left(self, target: str) -> int:
        return len(self.store.work.all(f"delivery {target}"))


@contextmanager
def running(folder: Path, targets: Targets) -> Iterator[Rig]:
    store, loop, clock = Store.open(folder), Loop(), SteppingClock()
    loop.start()
    clock.bind(loop.asyncio)
    rig = Rig(store, loop, clock, targets)
    loop.ask(rig.outbox.start, 10)
    try:
        yield rig
    finally:
        loop.ask(rig.outbox.stop, 10)
        loop.stop()
        store.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with running(tmp_path, Targets()) as rig:
        yield rig
