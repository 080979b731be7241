"""What an init passes is looked at before it is believed: the init here is a test's own, which says what it likes."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
import struct
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import IO, Any

import pytest
import uvloop
from descriptors_rig import opened
from http_rig import LIMIT_S

from lambda_emu.sandbox.base import Exit, ExitKind, SandboxError, Usage
from lambda_emu.sandbox.init.frames import FrameKind, encode
from lambda_emu.sandbox.init.line import MOST_UNSENT_BYTES
from lambda_emu.sandbox.init.link import InitAcceptor
from lambda_emu.sandbox.init.local import LocalLink

HELLO = b"\0\0\0\0\x08H\0\4\1secret"
STARTED = encode(FrameKind.STARTED)


class Heard:
    def __init__(self) -> None:
        self.all: list[object] = []
        self.lost_it = asyncio.Event()

    def output(self, role: int, data: bytes) -> None:
        self.all.append((role, data))

    def synced(self, token: int, usage: Usage) -> None:
        self.all.append(token)

    def exited(self, exit: Exit) -> None:
        self.all.append(exit)

    def killed(self) -> None:
        self.all.append("killed")

    def lost(self) -> None:
        self.all.append("lost")
        self.lost_it.set()


class Bench:
    """A link whose other end is held by hand."""

    def __init__(self, link: LocalLink, peer: socket.socket) -> None:
        self.link = link
        self.peer = peer
        self.heard = Heard()
        link.listener = self.heard

    def say(self, data: bytes, *descriptors: int) -> None:
        socket.send_fds(self.peer, [data], descriptors)

    async def is_hung_up_on(self) -> bool:
        await asyncio.wait_for(self.heard.lost_it.wait(), LIMIT_S)
        try:
            while self.peer.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return True


Body = Callable[[Bench], Coroutine[Any, Any, None]]


@pytest.fixture
def run() -> Callable[[Body], None]:
    async def with_bench(body: Body) -> None:
        ours, peer = socket.socketpair()
        acceptor = InitAcceptor()
        arriving = acceptor.expect("secret", LIMIT_S)
        LocalLink(acceptor, ours)
        peer.sendall(HELLO)
        link = await arriving
        assert isinstance(link, LocalLink)
        with peer:
            await body(Bench(link, peer))
            link.close()
            await asyncio.sleep(0)

    def on_loop(body: Body) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(asyncio.sleep(0))  # the first one opens what all share
        before = opened()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(with_bench(body))
        assert opened() - before == frozenset(), "descriptors were left open"

    return on_loop


Run = Callable[[Body], None]


@pytest.fixture
def file() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        yield file


def test_output_comes_by_the_pipe_and_before_the_exit(run: Run) -> None:
    async def body(bench: Bench) -> None:
        ours, theirs = os.pipe()
        os.write(theirs, b"printed")
        bench.say(STARTED, ours)
        bench.say(b"\0\0\0\6X\0\0\0\0\0\3\0")
        os.close(ours)
        os.close(theirs)

        async with asyncio.timeout(5):
            while len(bench.heard.all) < 2:
                await asyncio.sleep(0.001)

        assert bench.heard.all == [(0, b"printed"), Exit(0, ExitKind.CODE, 3, False)]

    run(body)


def test_a_role_without_its_pipe_ends_the_link(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def body(bench: Bench) -> None:
        bench.say(STARTED)

        assert await bench.is_hung_up_on()

    run(body)
    assert caplog.messages == ["closed a connection of an init: a descriptor is missing"]


@pytest.mark.parametrize("what", ["a file", "a socket", "the wrong end", "a device"])
def test_what_is_no_pipe_to_read_ends_the_link(run: Run, what: str, file: IO[bytes]) -> None:
    async def body(bench: Bench) -> None:
        with socket.socket() as another, open("/dev/null", "rb") as device:
            ours, theirs = os.pipe()
            given = {"a file": file.fileno(), "a socket": another.fileno(), "the wrong end": theirs}
            bench.say(STARTED, given.get(what, device.fileno()))
            os.close(ours)
            os.close(theirs)

            assert await bench.is_hung_up_on()

    run(body)


def test_more_descriptors_than_one_end_the_link(run: Run) -> None:
    async def body(bench: Bench) -> None:
        ours, theirs = os.pipe()
        bench.say(STARTED, ours, ours)
        os.close(ours)
        os.close(theirs)

        assert await bench.is_hung_up_on()

    run(body)


def test_descriptors_that_no_frame_names_end_the_link(run: Run) -> None:
    async def body(bench: Bench) -> None:
        ours, theirs = os.pipe()
        for byte in b"\0\0\0\1X\0":
            bench.say(bytes((byte,)), ours)
        os.close(ours)
        os.close(theirs)

        assert await bench.is_hung_up_on()

    run(body)


def test_a_descriptor_that_the_kernel_cannot_give_us_ends_the_link(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """We have as many as we may: it is lost, and would be taken for the next one."""

    async def body(bench: Bench) -> None:
        ours, theirs = os.pipe()
        bench.say(STARTED, ours)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(map(int, os.listdir("/proc/self/fd"))), limits[1]))
        try:
            await asyncio.wait_for(bench.heard.lost_it.wait(), 5)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            os.close(ours)
            os.close(theirs)

    run(body)
    assert caplog.messages == ["closed a connection of an init: a descriptor that cannot be had, or too many of them"]


async def answered(bench: Bench, kind: FrameKind, descriptors: Sequence[int], failure: int = 0) -> None:
    """Answer the next order for a socket, whatever its token."""
    loop = asyncio.get_running_loop()
    order = await asyncio.wait_for(loop.run_in_executor(None, bench.peer.recv, 65536), LIMIT_S)
    bench.say(encode(kind, 0, order[6:10] + struct.pack(">I", failure)), *descriptors)


@pytest.mark.parametrize(
    "what", ["nothing", "a file", "not listening", "another address", "another port", "UDP", "Unix"]
)
def test_what_is_no_listener_there_ends_the_link(run: Run, what: str, file: IO[bytes]) -> None:
    async def body(bench: Bench) -> None:
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.create_server(("127.0.0.2", 0)) as elsewhere,
            socket.socket() as silent,
            socket.socket(type=socket.SOCK_DGRAM) as datagrams,
            socket.socket(socket.AF_UNIX) as unix,
        ):
            silent.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            given = {
                "nothing": [], "a file": [file.fileno()], "not listening": [silent.fileno()],
                "another address": [elsewhere.fileno()], "another port": [listener.fileno()],
                "UDP": [datagrams.fileno()], "Unix": [unix.fileno()],
            }[what]  # fmt: skip
            wanted = {"another port": port + 1, "another address": elsewhere.getsockname()[1], "not listening": 0}
            asking = asyncio.ensure_future(bench.link.listen("127.0.0.1", wanted.get(what, port)))
            await asyncio.sleep(0)
            await answered(bench, FrameKind.LISTEN, given)

            with pytest.raises(SandboxError):
                await asking
            assert await bench.is_hung_up_on()

    run(body)


def test_a_listener_is_taken_and_ends_with_the_link(run: Run) -> None:
    async def body(bench: Bench) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            asking = asyncio.ensure_future(bench.link.listen(*listener.getsockname()))
            await asyncio.sleep(0)
            await answered(bench, FrameKind.LISTEN, [listener.fileno()])
            found = await asking
        assert found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)

        bench.peer.close()
        await asyncio.wait_for(bench.heard.lost_it.wait(), LIMIT_S)

        assert found.fileno() == -1

    run(body)


@pytest.mark.parametrize("what", ["TCP", "bound to nothing", "another address", "another port", "connected", "Unix"])
def test_what_takes_no_datagrams_there_ends_the_link(run: Run, what: str) -> None:
    async def body(bench: Bench) -> None:
        with (
            socket.create_server(("127.0.0.1", 0)) as stream,
            socket.socket(type=socket.SOCK_DGRAM) as unbound,
            socket.socket(type=socket.SOCK_DGRAM) as bound,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unix,
        ):
            bound.bind(("127.0.0.2" if what == "another address" else "127.0.0.1", 0))
            if what == "connected":
                bound.connect(("127.0.0.1", 9))
            given = {"TCP": stream, "bound to nothing": unbound, "Unix": unix}.get(what, bound)
            port = bound.getsockname()[1] + (what == "another port")
            asking = asyncio.ensure_future(bench.link.bind("127.0.0.1", port))
            await asyncio.sleep(0)
            await answered(bench, FrameKind.BIND, [given.fileno()])

            with pytest.raises(SandboxError):
                await asking
            assert await bench.is_hung_up_on()

    run(body)


def test_a_socket_for_datagrams_is_taken_and_ends_with_the_link(run: Run) -> None:
    async def body(bench: Bench) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as bound:
            bound.bind(("127.0.0.1", 0))
            asking = asyncio.ensure_future(bench.link.bind(*bound.getsockname()))
            await asyncio.sleep(0)
            await answered(bench, FrameKind.BIND, [bound.fileno()])
            found = await asking
        assert not found.getblocking()

        bench.peer.close()
        await asyncio.wait_for(bench.heard.lost_it.wait(), LIMIT_S)

        assert found.fileno() == -1

    run(body)


def test_a_connection_that_is_none_ends_the_link(run: Run) -> None:
    async def body(bench: Bench) -> None:
        with socket.socket() as alone:
            asking = asyncio.ensure_future(bench.link.dial(80))
            await asyncio.sleep(0)
            await answered(bench, FrameKind.DIAL, [alone.fileno()])

            with pytest.raises(SandboxError):
                await asking
            assert await bench.is_hung_up_on()

    run(body)


def test_what_init_met_is_told(run: Run) -> None:
    async def body(bench: Bench) -> None:
        asking = asyncio.ensure_future(bench.link.dial(80))
        await asyncio.sleep(0)
        await answered(bench, FrameKind.DIAL, [], failure=111)

        with pytest.raises(ConnectionRefusedError):
            await asking

    run(body)


def test_a_socket_for_who_has_given_up_is_closed(run: Run) -> None:
    async def body(bench: Bench) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            asking = asyncio.ensure_future(bench.link.listen(*listener.getsockname()))
            await asyncio.sleep(0)
            asking.cancel()
            await answered(bench, FrameKind.LISTEN, [listener.fileno()])
            await asyncio.sleep(0.05)

    run(body)  # which counts


def test_orders_that_nobody_takes_end_the_link(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def body(bench: Bench) -> None:
        for _ in range(1 + (MOST_UNSENT_BYTES + (1 << 20)) // 18):
            bench.link.limit_memory(1 << 30, 20)

        assert await bench.is_hung_up_on()

    with caplog.at_level(logging.WARNING):
        run(body)
    assert caplog.messages == ["closed a connection of an init: it does not take its orders"]
