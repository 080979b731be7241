"""What the gateway sees to for every service: real sockets, a real loop, a small service."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.gateway.answers import Answer, error_answer
from lambda_emu.gateway.callers import Callers
from lambda_emu.gateway.gateway import Gateway
from lambda_emu.gateway.pieces import PIECES
from lambda_emu.gateway.pieces import Pieces as LargeAnswer
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, ServiceClaims
from lambda_emu.gateway.wsgi import Environ, LateApp
from lambda_emu.http.executors import Workers
from lambda_emu.http.listener import Listener, PortSettings, bind
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head

LIMIT_S = 30.0
WORKERS = Workers("requests", 4, 16)
PIECE = bytes(range(256)) * 1024
ALLOWED = "http://localhost:3000"
EVIL = {"Origin": "http://evil.example"}


class Service:
    """An app, served on workers."""

    def __init__(
        self, app: Callable[[Environ, Any], Iterable[bytes]], claims: ServiceClaims, answers_pages: bool
    ) -> None:
        self.claims = claims
        self.answers_pages = answers_pages
        late = LateApp(lambda: app)
        self._handling = Handling(late.serve, 1 << 20, RequestTooLarge(1 << 20, "Any"), lambda _: WORKERS)

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        return self._handling

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        return error_answer(error, request.request_id)


class Pieces:
    """Many pieces of a body, counted as they are made."""

    def __init__(self, count: int, fails_at: int | None = None) -> None:
        self.count = count
        self.made = 0
        self.closed = threading.Event()
        self._fails_at = fails_at

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self.count):
            if self.made == self._fails_at:
                raise OSError("the disk is gone")
            self.made += 1
            yield PIECE

    def close(self) -> None:
        assert not self.closed.is_set(), "closed once"
        self.closed.set()


class App:
    """`/large` answers with pieces, and says how long they are if `says_length`; any other path with its method."""

    def __init__(self, pieces: Pieces, says_length: bool = True) -> None:
        self.pieces = pieces
        self.methods = list[str]()
        self.asked = threading.Event()
        self.may_answer: threading.Event | None = None  # waited for by what is large
        self._says_length = says_length

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        self.methods.append(environ["REQUEST_METHOD"])
        self.asked.set()
        if self.may_answer is not None and environ["PATH_INFO"] == "/large":
            self.may_answer.wait(LIMIT_S)
        body: Iterable[bytes] = self.pieces if environ["PATH_INFO"] == "/large" else [b"small"]
        length = self.pieces.count * len(PIECE) if body is self.pieces else 5
        headers = [("Content-Length", str(length))] if self._says_length else []
        start_response("200 OK", [*headers, ("Access-Control-Allow-Origin", "its own")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else body


@contextmanager
def served(folder: Path, app: App) -> Iterator[int]:
    """A port with the app for `own.localhost`, which answers pages by itself, and for everybody else."""
    loop, clock, bound = Loop(), Clock(), bind("127.0.0.1", 0)
    loop.start()
    clock.bind(loop.asyncio)
    gateway = Gateway(loop, clock, folder, Callers(origins=(ALLOWED,)))
    own = Service(app, ServiceClaims(hosts=("own.localhost",)), answers_pages=True)
    gateway.serve(own, Service(app, ServiceClaims(), answers_pages=False))
    listener = Listener(gateway, clock, PortSettings(refusal=gateway.refusal))
    loop.run(listener.listen(bound), LIMIT_S)
    try:
        yield bound.getsockname()[1]
    finally:
        loop.ask(listener.close, LIMIT_S)
        loop.stop()


Found = tuple[int, dict[str, str], bytes]


def ask(port: int, method: str, path: str, headers: Mapping[str, str] | None = None) -> Found:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    connection.request(method, path, headers=dict(headers or {}))
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


def test_a_service_with_rules_of_its_own_for_pages_sees_what_they_ask(tmp_path: Path) -> None:
    app = App(Pieces(0))
    with served(tmp_path, app) as port:
        others, own = ask(port, "GET", "/", EVIL), ask(port, "GET", "/", EVIL | {"Host": "own.localhost"})
        preflight = EVIL | {"Host": "own.localhost", "Access-Control-Request-Method": "PUT"}
        asks_first = ask(port, "OPTIONS", "/", preflight | {"Origin": ALLOWED})

    assert (others[0], own[0], own[2]) == (403, 200, b"small")
    assert asks_first[1]["access-control-allow-origin"] == "its own"
    assert app.methods == ["GET", "OPTIONS"]


def test_no_service_is_asked_by_a_name_that_may_be_anybodys(tmp_path: Path) -> None:
    app = App(Pieces(0))
    with served(tmp_path, app) as port:
        found = ask(port, "GET", "/", {"Host": "own.localhost.evil.example"})

    assert (found[0], app.methods) == (403, [])


@pytest.mark.parametrize("path", ["/small", "/large", "/what/is/refused"])
def test_head_is_told_what_get_would_be_and_no_body(tmp_path: Path, path: str) -> None:
    app, headers = App(Pieces(8)), EVIL if "refused" in path else {}
    with served(tmp_path, app) as port:
        got, told = ask(port, "GET", path, headers), ask(port, "HEAD", path, headers)
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client:
            request = b"HEAD %b HTTP/1.1\r\nHost: localhost\r\n" % path.encode()
            request += b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())
            client.sendall(request + b"Connection: close\r\n\r\n")
            answer = b""
            while chunk := client.recv(65536):
                answer += chunk

    assert (told[0], told[1]["content-length"]) == (got[0], got[1]["content-length"]) == (got[0], str(len(got[2])))
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("says_length", [True, False])
def test_a_large_answer_is_fetched_as_the_client_takes_it(tmp_path: Path, says_length: bool) -> None:
    pieces, received = Pieces(400), 0
    with served(tmp_path, App(pieces, says_length)) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
        connection.request("GET", "/large")
        answer = connection.getresponse()
        while piece := answer.read(len(PIECE)):
            received += len(piece)
            assert piece == PIECE
            assert pieces.made * len(PIECE) - received < 16 * 1024 * 1024  # most of that is the kernel's
        connection.close()

    assert received == 400 * len(PIECE)
    assert ("chunked" if not says_length else None) == answer.headers["Transfer-Encoding"]
    assert pieces.closed.wait(LIMIT_S)


def test_a_client_that_leaves_a_large_answer_ends_it(tmp_path: Path) -> None:
    pieces = Pieces(4000)
    with served(tmp_path, App(pieces)) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client:
            client.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            client.recv(1)

        assert pieces.closed.wait(LIMIT_S)
        assert pieces.made < 4000


def test_what_a_large_answer_is_read_from_is_closed_though_no_worker_is_free_before_the_loop_stops() -> None:
    loop, closed, free = Loop(), threading.Event(), threading.Event()
    loop.start()

    def abort() -> None:
        for _ in range(PIECES.threads):
            loop.work(PIECES, free.wait, LIMIT_S)
        LargeAnswer(iter([b""]), closed.set, loop).abort()

    loop.ask(abort, LIMIT_S)
    threading.Timer(0.1, free.set).start()
    loop.stop()

    assert closed.is_set()


def test_a_client_that_left_before_a_large_answer_began_ends_it(tmp_path: Path) -> None:
    pieces = Pieces(40)
    app = App(pieces)
    app.may_answer = threading.Event()
    with served(tmp_path, app) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client:
            client.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert app.asked.wait(LIMIT_S)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # by a reset
        ask(port, "GET", "/small")  # the loop has heard of it
        app.may_answer.set()

        assert pieces.closed.wait(LIMIT_S)
        assert pieces.made < 40


def test_an_answer_whose_rest_cannot_be_made_is_seen_to_be_cut_short(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pieces = Pieces(400, fails_at=100)
    with served(tmp_path, App(pieces)) as port:
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            ask(port, "GET", "/large")
        assert pieces.closed.wait(LIMIT_S)

    assert "the disk is gone" in caplog.text
