"""Ids and tokens: nobody else has any of them. Real threads, real processes. And time that is moved ahead."""

from __future__ import annotations

import os
import time
from asyncio import Future
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from lambda_emu.clock import Clock, SteppingClock
from lambda_emu.http.loop import Loop

COUNT = 2_000


def made(_: int = 0) -> list[str]:
    clock = Clock()
    return [text for _ in range(COUNT) for text in (clock.new_id(), clock.new_token())]


def test_threads_make_no_id_twice() -> None:
    with ThreadPoolExecutor(8) as threads:
        texts = [text for some in threads.map(made, range(8)) for text in some]

    assert len(set(texts)) == 8 * 2 * COUNT


def test_a_forked_process_makes_ids_of_its_own() -> None:
    Clock().new_id()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, "".join(made()[:100]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        theirs = pipe.read().decode()
    os.waitpid(child, 0)

    ours = made()
    assert len(theirs) == 50 * (36 + 32)
    assert not [text for text in ours if text in theirs]


def test_when_time_was_moved_what_became_due_is_done_with_all_it_left_for_the_next_turn() -> None:
    """As the end of a connection that was idle for too long: who asks at once does not ask on that one."""
    loop, clock, ended = Loop(), SteppingClock(), list[str]()
    loop.start()
    clock.bind(loop.asyncio)

    def end() -> None:
        time.sleep(0.05)
        ended.append("connection")

    loop.ask(lambda: clock.call_later(60, lambda: loop.post(end)), 10)
    clock.advance(60)

    found = list(ended)
    loop.stop()
    assert found == ["connection"]


def test_what_is_due_on_the_way_happens_at_its_own_time() -> None:
    """Also what is set only there, by a task that was woken."""
    loop, clock, fired = Loop(), SteppingClock(stands=True), list[float]()
    loop.start()
    clock.bind(loop.asyncio)
    begun_s = clock.monotonic_s()

    async def work() -> None:
        for _ in range(3):
            woken: Future[None] = loop.asyncio.create_future()
            clock.call_later(600, partial(woken.set_result, None))
            await woken
            fired.append(clock.monotonic_s() - begun_s)

    loop.ask(lambda: loop.spawn(work(), "work"), 10)
    clock.advance(3600)

    loop.stop()
    assert fired == pytest.approx([600, 1200, 1800])
    assert clock.monotonic_s() - begun_s == pytest.approx(3600)
