"""Stems: begun ahead of invocations, each used once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sandbox_rig import WAIT_S, EmptyEngine, EmptySandbox

from lambda_emu.clock import SteppingClock
from lambda_emu.http.loop import Loop
from lambda_emu.pool.budget import Budget
from lambda_emu.pool.stems import Stems
from lambda_emu.sandbox.base import Sandbox, SandboxError, StemKind

KIND = StemKind("python3.13", "x86_64", 512)
NO_STEM = f"no stem (an environment started ahead) of {KIND} could be made: the engine is down"


class SlowEngine(EmptyEngine):
    """Its sandboxes are there when the test says so."""

    def __init__(self, loop: Loop) -> None:
        super().__init__(loop, 1)
        self.asked = 0
        self.opened = asyncio.Event()

    async def create(self, kind: StemKind) -> EmptySandbox:
        self.asked += 1
        await self.opened.wait()
        return await super().create(kind)


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    loop.start()
    yield loop
    loop.stop()


@pytest.fixture
def engine(loop: Loop) -> SlowEngine:
    return SlowEngine(loop)


def stems(engine: SlowEngine, loop: Loop, count: int, refills: bool = True) -> Stems:
    clock = SteppingClock(stands=True)
    clock.bind(loop.asyncio)
    return Stems(Budget(engine, loop, 100), loop, clock, count, refills=refills)


async def take_while_coming(stems: Stems, engine: SlowEngine, takers: int) -> list[Sandbox | BaseException]:
    """Ask for stems before any is there, then let them come; for how many there was one."""
    stems.want(KIND)
    taken = [coming for _ in range(takers) if (coming := stems.take(KIND)) is not None]
    await asyncio.sleep(0)
    engine.opened.set()
    return await asyncio.gather(*taken, return_exceptions=True)


def test_who_comes_before_the_stem_takes_the_one_on_its_way(engine: SlowEngine, loop: Loop) -> None:
    kept = stems(engine, loop, 1, refills=False)

    taken = loop.run(take_while_coming(kept, engine, 1), WAIT_S)

    assert taken == engine.sandboxes
    assert engine.asked == 1
    assert loop.ask(kept.sandboxes, WAIT_S) == []


def test_each_stem_on_its_way_has_one_taker_and_the_rest_get_none(engine: SlowEngine, loop: Loop) -> None:
    taken = loop.run(take_while_coming(stems(engine, loop, 2), engine, 3), WAIT_S)

    assert (
        len({sandbox.id for sandbox in taken if isinstance(sandbox, EmptySandbox)}) == engine.asked == len(taken) == 2
    )


def test_who_waited_for_a_stem_that_cannot_be_made_is_told_why(engine: SlowEngine, loop: Loop) -> None:
    engine.down = True

    [answer] = loop.run(take_while_coming(stems(engine, loop, 1), engine, 1), WAIT_S)

    assert isinstance(answer, SandboxError)
    assert str(answer) == "the engine is down"


def test_why_no_stem_can_be_made_is_logged_once_until_one_can(
    engine: SlowEngine, loop: Loop, caplog: pytest.LogCaptureFixture
) -> None:
    kept = stems(engine, loop, 2)
    told = []

    for engine.down in (True, True, False, True):
        loop.run(take_while_coming(kept, engine, 2), WAIT_S)
        loop.ask(kept.sandboxes, WAIT_S)
        told.append([record.getMessage() for record in caplog.records].count(NO_STEM))

    assert told == [1, 1, 1, 2]
