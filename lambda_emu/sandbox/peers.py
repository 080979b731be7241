"""Whose program is at the other end of a connection. Asked where an address is all by which a box is known."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

BARE_NETWORK = "127.77."
"""Loopback addresses that boxes without namespaces call, each its own: other users can call them too."""
CONNECTIONS = Path("/proc/net/tcp")
ESTABLISHED = "01"

End = tuple[str, int]


def may_call(transport: asyncio.Transport) -> bool:
    """False for another user's program that calls the address of a box."""
    own: End = transport.get_extra_info("sockname")
    if not own[0].startswith(BARE_NETWORK):
        return True
    return user_at(transport.get_extra_info("peername"), own) == os.geteuid()


def user_at(peer: End, own: End) -> int | None:
    """The uid of who has the other end of a connection within this machine, IPv4; None if it cannot be told.

    Who has hung up cannot be told: the kernel says root of such a one.
    """
    wanted = [_written(peer), _written(own), ESTABLISHED]
    try:
        lines = CONNECTIONS.read_text().splitlines()
    except OSError:
        return None
    for members in map(str.split, lines):
        if members[1:4] == wanted:
            return int(members[7])
    return None


def _written(end: End) -> str:
    host, port = end
    return f"{int.from_bytes(socket.inet_aton(host), sys.byteorder):08X}:{port:04X}"
