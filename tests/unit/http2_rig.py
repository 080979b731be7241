"""A client that begins with HTTP/2 at once, on a real socket, by the h2 library; it can say what no client should."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import suppress

import h2.config
import h2.connection
import h2.events
import pytest
from h2.settings import SettingCodes, Settings
from http_rig import LIMIT_S

from lambda_emu.clock import SteppingClock
from lambda_emu.http.http2.preface import PREFACE

SETTINGS = b"\0\0\0\4\0\0\0\0\0"
BEGINNING = PREFACE + SETTINGS
GOODBYE_TYPE, RESET_TYPE = 7, 3


def frame(kind: int, number: int, payload: bytes, flags: int = 0) -> bytes:
    return len(payload).to_bytes(3) + bytes([kind, flags]) + number.to_bytes(4) + payload


class Client:
    """One connection. Answers by the number of their request: status, body, whether it has ended, and why it was reset.

    takes_bytes: of an answer before it says that it takes more; what it got is acknowledged unless that is said.
    """

    def __init__(self, port: int, takes_bytes: int | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), LIMIT_S)
        self.last = 0  # request's number
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wanted = h2.config.H2Configuration(header_encoding="utf-8", validate_outbound_headers=False)
        wanted.normalize_outbound_headers = False
        self.h2 = h2.connection.H2Connection(wanted)
        if takes_bytes is not None:
            self.h2.local_settings = Settings(initial_values={SettingCodes.INITIAL_WINDOW_SIZE: takes_bytes})
        self.h2.initiate_connection()
        self.status: dict[int, str] = {}
        self.bodies: dict[int, bytes] = {}
        self.ended: set[int] = set()
        self.resets: dict[int, int] = {}
        self.goodbye: int | None = None
        self._acknowledges = takes_bytes is None
        self._unparsed = b""
        self.flush()

    def head(self, method: str, path: str, headers: Iterable[tuple[str, str]] = (), *, ends: bool = False) -> bytes:
        """The next request's, to be sent."""
        self.last = self.h2.get_next_available_stream_id()
        pseudo = [(":method", method), (":path", path), (":scheme", "http"), (":authority", "localhost")]
        self.h2.send_headers(self.last, [*pseudo, *headers], end_stream=ends)
        return self.h2.data_to_send()

    def taken_back(self, method: str, path: str) -> bytes:
        """A whole request, and that it is not wanted any more; to be sent."""
        head = self.head(method, path, ends=True)
        self.h2.reset_stream(self.last)
        return head + self.h2.data_to_send()

    def begin(self, method: str, path: str, headers: Iterable[tuple[str, str]] = (), *, ends: bool = False) -> int:
        """Send a request's head; its number."""
        self.socket.sendall(self.head(method, path, headers, ends=ends))
        return self.last

    def send(self, number: int, data: bytes, *, ends: bool = False) -> None:
        """As fast as the server takes it."""
        sent = 0
        while sent < len(data):
            while (room := min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size)) <= 0:
                self.receive()
            self.h2.send_data(number, data[sent : sent + room])
            sent += room
            self.flush()
        if ends:
            self.h2.end_stream(number)
            self.flush()

    def answer(self, number: int) -> tuple[str, bytes]:
        while number not in self.ended:
            self.receive()
        return self.status[number], self.bodies.get(number, b"")

    def flush(self) -> None:
        self.socket.sendall(self.h2.data_to_send())

    def receive(self) -> None:
        data = self.socket.recv(65536)
        assert data, "the server hung up"
        for event in self.h2.receive_data(self._without_goodbye(data)):
            if isinstance(event, h2.events.ResponseReceived):
                self.status[event.stream_id] = str(dict(event.headers)[":status"])  # type: ignore[index]
            elif isinstance(event, h2.events.DataReceived):
                self.bodies[event.stream_id] = self.bodies.get(event.stream_id, b"") + event.data
                if self._acknowledges:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded | h2.events.StreamReset):
                self.ended.add(event.stream_id)
                if isinstance(event, h2.events.StreamReset):
                    self.resets[event.stream_id] = int(event.error_code)
        with suppress(ConnectionError):  # a server that has hung up may have answered before
            self.flush()

    def _without_goodbye(self, data: bytes) -> bytes:
        """Whole frames; behind a goodbye the library would take no answer any more that is owed."""
        self._unparsed += data
        whole = b""
        while len(self._unparsed) >= 9 and len(self._unparsed) >= (size := 9 + int.from_bytes(self._unparsed[:3])):
            found, self._unparsed = self._unparsed[:size], self._unparsed[size:]
            if found[3] == GOODBYE_TYPE:
                self.goodbye = int.from_bytes(found[13:17])
            else:
                whole += found
        return whole

    def say_goodbye(self) -> None:
        """Of no error; the library would take nothing any more."""
        self.socket.sendall(frame(GOODBYE_TYPE, 0, bytes(8)))

    def is_refused(self, number: int) -> bool:
        """Whether it was reset, or the connection ended for it; False: it was answered."""
        try:
            while number not in self.ended:
                self.receive()
        except (AssertionError, ConnectionError):
            return True
        return number in self.resets

    def is_hung_up_on(self) -> bool:
        """Waits for that, whatever comes before it."""
        try:
            while self.socket.recv(1 << 20):
                pass
        except ConnectionResetError:
            pass
        return True

    def wait_until_hung_up_on(self, clock: SteppingClock, seconds: float) -> None:
        """Moves time ahead, again and again as the server may not have read yet."""
        self.socket.settimeout(0.2)
        for _ in range(50):
            clock.advance(seconds)
            with suppress(TimeoutError):
                if self.is_hung_up_on():
                    return
        pytest.fail("nobody hung up")

    def close(self) -> None:
        self.socket.close()
