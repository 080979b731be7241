"""Whose container or folder is it, and does its emulator still live? For what a killed emulator could not remove."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def own_lease() -> str:
    """`host:pid:start` of this process; the start tells it from a later process with the same number."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start_ticks(os.getpid())}"


def own_processes() -> str:
    """Names the processes that this one can see: a container may share our host name and see others."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def is_alive(lease: str, processes: str = "") -> bool:
    """Whether the process that wrote this lease runs. Of other hosts nothing is known: they count as alive.

    processes: what `own_processes` told that process; where it is not ours, nothing is known either.
    """
    host, _, rest = lease.partition(":")
    pid, _, start = rest.partition(":")
    if host != socket.gethostname() or not pid.isdigit() or processes not in ("", own_processes()):
        return True
    return _start_ticks(int(pid)) == start


def _start_ticks(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty when there is none, it has ended, or no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    members = stat.rpartition(")")[2].split()
    return "" if members[0] in "ZX" else members[19]
