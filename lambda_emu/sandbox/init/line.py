"""A Unix socket to an init: orders go out, frames come in, and descriptors with the frames that name them.

Without a transport: those of uvloop read with read(2), which loses descriptors.
"""

from __future__ import annotations

import array
import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable

from lambda_emu.sandbox.init.frames import Frame, FrameReader, WrongFrame

READ_BYTES = 1 << 16
MOST_UNSENT_BYTES = 8 << 20
MOST_UNCLAIMED = 4
"""Descriptors that came before the rest of their frame; more are no part of the protocol."""
ONE = socket.CMSG_LEN(array.array("i").itemsize)


class Line:
    """On the loop, from the first byte, the 0x00 by which a listener knows an init from HTTP.

    hear: is called with each frame, and may raise WrongFrame. ended: is called once, with what the other side did
    wrong; not inside of any call of ours. Nothing is heard after that, nor after `close`.
    """

    def __init__(
        self, connection: socket.socket, hear: Callable[[Frame], None], ended: Callable[[WrongFrame | None], None]
    ) -> None:
        self._socket = connection
        self._hear = hear
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._frames = FrameReader()
        self._descriptors: deque[int] = deque()
        self._unsent = bytearray()
        self._begun = False
        self.is_open = True
        connection.setblocking(False)
        self._loop.add_reader(connection.fileno(), self._receive)

    def take_descriptor(self) -> int:
        """The one that came with the frame that is heard just now; it is the caller's. WrongFrame: there is none."""
        if not self._descriptors:
            raise WrongFrame("a descriptor is missing")
        return self._descriptors.popleft()

    def send(self, order: bytes) -> None:
        """Whole and in order, as soon as there is room; who does not take its orders loses the line."""
        if not self.is_open:
            return
        if not self._unsent:
            order = order[self._write(order) :]
            if not order:
                return
            self._loop.add_writer(self._socket.fileno(), self._send_on)
        self._unsent += order
        if len(self._unsent) > MOST_UNSENT_BYTES:
            self.close(WrongFrame("it does not take its orders"))

    def close(self, why: WrongFrame | None = None) -> None:
        if not self.is_open:
            return
        self.is_open = False
        self._loop.remove_reader(self._socket.fileno())
        self._loop.remove_writer(self._socket.fileno())
        self._socket.close()
        self._unsent.clear()
        while self._descriptors:
            os.close(self._descriptors.popleft())
        self._loop.call_soon(self._ended, why)

    def _write(self, order: bytes | bytearray) -> int:
        try:
            return self._socket.send(order)
        except BlockingIOError:
            return 0
        except OSError:  # it has hung up; what it said before is read first, and then its end
            return len(order)

    def _send_on(self) -> None:
        del self._unsent[: self._write(self._unsent)]
        if not self._unsent:
            self._loop.remove_writer(self._socket.fileno())

    def _receive(self) -> None:
        try:
            data, extras, flags, _ = self._socket.recvmsg(READ_BYTES, ONE, socket.MSG_CMSG_CLOEXEC)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data, extras, flags = b"", [], 0
        self._keep(extras)
        try:
            if flags & socket.MSG_CTRUNC or len(self._descriptors) > MOST_UNCLAIMED:
                raise WrongFrame("a descriptor that cannot be had, or too many of them")
            if data:
                self._cut(data)
            else:
                self.close()
        except WrongFrame as error:
            self.close(error)

    def _keep(self, extras: list[tuple[int, int, bytes]]) -> None:
        for _, _, extra in extras:
            came = array.array("i")
            came.frombytes(extra[: len(extra) - len(extra) % came.itemsize])
            self._descriptors.extend(came)

    def _cut(self, data: bytes) -> None:
        if not self._begun:
            self._begun = True
            data = data[1:]
        for frame in self._frames.feed(data):
            if not self.is_open:
                return
            self._hear(frame)


def peer_of(connection: socket.socket) -> tuple[int, int]:
    """Who called, by the kernel's word: its pid, 0 where we cannot see that, and its user."""
    told = array.array("i")
    told.frombytes(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 3 * told.itemsize))
    return told[0], told[1] & 0xFFFFFFFF
