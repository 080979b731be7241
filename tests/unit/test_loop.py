"""The loop's end: nothing that ran on it is dropped half-way."""

from __future__ import annotations

import asyncio
import logging
import threading
import time

import pytest
import uvloop
from descriptors_rig import opened

from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop

LIMIT_S = 10.0
WORKERS = Workers("work", 1, 1)


@pytest.fixture
def loop() -> Loop:
    loop = Loop()
    loop.start()
    return loop


def test_what_is_about_to_end_comes_to_its_end(loop: Loop) -> None:
    told: list[str] = []

    async def ends_soon() -> None:
        await loop.work(WORKERS, told.append, "worked")
        told.append("ended")

    loop.ask(lambda: loop.spawn(ends_soon(), "a task"), LIMIT_S)
    loop.stop()

    assert told == ["worked", "ended"]


def test_what_would_never_end_is_cancelled_and_tidies_up(loop: Loop, caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    async def never_ends() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            told.append("tidy")

    loop.ask(lambda: loop.spawn(never_ends(), "a task"), LIMIT_S)
    with caplog.at_level(logging.WARNING):
        loop.stop()

    assert told == ["tidy"]
    assert not caplog.records


def test_who_clings_to_it_is_left_behind_with_a_warning(loop: Loop, caplog: pytest.LogCaptureFixture) -> None:
    async def clings() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    loop.ask(lambda: loop.spawn(clings(), "a task"), LIMIT_S)
    loop.stop()

    assert "the loop did not come to rest" in caplog.text


def test_a_worker_that_ends_after_it_leaves_nothing_open() -> None:
    uvloop.new_event_loop().close()  # the first one opens what all share
    before, goes_on = opened(), threading.Event()
    loop = Loop()
    loop.start()

    loop.ask(lambda: loop.work(WORKERS, goes_on.wait), LIMIT_S)
    loop.stop()

    assert opened() - before
    goes_on.set()
    deadline_s = time.monotonic() + LIMIT_S
    while left := opened() - before:
        assert time.monotonic() < deadline_s, left
        threading.Event().wait(0.01)
