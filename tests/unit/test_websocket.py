"""WebSockets on a port of ours: what one client may send, and what it may leave undone. Real sockets, the real loop."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from queue import Queue
from typing import Any

import pytest
from http_rig import LIMIT_S, served
from websocket_rig import Caller
from wsproto.events import Ping, TextMessage

from lambda_emu.clock import SteppingClock
from lambda_emu.http.exchange import DISCARD, BodySink, Writer
from lambda_emu.http.group import Accepted, Acceptor
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head, head_bytes
from lambda_emu.http.websockets.frames import whole_text
from lambda_emu.http.websockets.websocket import SocketLimits, WebSocket
from lambda_emu.triggers.websocket_apis.handshake import accept_key, answer_headers

MASK = b"mask"  # the same each time, since cases are named by what is sent
LIMITS = SocketLimits(frame_bytes=1000, message_bytes=4000, unsent_bytes=1 << 20, idle_s=600, life_s=7200)
TEXT, BINARY, CONTINUED, CLOSE, PING = 1, 2, 0, 8, 9


class Echo:
    """Tells a client back what it says, unless that is to be held."""

    def __init__(self, heard: Listening) -> None:
        self.heard = heard
        self.socket: WebSocket

    def message(self, text: str) -> bool:
        self.heard.said.put(text)
        if not self.heard.holds:
            self.socket.send(text)
        return not self.heard.holds

    def drained(self) -> None:
        pass

    def closed(self, code: int, reason: str) -> None:
        self.heard.ended.put((code, reason))


class Listening:
    """What clients said, and how they ended."""

    def __init__(self, port: int, clock: SteppingClock, loop: Loop) -> None:
        self.port = port
        self.clock = clock
        self.loop = loop
        self.said: Queue[str] = Queue()
        self.ended: Queue[tuple[int, str]] = Queue()
        self.sockets: list[WebSocket] = []
        self.holds = False

    def call(self) -> Caller:
        return Caller(f"ws://127.0.0.1:{self.port}/")


@pytest.fixture
def listening() -> Iterator[Listening]:
    found: list[Listening] = []

    def handler(head: Head, writer: Writer) -> BodySink:
        heard = found[0]

        def make(acceptor: Acceptor[Accepted]) -> WebSocket:
            user = Echo(heard)
            user.socket = WebSocket(user, LIMITS, heard.clock, acceptor)
            heard.sockets.append(user.socket)
            return user.socket

        writer_head = head_bytes(101, answer_headers(accept_key(head), []), close=False)
        heard.loop.asyncio.call_soon(writer.switch, writer_head, make)  # behind the end of the request
        return DISCARD

    with served(handler) as (port, clock, loop):
        found.append(Listening(port, clock, loop))
        yield found[0]


def frame(code: int, payload: bytes = b"", *, last: bool = True, says: int | None = None, masked: bool = True) -> bytes:
    """says: so many bytes, whatever it has."""
    size, mask = len(payload) if says is None else says, MASK
    flag = 0x80 if masked else 0
    head = bytes([code | (0x80 if last else 0)])
    if size < 126:
        head += bytes([size | flag])
    else:
        head += (
            bytes([126 | flag]) + struct.pack("!H", size)
            if size < 1 << 16
            else bytes([127 | flag]) + struct.pack("!Q", size)
        )
    if not masked:
        return head + payload
    return head + mask + bytes(one ^ mask[at % 4] for at, one in enumerate(payload))


def test_texts_go_both_ways_in_one_frame_or_several(listening: Listening) -> None:
    with listening.call() as caller:
        caller.say("hello")
        assert caller.hear() == "hello"
        for part, ends in (("he", False), ("ll", False), ("ö", True)):
            caller.send(TextMessage(part, message_finished=ends))
        assert caller.hear() == "hellö"
        caller.send(Ping(b"there?"))
        caller.say("")
        assert caller.hear() == ""
        assert caller.pongs == [b"there?"]


def test_bytes_that_come_one_by_one_are_a_message_too(listening: Listening) -> None:
    with listening.call() as caller:
        for byte in frame(TEXT, "grüß".encode()):
            caller.socket.sendall(bytes([byte]))
        assert caller.hear() == "grüß"


def test_what_is_large_goes_out_in_frames_of_32_kb(listening: Listening) -> None:
    with listening.call() as caller:
        for text in ("x" * 100_000, "ö" * 50_000):
            caller.frames = 0
            listening.loop.asyncio.call_soon_threadsafe(listening.sockets[0].send, text)
            assert caller.hear() == text
            assert 3 < caller.frames < 8


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(BINARY, b"x"), 1003),
        (frame(TEXT, b"x" * 1001), 1009),
        (frame(TEXT, b"x" * 1000, says=1 << 40), 1006),  # it waits for the rest
        (frame(TEXT, b"x" * 999, last=False) + frame(CONTINUED, b"x" * 999, last=False) * 4, 1009),
        (frame(TEXT, b"\xff\xfe"), 1007),
        (frame(TEXT, b"x", masked=False), 1002),
        (frame(CONTINUED, b"x"), 1002),
        (frame(TEXT, b"a", last=False) + frame(TEXT, b"b"), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(PING, b"x", last=False), 1002),
        (frame(3, b"x"), 1002),
        (bytes([0xC1]) + frame(TEXT, b"x")[1:], 1002),
        (frame(CLOSE, b"\x00"), 1002),
        (frame(CLOSE, struct.pack("!H", 1005)), 1002),
    ],
    ids=str,
)
def test_what_is_against_the_rules_ends_its_connection_and_nobody_elses(
    listening: Listening, sent: bytes, code: int
) -> None:
    with listening.call() as other:
        with listening.call() as caller:
            caller.socket.sendall(sent)
            if code == 1006:
                caller.socket.shutdown(socket.SHUT_WR)
            assert caller.hear_end()[0] == code
        assert listening.ended.get(timeout=LIMIT_S)[0] == code
        other.say("hello")
        assert other.hear() == "hello"
        assert listening.said.get(timeout=LIMIT_S) == "hello"


def test_who_leaves_is_answered_with_the_code_he_said(listening: Listening) -> None:
    with listening.call() as caller:
        caller.leave(4001, "bye")
        assert (caller.code, listening.ended.get(timeout=LIMIT_S)) == (4001, (4001, "bye"))
    with listening.call() as caller:
        caller.socket.close()
        assert listening.ended.get(timeout=LIMIT_S) == (1006, "")


def until(found: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + LIMIT_S
    while not found():
        assert time.monotonic() < end, what
        threading.Event().wait(0.01)


def test_the_idle_are_ended_and_who_pings_is_not_idle(listening: Listening) -> None:
    with listening.call() as caller:
        listening.clock.advance(590)
        caller.send(Ping(b""))
        until(lambda: (caller.hear_nothing(0.05), caller.pongs)[1], "no pong came")
        listening.clock.advance(590)
        caller.say("still here")
        assert caller.hear() == "still here"
        listening.clock.advance(601)
        assert caller.hear_end() == (1001, "Going away")


def test_nobody_stays_for_more_than_two_hours(listening: Listening) -> None:
    with listening.call() as caller:
        for _ in range(14):
            listening.clock.advance(510)
            caller.say("x")
            assert caller.hear() == "x"
        listening.clock.advance(510)
        assert caller.hear_end() == (1001, "Going away")


def test_who_does_not_answer_our_close_is_hung_up_on(listening: Listening) -> None:
    with listening.call() as caller:
        listening.loop.asyncio.call_soon_threadsafe(listening.sockets[0].end, 1000, "")
        assert caller.hear_end() == (1000, "")
        caller.code = None
        for _ in range(6):
            listening.clock.advance(2.5)
        assert caller.hear_end()[0] == 1006


def test_half_a_message_is_waited_for_a_minute(listening: Listening) -> None:
    with listening.call() as caller:
        caller.socket.sendall(frame(TEXT, b"x" * 500, says=900))
        until(lambda: listening.sockets[0].waits_for is not None, "the half did not come")
        for _ in range(30):
            listening.clock.advance(2.5)
        assert caller.hear_end()[0] == 1006


def test_a_flood_of_messages_waits_with_its_client_while_none_is_wanted(listening: Listening) -> None:
    listening.holds = True
    with listening.call() as caller:
        caller.socket.sendall(frame(TEXT, b"x") * 500)
        listening.said.get(timeout=LIMIT_S)
        threading.Event().wait(0.2)
        assert listening.said.empty()
        listening.holds = False
        listening.loop.asyncio.call_soon_threadsafe(listening.sockets[0].hold, False)
        assert [caller.hear() for _ in range(499)] == ["x"] * 499


@pytest.mark.parametrize(
    "flood", [frame(PING), frame(CONTINUED, last=False), frame(TEXT)], ids=["pings", "parts", "texts"]
)
def test_a_flood_of_frames_holds_up_nobody_else(listening: Listening, flood: bytes) -> None:
    """Who floods and reads nothing is not read any more; who comes meanwhile is served at once."""
    stop = threading.Event()

    def pour(victim: socket.socket) -> None:
        victim.settimeout(0.5)
        try:
            victim.sendall(frame(TEXT, b"a", last=False) if flood[0] == CONTINUED else b"")
            while not stop.is_set():
                victim.sendall(flood * 5000)
        except OSError:
            return

    with listening.call() as flooding:
        thread = threading.Thread(target=pour, args=(flooding.socket,))
        thread.start()
        try:
            threading.Event().wait(0.3)
            begun = time.monotonic()
            with listening.call() as caller:
                for _ in range(20):
                    caller.say("hello")
                    assert caller.hear() == "hello"
            assert time.monotonic() - begun < 5
        finally:
            stop.set()
            thread.join()


def test_who_does_not_read_is_said_to_have_no_room_and_ended_in_time(listening: Listening) -> None:
    with listening.call() as caller:
        ours = listening.sockets[0]

        def pour() -> int:
            while ours.has_room_for(100_000):
                ours.send("x" * 100_000)
            return ours.unsent_bytes

        assert listening.loop.ask(pour, 10) > 900_000
        assert ours.is_open
        for _ in range(40):
            listening.clock.advance(2.5)
        assert listening.ended.get(timeout=LIMIT_S) == (1006, "")
        del caller


@pytest.mark.parametrize("more", [b"\x81\x80abcd", b"GET / HTTP/1.1\r\n\r\n"])
def test_who_sends_on_before_the_handshake_is_over_is_hung_up_on(listening: Listening, more: bytes) -> None:
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13"
    head = f"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{key}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", listening.port), LIMIT_S) as client:
        client.sendall(head.encode() + more)
        while client.recv(1 << 16):
            pass
    with listening.call() as caller:
        caller.say("hello")
        assert caller.hear() == "hello"


def test_frames_come_in_whatever_pieces_and_mean_the_same(listening: Listening) -> None:
    """What comes as one small frame is read in another way than the rest; where one ends the other goes on."""
    chance = random.Random(7)
    texts = [chance.choice(("a", "", "grüß", "x" * 125, "y" * 126, "z" * 900)) for _ in range(300)]
    with listening.call() as caller:
        waiting = b""
        for text in texts:
            parts = [frame(TEXT, text.encode())]
            if chance.random() < 0.2:
                parts = [
                    frame(TEXT, text.encode()[:1], last=False),
                    frame(PING, b"?"),
                    frame(CONTINUED, text.encode()[1:]),
                ]
            waiting += b"".join(parts)
            if chance.random() < 0.5:
                cut = chance.randrange(len(waiting) + 1) if chance.random() < 0.5 else len(waiting)
                caller.socket.sendall(waiting[:cut])
                waiting = waiting[cut:]
                threading.Event().wait(0.001)
        caller.socket.sendall(waiting)
        assert [caller.hear() for _ in texts] == texts


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (frame(TEXT, b"hello"), "hello"),
        (frame(TEXT, b"x" * 125), "x" * 125),
        (frame(TEXT, b"x" * 126), None),
        (frame(TEXT, b"\xff"), None),
        (frame(TEXT, b"hello", last=False), None),
        (frame(TEXT, b"hello", masked=False), None),
        (frame(TEXT, b"hello")[:-1], None),
        (frame(TEXT, b"hello") * 2, None),
        (frame(BINARY, b"hello"), None),
        (b"", None),
    ],
    ids=["small", "largest", "too large", "no text", "not the last", "no mask", "half", "two", "bytes", "nothing"],
)
def test_one_small_frame_is_read_at_once(data: bytes, text: str | None) -> None:
    assert whole_text(data) == text


def test_a_short_message_stays_behind_the_long_one_before_it(listening: Listening) -> None:
    with listening.call() as caller:
        for number in range(200):
            long, short = f"{number} " + "x" * 900, f"{number} end"
            caller.say(long)
            caller.say(short)
            assert (caller.hear(), caller.hear()) == (long, short)
