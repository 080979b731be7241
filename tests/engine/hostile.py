"""Requests as a fuzzer sends them: well-formed ones that mean little, and bytes that are no HTTP. All by a seed."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

CRLF = b"\r\n"
TIMEOUT_S = 30.0
PAUSE_S = 0.002
TOKENS = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b"\x00",
        b" ",
        b":",
        b"\t",
        b"\xff\xfe",
        b"%00",
        b"0\r\n\r\n",
        b"ffffffff\r\n",
    ),
    *(b"HTTP/1.1", b"HTTP/2.0", b"GET", b"CONNECT a:1 HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Content-Length: 99999999999999999999\r\n"),
    *(b"Expect: 100-continue\r\n", b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"Host: x\r\n", b"x: y\r\n" * 101),
    *(b"\x16\x03\x01\x02\x00\x01", b"x: " + b"y" * 70_000),
)
FIELDS = (
    *(b"X-Amz-Invocation-Type: Event", b"X-Amz-Invocation-Type: nothing", b"X-Amz-Log-Type: Tail"),
    *(b"X-Amz-Client-Context: e30=", b"X-Amz-Client-Context: %%%", b"X-Amz-Tenant-Id: a"),
    *(b"X-Amzn-Trace-Id: Root=1-2-3", b"X-Amzn-RequestId: none"),
    b"Authorization: AWS4-HMAC-SHA256 Credential=a/b/us-east-1/lambda/aws4_request",
    b"Authorization: Credential=" + b"Credential=" * 90,
    *(b"Content-Type: application/json", b"Accept: */*", b"Cookie: a=b; c", b"Range: bytes=0-1", b"TE: trailers"),
    *(b"Lambda-Runtime-Invocation-Id: 1", b"Lambda-Runtime-Function-Response-Mode: streaming"),
    b"Lambda-Runtime-Function-XRay-Error-Cause: " + b"{" * 70_000,
    *(b"Empty:", b"\xe9\xe9: \xe9", b"X-Long: " + b"z" * 8_000),
)
BODIES = (b"", b"{}", b'{"a": 1}', b"[1, 2", b"null", b"\xff\xfe", b'"' + b"x" * 3000 + b'"', b"[" * 2000, b"1" * 5000)


@dataclass(frozen=True)
class Said:
    """What one connection sends. whole: so many of its requests are to be answered; broken: the last one is none.

    methods: of those that are not broken.
    """

    pieces: list[bytes]
    requests: int
    whole: int
    broken: bool
    methods: list[bytes]


class Fuzzer:
    """calls: request lines without their version. half_open: whether who sends no more is answered."""

    def __init__(
        self, seed: int, calls: Sequence[bytes], host: bytes, most_field_bytes: int = 9_000, *, half_open: bool = True
    ) -> None:
        self.random = Random(seed)
        self._calls = calls
        self._host = host
        self._half_open = half_open
        self._fields = [field for field in FIELDS if len(field) <= most_field_bytes]

    def connections(self, requests: int) -> Iterator[Said]:
        """Connections with so many requests together."""
        while requests > 0:
            said = self._connection()
            requests -= said.requests
            yield said

    def _connection(self) -> Said:
        random = self.random
        whole = [self._request() for _ in range(random.randint(0, 5))]
        broken = random.random() < 0.6
        end = self._broken() if broken else self._request(b"Connection: close")
        data = b"".join([*whole, end])
        owed = 0 if broken and not self._half_open else len(whole) + (not broken)
        methods = [request.partition(b" ")[0] for request in (whole if broken else [*whole, end])]
        return Said(list(self._pieces(data)), len(whole) + 1, owed, broken, methods)

    def _request(self, *more: bytes) -> bytes:
        """One that any HTTP server has to take."""
        random = self.random
        fields = random.sample(self._fields, random.randint(0, 4))
        body, framing = self._body(random.choice(BODIES))
        head = [random.choice(self._calls) + b" HTTP/1.1", b"Host: " + self._host, *fields, *framing, *more]
        return CRLF.join([*head, b"", body])

    def _body(self, body: bytes) -> tuple[bytes, list[bytes]]:
        if self.random.random() < 0.5:
            return body, [b"Content-Length: %d" % len(body)]
        size = self.random.choice((1, 7, 1000))
        chunks = [body[at : at + size] for at in range(0, len(body), size)][:300]
        trailer = self.random.choice((b"", b"", b"Host: other\r\n", b"X: y\r\n" * 5))
        framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
        return framed + b"0\r\n" + trailer + CRLF, [b"Transfer-Encoding: chunked"]

    def _broken(self) -> bytes:
        """A request after a few accidents. It may still be one, or the beginning of one."""
        data = bytearray(self._request())
        for _ in range(self.random.randint(1, 5)):
            at = self.random.randrange(len(data) + 1)
            accident = self.random.randrange(5)
            if accident == 0:
                data[at:at] = self.random.choice(TOKENS)
            elif accident == 1:
                del data[at : at + self.random.choice((1, 3, 50))]
            elif accident == 2:
                data[at : at + 1] = bytes([self.random.randrange(256)])
            elif accident == 3:
                data[at:at] = data[max(0, at - 40) : at]
            else:
                del data[at:]
        return bytes(data)

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        if self.random.random() < 0.7:
            yield data
            return
        cuts = sorted(self.random.randrange(len(data) + 1) for _ in range(self.random.randint(1, 6)))
        for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            yield data[begin:end]


@dataclass(frozen=True)
class Heard:
    """The answers of one connection. closing: the last one said that no other would follow."""

    statuses: list[int]
    closing: bool


def talk(address: tuple[str, int], said: Said) -> Heard:
    """Say it all, and that this was all where it ends in the middle; then hear the other side to its end.

    Between two pieces the other side has a moment to answer, and to hang up, as far as it has heard.

    ConnectionError when it ends in the middle; TimeoutError when it neither answers nor hangs up.
    """
    with socket.create_connection(address, timeout=TIMEOUT_S) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        first, *rest = said.pieces
        client.sendall(first)
        data = b""
        for piece in rest:
            if select.select([client], [], [], PAUSE_S)[0]:
                data += client.recv(1 << 20)
            client.sendall(piece)
        if said.broken:
            client.shutdown(socket.SHUT_WR)
        while chunk := client.recv(1 << 20):
            data += chunk
    return _heard(data, said.methods)


def _heard(data: bytes, methods: Sequence[bytes]) -> Heard:
    """AssertionError when these are not whole answers, one behind the other.

    Those to HEAD have no body, but for a refusal. What is answered behind the known methods was broken, and may have
    been made a HEAD, or several.
    """
    statuses, closing = list[int](), False
    while data:
        head, found, data = data.partition(b"\r\n\r\n")
        first, *lines = head.split(CRLF)
        assert found, head
        assert first.startswith(b"HTTP/1.1 "), head
        status = int(first[9:12])
        fields = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}
        method = methods[len(statuses)] if len(statuses) < len(methods) else None
        is_bare = method in (None, b"HEAD") and (not data or data.startswith(b"HTTP/1.1 "))
        assert is_bare or method != b"HEAD" or fields.get(b"connection") == b"close", head
        length = 0 if is_bare else int(fields.get(b"content-length", b"0"))
        assert len(data) >= length, head
        data = data[length:]
        if status != 100:
            statuses.append(status)
            closing = fields.get(b"connection") == b"close"
    return Heard(statuses, closing)
