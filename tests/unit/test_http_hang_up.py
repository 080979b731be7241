"""Who has its last answer may still send: it reads the answer and then our end, not a reset. Real sockets, the loop."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest
from http_rig import LIMIT_S, Echo, all_after, bodies, connect, listening, refuses_bytes, served

from lambda_emu.http.budget import MemoryBudget
from lambda_emu.http.exchange import DISCARD, BodySink, Writer
from lambda_emu.http.listener import PortSettings
from lambda_emu.http.message import Head, answer_head

MORE = b"x" * 100_000
LAST = b"GET /last HTTP/1.1\r\n\r\n"


class Handler:
    """Answers `/last` and hangs up, `/large` with 20 MB, `/held` once it is released; echoes all others."""

    def __init__(self) -> None:
        self.targets: list[bytes] = []
        self.held: list[Writer] = []

    def __call__(self, head: Head, writer: Writer) -> BodySink:
        self.targets.append(head.target)
        if head.target == b"/last":
            writer.close_after = True
            writer.send(answer_head(403, [], 4, close=True), b"last")
        elif head.target == b"/large":
            writer.send(answer_head(200, [], 20_000_000), bytes(20_000_000))
        elif head.target == b"/held":
            self.held.append(writer)
        else:
            return Echo(head, writer)
        return DISCARD

    def release(self) -> None:
        self.held.pop().send(answer_head(200, [], 4), b"held")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(Handler()) as (port, _, _):
        yield port


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (b"GET /a HTTP/1.1\r\nConnection: close\r\n\r\n", b"GET /a "),
        (b"GET /a HTTP/1.0\r\n\r\n", b"GET /a "),
        (b"GET /a\r\n\r\n", b"GET /a "),
        (LAST, b"last"),
        (LAST + b"GET /a HTTP/1.1\r\n\r\n" * 2000, b"last"),
        (LAST + b"GET /a HTTP/1.1\r\nX: " + MORE, b"last"),
        (LAST + b"no HTTP\r\n\r\n", b"last"),
        (b"POST /last HTTP/1.1\r\nContent-Length: 1\r\n\r\nx" + LAST + MORE, b"last"),
        (b"POST /early HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 400000\r\n\r\n", b"too much"),
    ],
    ids=["asked for it", "1.0", "0.9", "refused", "2000 behind", "half a head behind", "no HTTP behind", "body",
         "asked first"],
)  # fmt: skip
def test_who_still_sends_reads_its_last_answer(port: int, said: bytes, body: bytes) -> None:
    with connect(port) as client:
        client.sendall(said)

        assert bodies(all_after(client, *[MORE] * 4)) == [body]


def test_who_sends_100_mb_behind_its_answer_reads_it(port: int) -> None:
    with connect(port) as client:
        client.sendall(b"POST /early HTTP/1.1\r\nContent-Length: 300000000\r\n\r\n" + MORE * 1100)

        assert bodies(all_after(client, MORE)) == [b"too much"]


def test_who_sends_without_end_behind_its_answer_is_hung_up_on(port: int) -> None:
    with connect(port) as client, pytest.raises(ConnectionError):
        client.sendall(LAST + MORE * 1500)


@pytest.mark.parametrize(
    ("said", "more"),
    [
        (LAST, b"GET /b HTTP/1.1\r\n\r\n"),
        (LAST + b"GET /b HTTP/1.1\r\n\r\n" * 3, b""),
        (b"GET /large HTTP/1.1\r\n\r\n" + LAST + b"GET /b HTTP/1.1\r\n\r\n" * 3, b""),
        (b"POST /last HTTP/1.1\r\nContent-Length: 1\r\n\r\n", b"xGET /b HTTP/1.1\r\n\r\n"),
    ],
    ids=["later", "at once", "while it waited", "after its body"],
)
def test_nothing_behind_a_last_answer_is_served(said: bytes, more: bytes) -> None:
    handler = Handler()
    with served(handler) as (port, _, _), connect(port) as client:
        client.sendall(said)
        all_after(client, more)

    assert handler.targets[-1] == b"/last"


def test_what_comes_behind_a_last_answer_takes_no_memory() -> None:
    budget = MemoryBudget(1 << 20)
    with served(Handler(), PortSettings(budget=budget)) as (port, _, _), connect(port) as client:
        client.sendall(LAST + b"POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf")
        while client.recv(65536):
            pass

        assert budget.used_bytes == 0


@pytest.mark.parametrize("said", [LAST, b"GET /a HTTP/1.1\r\nConnection: close\r\n\r\n", b"HELLO\r\n\r\n"],
                         ids=["refused", "asked for it", "no HTTP"])  # fmt: skip
def test_who_has_its_last_answer_and_does_not_hang_up_is_hung_up_on(said: bytes) -> None:
    with served(Handler()) as (port, clock, _), connect(port) as client:
        client.sendall(said)
        while client.recv(65536):
            pass

        assert refuses_bytes(client, clock, 11)


def test_who_takes_its_last_answer_slowly_gets_all_of_it() -> None:
    with served(Handler()) as (port, clock, _), connect(port) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nConnection: close\r\n\r\n")
        received = 0
        while received < 20_000_000:
            chunk = client.recv(100_000)
            assert chunk
            if (received + len(chunk)) // 1_000_000 > received // 1_000_000:
                clock.advance(11)
            received += len(chunk)


def test_who_still_sends_while_we_stop_reads_the_answer_to_what_it_said() -> None:
    handler = Handler()
    with listening(handler) as (listener, port, _, loop), connect(port) as client, connect(port) as idle:
        client.sendall(b"GET /held HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n")
        idle.sendall(b"GET /a HTTP/1.1\r\n\r\nGET /b HT")
        while len(handler.targets) < 2:
            Event().wait(0.01)
        loop.ask(listener.finish, timeout_s=LIMIT_S)
        assert loop.ask(lambda: listener.busy, timeout_s=LIMIT_S)
        loop.ask(handler.release, timeout_s=LIMIT_S)

        assert bodies(all_after(client, MORE, MORE)) == [b"held"]
        assert bodies(all_after(idle, b"TP/1.1\r\n\r\n", MORE, MORE)) == [b"GET /a "]


def test_who_has_its_last_answer_does_not_hold_up_our_stop() -> None:
    with listening(Handler()) as (listener, port, _, loop), connect(port) as client:
        client.sendall(LAST)
        while client.recv(65536):
            pass

        loop.ask(listener.finish, timeout_s=LIMIT_S)
        assert not loop.ask(lambda: listener.busy, timeout_s=LIMIT_S)
