"""What one client of HTTP/2 may ask of a port: requests, heads, memory and time; others are served meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise

import pytest
from h2.settings import SettingCodes
from http2_rig import BEGINNING, RESET_TYPE, Client, frame
from http_rig import LIMIT_S, Echo, bodies, connect, listening, served, talk
from waiting import eventually

from lambda_emu.http.exchange import BodySink, Writer
from lambda_emu.http.head_reader import HeadLimits
from lambda_emu.http.http2.connection import BEGUN_AT_ONCE, MOST_REQUESTS, MOST_RESETS, MOST_STREAMS, MOST_UNSENT_BYTES
from lambda_emu.http.http2.request import head_of
from lambda_emu.http.listener import PortSettings
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head, answer_head

LARGE_BYTES = 8 << 20
ENHANCE_YOUR_CALM, REFUSED_STREAM = 11, 7


class Slow(Echo):
    """One that takes its body no further after the first piece, until it is told to."""

    waiting: list[Slow] = []

    def __init__(self, head: Head, writer: Writer) -> None:
        super().__init__(head, writer)
        self._slow = head.target == b"/slow"
        self.writer = writer

    def body(self, chunk: bytes) -> None:
        super().body(chunk)
        if self._slow and self not in self.waiting:
            self.waiting.append(self)
            self.writer.hold(True)


class Begun:
    """Counts the requests that it never answers."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, head: Head, writer: Writer) -> BodySink:
        self.count += head.target == b"/never"
        return Echo(head, writer)


def large(head: Head, writer: Writer) -> BodySink:
    """Answers with LARGE_BYTES, whatever it is asked."""

    class Large(Echo):
        def end(self) -> None:
            writer.send(answer_head(200, [], LARGE_BYTES), bytes(LARGE_BYTES))

    return Large(head, writer) if head.target == b"/large" else Echo(head, writer)


@contextmanager
def client_of(port: int, takes_bytes: int | None = None) -> Iterator[Client]:
    client = Client(port, takes_bytes)
    try:
        yield client
    finally:
        client.close()


def is_served(port: int) -> bool:
    return bodies(talk(port, b"GET /a HTTP/1.1\r\n\r\n")) == [b"GET /a "]


def test_a_body_that_waits_holds_up_no_other_of_its_connection() -> None:
    with served(Slow) as (port, _, loop), client_of(port) as client:
        Slow.waiting.clear()
        slow = client.begin("POST", "/slow")
        client.send(slow, b"x" * (1 << 20))  # all that its window takes
        quick = client.begin("POST", "/quick")
        client.send(quick, b"y" * (3 << 20), ends=True)

        assert client.answer(quick) == ("200", b"POST /quick " + b"y" * (3 << 20))
        assert client.h2.local_flow_control_window(slow) == 0

        loop.ask(lambda: Slow.waiting[0].writer.hold(False), LIMIT_S)
        client.send(slow, b"x", ends=True)
        assert len(client.answer(slow)[1]) == len(b"POST /slow ") + (1 << 20) + 1


@pytest.mark.parametrize("at_once", [True, False], ids=["in one piece", "one by one"])
def test_who_takes_back_request_after_request_is_hung_up_on(at_once: bool) -> None:
    begun = Begun()
    with served(begun) as (port, _, _), client_of(port) as client:
        flood = [client.taken_back("GET", "/never") for _ in range(5_000)]
        with suppress(ConnectionError):
            for piece in [b"".join(flood)] if at_once else flood:
                client.socket.sendall(piece)

        assert client.is_hung_up_on()
        assert begun.count <= MOST_RESETS + 1
        assert is_served(port)


def test_who_takes_back_some_of_many_is_not() -> None:
    with served() as (port, _, _), client_of(port) as client:
        for _ in range(3 * MOST_RESETS):
            never = client.begin("GET", "/never", ends=True)
            client.h2.reset_stream(never)
            for _ in range(2):
                assert client.answer(client.begin("GET", "/a", ends=True)) == ("200", b"GET /a ")


def test_a_connection_has_a_hundred_requests_at_once() -> None:
    begun = Begun()
    with served(begun) as (port, _, _), client_of(port) as client:
        while client.h2.remote_settings.max_concurrent_streams != MOST_STREAMS:
            client.receive()
        client.h2.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 1000  # as who has not heard it
        client.h2.remote_settings.acknowledge()
        for _ in range(MOST_STREAMS + 1):
            client.begin("GET", "/never", ends=True)

        assert client.is_hung_up_on()
        assert begun.count <= MOST_STREAMS
        assert is_served(port)


@pytest.mark.parametrize(
    "headers",
    [
        [("x", "y" * 70_000)],
        [(f"x{number}", "y") for number in range(101)],
        [("x", "y" * 4000)] * 100,  # a few bytes each but for the first
    ],
    ids=["one large", "101", "many of the table"],
)
def test_a_head_has_64_kb_and_100_fields(headers: list[tuple[str, str]]) -> None:
    begun = Begun()
    with served(begun) as (port, _, _), client_of(port) as client:
        assert client.is_refused(client.begin("GET", "/never", headers, ends=True))
        assert begun.count == 0
        assert is_served(port)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/never HTTP/1.1\r\nx: y", []),
        ("GET", "/never b", []),
        ("GET", "never", []),
        ("GET /b HTTP/1.1", "/never", []),
        ("GET", "/never", [("x", "y\r\nz: 1")]),
        ("GET", "/never", [("x y", "1")]),
        ("GET", "/never", [("transfer-encoding", "chunked")]),
    ],
)
def test_what_http_1_could_not_say_is_refused(method: str, path: str, headers: list[tuple[str, str]]) -> None:
    """Services pass heads on by that."""
    begun = Begun()
    with served(begun) as (port, _, _), client_of(port) as client:
        assert client.is_refused(client.begin(method, path, headers, ends=True))
        assert begun.count == 0
        assert is_served(port)


