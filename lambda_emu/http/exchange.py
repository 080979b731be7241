"""One request and its answer, as those see them who serve it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from lambda_emu.http.body import Body
from lambda_emu.http.group import Accepted, Acceptor, Group
from lambda_emu.http.message import Head
from lambda_emu.http.stream import Stream

MakeProtocol = Callable[[Acceptor[Accepted]], asyncio.Protocol]
"""Of another protocol, for a connection that its listener accepted."""


class BodySink(Protocol):
    """Takes the body of one request. `abort` comes when the client left before its answer, also after `end`.

    held_bytes: so much of the body is in memory now.
    """

    @property
    def held_bytes(self) -> int: ...

    def body(self, chunk: bytes) -> None: ...

    def end(self) -> None: ...

    def abort(self) -> None: ...


class RequestHandler(Protocol):
    """Begins a request; the answer may be sent at once or at any later time, on the loop."""

    def __call__(self, head: Head, writer: Writer) -> BodySink: ...


class Discard:
    """A sink for bodies nobody needs."""

    held_bytes = 0

    def body(self, chunk: bytes) -> None: ...

    def end(self) -> None: ...

    def abort(self) -> None: ...


DISCARD = Discard()


class ClientConnection(Protocol):
    """The connection, as the answer to one request needs it."""

    group: Group

    def write_answer(self, writer: Writer, head: bytes, body: bytes) -> None: ...

    def begin_stream(self, writer: Writer, stream: Stream) -> None: ...

    def switch(self, writer: Writer, head: bytes, make: MakeProtocol) -> bool: ...

    def hold(self, held: bool) -> None: ...

    def join(self, group: Group) -> bool: ...


class Writer:
    """Where the answer to one request goes. Sending twice is a mistake; sending to a client that left does nothing.

    sent: all of the answer was. stream: one that goes out in pieces, also when it is sent.
    """

    __slots__ = ("_connection", "close_after", "sent", "stream")

    def __init__(self, connection: ClientConnection, close_after: bool) -> None:
        self._connection: ClientConnection | None = connection
        self.close_after = close_after
        self.sent = False
        self.stream: Stream | None = None

    def send(self, head: bytes, body: bytes = b"") -> None:
        """Write a whole answer; `head` is complete with its blank line and Content-Length."""
        assert not self.sent, "one request, one answer"
        self.sent = True
        if self._connection is not None:
            self._connection.write_answer(self, head, body)

    def begin(self, stream: Stream) -> None:
        """Write an answer's head, and then what is written to the stream. A client that has left makes it abort."""
        assert not self.sent, "one request, one answer"
        assert self.stream is None, "one request, one answer"
        self.stream = stream
        self.close_after = self.close_after or stream.ends_by_closing
        if self._connection is None:
            stream.lose()
        else:
            self._connection.begin_stream(self, stream)

    def switch(self, head: bytes, make: MakeProtocol) -> bool:
        """Write the head of a 101, behind which another protocol has the connection. False: the client has left."""
        if not self.open or self._connection is None:
            return False
        self.sent = True
        return self._connection.switch(self, head, make)

    def hold(self, held: bool) -> None:
        """Whether the body is to wait, because it cannot be kept as fast as it comes."""
        if self._connection is not None:
            self._connection.hold(held)

    def detach(self) -> None:
        self._connection = None
        if self.stream is not None:
            self.stream.lose()

    def belongs_to(self, group: Group) -> bool:
        """Whether the connection is one of the group's now. False: there is no room, or it is another's."""
        connection = self._connection
        return connection is None or connection.group is group or connection.join(group)

    @property
    def open(self) -> bool:
        """Whether anybody still waits for an answer, of which nothing was written yet."""
        return self._connection is not None and not self.sent and self.stream is None


class Exchange(Writer):
    """A request on its way in, and the way of its answer; it keeps its body while earlier requests are unanswered.

    waiting_bytes: of its head and body, while it waits.
    """

    __slots__ = ("complete", "head", "kept", "sink", "waiting_bytes")

    def __init__(self, connection: ClientConnection, head: Head, close_after: bool) -> None:
        self._connection = connection  # and not by way of Writer's: there are three for each invocation
        self.close_after = close_after
        self.sent = False
        self.stream = None
        self.head = head
        self.sink: BodySink | None = None
        self.kept: Body | None = None
        self.waiting_bytes = 0
        self.complete = False
