"""What this process has open, thing by thing: the files and sockets of other tests come and go beside one's own."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

Open = frozenset[tuple[int, str]]
"""Descriptors, each with what it is: a number alone may be another thing's a moment later."""


def opened() -> Open:
    """All that is open now; `opened() - before` is what came since, whatever else has gone."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # it has been closed, as the one by which we look
            found.add((int(name), os.readlink(f"/proc/self/fd/{name}")))
    return frozenset(found)


def accepted_at(port: int) -> Open:
    """Our ends of connections that came to a port, in whichever network they called, and whether they still live."""
    return frozenset(one for one in opened() if one[1].startswith("socket:") and _is_accepted(one[0], port))


def _is_accepted(descriptor: int, port: int) -> bool:
    try:
        with socket.socket(fileno=os.dup(descriptor)) as found:
            listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            return found.family == socket.AF_INET and not listens and found.getsockname()[1] == port
    except OSError:  # it has been closed meanwhile
        return False


@contextmanager
def holes_filled() -> Iterator[None]:
    """The next descriptor is above all others until the block ends, and the one after it above that."""
    above = max(int(name) for name in os.listdir("/proc/self/fd"))
    fillers = list[int]()
    try:
        while not fillers or fillers[-1] <= above:
            fillers.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for filler in fillers:
            os.close(filler)