@pytest.mark.parametrize(
    "junk",
    [
        b"\xff" * 64,
        b"\xff" * 9,
        b"\0\0\0\0\0\0\0\0\1" * 9,
        b"\0\xff\xff\1\4\0\0\0\1" + b"x" * 20_000,
        frame(1, 1, b"\xff" * 50, flags=5),
        frame(1, 1, b"\x82", flags=1) + frame(9, 1, b"\x82") * 1000,
        frame(RESET_TYPE, 0, bytes(4)),
    ],
    ids=[
        "ones",
        "a head of ones",
        "data of nothing",
        "a long frame",
        "no head",
        "continued for ever",
        "a reset of all",
    ],
)
@pytest.mark.parametrize("step", [1 << 20, 1], ids=["whole", "byte by byte"])
def test_who_breaks_the_rules_is_hung_up_on(junk: bytes, step: int) -> None:
    with served() as (port, _, _), connect(port) as connection:
        said = BEGINNING + junk[:1000] if step == 1 else BEGINNING + junk
        try:
            for at in range(0, len(said), step):
                connection.sendall(said[at : at + step])
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass

        assert is_served(port)


def test_answers_that_nobody_takes_are_bounded_and_given_up() -> None:
    with served(large) as (port, clock, _), client_of(port, takes_bytes=1000) as client:
        asked = [client.begin("GET", "/large", ends=True) for _ in range(90)]
        while asked[-1] not in client.ended:
            client.receive()

        refused = [number for number in asked if client.resets.get(number) == REFUSED_STREAM]
        assert len(asked) - len(refused) <= MOST_UNSENT_BYTES // LARGE_BYTES + 1
        client.wait_until_hung_up_on(clock, 15)
        assert is_served(port)


def test_a_body_that_does_not_come_is_given_up() -> None:
    with served() as (port, clock, _), client_of(port) as client:
        number = client.begin("POST", "/a")
        client.send(number, b"x")

        client.wait_until_hung_up_on(clock, 15)


def test_more_than_a_party_may_hold_is_hung_up_on() -> None:
    settings = PortSettings()
    small = PortSettings(newcomers=type(settings.newcomers)(10, 1 << 20, settings.newcomers.timeouts_s))
    with served(settings=small) as (port, _, _), client_of(port) as client:
        with suppress(ConnectionError):
            for _ in range(5):
                client.send(client.begin("POST", "/a"), b"x" * (1 << 19))

        assert client.is_hung_up_on()
        assert is_served(port)


def test_who_is_asked_to_go_has_his_answer_first() -> None:
    class Late(Echo):
        late: list[Late] = []

        def end(self) -> None:
            self.late.append(self)

        def answer(self) -> None:
            self._send(b"late")

    with listening(Late) as (listener, port, _, loop), client_of(port) as client:
        number = client.begin("GET", "/a", ends=True)
        eventually(lambda: Late.late, "the request")

        loop.ask(listener.finish, LIMIT_S)
        loop.ask(Late.late[0].answer, LIMIT_S)

        while client.goodbye is None:
            client.receive()
        assert client.goodbye == 0
        assert client.answer(number) == ("200", b"late")
        assert client.is_hung_up_on()


def test_a_connection_that_had_thousands_of_requests_ends_when_they_are_answered() -> None:
    with served() as (port, _, _), client_of(port) as client:
        client.h2.highest_outbound_stream_id = 2 * MOST_REQUESTS - 3
        before, last, behind = (client.begin("GET", "/a", ends=True) for _ in range(3))

        assert client.answer(before) == client.answer(last) == ("200", b"GET /a ")
        assert client.is_refused(behind)
        assert client.goodbye == 0


def test_crumbs_of_cookies_are_one() -> None:
    said = [(b":method", b"GET"), (b":path", b"/"), (b"cookie", b"a=1"), (b"x", b"y"), (b"cookie", b"b=2")]

    head = head_of(said, HeadLimits(), None)

    assert head is not None
    assert [value for name, value in head.headers if name == b"cookie"] == [b"a=1; b=2"]


def test_a_mistake_of_ours_ends_the_connection_alone() -> None:
    with served() as (port, _, _), client_of(port) as client:
        client.begin("GET", "/broken", ends=True)

        assert client.is_hung_up_on()
        assert is_served(port)


def test_a_flood_of_small_requests_leaves_others_their_turn() -> None:
    """Nothing but what a slice has is begun in a turn of the loop."""
    turns: list[int] = []

    class Counted(Echo):
        def end(self) -> None:
            turns.append(0)
            super().end()

    with served(Counted) as (port, _, loop), client_of(port) as client:
        per_turn: list[int] = []
        stop = threading.Event()

        def look(loop: Loop = loop) -> None:
            per_turn.append(len(turns))
            if not stop.is_set():
                loop.asyncio.call_soon(look)

        flood = b"".join(client.head("GET", "/a", ends=True) for _ in range(MOST_STREAMS))
        loop.ask(look, LIMIT_S)
        client.socket.sendall(flood)
        eventually(lambda: len(turns) == MOST_STREAMS, "all of them")
        stop.set()

        assert max(after - before for before, after in pairwise(per_turn)) <= BEGUN_AT_ONCE
