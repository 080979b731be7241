"""What is on disk when, and whether there is room on it.

A process that dies loses nothing it wrote, a machine that dies whatever was not synced.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import suppress
from pathlib import Path

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Differs after each start of this machine; the same word always where it cannot be told (not Linux)."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return "unknown"


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def begin_sync(descriptor: int) -> None:
    """Have what was just written to a file go to the disk meanwhile, so that `sync` has less to wait for."""
    if hasattr(os, "posix_fadvise"):  # not on macOS
        with suppress(OSError):  # it is a hint
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # who needs pages no more has them written


def sync_tree(folder: Path) -> None:
    """Wait until everything below a folder is on disk."""
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in names):
            if not path.is_symlink():
                sync(path)
        sync(Path(parent))


def write_text(path: Path, text: str) -> None:
    """Write a small file and wait until its bytes are on disk; its name is on disk once its folder is synced."""
    path.write_text(text)
    sync(path)


def is_full(error: BaseException) -> bool:
    """Of what the operating system or SQLite raised, or what was raised because of that."""
    if isinstance(error, OSError):
        return error.errno in NO_ROOM
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return error.__cause__ is not None and is_full(error.__cause__)
