"""What the code of one environment may ask of the Runtime API, which serves all. A real pool, raw sockets."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from threading import Event

import pytest
from http_rig import all_after
from sandbox_rig import WAIT_S, EmptySandbox, Rig, rig

from lambda_emu.environment.invocation import Outcome

MB = 1 << 20


@pytest.fixture
def pool() -> Iterator[Rig]:
    with rig() as ready:
        yield ready


class Inside:
    """Code in one environment that speaks to the Runtime API as it likes, while its runtime has an event."""

    def __init__(self, pool: Rig, stack: ExitStack) -> None:
        self.pool = pool
        self.asked = pool.invoke(timeout_s=60)
        self.sandbox: EmptySandbox = pool.sandbox()
        self.runtime = pool.runtime(self.sandbox)
        self.request_id = self.runtime.next()
        self._stack = stack

    def connect(self) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.pool.port), timeout=WAIT_S)
        return self._stack.enter_context(client)

    def head(self, call: str, *fields: str) -> bytes:
        lines = [f"{call} HTTP/1.1", f"Host: {self.sandbox.token}", *fields, "", ""]
        return "\r\n".join(lines).encode()

    def post(self, request_id: str, length: int, call: str = "response") -> bytes:
        return self.head(f"POST /2018-06-01/runtime/invocation/{request_id}/{call}", f"Content-Length: {length}")

    def ping(self, client: socket.socket) -> bytes:
        client.sendall(self.head("GET /2018-06-01/ping"))
        return client.recv(65536)


@pytest.fixture
def inside(pool: Rig) -> Iterator[Inside]:
    with ExitStack() as stack:
        yield Inside(pool, stack)


@pytest.mark.parametrize("call", ["response", "error"])
def test_an_answer_to_what_does_not_run_is_refused_before_its_body(inside: Inside, call: str) -> None:
    client = inside.connect()

    client.sendall(inside.post("nobody", 5 * MB, call))

    assert b"InvalidRequestID" in client.recv(65536)


def test_an_init_error_out_of_place_is_refused_before_its_body(inside: Inside) -> None:
    client = inside.connect()

    client.sendall(inside.head("POST /2018-06-01/runtime/init/error", f"Content-Length: {5 * MB}"))

    assert b"InvalidStateTransition" in client.recv(65536)


def test_a_refused_answer_leaves_its_connection_and_the_invocation_well(inside: Inside) -> None:
    client = inside.connect()
    client.sendall(inside.post("nobody", 3) + b"abc")
    client.recv(65536)

    assert inside.ping(client).endswith(b"pong")
    assert inside.runtime.respond(inside.request_id) == 202
    assert isinstance(inside.asked.result(), Outcome)


def test_an_environment_posts_one_answer_at_a_time(inside: Inside) -> None:
    """Eight unfinished ones took 1.3 GB."""
    first, *others = (inside.connect() for _ in range(8))
    path = f"/2018-06-01/runtime/invocation/{inside.request_id}/response"
    first.sendall(inside.head(f"POST {path}", f"Content-Length: {6 * MB}", "Expect: 100-continue"))
    assert first.recv(65536).startswith(b"HTTP/1.1 100")
    first.sendall(b"x" * MB)
    for client in others:
        client.sendall(inside.post(inside.request_id, 6 * MB))
        assert b"from InvocationResponse to InvocationResponse" in client.recv(65536)
    first.sendall(b"x" * 5 * MB)

    assert first.recv(12) == b"HTTP/1.1 202"


def test_heads_of_an_environment_take_16_mb_at_most(inside: Inside) -> None:
    """A stack trace may have 1 MB; those that are not complete count together."""
    clients = [inside.connect() for _ in range(30)]
    cause = b"Lambda-Runtime-Function-XRay-Error-Cause: " + b"x" * (MB - 100)
    for client in clients:
        inside.ping(client)
        with suppress(ConnectionError):
            client.sendall(b"GET / HTTP/1.1\r\n" + cause)

    told = [client.recv(12) for client in heard(clients, least=10)]

    assert told.count(b"HTTP/1.1 413") == len(told) <= 20


def heard(clients: list[socket.socket], least: int) -> list[socket.socket]:
    """Those for whom an answer is there, once there are at least so many and no other one comes."""
    ready: list[socket.socket] = []
    for _ in range(60):
        before, ready = ready, select.select(clients, [], [], 0)[0]
        if least <= len(ready) == len(before):
            return ready
        Event().wait(1)
    pytest.fail(f"only {len(ready)} are told")


def test_an_environment_has_64_connections(inside: Inside) -> None:
    clients = [inside.connect() for _ in range(70)]

    answers = [inside.ping(client) for client in clients]

    assert [answer.endswith(b"pong") for answer in answers] == [True] * 63 + [False] * 7  # its runtime has one
    assert all(b"TooManyConnections" in answer for answer in answers[63:])
    assert all(client.recv(1) == b"" for client in clients[63:])
    clients[0].close()
    assert inside.runtime.respond(inside.request_id) == 202


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("PUT /2\r\n\r\n022-07-01/telemetry HTTP/1.1\r\nHost: ", b"403"),
        ("GET /2018-06-01/ping HTTP/1.1\r\n\r\n" * 2, b"403"),
        ("GET /2018-06-01/ping HTTP/1.0\r\nHost: {token}\r\n\r\n", b"200"),
        ("GET /2018-06-01/ping HTTP/1.1\r\nHost: {token}\r\nConnection: close\r\n\r\n", b"200"),
    ],
    ids=["cut in two", "no host", "1.0", "asked for it"],
)
def test_code_that_still_sends_reads_its_last_answer(inside: Inside, said: str, status: bytes) -> None:
    client = inside.connect()
    client.sendall(said.format(token=inside.sandbox.token).encode())

    answer = all_after(client, *[b"x" * 100_000] * 4)

    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.count(b"HTTP/1.1 ") == 1


def test_one_connection_too_many_still_reads_why(inside: Inside) -> None:
    for _ in range(63):
        inside.ping(inside.connect())
    client = inside.connect()
    client.sendall(inside.head("GET /2018-06-01/ping"))

    assert b"TooManyConnections" in all_after(client, *[b"x" * 100_000] * 4)


def test_who_has_its_last_answer_and_does_not_hang_up_makes_room_in_10_s(inside: Inside) -> None:
    for _ in range(63):
        client = inside.connect()
        client.sendall(inside.head("GET /2018-06-01/ping", "Connection: close"))
        while client.recv(65536):
            pass

    for _ in range(6):
        inside.pool.clock.advance(2.5)

    assert inside.ping(inside.connect()).endswith(b"pong")


def test_a_connection_stays_its_environments(pool: Rig, inside: Inside) -> None:
    with ExitStack() as stack:
        other, client = Inside(pool, stack), inside.connect()
        inside.ping(client)

        assert not other.ping(client).endswith(b"pong")


def test_who_asked_once_may_take_its_time(inside: Inside) -> None:
    client = inside.connect()
    inside.ping(client)
    client.sendall(inside.post(inside.request_id, 3) + b"a")

    for _ in range(10):
        inside.pool.clock.advance(5)
    client.sendall(b"bc")

    assert client.recv(12) == b"HTTP/1.1 202"


@pytest.mark.parametrize("said", ["", "GET /2018-06-01/ping HTTP/1.1\r\nHo"], ids=["nothing", "half a head"])
def test_who_does_not_say_which_environment_it_is_has_10_s(inside: Inside, said: str) -> None:
    client = inside.connect()
    client.sendall(said.encode())
    client.settimeout(0.1)

    for _ in range(100):
        inside.pool.clock.advance(0.5)
        with suppress(TimeoutError, ConnectionResetError):
            assert client.recv(1) == b""
            break
    else:
        pytest.fail("nobody hung up")


def test_of_those_who_do_not_say_it_only_the_last_512_are_kept(inside: Inside) -> None:
    first = inside.connect()
    others = [inside.connect() for _ in range(512)]

    with suppress(ConnectionResetError):
        assert first.recv(1) == b""
    assert inside.ping(others[-1]).endswith(b"pong")


def test_connections_end_with_their_environment(inside: Inside) -> None:
    client = inside.connect()
    inside.ping(client)

    inside.pool.on_loop(inside.sandbox.init.listener.lost)

    with suppress(ConnectionResetError):
        assert client.recv(1) == b""
