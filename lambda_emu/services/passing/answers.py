"""Answers of another server, on their way to a client, or to ourselves."""

from __future__ import annotations

import asyncio

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.http.message import HOP_BY_HOP
from lambda_emu.http.stream import Stream
from lambda_emu.services.observers import Observer
from lambda_emu.services.passing.line import Line
from lambda_emu.services.passing.peer import Peer

WHOLE_BYTES = 256 * 1024
"""Of an answer that is kept until all of it is here; a larger one is passed on as it comes."""
NOT_PASSED = HOP_BY_HOP | {b"content-length", b"date", b"server"}
"""Headers of requests and answers that are said anew, if at all."""


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
            if name.lower() not in NOT_PASSED
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
