"""What the HTTP front does with whatever a client sends: real sockets, the real loop."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.utils import formatdate

import pytest
from http_rig import LAST, LIMIT_S, Echo, bodies, hung_up_on, served, talk

from lambda_emu.clock import SteppingClock
from lambda_emu.http.branch import Branch, PassedListener
from lambda_emu.http.endpoint import MAX_WAITING_BYTES
from lambda_emu.http.exchange import DISCARD, BodySink, Writer
from lambda_emu.http.listener import Listener, PortSettings, bind
from lambda_emu.http.message import Head, answer_head, http_date


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served() as (port, _, _):
        yield port


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"], [b"GET /a "]),
        ([b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"], [b"POST /a abc"]),
        ([b"POST /a HTTP/1.1\r\nConte", b"nt-Length: 3\r\n\r\na", b"bc"], [b"POST /a abc"]),
        ([b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"], [b"POST /a abc"]),
        ([b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nPOST /c HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"],
         [b"GET /a ", b"GET /b ", b"POST /c x"]),
        ([b"POST /early HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n"], [b"too much", b"GET /b "]),
        ([b"GET /a HTTP/1.1\r\n\r\nGET /early HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"],
         [b"GET /a ", b"too much", b"GET /b "]),
        ([b"GET /a HTTP/1.1\r\n\r\n"
          b"POST /early HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nxGET /b HTTP/1.1\r\n\r\n"],
         [b"GET /a ", b"too much", b"GET /b "]),  # it did not wait to be asked for its body
        ([b"GET /a HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nGET /b HTTP/1.1\r\n\r\n"],
         [b"GET /a ", b"GET /b "]),  # as Java's HttpClient asks first; an upgrade is never taken
        ([b"POST /a HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\nx", LAST],
         [b"POST /a x"]),
        ([b"POST /a HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n",
          b"1\r\nx\r\n0\r\n\r\n"],
         [b"POST /a x"]),
        ([b"GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.0\r\n\r\n"], [b"GET /a "]),
        ([b"GET /a HTTP/1.1\r\nConnection: close\r\n\r\n"], [b"GET /a "]),
    ],
)  # fmt: skip
def test_requests_are_answered_in_their_order(port: int, pieces: list[bytes], expected: list[bytes]) -> None:
    assert bodies(talk(port, *pieces)) == expected


AGAIN = b"POST /again HTTP/1.1\r\nContent-Length: 1\r\n\r\n"
NEXT = b"GET /again HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([AGAIN + b"a", AGAIN + b"b", AGAIN + b"c"], [b"POST /again a 1", b"POST /again b 2", b"POST /again c 3"]),
        ([NEXT, b"POST /b HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", NEXT],  # as a runtime goes on
         [b"GET /again  1", b"POST /b x", b"GET /again  2"]),
        ([AGAIN + b"a", AGAIN, b"b", AGAIN + b"c"], [b"POST /again a 1", b"POST /again b 1", b"POST /again c 1"]),
        ([AGAIN + b"a", AGAIN[:20], AGAIN[20:] + b"b"], [b"POST /again a 1", b"POST /again b 1"]),
        ([AGAIN + b"a", AGAIN + b"b" + NEXT, AGAIN + b"c"],
         [b"POST /again a 1", b"POST /again b 1", b"GET /again  1", b"POST /again c 1"]),
        ([AGAIN + b"\r", b"\n\r\n" + AGAIN + b"b"], [b"POST /again \r 1", b"POST /again b 1"]),
        ([NEXT, NEXT[:-2] + b"X: y\r\n\r\n", NEXT], [b"GET /again  1", b"GET /again  1", b"GET /again  1"]),
        ([NEXT[:-2] + b"Connection: close\r\n\r\n"], [b"GET /again  1"]),
        ([b"GET /again HTTP/1.0\r\n\r\n"], [b"GET /again  1"]),
    ],
)  # fmt: skip
def test_a_head_that_comes_again_byte_for_byte_is_known(pieces: list[bytes], expected: list[bytes]) -> None:
    with served() as (port, _, loop), socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client:
        for piece in pieces:
            client.sendall(piece)
            for _ in range(3):  # it is read before the next one comes
                loop.ask(lambda: None, timeout_s=LIMIT_S)
        client.shutdown(socket.SHUT_WR)
        answers = b"".join(iter(lambda: client.recv(65536), b""))

    assert bodies(answers) == expected


def test_a_known_request_that_breaks_us_ends_its_connection(caplog: pytest.LogCaptureFixture) -> None:
    def once(head: Head, writer: Writer) -> BodySink:
        if head.plan:
            raise RuntimeError("a mistake of ours")
        head.plan = "known"
        writer.send(answer_head(200, [], 0))
        return DISCARD

    with served(once) as (port, _, _), socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client:
        client.sendall(NEXT)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        client.sendall(NEXT)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""

    assert "a mistake of ours" in caplog.text


def test_a_client_that_asks_first_is_told_to_go_on(port: int) -> None:
    answer = talk(port, b"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", b"x")

    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert b"POST /a x" in answer


@pytest.mark.parametrize("nonsense", [b"\x16\x03\x01\x02\x00", b"HELLO\r\n\r\n", b"GET /a HTTP/9.9\r\n\r\n",
                                      b"CONNECT close:1 HTTP/1.1\r\n\r\n"])  # fmt: skip
def test_what_is_no_http_gets_400_and_is_hung_up_on(port: int, nonsense: bytes) -> None:
    assert talk(port, nonsense).startswith(b"HTTP/1.1 400 ")


def test_endless_headers_get_431(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client:
        client.sendall(b"GET /a HTTP/1.1\r\nX: " + b"x" * 1_000_000)

        assert client.recv(12) == b"HTTP/1.1 431"


def test_pipelined_requests_beyond_the_first_wait_with_their_bodies(port: int) -> None:
    many = b"".join(b"POST /%d HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody" % n for n in range(200))

    assert bodies(talk(port, many)) == [b"POST /%d body" % n for n in range(200)]


def send_until_refused(client: socket.socket, request: bytes, limit_bytes: int) -> int:
    """Pipeline a request until the other side takes no more for a while. Returns how many were begun."""
    client.settimeout(0.5)
    many = request * (limit_bytes // len(request))
    sent = 0
    try:
        while sent < len(many):
            sent += client.send(many[sent : sent + (1 << 16)])
    except TimeoutError:
        return -(-sent // len(request))
    pytest.fail(f"{sent} bytes were taken from a client that reads nothing")


def test_a_client_that_does_not_read_is_not_read_either_and_loses_nothing(port: int) -> None:
    request = b"POST /a HTTP/1.1\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60_000
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client:
        begun = send_until_refused(client, request, limit_bytes=64 << 20)

        client.settimeout(LIMIT_S)
        answer = b""
        while answer.count(b"POST /a") < begun - 1:
            answer += client.recv(1 << 20)


@pytest.mark.parametrize("first", [b"GET /never HTTP/1.1\r\n\r\n", b""])
def test_a_client_that_asks_without_end_is_hung_up_on(
    port: int, first: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client, pytest.raises(ConnectionError):
        client.sendall(first + b"GET /a HTTP/1.1\r\n\r\n" * 1_000_000)

    assert not caplog.records


@pytest.mark.parametrize("before", [b"", b"GET /a HTTP/1.1\r\n\r\n"], ids=["first", "pipelined"])
def test_a_client_whose_request_fails_in_our_hands_is_hung_up_on(
    port: int, before: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client:
        client.sendall(before + b"GET /broken HTTP/1.1\r\n\r\n")

        while client.recv(1 << 16):
            pass

    assert "a mistake of ours" in caplog.text


def test_two_lengths_of_one_body_get_400(port: int) -> None:
    both = b"POST /a HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n"

    assert talk(port, both).startswith(b"HTTP/1.1 400 ")


@pytest.fixture
def held() -> Iterator[tuple[int, SteppingClock, Callable[[], None]]]:
    """A port where who asks for `/held` waits until the function is called."""
    waiting = list[Writer]()

    def hold(head: Head, writer: Writer) -> BodySink:
        if head.target != b"/held":
            return Echo(head, writer)
        waiting.append(writer)
        return DISCARD

    with served(hold) as (port, clock, loop):
        yield (
            port,
            clock,
            lambda: loop.ask(lambda: waiting.pop().send(answer_head(200, [], 4), b"held"), timeout_s=LIMIT_S),
        )


def test_a_client_we_do_not_read_is_not_taken_for_one_that_stalls(
    held: tuple[int, SteppingClock, Callable[[], None]],
) -> None:
    """Its first request may take minutes; meanwhile what follows waits unread."""
    port, clock, release = held
    body = b"x" * 4 * MAX_WAITING_BYTES
    second = b"POST /a HTTP/1.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client:
        client.sendall(b"GET /held HTTP/1.1\r\n\r\n" + second + body)

        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as stalled:
            stalled.sendall(b"GET /a HT")
            hung_up_on(stalled, clock, seconds=61)
        release()

        answer = b""
        while chunk := client.recv(1 << 20):
            answer += chunk
    assert bodies(answer) == [b"held", b"POST /a " + body]


@pytest.mark.parametrize(("host", "peer"), [("127.0.0.1", b"127.0.0.1"), ("::1", b"::1")])
def test_a_request_tells_which_address_it_came_from(host: str, peer: bytes) -> None:
    with served(say_peer, host=host) as (port, _, _):
        assert bodies(talk(port, b"GET /a HTTP/1.1\r\nConnection: close\r\n\r\n", host=host)) == [peer]


def test_by_a_listener_from_another_network_it_tells_none() -> None:
    bound = bind("127.0.0.1", 0)
    bound.listen()  # as one that is passed does
    with served(say_peer) as (_, clock, loop):
        listener = Listener(say_peer, clock)

        def branch() -> Branch:
            return Branch(PassedListener(bound), say_peer, listener.newcomers, PortSettings(), listener.watch)

        passed = loop.ask(branch, 5)
        try:
            answer = talk(bound.getsockname()[1], b"GET /a HTTP/1.1\r\nConnection: close\r\n\r\n")
            assert bodies(answer) == [b"nobody"]
        finally:
            loop.ask(passed.close, 5)
            loop.ask(listener.close, 5)


def say_peer(head: Head, writer: Writer) -> BodySink:
    body = (head.peer or "nobody").encode()
    writer.send(answer_head(200, [], len(body), close=writer.close_after), body)
    return DISCARD


def test_an_answer_to_head_says_its_length_and_has_no_body(port: int) -> None:
    answer = talk(port, b"HEAD /a HTTP/1.1\r\n\r\n", b"GET /b HTTP/1.1\r\nConnection: close\r\n\r\n")

    first, _, second = answer.partition(b"\r\n\r\n")
    assert b"Content-Length: 8" in first
    assert bodies(second) == [b"GET /b "]


@pytest.mark.parametrize("second", [0, 784_111_777, 1_709_208_000, 1_798_761_599, 4_102_444_800, 253_402_300_799])
def test_a_date_is_written_as_email_writes_it(second: int) -> None:
    assert http_date(second) == formatdate(second, usegmt=True)
