"""A listener that one party passed: it serves that party alone, and leaves nothing, whenever it is closed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop
from descriptors_rig import opened
from http_rig import LIMIT_S

from lambda_emu.clock import Clock
from lambda_emu.http.branch import MOST_TURNED_AWAY, Branch, End, PassedListener
from lambda_emu.http.budget import MemoryBudget
from lambda_emu.http.exchange import DISCARD, BodySink, Writer
from lambda_emu.http.group import Allowance, Group
from lambda_emu.http.listener import PortSettings
from lambda_emu.http.message import Head, answer_head
from lambda_emu.http.watch import Watch

Body = Callable[[], Coroutine[Any, Any, None]]
GET = b"GET / HTTP/1.0\r\n\r\n"


def run(body: Body) -> None:
    """On a loop where whatever goes wrong unseen fails the test."""
    wrong: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context))
        await body()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(watched())
    assert wrong == []


def listening() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    return listener


def branch(passed: PassedListener, connections: int = 64) -> Branch:
    clock = Clock()
    clock.bind(asyncio.get_running_loop())
    settings = PortSettings()
    return Branch(
        passed, served, Group(Allowance(connections, 1 << 20), MemoryBudget(1 << 20)), settings, Watch(clock, 1 << 20)
    )


def served(head: Head, writer: Writer) -> BodySink:
    assert head.target == b"/"
    writer.send(answer_head(200, [], 0))
    return DISCARD


async def said_to(address: End) -> bytes:
    """What is answered to one request, until the other side hangs up."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(GET)
        return await asyncio.wait_for(reader.read(), LIMIT_S)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def test_whoever_comes_by_it_is_served() -> None:
    async def body() -> None:
        passed = PassedListener(listening())
        address = passed.socket.getsockname()
        open_one = branch(passed)

        assert (await said_to(address)).startswith(b"HTTP/1.1 200")
        open_one.close()
        await asyncio.sleep(0.01)

        with pytest.raises(ConnectionRefusedError):
            await said_to(address)

    run(body)


@pytest.mark.parametrize("believed", [True, False])
def test_where_others_can_call_only_who_is_believed_is_read(believed: bool) -> None:
    ends: list[tuple[End, End]] = []

    async def believes(peer: End, own: End) -> bool:
        ends.append((peer, own))
        await asyncio.sleep(0.01)
        return believed

    async def body() -> None:
        passed = PassedListener(listening(), believes)
        open_one = branch(passed)

        heard = await said_to(passed.socket.getsockname())

        assert heard.startswith(b"HTTP/1.1 200") is believed
        assert ends[0][1] == passed.socket.getsockname()
        open_one.close()

    run(body)


def test_who_is_not_judged_yet_is_hung_up_on_with_the_others() -> None:
    async def never(*_: End) -> bool:
        await asyncio.sleep(1000)
        return True

    async def body() -> None:
        passed = PassedListener(listening(), never)
        address = passed.socket.getsockname()
        open_one = branch(passed, connections=8)
        asked = [asyncio.ensure_future(said_to(address)) for _ in range(8 + MOST_TURNED_AWAY)]
        await asyncio.sleep(0.1)

        assert await said_to(address) == b""  # one too many
        assert not any(one.done() for one in asked)
        open_one.close()

        assert await asyncio.gather(*asked) == [b""] * (8 + MOST_TURNED_AWAY)

    run(body)


def test_one_too_many_is_told() -> None:
    async def body() -> None:
        passed = PassedListener(listening())
        address = passed.socket.getsockname()
        open_one = branch(passed, connections=1)
        _, first = await asyncio.open_connection(*address)
        await asyncio.sleep(0.05)

        assert (await said_to(address)).startswith(b"HTTP/1.1 503")
        first.close()
        await asyncio.sleep(0.05)
        assert (await said_to(address)).startswith(b"HTTP/1.1 200")
        open_one.close()

    run(body)


@pytest.mark.parametrize("turns", [0, 1, 5])
def test_one_that_ended_before_it_was_used_is_no_failure(turns: int) -> None:
    """As when a sandbox ends while its environment begins."""

    async def body() -> None:
        passed = PassedListener(listening())
        passed.socket.close()

        open_one = branch(passed)
        for _ in range(turns):
            await asyncio.sleep(0)
        open_one.close()
        await asyncio.sleep(0.01)

    run(body)


@pytest.mark.parametrize("turns", [0, 1, 5])
def test_one_that_is_closed_at_once_leaves_no_descriptor(turns: int) -> None:
    async def open_and_close(turns: int) -> None:
        open_one = branch(PassedListener(listening()))
        for _ in range(turns):
            await asyncio.sleep(0)
        open_one.close()
        await asyncio.sleep(0.05)

    async def body() -> None:
        await open_and_close(5)  # a loop that listens keeps one in reserve from then on
        before = opened()

        await open_and_close(turns)

        assert opened() - before == frozenset()

    run(body)
