"""One keep-alive connection that invokes. As cheap as Python allows, so that what is timed is the other side."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns
from types import TracebackType

CHUNK = 65536
PATIENCE_S = 60.0
EVENT = b'{"name":"World"}'


@dataclass(frozen=True, slots=True)
class Address:
    """Where an emulator answers."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


class BadAnswer(Exception):
    """The answer is not that of a function that succeeded; the text is the whole answer."""


def invocation(
    address: Address, function: str, event: bytes = EVENT, *, tail: bool = False, signature: str = ""
) -> bytes:
    """The bytes of a synchronous Invoke, made once and sent many times. signature: one header more, of AWS's size."""
    head = [
        f"POST /2015-03-31/functions/{function}/invocations HTTP/1.1",
        f"Host: {address.host}:{address.port}",
        "Content-Type: application/json",
        f"Content-Length: {len(event)}",
    ]
    if tail:
        head.append("X-Amz-Log-Type: Tail")
    if signature:
        scope = "Credential=bench/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date"
        head.append(f"Authorization: AWS4-HMAC-SHA256 {scope}, Signature={signature:0>64}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + event


def length_of(head: bytes) -> int:
    """Content-Length of an answer's head. BadAnswer when it has none: both emulators give it for small bodies."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise BadAnswer(head.decode(errors="replace"))


def check(answer: bytes) -> None:
    """BadAnswer unless a function ran and succeeded."""
    head = answer.partition(b"\r\n\r\n")[0].lower()
    if not head.startswith(b"http/1.1 200") or b"x-amz-function-error" in head or b'"errorType"' in answer:
        raise BadAnswer(answer.decode(errors="replace"))


class Connection:
    """A blocking connection. `call` answers with head and body as they came."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection((address.host, address.port), timeout=PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def call(self, request: bytes) -> bytes:
        self.send(request)
        return self.answer()

    def send(self, request: bytes) -> None:
        """Without waiting for its answer, so that others can be sent meanwhile."""
        self._socket.sendall(request)

    def answer(self) -> bytes:
        """Of the request that was sent last."""
        answer = self._receive()
        head_end = answer.find(b"\r\n\r\n")
        while head_end < 0:
            answer += self._receive()
            head_end = answer.find(b"\r\n\r\n")
        whole = head_end + 4 + length_of(answer[:head_end])
        while len(answer) < whole:
            answer += self._receive()
        return answer

    def time_ms(self, request: bytes) -> float:
        """Milliseconds from the first byte sent to the last one received. BadAnswer if the function did not succeed."""
        begun = perf_counter_ns()
        answer = self.call(request)
        took = perf_counter_ns() - begun
        check(answer)
        return took / 1e6

    def median_ms(self, requests: Sequence[bytes]) -> float:
        """Of these, one after the other."""
        return median(map(self.time_ms, requests))

    def _receive(self) -> bytes:
        data = self._socket.recv(CHUNK)
        if not data:
            raise ConnectionError("the connection ended in the middle of an answer")
        return data
