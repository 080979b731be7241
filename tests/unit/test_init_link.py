"""An init that says the right secret becomes a link; everybody else is shown out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop

from lambda_emu.sandbox.base import PLATFORM_MB, Exit, ExitKind, Program, SandboxError, Usage
from lambda_emu.sandbox.init import frames, orders
from lambda_emu.sandbox.init import link as init
from lambda_emu.sandbox.init.link import InitAcceptor
from lambda_emu.sandbox.init.orders import Link

LIMIT_S = 30
HELLO = b"\0\0\0\0\x08H\0\4\1secret"


class Heard(list[object]):
    """A listener that keeps what it hears; `wait` returns when that has so many parts."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    async def wait(self, count: int) -> list[object]:
        async with asyncio.timeout(LIMIT_S):
            while len(self) < count:
                self._more.clear()
                await self._more.wait()
        return list(self)

    def _hear(self, thing: object) -> None:
        self.append(thing)
        self._more.set()

    def output(self, role: int, data: bytes) -> None:
        self._hear((role, data))

    def synced(self, token: int, usage: Usage) -> None:
        self._hear((token, usage))

    def exited(self, exit: Exit) -> None:
        self._hear(exit)

    def killed(self) -> None:
        self._hear("killed")

    def lost(self) -> None:
        self._hear("lost")


class Bench:
    """An acceptor behind a real socket."""

    def __init__(self, server: asyncio.Server, acceptor: InitAcceptor) -> None:
        self._port = server.sockets[0].getsockname()[1]
        self.acceptor = acceptor

    async def dial(self, said: bytes = b"") -> Peer:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self._port))
        peer.writer.write(said)
        return peer

    async def admitted(self) -> tuple[Link, Peer, Heard]:
        """A link whose init said the right secret, that init's end of it, and what the link's listener hears."""
        arrival = self.acceptor.expect("secret", LIMIT_S)
        peer = await self.dial(HELLO)
        link, heard = await arrival, Heard()
        link.listener = heard
        return link, peer, heard


class Peer:
    """The init's end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def is_shown_out(self) -> bool:
        try:
            return await asyncio.wait_for(self.reader.read(1), LIMIT_S) == b""
        except ConnectionResetError:
            return True


async def read_waiting(peer: Peer) -> bytes:
    """What comes until the link is closed from this side."""
    peer.writer.write_eof()
    return await asyncio.wait_for(peer.reader.read(), LIMIT_S)


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    acceptor = InitAcceptor()
    server = await asyncio.get_running_loop().create_server(acceptor.protocol, "127.0.0.1", 0)
    try:
        yield Bench(server, acceptor)
    finally:
        server.close()


Body = Callable[[Bench], Coroutine[Any, Any, None]]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Body], None]:
    """Runs the body of a test with a bench on a loop of either kind."""

    async def with_bench(body: Body) -> None:
        async with bench() as ready:
            await body(ready)

    def on_loop(body: Body) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(with_bench(body))

    return on_loop


Run = Callable[[Body], None]


def test_the_init_that_says_its_secret_is_the_one_expected(run: Run) -> None:
    async def body(bench: Bench) -> None:
        arrivals = {secret: bench.acceptor.expect(secret, LIMIT_S) for secret in ("secret", "other")}

        await bench.dial(HELLO)

        link = await arrivals["secret"]
        assert link.figures is frames.Figures.CGROUP_1
        assert not arrivals["other"].done()

    run(body)


@pytest.mark.parametrize("logs_records", [True, False])
def test_a_log_descriptor_is_named_to_who_writes_records(run: Run, logs_records: bool) -> None:
    async def body(bench: Bench) -> None:
        link, peer, _ = await bench.admitted()

        link.start(0, Program(["x"], {"A": "b"}, logs_records=logs_records))

        order = await asyncio.wait_for(peer.reader.readuntil(b"A=b\0"), LIMIT_S) + await read_waiting(peer)
        assert (b"_LAMBDA_TELEMETRY_LOG_FD=62\0" in order) is logs_records

    run(body)


def test_an_init_of_another_protocol_is_told_at_once_to_who_awaits_it(run: Run) -> None:
    """With what to do: it is the package that was not installed again."""

    async def body(bench: Bench) -> None:
        arrival = bench.acceptor.expect("secret", LIMIT_S)

        stale = await bench.dial(b"\0\0\0\0\x08H\0\2\1secret")

        with pytest.raises(SandboxError, match=r"init speaks protocol 2, and this lambda-emu 4.*`make install`"):
            await arrival
        assert await stale.is_shown_out()

    run(body)


@pytest.mark.parametrize("said", [
    b"\0\0\0\0\x08H\0\4\1secreT",   # nobody expects it
    b"\0\0\0\0\x08H\0\2\1secreT",   # another protocol
    b"\0\0\0\0\0K\0",               # not HELLO
    b"\0\xff\xff\xff\xffH\0",        # endless
])  # fmt: skip
def test_a_stranger_is_shown_out(run: Run, said: bytes) -> None:
    async def body(bench: Bench) -> None:
        arrival = bench.acceptor.expect("secret", LIMIT_S)

        stranger = await bench.dial(said)

        assert await stranger.is_shown_out()
        assert not arrival.done()

    run(body)


def test_many_strangers_are_warned_of_once(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Any code in a sandbox can be one, as often as it likes."""

    async def body(bench: Bench) -> None:
        for _ in range(20):
            stranger = await bench.dial(b"\0\0\0\0\0K\0")
            assert await stranger.is_shown_out()

    run(body)
    assert caplog.messages == ["closed a connection of an init: the first frame is not HELLO"]


