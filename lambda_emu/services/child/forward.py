"""A request on its way to the child, and its answer on its way back."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Protocol

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.credential import credential_in, credential_of
from lambda_emu.gateway.pieces import PIECE_BYTES, PIECES
from lambda_emu.gateway.request import Request
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.http.stream import Stream
from lambda_emu.model.credentials import account_of
from lambda_emu.services.buckets import bucket_of
from lambda_emu.services.child.errors import ChildBusy, ChildLost
from lambda_emu.services.child.line import Line
from lambda_emu.services.child.process import Child

log = logging.getLogger(__name__)

AT_ONCE = 32
"""Requests that the child works on; it has as many threads."""
WAITING = 512
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
ASK = "x-lambda-emu-ask"
ASK_LIMIT_S = 70.0
"""It may have to be started for it."""
NAME = re.compile(r"[\w-]{1,128}", re.ASCII)
OURS = (b"x-moto-account-id", b"x-lambda-emu-")
"""Headers that nobody but us says."""


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
    """Serves requests by the child. account: of callers who name none."""

    def __init__(self, child: Child, loop: Loop, account: str, observer: Observer) -> None:
        self._observer = observer
        self._child = child
        self._loop = loop
        self._account = account
        self._slots = asyncio.Semaphore(AT_ONCE)
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
            raise ChildBusy(self._waiting)
        self._waiting += 1
        self._loop.spawn(self._forward(request, call, file, length), "a request to the services' process")

    async def _forward(self, request: Request, call: Call, file: IO[bytes] | None, length: int) -> None:
        passing = Passing(call, self._observer, is_head=request.method == "HEAD")
        try:
            async with self._slots:
                await self._ask(request, passing, file, length)
        except LambdaError as error:
            passing.fail(error)
        except Exception:
            log.exception("a request could not be passed on")
            passing.fail(ChildLost("could not be asked"))
        finally:
            self._waiting -= 1
            if file is not None:
                file.close()

    async def ask(self, fact: str, about: str) -> object:
        """What `program.facts` tells of it; of what cannot be a name it tells nothing. ChildLost and the like."""
        if NAME.fullmatch(about) is None:
            return None
        try:
            return await asyncio.wait_for(self._told(fact, about), ASK_LIMIT_S)
        except TimeoutError as error:
            raise ChildLost("does not answer") from error

    async def _told(self, fact: str, about: str) -> object:
        telling = Telling()
        async with self._slots:
            line = await self._child.line()
            try:
                asked = f"GET /{about} HTTP/1.1\r\nhost: localhost\r\n{ASK}: {fact}\r\n\r\n"
                line.send(asked.encode(), telling, is_head=False)
                told = await telling.done
            except BaseException:
                line.drop()
                raise
            self._child.give_back(line)
        if telling.status != 200:
            raise ChildLost(f"did not tell the {fact} of {about}")
        return json.loads(told)

    async def _ask(self, request: Request, passing: Passing, file: IO[bytes] | None, length: int) -> None:
        await self._observer.passes(request.head)
        line = await self._child.line()
        passing.line = line
        try:
            line.send(self._head(request, length), passing, is_head=passing.is_head)
            async for piece in self._pieces(request, file):
                if passing.done.done():
                    break
                await line.write(piece)
            whole = await passing.done
        except BaseException:
            line.drop()
            raise
        if whole:
            self._child.give_back(line)
        else:
            line.drop()

    async def _pieces(self, request: Request, file: IO[bytes] | None) -> AsyncIterator[bytes]:
        if request.body:
            yield request.body
        while file is not None and (piece := await self._loop.work(PIECES, file.read, PIECE_BYTES)):
            yield piece

    def _account_of(self, request: Request) -> str:
        credential = credential_of(request.head.first.get(b"authorization")) or credential_in(request.query)
        return (credential and account_of(credential.access_key)) or self._account

    def _head(self, request: Request, length: int) -> bytes:
        head = request.head
        bucket = bucket_of((request.header(b"host") or "").lower().partition(":")[0])
        target = head.target if bucket is None else b"/" + bucket.encode("latin-1") + head.target
        lines = [b"%b %b HTTP/1.1" % (head.method, target)]
        lines += [b"%b: %b" % (name, value) for name, value in head.headers if _is_passed_on(name)]
        if b"host" not in head.first:
            lines.append(b"host: localhost")
        told = {
            "content-length": str(length),
            "x-moto-account-id": self._account_of(request),
            "x-lambda-emu-request-id": request.request_id,
            "x-lambda-emu-peer": request.peer or "127.0.0.1",
        }
        lines += [f"{name}: {value}".encode("latin-1") for name, value in told.items()]
        return b"\r\n".join(lines) + b"\r\n\r\n"


class Telling:
    """An answer to ourselves. done: its body."""

    def __init__(self) -> None:
        self.status = 0
        self.done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
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
            self.done.set_exception(ChildLost("was killed"))


class Passing:
    """One answer: sent whole where it is small, else piece by piece. Takes from a line, feeds a client.

    done: True when all of it came and the line is as good as before.
    """

    def __init__(self, call: Call, observer: Observer, *, is_head: bool) -> None:
        self.is_head = is_head
        self._observer = observer
        self.line: Line | None = None
        self.done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._call = call
        self._status = 0
        self._headers: list[tuple[str, str]] = []
        self._kept: list[bytes] | None = []
        self._kept_bytes = 0
        self._stream: Stream | None = None

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
        if self.is_head or length is None or length > WHOLE_BYTES:
            self._kept = None
            self._observer.passed(self._call.request.head, None)
            self._stream = self._call.begin(status, self._headers, length, self)

    def piece(self, data: bytes) -> None:
        if self._kept is not None:
            self._kept.append(data)
        elif self._stream is not None and not self._stream.write(data) and self.line is not None:
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
        self.fail(ChildLost("was killed"))

    # -- of the client ----------------------------------------------------------------------------

    def go_on(self) -> None:
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


def _is_passed_on(name: bytes) -> bool:
    return name not in OF_ONE_HOP and not name.startswith(OURS)


def _size(path: Path) -> int:
    return path.stat().st_size
