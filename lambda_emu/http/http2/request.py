"""One request of a connection of HTTP/2, and its answer, no faster than its client takes it."""

from __future__ import annotations

import re
from typing import Protocol

from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError

from lambda_emu.http.exchange import BodySink, MakeProtocol, RequestHandler, Writer
from lambda_emu.http.group import Group, Wait
from lambda_emu.http.head_reader import HeadLimits
from lambda_emu.http.message import Head, Header
from lambda_emu.http.stream import HIGH_WATER_BYTES, Stream

BODILESS = frozenset({b"GET", b"HEAD", b"DELETE", b"OPTIONS"})
CONNECTION_HEADERS = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"upgrade"})
_METHOD = re.compile(rb"[A-Z]{1,32}")
_TARGET = re.compile(rb"(?:/[^\x00-\x20\x7f]*|\*)")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_NO_VALUE = re.compile(rb"[\x00\r\n]")


class Carrier(Protocol):
    """The connection, as its requests need it. has_room: whether the client takes what is written."""

    group: Group

    @property
    def h2(self) -> H2Connection: ...
    @property
    def has_room(self) -> bool: ...
    def write_out(self) -> None: ...
    def weigh(self) -> None:
        """How much of a request is in memory may have changed."""

    def done(self, number: int) -> None:
        """A request has its answer, or gets none."""


class Request:
    """exchange.ClientConnection of one request, and stream.Outlet of its answer.

    is_whole: all of its body came. is_begun: some of its answer went out. unsent_bytes: of that, what the client has
    not made room for.
    """

    def __init__(self, carrier: Carrier, number: int, head: Head) -> None:
        self.group: Group = carrier.group
        self.is_whole = self.is_begun = False
        self._carrier = carrier
        self._number = number
        self._head = head
        self._writer = Writer(self, close_after=False)
        self._sink: BodySink | None = None
        self._out = bytearray()
        self._ended = False  # all of its answer was written
        self._answer: Stream | None = None
        self._is_over = False
        self._is_held = False
        self._untaken_bytes = 0  # of its body, which the client has not heard to be taken

    @property
    def held_bytes(self) -> int:
        return 0 if self._sink is None else self._sink.held_bytes

    @property
    def unsent_bytes(self) -> int:
        return len(self._out)

    @property
    def waits_for(self) -> Wait | None:
        """What the client owes; None: it is our turn."""
        if self._out:
            return Wait.READING
        return None if self.is_whole or self._is_held or self.is_begun else Wait.REQUEST

    def begin(self, handler: RequestHandler) -> None:
        self._sink = handler(self._head, self._writer)

    def body(self, data: bytes, counted: int) -> None:
        """counted: so many bytes are to be acknowledged for it, when they are taken."""
        self._untaken_bytes += counted
        if self._sink is not None and data and not self._writer.sent:
            self._sink.body(data)
        if not self._is_held:
            self._acknowledge()

    def complete_body(self) -> None:
        self.is_whole = True
        if self._sink is not None and not self._writer.sent:
            self._sink.end()

    def lose(self) -> None:
        """Its client is gone, or does not want it any more."""
        self._is_over = True
        self._out.clear()
        self._writer.detach()
        if self._sink is not None:
            self._sink.abort()

    # -- as its writer sees it --------------------------------------------------------------------

    def write_answer(self, writer: Writer, head: bytes, body: bytes) -> None:
        self._send_head(head)
        self._out += b"" if self._head.method == b"HEAD" else body
        self._ended = True
        self._go_on()

    def begin_stream(self, writer: Writer, stream: Stream) -> None:
        self._answer = stream
        self._send_head(stream.open(self, close=writer.close_after))
        self._go_on()

    def switch(self, writer: Writer, head: bytes, make: MakeProtocol) -> bool:
        """It has no such answers (RFC 9113, 8.6)."""
        return False

    def hold(self, held: bool) -> None:
        """Whether its body is to wait; those of others are read on, since its client sends no more than its window."""
        self._is_held = held
        if not held:
            self._carrier.weigh()
            self._acknowledge()
            self._carrier.write_out()

    def join(self, group: Group) -> bool:
        """A connection carries requests of many, and stays the newcomers'."""
        return group is self.group

    # -- as its answer's stream sees it -----------------------------------------------------------

    @property
    def has_room(self) -> bool:
        return not self._is_over and len(self._out) < HIGH_WATER_BYTES and self._carrier.has_room

    def write_piece(self, piece: bytes) -> bool:
        self._out += piece
        self._go_on()
        return self.has_room

    def end_stream(self, last: bytes) -> None:
        self._out += last
        self._ended = True
        self._go_on()

    def drop(self) -> None:
        """What was said to come does not."""
        if not self._is_over:
            self._is_over = True
            self._reset(ErrorCodes.INTERNAL_ERROR)
            self._carrier.write_out()
            self._carrier.done(self._number)

    def flush(self) -> None:
        """As much as the client takes."""
        if self._is_over:
            return
        had_room = self.has_room
        try:
            self._send()
        except ProtocolError:  # it was reset by what came with what is looked at now, or the connection has failed
            self._is_over = True
            self._out.clear()
            return
        if self._is_over:
            self._carrier.write_out()
            self._carrier.done(self._number)
        elif self._answer is not None and not had_room and self.has_room:
            self._answer.resume()

    # -- inside -----------------------------------------------------------------------------------

    def _send(self) -> None:
        """ProtocolError."""
        h2, number = self._carrier.h2, self._number
        while self._out and not self._is_over and self._carrier.has_room:
            size = min(h2.local_flow_control_window(number), h2.max_outbound_frame_size, len(self._out))
            if size <= 0:
                return
            self._is_over = self._ended and size == len(self._out)
            h2.send_data(number, bytes(self._out[:size]), end_stream=self._is_over)
            del self._out[:size]
            self._carrier.write_out()
        if self._ended and not self._out and not self._is_over:
            self._is_over = True
            h2.end_stream(number)
        if self._is_over and not self.is_whole:
            h2.reset_stream(number, ErrorCodes.NO_ERROR)  # the rest of its body is nobody's

    def _send_head(self, head: bytes) -> None:
        first, *lines = head.rstrip(b"\r\n").split(b"\r\n")
        headers: list[Header] = [(b":status", first.split(b" ", 2)[1])]
        for line in lines:
            name, _, value = line.partition(b":")
            if (lower := name.strip().lower()) not in CONNECTION_HEADERS:
                headers.append((lower, value.strip()))
        self.is_begun = True
        try:
            self._carrier.h2.send_headers(self._number, headers)
        except ProtocolError:  # as in `flush`
            self._is_over = True

    def _go_on(self) -> None:
        self.flush()
        self._carrier.write_out()

    def _acknowledge(self) -> None:
        counted, self._untaken_bytes = self._untaken_bytes, 0
        if counted:
            self._carrier.h2.acknowledge_received_data(counted, self._number)

    def _reset(self, code: ErrorCodes) -> None:
        try:
            self._carrier.h2.reset_stream(self._number, code)
        except ProtocolError:  # as in `flush`
            return


