"""Whether what went wrong is that there is no room on the disk."""

from __future__ import annotations

import errno
import sqlite3

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def is_full(error: BaseException) -> bool:
    """Of what the operating system or SQLite raised, or what was raised because of that."""
    if isinstance(error, OSError):
        return error.errno in NO_ROOM
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return error.__cause__ is not None and is_full(error.__cause__)
