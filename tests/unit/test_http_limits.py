"""What one client may ask of a port: sizes, counts, memory, time and connections. Real sockets, the real loop."""

from __future__ import annotations

import select
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest
from descriptors_rig import holes_filled
from http_rig import LIMIT_S, all_of, bodies, connect, hung_up_on, refuses_bytes, served, talk

from lambda_emu.http.body import Body
from lambda_emu.http.budget import MemoryBudget
from lambda_emu.http.exchange import DISCARD, BodySink, Writer
from lambda_emu.http.listener import PortSettings
from lambda_emu.http.message import Head, answer_head


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served() as (port, _, _):
        yield port


@pytest.mark.parametrize(
    "request_bytes",
    [b"GET /a HTTP/1.1\r\nX: ", b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"\x00\x01\x02"],
    ids=["too large a head", "a bad chunk", "no HTTP"],
)
def test_who_is_refused_reads_the_answer_whatever_it_still_sends(port: int, request_bytes: bytes) -> None:
    with connect(port) as client:
        client.sendall(request_bytes + b"x" * 4_000_000)

        assert all_of(client).startswith(b"HTTP/1.1 4")


def test_what_was_asked_before_a_refusal_is_answered_first(port: int) -> None:
    answer = talk(port, b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nHELLO\r\n\r\n")

    assert bodies(answer) == [b"GET /a ", b"GET /b ", b""]
    assert b"HTTP/1.1 400 " in answer


def test_who_says_that_it_sends_no_more_gets_its_answers(port: int) -> None:
    with connect(port) as client:
        client.sendall(b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n")
        client.shutdown(socket.SHUT_WR)

        assert bodies(all_of(client)) == [b"GET /a ", b"GET /b "]


@pytest.mark.parametrize(
    "half", [b"GET /c HT", b"POST /c HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf"], ids=["head", "body"]
)
def test_who_ends_in_the_middle_gets_the_answers_to_what_came_before(port: int, half: bytes) -> None:
    with connect(port) as client:
        client.sendall(b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n" + half)
        client.shutdown(socket.SHUT_WR)

        answer = all_of(client)

    assert bodies(answer) == [b"GET /a ", b"GET /b ", b""]
    assert b"HTTP/1.1 400 " in answer


def test_a_body_in_small_pieces_takes_no_more_memory_than_its_bytes() -> None:
    pieces = [b"ab"] * 500_000
    body = Body()
    tracemalloc.start()
    try:
        for piece in pieces:
            body.add(piece)
        whole = body.take()
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert whole == b"ab" * 500_000
    assert most_bytes < 2.5 * len(whole)


@pytest.mark.parametrize("piece", [1000, 30_000, 250_000])
def test_a_body_of_known_length_is_in_memory_once(piece: int) -> None:
    whole = bytes(range(250)) * 4000
    pieces = [whole[at : at + piece] for at in range(0, len(whole), piece)]
    body = Body(len(whole))
    tracemalloc.start()
    try:
        for number, _ in enumerate(pieces):
            body.add(pieces[number])
            pieces[number] = b""  # as a connection, which keeps none of them
        taken = body.take()
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert taken == whole
    assert most_bytes < 1.3 * len(whole)
    assert (body.size, body.held_bytes) == (0, 0)


def test_who_only_announces_a_body_holds_nothing_and_who_brings_a_part_the_place_of_all() -> None:
    body = Body(1_000_000)
    held = []
    for _ in range(20):
        body.add(bytes(10_000))
        held.append(body.held_bytes)

    assert held[:12] == [10_000 * number for number in range(1, 13)]
    assert held[12:] == [1_000_000] * 8
    assert body.take() == bytes(200_000)


POST = b"POST /a HTTP/1.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"


def post(port: int, body: bytes) -> bytes:
    with connect(port) as client:
        client.sendall(POST % len(body) + body)
        return all_of(client)


def test_bodies_beyond_what_memory_there_is_wait_their_turn() -> None:
    budget = MemoryBudget(1 << 20)
    with served(settings=PortSettings(budget=budget)) as (port, _, _), ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda n: post(port, b"%d" % n * 2_000_000), range(12)))

    for n, answer in enumerate(answers):
        assert answer.endswith(b"\r\n\r\nPOST /a " + b"%d" % n * 2_000_000)
    assert budget.used_bytes == 0


def unfinished(port: int, sent: int, length: int) -> socket.socket:
    """A client in the middle of its body."""
    client = connect(port)
    client.sendall(POST % length + b"x" * sent)
    return client


def test_who_waits_for_memory_too_long_is_told_to_come_again() -> None:
    budget, length, step = MemoryBudget(1 << 20), 2 << 20, 2000
    with served(settings=PortSettings(budget=budget)) as (port, clock, _), unfinished(port, 1 << 20, length) as first:
        until(lambda: budget.used_bytes >= 1 << 20)
        with unfinished(port, 1 << 20, length) as second:
            sent = 1 << 20
            while not select.select([second], [], [], 0.01)[0] and sent < length - step:  # the first goes on, slowly
                first.sendall(b"x" * step)
                sent += step
                clock.advance(2)
            assert second.recv(12) == b"HTTP/1.1 503"

        first.sendall(b"x" * (length - sent))
        assert first.recv(12) == b"HTTP/1.1 200"


def until(question: Callable[[], bool]) -> None:
    for _ in range(1000):
        if question():
            return
        threading.Event().wait(0.01)
    pytest.fail("waited 10 s")


def test_who_stalls_gives_its_memory_back() -> None:
    budget = MemoryBudget(1 << 20)
    with served(settings=PortSettings(budget=budget)) as (port, clock, _):
        with unfinished(port, 1 << 20, 2 << 20) as client:
            hung_up_on(client, clock, seconds=61)
        answer = post(port, b"x" * 2_000_000)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert budget.used_bytes == 0


def test_who_takes_nothing_of_a_large_answer_is_waited_for_while_there_is_memory() -> None:
    def large(head: Head, writer: Writer) -> BodySink:
        assert head.method == b"GET"
        writer.send(answer_head(200, [], 20_000_000), bytes(20_000_000))
        return DISCARD

    with served(large, PortSettings(unsent_bytes=50_000_000)) as (port, clock, _), ExitStack() as stack:
        clients = [stack.enter_context(connect(port)) for _ in range(6)]
        for client in clients:
            client.sendall(b"GET /a HTTP/1.1\r\nConnection: close\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 200"
        for _ in range(4):
            clock.advance(3)

        assert sum(whole(client, 20_000_000) for client in clients) in (2, 3, 4)  # what the kernel holds is not ours


def whole(client: socket.socket, length: int) -> bool:
    """Whether an answer of so many bytes comes to its end."""
    received = 0
    with suppress(ConnectionError):
        while chunk := client.recv(1 << 20):
            received += len(chunk)
    return received > length


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (b"", 11),
        (b"GET", 61),
        (b"GET /a HTTP/1.1\r\nX: y", 61),
        (POST % 9 + b"x", 61),
        (b"GET /a HTTP/1.1\r\n\r\n", 76),
    ],
    ids=["nothing", "a word", "half a head", "half a body", "one request, and no other"],
)
def test_who_lets_us_wait_is_hung_up_on(said: bytes, seconds: float) -> None:
    with served() as (port, clock, _), connect(port) as client:
        client.sendall(said)
        if seconds > 75:
            assert client.recv(65536).startswith(b"HTTP/1.1 200")

        hung_up_on(client, clock, seconds)


