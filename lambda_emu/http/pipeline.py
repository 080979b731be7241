"""Requests of one connection, one behind the other: the first is served, the others wait with their bodies."""

from __future__ import annotations

import asyncio
from collections import deque

from lambda_emu.http.endpoint import Endpoint
from lambda_emu.http.exchange import Exchange, RequestHandler, Writer
from lambda_emu.http.group import Group
from lambda_emu.http.stream import HIGH_WATER_BYTES, Stream

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Pipeline(Endpoint):
    """Begins requests in the order they came, and writes their answers in it. What comes is told by who reads it."""

    def __init__(self, handler: RequestHandler, group: Group) -> None:
        Endpoint.__init__(self, group)
        self._handler = handler
        self._requests: deque[Exchange] = deque()  # the first one is being served
        self._arriving: Exchange | None = None
        self._unread_bytes = 0

    def _weigh(self) -> None:
        """What is held of unfinished requests may have changed."""
        raise NotImplementedError

    def _hang_up(self) -> None:
        """The last answer was written."""
        raise NotImplementedError

    # -- the one that is served -------------------------------------------------------------------

    def _begin(self, request: Exchange, *, whole: bool = False) -> None:
        waits = not whole and b"expect" in request.head.first
        request.sink = self._handler(request.head, request)
        if waits and request.sent:
            self._hang_up()  # whether the body comes all the same, only the client knows
        elif waits and request.stream is not None:
            request.close_after = True
        elif waits and self._transport is not None:
            self._transport.write(CONTINUE)

    def _end(self, request: Exchange) -> None:
        if request.sent:
            self._next()
        else:
            assert request.sink is not None
            request.sink.end()

    def write_answer(self, writer: Writer, head: bytes, body: bytes) -> None:
        """Write the answer of the request being served, and go on with the next one."""
        transport = self._transport
        if transport is None:
            return
        request = self._requests[0]
        if request.head.method == b"HEAD":
            head, body = head[: head.index(b"\r\n\r\n") + 4], b""
        if len(body) <= 1 << 16:
            transport.write(head + body)
        else:
            transport.write(head)
            transport.write(body)
        assert request is writer
        if request.complete:
            self._next()

    def begin_stream(self, writer: Writer, stream: Stream) -> None:
        """Write the head of the answer to the request being served; its pieces follow."""
        assert self._requests[0] is writer
        assert self._transport is not None
        self._transport.set_write_buffer_limits(HIGH_WATER_BYTES)
        self.write_piece(stream.open(self, close=writer.close_after))

    def end_stream(self, last: bytes) -> None:
        """All of the answer was written."""
        self.write_piece(last)
        request = self._requests[0]
        request.sent = True
        if request.complete or request.close_after:
            self._next()

    def _next(self) -> None:
        """The first request is complete and answered: drop it, and begin the one behind it."""
        done = self._requests.popleft()
        done.detach()
        done.sink = None  # which knows it
        self._unread_bytes = 0
        if done.close_after:
            self._hang_up()
        elif self._requests:
            asyncio.get_running_loop().call_soon(self._replay)
        elif self._lingering is not None:
            self._lingering.part(self._ended)

    # -- those that wait --------------------------------------------------------------------------

    def _enqueue(self, request: Exchange) -> None:
        self._arriving = request
        self._requests.append(request)
        self._count_waiting(request, request.head.size_bytes())
        if len(self._requests) == 1 and not self._clogged:
            asyncio.get_running_loop().call_soon(self._replay)

    def _count_waiting(self, request: Exchange, count: int) -> None:
        request.waiting_bytes += count
        self._waiting_bytes += count

    def _replay(self) -> None:
        if not self._requests or self._requests[0].sink is not None or self._transport is None or self._clogged:
            return
        try:
            self._serve(self._requests[0])
        except BaseException:
            self.drop()  # nobody would answer it any more; the loop logs why
            raise

    def _serve(self, request: Exchange) -> None:
        """Begin a request that waited, and give it what came of its body."""
        complete, request.complete = request.complete, False  # what follows is as if it came just now
        kept, request.kept = request.kept, None
        self._count_waiting(request, -request.waiting_bytes)
        self._begin(request, whole=complete)
        if kept is not None and not request.sent:
            assert request.sink is not None
            request.sink.body(kept.take())
        self._weigh()
        self.read_on()
        if complete:
            request.complete = True
            self._end(request)

    def _drop_arriving(self) -> bool:
        """Forget the request that is not complete. Whether it has its answer, and the client is told nothing else."""
        request, self._arriving = self._arriving, None
        if request is None:
            return False
        self._requests.remove(request)
        self._count_waiting(request, -request.waiting_bytes)
        request.detach()
        if request.sink is not None and not request.sent:
            request.sink.abort()
        return request.sent or request.stream is not None