def head_of(headers: list[Header], limits: HeadLimits, peer: str | None) -> Head | None:
    """As one of HTTP/1.1; None: it could not be sent by that, or has too much. Services pass heads on by HTTP/1.1."""
    said = {name: bytes(value) for name, value in headers if name.startswith(b":")}
    fields = [(bytes(name), bytes(value)) for name, value in headers if not name.startswith(b":")]
    method, target = said.get(b":method", b""), said.get(b":path", b"")
    if len(crumbs := [value for name, value in fields if name == b"cookie"]) > 1:  # RFC 9113, 8.2.3
        fields = [(name, value) for name, value in fields if name != b"cookie"]
        fields.append((b"cookie", b"; ".join(crumbs)))
    if b":authority" in said and all(name != b"host" for name, _ in fields):
        fields.insert(0, (b"host", said[b":authority"]))
    if len(fields) > limits.most_fields or not _METHOD.fullmatch(method) or not _TARGET.fullmatch(target):
        return None
    if not all(_NAME.fullmatch(name) and not _NO_VALUE.search(value) for name, value in fields):
        return None
    if method not in BODILESS and all(name != b"content-length" for name, _ in fields):
        fields.append((b"transfer-encoding", b"chunked"))  # how the rest of the port knows a body of unknown length
    return Head(method, target, fields, "2.0", keep_alive=True, peer=peer)
