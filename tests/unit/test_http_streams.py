"""Answers sent in pieces: as fast as the client takes them and no faster, whole or seen to be cut short."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from http_rig import Echo, bodies, served, talk

from lambda_emu.clock import SteppingClock
from lambda_emu.http.exchange import DISCARD, BodySink, Writer
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.http.stream import HIGH_WATER_BYTES, TURN_BYTES, Stream

PIECE = bytes(range(256)) * 256
LIMIT_S = 30.0


class Pieces:
    """Writes these pieces while there is room. over: is set when all is written, or the client is gone."""

    def __init__(self, pieces: Sequence[bytes], trailers: Sequence[tuple[str, str]] = ()) -> None:
        self.written = 0
        self.most_at_once = 0
        self.aborted = False
        self.over = threading.Event()
        self._pieces = pieces
        self._trailers = trailers
        self._stream: Stream

    def begin(self, head: Head, writer: Writer, status: int, length: int | None) -> None:
        self._stream = Stream(head, status, [("Trailer", "X-Sum")] if self._trailers else [], length, self)
        writer.begin(self._stream)
        self.go_on()

    def go_on(self) -> None:
        before = self.written
        while self.written < len(self._pieces):
            self.written += 1
            self.most_at_once = max(self.most_at_once, self.written - before)
            if not self._stream.write(self._pieces[self.written - 1]):
                return
        self._stream.end(self._trailers)
        self.over.set()

    def abort(self) -> None:
        self.aborted = True
        self.over.set()


@contextmanager
def serving(
    make: Callable[[], Pieces], status: int = 200, length: int | None = None
) -> Iterator[tuple[int, list[Pieces], SteppingClock, Loop]]:
    """A port that streams whatever is asked for, but for /echo; the pieces of each answer it began."""
    begun = list[Pieces]()

    def handler(head: Head, writer: Writer) -> BodySink:
        if head.target.startswith(b"/echo"):
            return Echo(head, writer)
        begun.append(make())
        begun[-1].begin(head, writer, status, length)
        return DISCARD

    with served(handler) as (port, clock, loop):
        yield port, begun, clock, loop


def asked(port: int, method: str = "GET", version: int = 11) -> tuple[http.client.HTTPResponse, bytes]:
    """What Python's own client makes of it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    connection._http_vsn, connection._http_vsn_str = version, f"HTTP/1.{version - 10}"  # type: ignore[attr-defined]
    connection.request(method, "/stream")
    answer = connection.getresponse()
    found = answer.read()
    connection.close()
    return answer, found


def three() -> Pieces:
    return Pieces([b"one ", b"", b"two ", b"three"])


def test_a_client_of_http_1_1_gets_chunks() -> None:
    with serving(three) as (port, _, _, _):
        answer, body = asked(port)

    assert (answer.headers["Transfer-Encoding"], body) == ("chunked", b"one two three")


def test_an_older_client_gets_all_until_the_connection_ends() -> None:
    with serving(three) as (port, _, _, _):
        answer, body = asked(port, version=10)

    assert "Transfer-Encoding" not in answer.headers
    assert (answer.headers["Connection"], body) == ("close", b"one two three")


@pytest.mark.parametrize("version", [10, 11])
def test_who_knows_the_length_says_it(version: int) -> None:
    with serving(three, length=13) as (port, _, _, _):
        answer, body = asked(port, version=version)

    assert "Transfer-Encoding" not in answer.headers
    assert (answer.headers["Content-Length"], body) == ("13", b"one two three")


def test_trailers_follow_the_chunks() -> None:
    with serving(lambda: Pieces([b"abc"], [("X-Sum", "900150983cd24fb0")])) as (port, _, _, _):
        answer = talk(port, b"GET /stream HTTP/1.1\r\nConnection: close\r\n\r\n")

    assert answer.endswith(b"\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 900150983cd24fb0\r\n\r\n")


def test_trailers_are_dropped_where_there_are_no_chunks() -> None:
    with serving(lambda: Pieces([b"abc"], [("X-Sum", "900150983cd24fb0")])) as (port, _, _, _):
        answer = talk(port, b"GET /stream HTTP/1.0\r\n\r\n")

    assert answer.endswith(b"\r\n\r\nabc")


@pytest.mark.parametrize(("request_", "status"), [(b"HEAD /a", 200), (b"GET /a", 204), (b"GET /a", 304)])
def test_an_answer_without_a_body_has_none_and_the_next_one_follows(request_: bytes, status: int) -> None:
    with serving(three, status) as (port, _, _, _):
        answer = talk(port, request_ + b" HTTP/1.1\r\n\r\n", b"GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n")

    head, _, rest = answer.partition(b"\r\n\r\n")
    assert (b"chunked" in head) == (status == 200)  # as GET would say it
    assert bodies(rest) == [b"GET /echo "]


def test_pipelined_answers_come_in_their_order_whole_or_in_pieces() -> None:
    many = [b"GET /echo%d HTTP/1.1\r\n\r\nGET /stream HTTP/1.1\r\n\r\n" % number for number in range(20)]
    chunked = b"4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"

    with serving(three) as (port, _, _, _):
        answer = talk(port, b"".join(many), b"GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n")

    expected = [word for number in range(20) for word in (b"GET /echo%d " % number, chunked)]
    places = [answer.find(word) for word in expected[::2]]
    assert places == sorted(places)
    assert -1 not in places
    assert answer.count(chunked) == 20
    assert answer.endswith(b"GET /echo ")