def test_who_sends_a_byte_now_and_then_lets_us_wait_too() -> None:
    with served() as (port, clock, _), connect(port) as client:
        client.sendall(b"GET /a HTTP/1.1\r\nX: ")

        assert refuses_bytes(client, clock, 20)


def test_of_more_connections_than_there_are_descriptors_some_are_left() -> None:
    with ExitStack() as stack:
        stack.enter_context(holes_filled())
        lowest = stack.enter_context(socket.socket()).fileno()
        port, clock, _ = stack.enter_context(served(settings=PortSettings(descriptors=lowest + 100)))
        good = stack.enter_context(connect(port))
        good.sendall(b"GET /a HTTP/1.1\r\n\r\n")
        assert good.recv(65536).startswith(b"HTTP/1.1 200")
        many = [stack.enter_context(connect(port)) for _ in range(300)]

        told = []
        for client in many[-100:]:
            client.settimeout(LIMIT_S)
            with suppress(ConnectionError):
                told.append(client.recv(12))
        assert set(told) <= {b"HTTP/1.1 503", b""}
        good.sendall(b"GET /a HTTP/1.1\r\n\r\n")
        assert good.recv(12) == b"HTTP/1.1 200"

        for client in many:
            client.close()
        clock.advance(11)
        assert bodies(talk(port, b"GET /b HTTP/1.1\r\n\r\n")) == [b"GET /b "]