def test_of_many_strangers_that_say_no_more_the_oldest_make_room(run: Run) -> None:
    async def body(bench: Bench) -> None:
        first = await bench.dial(b"\0")
        others = [await bench.dial(b"\0") for _ in range(init.MOST_STRANGERS)]

        assert await first.is_shown_out()
        assert (await bench.admitted())[0]
        for one in others:
            one.writer.close()

    run(body)


def test_a_secret_admits_once(run: Run) -> None:
    async def body(bench: Bench) -> None:
        await bench.admitted()

        second = await bench.dial(HELLO)

        assert await second.is_shown_out()

    run(body)


def test_a_connection_that_says_nothing_is_shown_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "HELLO_WITHIN_S", 0.01)

    async def body(bench: Bench) -> None:
        mute = await bench.dial(b"\0\0\0")

        assert await mute.is_shown_out()

    run(body)


def test_waiting_for_an_init_ends(run: Run) -> None:
    async def body(bench: Bench) -> None:
        with pytest.raises(SandboxError, match="did not connect"):
            await bench.acceptor.expect("secret", 0.01)

        late = await bench.dial(HELLO)
        assert await late.is_shown_out()

    run(body)


def test_who_gave_up_on_a_sandbox_does_not_get_its_init(run: Run) -> None:
    async def body(bench: Bench) -> None:
        bench.acceptor.expect("secret", LIMIT_S).cancel()
        await asyncio.sleep(0)

        late = await bench.dial(HELLO)

        assert await late.is_shown_out()

    run(body)


def test_orders_reach_init_in_turn(run: Run) -> None:
    async def body(bench: Bench) -> None:
        link, peer, _ = await bench.admitted()
        program = Program(("run",), {"A": "1"})

        link.start(1, program)
        link.limit_memory((PLATFORM_MB << 20) + 7, 2)
        link.sync(3)
        link.pause()
        link.resume()
        link.signal(1, 15)
        link.kill()

        orders = [frames.encode_start(1, program), frames.encode_memory(7, 2), frames.encode_sync(3)]
        orders += [frames.encode(frames.FrameKind.PAUSE), frames.encode(frames.FrameKind.CONTINUE)]
        orders += [frames.encode_signal(1, 15), frames.encode(frames.FrameKind.KILL)]
        assert await asyncio.wait_for(peer.reader.readexactly(sum(map(len, orders))), LIMIT_S) == b"".join(orders)

    run(body)


def test_reports_reach_the_listener_in_turn(run: Run) -> None:
    async def body(bench: Bench) -> None:
        _, peer, heard = await bench.admitted()

        peer.writer.write(b"\0\0\0\2O\1hi")
        peer.writer.write(b"\0\0\0\x20Y\0\0\0\0\5" + bytes(28))
        peer.writer.write(b"\0\0\0\6X\1\1\0\0\0\x09\1" + b"\0\0\0\0K\0")

        end, platform_bytes = Exit(1, ExitKind.SIGNAL, 9, True), PLATFORM_MB << 20
        usage = Usage(platform_bytes, platform_bytes, 0, 0)
        assert await heard.wait(4) == [(1, b"hi"), (5, usage), end, "killed"]

    run(body)


def test_a_lost_connection_is_told_once_and_orders_do_nothing_after(run: Run) -> None:
    async def body(bench: Bench) -> None:
        link, peer, heard = await bench.admitted()

        peer.writer.close()

        assert await heard.wait(1) == ["lost"]
        link.sync(1)
        link.pause_output()
        link.resume_output()
        link.close()
        await asyncio.sleep(0)
        assert heard == ["lost"]

    run(body)


def test_a_listener_that_comes_too_late_hears_of_the_loss(run: Run) -> None:
    async def body(bench: Bench) -> None:
        link, peer, first = await bench.admitted()
        peer.writer.close()
        await first.wait(1)

        link.listener = late = Heard()

        assert await late.wait(1) == ["lost"]

    run(body)


def test_a_report_that_makes_no_sense_ends_the_link(run: Run) -> None:
    async def body(bench: Bench) -> None:
        _, peer, heard = await bench.admitted()

        peer.writer.write(b"\0\0\0\0?\0")

        assert await heard.wait(1) == ["lost"]
        assert await peer.is_shown_out()

    run(body)


def test_closing_ends_the_connection(run: Run) -> None:
    async def body(bench: Bench) -> None:
        link, peer, heard = await bench.admitted()

        link.close()

        assert await peer.is_shown_out()
        assert await heard.wait(1) == ["lost"]

    run(body)


def test_paused_output_waits_for_its_reader(run: Run) -> None:
    async def body(bench: Bench) -> None:
        link, peer, heard = await bench.admitted()
        link.pause_output()
        peer.writer.write(frames.encode(frames.FrameKind.OUTPUT, 1, b"x" * 32_000) * 100)  # more than the kernel holds
        stranger = await bench.dial(b"\0\0\0\0\0K\0")
        assert await stranger.is_shown_out()  # so the loop has looked at all that came
        assert not heard

        link.resume_output()

        assert await heard.wait(100) == [(1, b"x" * 32_000)] * 100

    run(body)
