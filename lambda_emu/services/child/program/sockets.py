"""How a connection's bytes are read and written: cheroot's own files of a socket are Python and copy what they hold."""

from __future__ import annotations

import io
import socket
from contextlib import suppress
from typing import Any

from cheroot.server import HTTPConnection, HTTPRequest

BUFFER_BYTES = 64 * 1024


class Reader(io.BufferedReader):
    """bytes_read: what cheroot's statistics count; nobody looks at them."""

    bytes_read = 0

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(socket.SocketIO(sock, "r"), BUFFER_BYTES)

    def has_data(self) -> bool:
        """The server says nothing more before it has an answer."""
        return False


class Writer:
    """All of each piece before it returns."""

    bytes_written = 0

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def write(self, data: bytes) -> int:
        self._sock.sendall(data)
        return len(data)


class Request(HTTPRequest):
    """What nobody is asked to serve ends its connection, and says so: cheroot does not, and the next one was lost."""

    def simple_response(self, status: str, msg: str = "") -> None:
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(msg)}\r\nConnection: close\r\n\r\n"
        )
        self.close_connection = True
        with suppress(OSError):  # whoever asked has left
            self.conn.wfile.write((head + msg).encode("latin-1"))


class Connection(HTTPConnection):
    """In place of cheroot's."""

    RequestHandlerClass = Request

    def __init__(self, server: Any, sock: socket.socket, _: object = None) -> None:
        super().__init__(server, sock, _file)


def _file(sock: socket.socket, mode: str, _: int) -> Reader | Writer:
    return Reader(sock) if "r" in mode else Writer(sock)
