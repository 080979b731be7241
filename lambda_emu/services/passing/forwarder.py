"""A request on its way to another server, and its answer on its way back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.pieces import PIECE_BYTES, PIECES
from lambda_emu.gateway.request import Request
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.http.stream import Stream
from lambda_emu.services.passing.line import Line

log = logging.getLogger(__name__)

WAITING = 512
STILL_DONE_S = 5.0
"""So long after nobody listens any more a request is taken to be over."""
WHOLE_BYTES = 256 * 1024
"""Of an answer that is kept until all of it is here; a larger one is passed on as it comes."""
OF_ONE_HOP = frozenset(
    (
        b"connection",
        b"content-length",
        b"date",
        b"expect",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"server",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)


class Begun(NamedTuple):
    """A request about to be sent: by this line, which is given back after a whole answer. head: before its body.

    decode: makes of each piece of the body what is sent.
    """

    line: Line
    head: bytes
    give_back: Callable[[Line], None]
    decode: Callable[[bytes], bytes] | None = None


class Peer(Protocol):
    """The other server. at_once: requests that it works on. silence_s: how long nothing may move; None: for ever."""

    at_once: int
    silence_s: float | None

    async def begin(self, request: Request, length: int) -> Begun:
        """length: of the body. LambdaError where it cannot be reached."""

    def lost(self, what: str) -> LambdaError:
        """It did not answer; what: it did instead."""

    def busy(self, waiting: int) -> LambdaError:
        """So many wait for it already."""


class Observer(Protocol):
    """Who is told of requests that pass. On the loop."""

    async def passes(self, head: Head) -> None:
        """It is about to be sent."""

    def passed(self, head: Head, body: bytes | None) -> bytes | None:
        """It has been answered, of which its caller does not know yet. body: what he is told; None: it comes later."""


class Nobody:
    """Observes nothing."""

    async def passes(self, head: Head) -> None: ...

    def passed(self, head: Head, body: bytes | None) -> bytes | None:
        return body


class Forwarder:
    """Serves requests by the peer."""

    def __init__(self, peer: Peer, loop: Loop, observer: Observer | None = None) -> None:
        self._observer = observer or Nobody()
        self._peer = peer
        self._loop = loop
        self._slots = asyncio.Semaphore(peer.at_once)
        self._waiting = 0

    def serve(self, request: Request, call: Call) -> None:
        """On the loop, or on a worker where the body may lie in a file: that is opened before it is removed."""
        file = None if request.body_file is None else request.body_file.open("rb")
        length = len(request.body) if request.body_file is None else _size(request.body_file)
        call.detach(self._begin, request, call, file, length)

    def _begin(self, request: Request, call: Call, file: IO[bytes] | None, length: int) -> None:
        if self._waiting >= WAITING:
            if file is not None:
                file.close()
            raise self._peer.busy(self._waiting)
        self._waiting += 1
        self._loop.spawn(self._forward(request, call, file, length), "a request that is passed on")

    async def _forward(self, request: Request, call: Call, file: IO[bytes] | None, length: int) -> None:
        answer = PassedAnswer(call, self._peer, self._observer, is_head=request.method == "HEAD")
        try:
            async with self._slots:
                await self._ask(request, answer, file, length)
        except LambdaError as error:
            answer.fail(error)
        except Exception:
            log.exception("a request could not be passed on")
            answer.fail(self._peer.lost("could not be asked"))
        finally:
            self._waiting -= 1
            if file is not None:
                file.close()

    async def _ask(self, request: Request, answer: PassedAnswer, file: IO[bytes] | None, length: int) -> None:
        await self._observer.passes(request.head)
        line, head, give_back, decode = await self._peer.begin(request, length)
        answer.line = line
        try:
            line.send(head, answer, is_head=answer.is_head)
            answer.watch()
            async for piece in self._pieces(request, file):
                if answer.done.done():
                    break
                await line.write(piece if decode is None else decode(piece))
                answer.moves()
            whole = await answer.done
        except BaseException:
            line.drop()
            self._lose_sight(request.head)
            raise
        finally:
            answer.unwatch()
        if whole:
            give_back(line)
        else:
            line.drop()
            self._lose_sight(request.head)

    def _lose_sight(self, head: Head) -> None:
        """Its answer was not heard, and it may still be done."""
        self._observer.passed(head, None)
        self._loop.asyncio.call_later(STILL_DONE_S, self._observer.passed, head, None)

    async def told(self, beginning: Callable[[], Awaitable[Begun]]) -> tuple[int, bytes]:
        """What is answered to a question of our own, without a body: status and body. LambdaError."""
        answer = OwnAnswer(self._peer)
        async with self._slots:
            line, head, give_back, _ = await beginning()
            try:
                line.send(head, answer, is_head=False)
                body = await answer.done
            except BaseException:
                line.drop()
                raise
            give_back(line)
        return answer.status, body

    async def _pieces(self, request: Request, file: IO[bytes] | None) -> AsyncIterator[bytes]:
        if request.body:
            yield request.body
        while file is not None and (piece := await self._loop.work(PIECES, file.read, PIECE_BYTES)):
            yield piece


class OwnAnswer:
    """An answer to ourselves. done: its body."""

    def __init__(self, peer: Peer) -> None:
        self.status = 0
        self.done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._peer = peer
        self._body = bytearray()

    def begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.status = status

    def piece(self, data: bytes) -> None:
        self._body += data

    def end(self) -> None:
        if not self.done.done():
            self.done.set_result(bytes(self._body))

    def lost(self) -> None:
        if not self.done.done():
            self.done.set_exception(self._peer.lost("was killed"))


class PassedAnswer:
    """One answer: sent whole where it is small, else piece by piece. Takes from a line, feeds a client.

    done: True when all of it came and the line is as good as before.
    """

    def __init__(self, call: Call, peer: Peer, observer: Observer, *, is_head: bool) -> None:
        self.is_head = is_head
        self._observer = observer
        self._peer = peer
        self._limit: asyncio.TimerHandle | None = None
        self._moved = self._is_held = False
        self.line: Line | None = None
        self.done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._call = call
        self._status = 0
        self._headers: list[tuple[str, str]] = []
        self._kept: list[bytes] | None = []
        self._kept_bytes = 0
        self._stream: Stream | None = None

    # -- of time ----------------------------------------------------------------------------------

    def watch(self) -> None:
        """Give it up when nothing has moved between two looks; while the client takes nothing, nothing can."""
        if self._peer.silence_s is not None:
            self._moved = False
            self._limit = asyncio.get_running_loop().call_later(self._peer.silence_s, self._look)

    def unwatch(self) -> None:
        if self._limit is not None:
            self._limit.cancel()

    def moves(self) -> None:
        self._moved = True

    def _look(self) -> None:
        if self._moved or self._is_held:
            self.watch()
            return
        if self.line is not None:
            self.line.drop()
        self.fail(self._peer.lost(f"said nothing for {self._peer.silence_s:g} s"))

    # -- of the line ------------------------------------------------------------------------------

    def begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._status = status
        self._headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in headers
            if name.lower() not in OF_ONE_HOP
        ]
        said = next((value for name, value in headers if name.lower() == b"content-length"), b"")
        length = int(said) if said.isdigit() else None
        is_whole = self._call.translate is not None or (length is not None and length <= WHOLE_BYTES)
        if self.is_head or not is_whole:
            self._kept = None
            self._observer.passed(self._call.request.head, None)
            self._stream = self._call.begin(status, self._headers, length, self)

    def piece(self, data: bytes) -> None:
        self._moved = True
        if self._kept is not None:
            self._kept.append(data)
        elif self._stream is not None and not self._stream.write(data) and self.line is not None:
            self._is_held = True
            self.line.hold(True)

    def end(self) -> None:
        if self._kept is not None:
            body = self._observer.passed(self._call.request.head, b"".join(self._kept))
            self._call.answer(Answer(self._status, self._headers, body or b""))
        elif self._stream is not None:
            if self.line is not None:
                self.line.hold(False)
            self._stream.end()
        self._settle(True)

    def lost(self) -> None:
        self.fail(self._peer.lost("was killed" if self._peer.silence_s is None else "hung up"))

    # -- of the client ----------------------------------------------------------------------------

    def go_on(self) -> None:
        self._is_held = False
        if self.line is not None:
            self.line.hold(False)

    def abort(self) -> None:
        """The client left; what the child still says is of no use."""
        self._stream = None
        if self.line is not None:
            self.line.drop()
        self._settle(False)

    def fail(self, error: LambdaError) -> None:
        """What was begun is broken off, so that nobody takes it for the whole."""
        if self.done.done():
            return
        if self._stream is not None:
            self._stream.break_off()
        else:
            self._call.fail(error)
        self._settle(False)

    def _settle(self, whole: bool) -> None:
        if not self.done.done():
            self.done.set_result(whole)


def passed_head(
    request: Request, target: bytes, length: int, told: Mapping[str, str], but: tuple[str, ...] = ()
) -> bytes:
    """A request's head as its client said it. told: what we say besides. but: how headers begin that are left out."""
    head = request.head
    left_out = tuple(name.encode() for name in but)
    lines = [b"%b %b HTTP/1.1" % (head.method, target)]
    lines += [
        b"%b: %b" % (name, value)
        for name, value in head.headers
        if name not in OF_ONE_HOP and not (left_out and name.startswith(left_out))
    ]
    if b"host" not in head.first:
        lines.append(b"host: localhost")
    lines += [f"{name}: {value}".encode("latin-1") for name, value in {"content-length": str(length), **told}.items()]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _size(path: Path) -> int:
    return path.stat().st_size
