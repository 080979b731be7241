"""Descriptors that an init passed: each is looked at, and closed when it is not what it was said to be."""

from __future__ import annotations

import array
import errno
import fcntl
import os
import socket
import stat
import termios

from lambda_emu.sandbox.init.frames import WrongFrame

READ_BYTES = 1 << 16

End = tuple[str, int]


class Pipe:
    """The read end of a role's output. Nothing here waits.

    taken_bytes: read so far. `end`: where it would be if all that is in it now had been read.
    """

    def __init__(self, descriptor: int) -> None:
        """WrongFrame for anything else."""
        mode, flags = os.fstat(descriptor).st_mode, fcntl.fcntl(descriptor, fcntl.F_GETFL)
        if not stat.S_ISFIFO(mode) or flags & os.O_ACCMODE != os.O_RDONLY:
            os.close(descriptor)
            raise WrongFrame("what came as the output of a role is no pipe to read")
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self.taken_bytes = 0
        self._count = array.array("i", [0])

    @property
    def end(self) -> int:
        fcntl.ioctl(self.descriptor, termios.FIONREAD, self._count)
        return self.taken_bytes + self._count[0]

    def read(self) -> bytes | None:
        """Some of what is there, empty at its end; None: nothing, though it has not ended."""
        try:
            data = os.read(self.descriptor, READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""
        self.taken_bytes += len(data)
        return data

    def close(self) -> None:
        os.close(self.descriptor)


def listening(descriptor: int, at: End) -> socket.socket:
    """A socket that accepts what comes to this address, port 0 meaning any. WrongFrame for anything else."""
    found = _stream(descriptor)
    host, port = found.getsockname()
    accepts = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if not accepts or host != at[0] or (at[1] and port != at[1]):
        found.close()
        raise WrongFrame(f"what came as a listener at {at[0]}:{at[1]} is none")
    return found


def connection(descriptor: int, to: End) -> socket.socket:
    """A socket whose other end is at this address. WrongFrame for anything else."""
    found = _stream(descriptor)
    try:
        if found.getpeername() == to:
            return found
    except OSError as error:
        if error.errno != errno.ENOTCONN:
            found.close()
            raise
    found.close()
    raise WrongFrame(f"what came as a connection to {to[0]}:{to[1]} is none")


def datagrams(descriptor: int, at: End) -> socket.socket:
    """A socket that takes what is sent to this address, port 0 meaning any. WrongFrame for anything else."""
    found = _socket(descriptor, socket.SOCK_DGRAM, socket.IPPROTO_UDP)
    host, port = found.getsockname()
    if host != at[0] or not port or (at[1] and port != at[1]) or _is_connected(found):
        found.close()
        raise WrongFrame(f"what came for datagrams to {at[0]}:{at[1]} is none")
    return found


def _is_connected(found: socket.socket) -> bool:
    """To one who sends, and so deaf to others."""
    try:
        found.getpeername()
    except OSError:
        return False
    return True


def _stream(descriptor: int) -> socket.socket:
    return _socket(descriptor, socket.SOCK_STREAM, socket.IPPROTO_TCP)


def _socket(descriptor: int, kind: socket.SocketKind, protocol: int) -> socket.socket:
    """An IPv4 socket of a stream, TCP's, or of datagrams, UDP's, which does not block."""
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise WrongFrame("what came as a socket is none")
    found = socket.socket(fileno=descriptor)
    if (found.family, found.type, found.proto) != (socket.AF_INET, kind, protocol):
        found.close()
        raise WrongFrame(f"what came as a {'TCP' if kind == socket.SOCK_STREAM else 'UDP'} socket is none")
    found.setblocking(False)
    return found
