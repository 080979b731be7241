"""An init that shares our kernel: it hands over its sockets and its roles' output, which we read ourselves.

What it reports is told only after the output that came before it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import deque
from collections.abc import Callable
from weakref import WeakSet

from msgspec import Struct

from lambda_emu.sandbox.base import ANY_TIME_MS, GROWTH_BYTES_PER_MS, Program, SandboxError, Usage
from lambda_emu.sandbox.init import frames, passed
from lambda_emu.sandbox.init.frames import Frame, FrameKind, WrongFrame
from lambda_emu.sandbox.init.line import Line, peer_of
from lambda_emu.sandbox.init.orders import PLATFORM_BYTES, Link, LinkAcceptor
from lambda_emu.sandbox.init.passed import Pipe
from lambda_emu.sandbox.init.questions import Questions

TURN_BYTES = 512 << 10
"""Of output, that reports may wait for in a turn of the loop; then others have theirs."""
LAST_WORDS_BYTES = 1 << 20
OLD_MS, SHORT_MS = 20.0, 5.0
LOOPBACK = "127.0.0.1"

log = logging.getLogger(__name__)


class RecentUsage:
    """What init said last of memory and CPU, for environments that ask thousands of times a second."""

    def __init__(self) -> None:
        self.limit_bytes = 0
        self._usage: Usage | None = None
        self._told_s = 0.0

    def tell(self, usage: Usage, now_s: float) -> None:
        self._usage, self._told_s = usage, now_s

    def forget(self) -> None:
        self._usage = None

    def of_late(self, now_s: float) -> Usage | None:
        """Those of a moment ago, with what memory may have grown since; None: it was too long ago, or may be too much.

        They are good enough for an invocation that was short, which cannot have changed much.
        """
        usage = self._usage
        age_ms = (now_s - self._told_s) * 1000
        if usage is None or age_ms >= OLD_MS:
            return None
        memory_bytes = usage.memory_bytes + int(age_ms * GROWTH_BYTES_PER_MS)
        if memory_bytes > self.limit_bytes:
            return None
        return Usage(memory_bytes, usage.peak_bytes, usage.oom_kills, usage.cpu_us)


class HeldReport(Struct, frozen=True):
    """What is told once each of these pipes has been read up to a place in it."""

    tell: Callable[[], None]
    places: tuple[tuple[int, Pipe, int], ...]


class LocalLink(Link):
    """base.Init over a Unix socket. pid, uid: of the init, as this machine knows it; pid 0: it does not."""

    def __init__(self, acceptor: LinkAcceptor, connection: socket.socket) -> None:
        super().__init__(acceptor)
        self.pid, self.uid = peer_of(connection)
        self._loop = asyncio.get_running_loop()
        self._line = Line(connection, self._hear_frame, self._line_ended)
        self._figures = RecentUsage()
        self._unanswered = 0
        self._pipes: dict[int, Pipe] = {}
        self._reads = True
        self._reports: deque[HeldReport] = deque()
        self._questions = Questions(self._send)
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._begin()

    # --- orders -------------------------------------------------------------

    def sync(self, token: int, busy_ms: float = ANY_TIME_MS) -> None:
        usage = self._figures.of_late(self._loop.time()) if busy_ms < SHORT_MS and not self._unanswered else None
        if usage is None:
            self._unanswered += 1
            super().sync(token)
        elif self._reports or self._has_unread():
            self._report(lambda: self._listener.synced(token, usage))
            self._loop.call_soon(self._go_on)
        else:
            self._listener.synced(token, usage)

    def _has_unread(self) -> bool:
        """Whether there is output that was not read yet."""
        for pipe in self._pipes.values():  # noqa: SIM110 - no generator: it is asked at each invocation
            if pipe.end > pipe.taken_bytes:
                return True
        return False

    def limit_memory(self, limit_bytes: int, sample_ms: int) -> None:
        self._figures.limit_bytes = limit_bytes
        super().limit_memory(limit_bytes, sample_ms)

    def start(self, role: int, program: Program) -> None:
        self._figures.forget()
        super().start(role, program)

    def resume(self) -> None:
        self._figures.forget()
        super().resume()

    def kill(self) -> None:
        self._figures.forget()
        super().kill()

    def pause_output(self) -> None:
        if self._reads:
            self._reads = False
            for pipe in self._pipes.values():
                self._loop.remove_reader(pipe.descriptor)

    def resume_output(self) -> None:
        if not self._reads:
            self._reads = True
            for role, pipe in self._pipes.items():
                self._loop.add_reader(pipe.descriptor, self._read, role, pipe)
            self._loop.call_soon(self._go_on)

    def close(self) -> None:
        self._close_pipes()
        self._reports.clear()
        self._line.close()

    def _send(self, order: bytes) -> None:
        self._line.send(order)

    # --- sockets inside -----------------------------------------------------

    async def listen(self, host: str, port: int) -> socket.socket:
        """One more socket that listens inside, port 0 meaning any. It is ours, and ends with the link.

        OSError is what init met; SandboxError.
        """
        return await self._ask_for(FrameKind.LISTEN, passed.listening, host, port)

    async def dial(self, port: int) -> socket.socket:
        """A connection to what listens on loopback inside. It is ours, and ends with the link.

        OSError is what init met, such as ConnectionRefusedError; SandboxError.
        """
        return await self._ask_for(FrameKind.DIAL, passed.connection, LOOPBACK, port)

    async def bind(self, host: str, port: int) -> socket.socket:
        """A socket inside for datagrams that are sent there, port 0 meaning any. It is ours, and ends with the link.

        Who sends is not known: where loopback is this machine's it may be anybody. OSError is what init met;
        SandboxError.
        """
        return await self._ask_for(FrameKind.BIND, passed.datagrams, host, port)

    async def holds(self, inode: int) -> bool:
        """Whether a process inside has the socket of this inode. SandboxError."""
        return bool(await self._questions.ask(lambda token: frames.encode_holds(token, inode)))

    async def _ask_for(
        self, kind: FrameKind, check: Callable[[int, passed.End], socket.socket], host: str, port: int
    ) -> socket.socket:
        descriptor = await self._questions.ask(lambda token: frames.encode_socket(kind, token, host, port))
        if descriptor < 0:
            raise OSError(-descriptor, os.strerror(-descriptor))
        try:
            found = check(descriptor, (host, port))
        except WrongFrame as error:
            self._line.close(error)
            raise SandboxError(f"a sandbox's init cannot be used: {error}") from error
        self._sockets.add(found)
        return found

    # --- reports ------------------------------------------------------------

    def _hear_frame(self, frame: Frame) -> None:
        self._hear(frame)

    def _hear_report(self, frame: Frame) -> None:
        kind, role, payload = frame
        if kind == FrameKind.SYNCED:
            self._hear_usage(payload)
        elif kind == FrameKind.STARTED:
            self._add_pipe(role, Pipe(self._line.take_descriptor()))
        elif kind == FrameKind.EXITED:
            exit = frames.decode_exited(role, payload)
            self._report(lambda: self._listener.exited(exit))
        elif kind == FrameKind.KILLED:
            self._report(self._all_gone)
        elif kind in (FrameKind.LISTEN, FrameKind.DIAL, FrameKind.BIND):
            token, failure = frames.decode_made(payload)
            answer = -failure if failure else self._line.take_descriptor()
            self._questions.answer(token, answer, is_descriptor=not failure)
        elif kind == FrameKind.HOLDS:
            self._questions.answer(*frames.decode_held(payload))
        else:
            raise WrongFrame(f"kind {kind}")
        self._go_on()

    def _hear_usage(self, payload: bytes) -> None:
        token, usage = frames.decode_synced(payload, PLATFORM_BYTES)
        self._unanswered -= 1
        self._figures.tell(usage, self._loop.time())
        self._report(lambda: self._listener.synced(token, usage))

    def _all_gone(self) -> None:
        self._close_pipes()
        self._listener.killed()

    def _report(self, tell: Callable[[], None]) -> None:
        """Tell it after all output that is there now; what comes later does not delay it."""
        places = ((role, pipe, pipe.end) for role, pipe in self._pipes.items())
        self._reports.append(HeldReport(tell, tuple(one for one in places if one[2] > one[1].taken_bytes)))

    def _go_on(self) -> None:
        """Tell what can be told; what has to wait for more output than fits into a turn is told in another."""
        left_bytes = TURN_BYTES
        while self._reports and self._line.is_open:
            for role, pipe, place in self._reports[0].places:
                while pipe.taken_bytes < place and pipe is self._pipes.get(role):
                    if not self._reads:
                        return
                    if left_bytes <= 0:
                        self._loop.call_soon(self._go_on)
                        return
                    before = pipe.taken_bytes
                    if not self._read(role, pipe):
                        break  # the function took it back: what it had is not there any more
                    left_bytes -= pipe.taken_bytes - before
            if self._reports and self._line.is_open:
                self._reports.popleft().tell()

    # --- output -------------------------------------------------------------

    def _add_pipe(self, role: int, pipe: Pipe) -> None:
        self._close_pipe(role)  # of an earlier program, whose children may still hold it
        self._pipes[role] = pipe
        if self._reads:
            self._loop.add_reader(pipe.descriptor, self._read, role, pipe)

    def _read(self, role: int, pipe: Pipe) -> bool:
        """Pass on some of what is there. False: there was nothing."""
        data = pipe.read()
        if data:
            self._listener.output(role, data)
        elif data is not None:
            self._close_pipe(role)
        return bool(data)

    def _close_pipe(self, role: int) -> None:
        pipe = self._pipes.pop(role, None)
        if pipe is not None:
            if self._reads:
                self._loop.remove_reader(pipe.descriptor)
            pipe.close()

    def _close_pipes(self) -> None:
        for role in list(self._pipes):
            self._close_pipe(role)

    # --- the end ------------------------------------------------------------

    def _line_ended(self, why: WrongFrame | None) -> None:
        if why is not None:
            log.warning("closed a connection of an init: %s", why)
        self._pass_last_words()
        self._close_pipes()
        self._questions.end()
        for one in list(self._sockets):  # they keep its network alive
            one.close()
        self._end()

    def _pass_last_words(self) -> None:
        """What is left in the pipes when init went away by itself: `close` has left none."""
        for role, pipe in list(self._pipes.items()):
            place = min(pipe.end, pipe.taken_bytes + LAST_WORDS_BYTES)
            while pipe.taken_bytes < place and pipe is self._pipes.get(role) and self._read(role, pipe):
                pass
