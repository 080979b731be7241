"""One WebSocket that sends messages and waits for each answer. As cheap as Python allows, as `client.py` is."""

from __future__ import annotations

import socket
from statistics import median
from time import perf_counter_ns
from types import TracebackType

from benchmarks.client import CHUNK, EVENT, PATIENCE_S, Address, BadAnswer

MESSAGE = bytes((0x81, 0x80 | len(EVENT), 0, 0, 0, 0)) + EVENT
"""A text in one frame, with the mask that changes nothing."""
EXPECTED = b'{"answer":1}'


class WebSocket:
    """Blocking. path: of a stage whose function answers EXPECTED."""

    def __init__(self, address: Address, path: str) -> None:
        self._socket = socket.create_connection((address.host, address.port), timeout=PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = (
            f"GET {path} HTTP/1.1\r\nHost: {address.host}:{address.port}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        self._socket.sendall(head.encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += self._receive()
        if not answer.startswith(b"HTTP/1.1 101"):
            raise BadAnswer(answer.decode(errors="replace"))

    def __enter__(self) -> WebSocket:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def time_ms(self) -> float:
        """Milliseconds from the first byte sent to the last one received. BadAnswer if the function did not succeed."""
        begun = perf_counter_ns()
        self._socket.sendall(MESSAGE)
        answer = self._receive()
        while len(answer) < 2 + answer[1]:
            answer += self._receive()
        took = perf_counter_ns() - begun
        if answer[2:] != EXPECTED:
            raise BadAnswer(answer.decode(errors="replace"))
        return took / 1e6

    def median_ms(self, calls: int) -> float:
        """Of so many, one after the other."""
        return median(self.time_ms() for _ in range(calls))

    def _receive(self) -> bytes:
        data = self._socket.recv(CHUNK)
        if not data:
            raise ConnectionError("the connection ended in the middle of an answer")
        return data
