"""Takes a request's body in: in memory while it is small, in a file where it is large."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.services import Handling
from lambda_emu.gateway.spool import BodySource, Spool
from lambda_emu.http.body import Body

SPOOL_BYTES = 2 * 1024 * 1024

Serve = Callable[[Handling, Call], None]
MakeSpool = Callable[[BodySource], Spool]


class SmallIntake:
    """A body of known and small length, which is served on the loop."""

    __slots__ = ("_body", "_call", "_handling")

    def __init__(self, handling: Handling, call: Call) -> None:
        self._handling = handling
        self._call = call
        self._body: Body | None = None  # of one that comes in more than one piece

    @property
    def held_bytes(self) -> int:
        return len(self._call.request.body) if self._body is None else self._body.size

    def body(self, chunk: bytes) -> None:
        request = self._call.request
        if self._body is None and not request.body:
            request.body = chunk
            return
        if self._body is None:
            self._body = Body()
            self._body.add(request.body)
        self._body.add(chunk)

    def end(self) -> None:
        call = self._call
        if self._body is not None:
            call.request.body = self._body.take()
        answer = self._handling.serve(call.request, call)
        if answer is not None:
            call.answer(answer)

    def abort(self) -> None:
        """The client left; what runs goes on, its answer is dropped."""


class Intake:
    """Any other body. serve: told when all of it is here. make_spool: for one that should not fill the memory."""

    def __init__(self, handling: Handling, call: Call, serve: Serve, make_spool: MakeSpool) -> None:
        self._handling = handling
        self._call = call
        self._serve = serve
        self._make_spool = make_spool
        length = call.request.head.content_length() or 0
        self._body = Body(0 if handling.spooled and length > SPOOL_BYTES else length)
        self._size = 0
        self._spool: Spool | None = None

    @property
    def held_bytes(self) -> int:
        return self._body.held_bytes if self._spool is None else self._spool.held_bytes

    def body(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._handling.most_bytes:
            self.abort()
            self._call.fail(self._handling.too_large)
            return
        if self._spool is None and self._size > SPOOL_BYTES and self._handling.spooled:
            self._spool = self._make_spool(self)
            self._spool.add(self._body.take())
        if self._spool is None:
            self._body.add(chunk)
        else:
            self._spool.add(chunk)

    def end(self) -> None:
        if self._spool is None:
            self._call.request.body = self._body.take()
            self._serve(self._handling, self._call)
        else:
            self._spool.end(self._spooled)

    def _spooled(self, file: Path) -> None:
        self._call.request.body_file = file
        self._serve(self._handling, self._call)

    def abort(self) -> None:
        """The client left before it said all, or said too much."""
        self._body.clear()
        if self._spool is not None:
            self._spool.abort()

    def hold(self, held: bool) -> None:
        self._call.hold(held)

    def failed(self, error: LambdaError) -> None:
        self._call.fail(error)
