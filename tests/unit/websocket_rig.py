"""A client of WebSockets on a plain socket."""

from __future__ import annotations

import json
import os
import socket
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.frame_protocol import CloseReason

WAIT_S = 20.0


class Refused(Exception):
    """The handshake's answer was no 101."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(f"{status} {body!r}")
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Caller:
    """One connection. url: `ws://host:port/path`. host: to say another name than where the port is. headers: of the
    handshake, where the value is None without it."""

    def __init__(self, url: str, host: str | None = None, **headers: str | None) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), WAIT_S)
        said: dict[str, str | None] = {
            "Host": host or parts.netloc,
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": b64encode(os.urandom(16)).decode(),
        }
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items() if value is not None)]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        status, self.headers, rest = self._head()
        if status != 101:
            body = rest
            while len(body) < int(self.headers.get("content-length", "0")):
                body += self.socket.recv(1 << 16)
            self.socket.close()
            raise Refused(status, self.headers, body)
        self.ws = Connection(ConnectionType.CLIENT, trailing_data=rest)
        self.code: int | None = None
        self.reason = ""
        self.pongs: list[bytes] = []
        self._parts: list[str] = []
        self.frames = 0
        self._texts: list[str] = []

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def say(self, message: Any) -> None:
        """A text as it is, anything else as JSON."""
        text = message if isinstance(message, str) else json.dumps(message)
        self.socket.sendall(self.ws.send(TextMessage(text)))

    def say_part(self, text: str, *, last: bool) -> None:
        """In a frame of its own."""
        self.send(TextMessage(text, message_finished=last))

    def send(self, event: Any) -> None:
        self.socket.sendall(self.ws.send(event))

    def hear(self, wait_s: float = WAIT_S) -> str:
        """The next message. TimeoutError; ConnectionError: the connection ended."""
        self.socket.settimeout(wait_s)
        while not self._texts:
            if self.code is not None:
                raise ConnectionError(f"closed: {self.code} {self.reason}")
            self._read()
        return self._texts.pop(0)

    def hear_json(self) -> Any:
        return json.loads(self.hear())

    def hear_nothing(self, wait_s: float = 0.3) -> bool:
        try:
            self.hear(wait_s)
        except TimeoutError:
            return True
        return False

    def hear_end(self, wait_s: float = WAIT_S) -> tuple[int, str]:
        """Code and reason of how the server ends it; 1006: without a word."""
        self.socket.settimeout(wait_s)
        while self.code is None:
            self._read()
        return self.code, self.reason

    def leave(self, code: int | None = None, reason: str | None = None) -> None:
        """By a close frame, and the wait for its answer."""
        self.send(CloseConnection(CloseReason.NO_STATUS_RCVD if code is None else code, reason))
        self.hear_end()
        self.socket.close()

    def _read(self) -> None:
        data = self.socket.recv(1 << 16)
        if not data:
            self.code = 1006
            return
        self.ws.receive_data(data)
        for event in self.ws.events():
            self._take(event)

    def _take(self, event: Any) -> None:
        if isinstance(event, TextMessage):
            self._parts.append(event.data)
            self.frames += event.frame_finished
            if event.message_finished:
                self._texts.append("".join(self._parts))
                self._parts.clear()
        elif isinstance(event, CloseConnection):
            self.code, self.reason = event.code, event.reason or ""
        elif isinstance(event, Ping):
            self.send(event.response())
        elif isinstance(event, Pong):
            self.pongs.append(bytes(event.payload))
        else:
            assert isinstance(event, BytesMessage)
            raise AssertionError("nobody sends bytes")

    def _head(self) -> tuple[int, Mapping[str, str], bytes]:
        data = b""
        while b"\r\n\r\n" not in data:
            came = self.socket.recv(1 << 16)
            assert came, f"the connection ended after {data!r}"
            data += came
        head, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return int(first.split(" ")[1]), headers, rest
