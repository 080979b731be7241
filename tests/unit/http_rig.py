"""A port of the HTTP front with a handler that echoes: real sockets, the real loop, a clock to move."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from lambda_emu.clock import SteppingClock
from lambda_emu.http.body import Body
from lambda_emu.http.exchange import BodySink, RequestHandler, Writer
from lambda_emu.http.listener import Listener, PortSettings, bind
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head, answer_head

LIMIT_S = 30
"""For what takes a moment; a busy machine takes its time."""
LAST = b"GET /last HTTP/1.1\r\nConnection: close\r\n\r\n"


class Echo:
    """Answers with the method, the target and the body it got.

    `/early` before the body came, `/never` not at all; `/broken` fails. `/again` knows what it said before.
    """

    def __init__(self, head: Head, writer: Writer) -> None:
        self._head = head
        if head.target == b"/again":
            head.plan = (head.plan or 0) + 1
        self._writer = writer
        self._body = Body()
        if head.target == b"/early":
            self._send(b"too much")

    @property
    def held_bytes(self) -> int:
        return self._body.size

    def body(self, chunk: bytes) -> None:
        self._body.add(chunk)

    def end(self) -> None:
        if self._head.target == b"/broken":
            raise RuntimeError("a mistake of ours")
        if self._head.target != b"/never":
            times = [] if self._head.plan is None else [str(self._head.plan).encode()]
            self._send(b" ".join([self._head.method, self._head.target, self._body.take(), *times]))

    def abort(self) -> None: ...

    def _send(self, body: bytes) -> None:
        self._writer.send(answer_head(200, [], len(body), close=self._writer.close_after), body)


def echo(head: Head, writer: Writer) -> BodySink:
    return Echo(head, writer)


@contextmanager
def served(
    handler: RequestHandler = echo, settings: PortSettings | None = None, host: str = "127.0.0.1"
) -> Iterator[tuple[int, SteppingClock, Loop]]:
    """A port, the clock that its limits go by, and the loop it is served on."""
    with listening(handler, settings, host) as (_, port, clock, loop):
        yield port, clock, loop


@contextmanager
def listening(
    handler: RequestHandler = echo, settings: PortSettings | None = None, host: str = "127.0.0.1"
) -> Iterator[tuple[Listener, int, SteppingClock, Loop]]:
    """The same, for who stops it."""
    loop, clock = Loop(), SteppingClock(stands=True)
    loop.start()
    clock.bind(loop.asyncio)
    listener, bound = Listener(handler, clock, settings), bind(host, 0)
    loop.run(listener.listen(bound), timeout_s=LIMIT_S)
    yield listener, bound.getsockname()[1], clock, loop
    loop.ask(listener.close, timeout_s=LIMIT_S)
    loop.stop()


def talk(port: int, *pieces: bytes, host: str = "127.0.0.1") -> bytes:
    """Send the pieces, and a last request that ends the connection unless they do; return all that came back."""
    ends = any(word in pieces[-1] for word in (b"HTTP/1.0", b"close", b"\x16", b"HELLO", b"9.9"))
    with socket.create_connection((host, port), timeout=LIMIT_S) as client:
        for piece in pieces if ends else [*pieces, LAST]:
            client.sendall(piece)
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
        return answer


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)


def all_after(client: socket.socket, *more: bytes) -> bytes:
    """What comes until our end, for a client that goes on sending though its answer has begun to come."""
    answer = client.recv(1)
    for piece in more:
        client.sendall(piece)
    client.shutdown(socket.SHUT_WR)
    while chunk := client.recv(1 << 20):
        answer += chunk
    return answer


def refuses_bytes(client: socket.socket, clock: SteppingClock, seconds: float) -> bool:
    """Whether the other side has closed, as a client sees it that sends a byte after each step of time."""
    for _ in range(200):
        clock.advance(seconds)
        try:
            client.sendall(b"y")
        except ConnectionError:
            return True
        threading.Event().wait(0.01)
    return False


def hung_up_on(client: socket.socket, clock: SteppingClock, seconds: float) -> None:
    """Move time ahead, again and again as the loop may not have read yet, until the other side has ended it."""
    client.settimeout(0.2)
    for _ in range(50):
        clock.advance(seconds)
        with suppress(TimeoutError, ConnectionResetError):
            assert client.recv(1) == b""
            return
    pytest.fail("nobody hung up")


def bodies(answer: bytes) -> list[bytes]:
    found = []
    while answer:
        head, _, rest = answer.partition(b"\r\n\r\n")
        length = next(int(line[16:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length: "))
        found.append(rest[:length])
        answer = rest[length:]
    return [body for body in found if body != b"GET /last "]


def all_of(client: socket.socket) -> bytes:
    """What comes until the other side hangs up."""
    answer = b""
    while chunk := client.recv(65536):
        answer += chunk
    return answer
