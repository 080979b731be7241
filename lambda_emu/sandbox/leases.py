"""Whose container is it, and does its emulator still live? For whatever a killed emulator could not remove."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def own_lease() -> str:
    """`host:pid:start` of this process; the start tells it from a later process with the same number."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def is_alive(lease: str) -> bool:
    """Whether the process that wrote this lease runs. Of other hosts nothing is known: they count as alive."""
    host, _, rest = lease.partition(":")
    pid, _, start = rest.partition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return True
    return _started(int(pid)) == start


def _started(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty when there is none (or no /proc)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