def test_a_body_that_still_comes_is_taken_while_the_answer_goes_out() -> None:
    class Mirror:
        """Sends back what comes, as it comes."""

        held_bytes = 0

        def __init__(self, head: Head, writer: Writer) -> None:
            self._stream = Stream(head, 200, [], None, self)
            writer.begin(self._stream)

        def body(self, chunk: bytes) -> None:
            self._stream.write(chunk)

        def end(self) -> None:
            self._stream.end()

        def go_on(self) -> None: ...

        def abort(self) -> None: ...

    with served(Mirror) as (port, _, _), socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client:
        client.sendall(b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        came = client.makefile("rb")
        while came.readline() != b"\r\n":
            pass
        for word in (b"one", b"two"):
            client.sendall(b"3\r\n%b\r\n" % word)
            assert came.read(8) == b"3\r\n%b\r\n" % word
        client.sendall(b"0\r\n\r\n")
        assert came.read(5) == b"0\r\n\r\n"


def test_200_mb_go_out_in_flat_memory_to_a_client_that_is_slow_at_first() -> None:
    many = [PIECE] * (200 * 1024 * 1024 // len(PIECE))

    with (
        serving(lambda: Pieces(many)) as (port, begun, _, _),
        socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client,
    ):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        client.sendall(b"GET /stream HTTP/1.0\r\n\r\n")
        before_bytes, most_bytes, ahead_bytes, received, reads = resident_bytes(), 0, 0, 0, 0
        while chunk := client.recv(1 << 16 if received > 1 << 22 else 1 << 10):
            received, reads = received + len(chunk), reads + 1
            ahead_bytes = max(ahead_bytes, begun[0].written * len(PIECE) - received)
            most_bytes = max(most_bytes, 0 if reads % 50 else resident_bytes())

    assert received > 200 * 1024 * 1024
    assert not begun[0].aborted
    assert begun[0].most_at_once * len(PIECE) <= TURN_BYTES  # others have their turn
    assert ahead_bytes < HIGH_WATER_BYTES + 8 * 1024 * 1024  # the rest is the kernel's
    assert most_bytes - before_bytes < 32 * 1024 * 1024


def test_a_client_that_takes_nothing_holds_the_source_and_is_hung_up_on_after_60_s() -> None:
    with (
        serving(lambda: Pieces([PIECE] * 1000)) as (port, begun, clock, loop),
        socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client,
    ):
        client.sendall(b"GET /stream HTTP/1.1\r\n\r\n")
        client.recv(1)
        written = settled(lambda: loop.ask(lambda: begun[0].written, LIMIT_S))  # which has its turns meanwhile

        assert written < 1000
        clock.advance(3)
        clock.advance(50)
        assert not begun[0].over.is_set()
        clock.advance(10)
        assert begun[0].over.wait(LIMIT_S)
        assert (begun[0].aborted, begun[0].written) == (True, written)


def test_a_client_that_is_slow_but_takes_some_is_waited_for() -> None:
    with (
        serving(lambda: Pieces([PIECE] * 1000)) as (port, begun, clock, _),
        socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client,
    ):
        client.sendall(b"GET /stream HTTP/1.1\r\n\r\n")
        received = 0
        while chunk := client.recv(1 << 20):
            received += len(chunk)
            clock.advance(3)  # what the kernel holds of it moves nothing here
            if chunk.endswith(b"\r\n0\r\n\r\n"):
                break

    assert received > 1000 * len(PIECE)
    assert not begun[0].aborted


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_client_that_leaves_half_way_ends_the_source(version: bytes) -> None:
    with serving(lambda: Pieces([PIECE] * 1000)) as (port, begun, _, _):
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client:
            client.sendall(b"GET /stream HTTP/%b\r\n\r\n" % version)
            client.recv(1)

        assert begun[0].over.wait(LIMIT_S)
        assert begun[0].aborted
        assert begun[0].written < 1000


def test_an_answer_that_ends_before_its_length_is_seen_to_be_cut_short() -> None:
    with serving(three, length=14) as (port, _, _, _), pytest.raises((http.client.IncompleteRead, ConnectionError)):
        asked(port)


def test_nonsense_behind_a_body_that_comes_cuts_the_stream_and_says_nothing_into_it() -> None:
    class Endless:
        def __init__(self, head: Head, writer: Writer) -> None:
            stream = Stream(head, 200, [], None, self)
            writer.begin(stream)
            stream.write(b"begun")

        held_bytes = 0

        def body(self, chunk: bytes) -> None: ...

        def end(self) -> None: ...

        def go_on(self) -> None: ...

        def abort(self) -> None:
            aborted.set()

    aborted = threading.Event()
    with served(Endless) as (port, _, _), socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client:
        client.sendall(b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        client.sendall(b"nonsense\r\n")
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk

        assert answer.endswith(b"\r\n\r\n5\r\nbegun\r\n")
        assert aborted.wait(LIMIT_S)


def test_nonsense_behind_a_request_is_refused_after_its_answer_went_out() -> None:
    with (
        serving(lambda: Pieces([PIECE] * 100)) as (port, _, _, _),
        socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client,
    ):
        client.sendall(b"GET /stream HTTP/1.1\r\n\r\nnonsense\r\n\r\n")
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk

    streamed, _, refusal = answer.partition(b"\r\n0\r\n\r\n")
    assert len(streamed) > 100 * len(PIECE)
    assert refusal.startswith(b"HTTP/1.1 400 ")


def test_who_asks_whether_to_go_on_is_told_nothing_in_the_middle_of_an_answer() -> None:
    with serving(three) as (port, _, _, _), socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as client:
        client.sendall(b"POST /stream HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk

    assert b"100 Continue" not in answer
    assert answer.endswith(b"0\r\n\r\n")


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def settled(look: Callable[[], int]) -> int:
    """What it stays at."""
    pause, before, same = threading.Event(), -1, 0
    while same < 5:
        pause.wait(0.05)
        now = look()
        same = same + 1 if now == before else 0
        before = now
    return before
