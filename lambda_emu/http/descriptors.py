"""How many files and sockets this process may have open, and how many of them are left for others than clients."""

from __future__ import annotations

import resource

MOST_HEADROOM = 512


def allow_many() -> None:
    """Each environment needs a line, a listener, a pipe and a connection; many systems let a process have 1024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def limit_and_headroom() -> tuple[int, int]:
    """How many we may open, and a share of them: the environments' port leaves one to us, the public one three.

    The next file always gets the lowest free number, so a socket's number tells how many are open.
    """
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most, min(most // 8, MOST_HEADROOM)
