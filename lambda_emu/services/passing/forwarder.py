"""A request on its way to another server, and its answer on its way back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import IO

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.pieces import PIECE_BYTES, PIECES
from lambda_emu.gateway.request import Request
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.services.observers import Nobody, Observer
from lambda_emu.services.passing.answers import NOT_PASSED, OwnAnswer, PassedAnswer
from lambda_emu.services.passing.peer import Peer, PeerRequest

log = logging.getLogger(__name__)

WAITING = 512
STILL_DONE_S = 5.0
"""So long after nobody listens any more a request is taken to be over."""


class Forwarder:
    """Serves requests by the peer."""

    def __init__(self, peer: Peer, loop: Loop, observer: Observer | None = None) -> None:
        self._observer = observer or Nobody()
        self._peer = peer
        self._loop = loop
        self._slots = asyncio.Semaphore(peer.at_once)
        self._waiting = 0
        self._asking = 0  # questions of our own
        self.requests = 0  # ever

    @property
    def under_way(self) -> int:
        """Requests, and questions of our own, that are not answered yet."""
        return self._waiting + self._asking

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
        self.requests += 1
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

    async def told(self, beginning: Callable[[], Awaitable[PeerRequest]]) -> tuple[int, bytes]:
        """What is answered to a question of our own, without a body: status and body. LambdaError."""
        answer = OwnAnswer(self._peer)
        self._asking += 1
        try:
            async with self._slots:
                line, head, give_back, _ = await beginning()
                try:
                    line.send(head, answer, is_head=False)
                    body = await answer.done
                except BaseException:
                    line.drop()
                    raise
                give_back(line)
        finally:
            self._asking -= 1
        return answer.status, body

    async def _pieces(self, request: Request, file: IO[bytes] | None) -> AsyncIterator[bytes]:
        if request.body:
            yield request.body
        while file is not None and (piece := await self._loop.work(PIECES, file.read, PIECE_BYTES)):
            yield piece


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
        if name not in NOT_PASSED and not (left_out and name.startswith(left_out))
    ]
    if b"host" not in head.first:
        lines.append(b"host: localhost")
    lines += [f"{name}: {value}".encode("latin-1") for name, value in {"content-length": str(length), **told}.items()]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _size(path: Path) -> int:
    return path.stat().st_size
