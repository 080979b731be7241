"""Opening what lies below a folder of somebody else's, and nothing else: no part of the way is followed as a link."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LEAF = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe in its place does not make us wait


def open_beneath(root: str | Path, name: str, flags: int = os.O_RDONLY) -> int:
    """A descriptor of `name`, whose parts are separated by `/`, below `root`; the caller closes it.

    With os.O_PATH a link at the end is opened itself. OSError: ENOENT where nothing is, ELOOP for a link at the end,
    ENOTDIR for one on the way, EXDEV for a name that is not below.
    """
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise OSError(errno.EXDEV, "not a name below", name)
    at = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            below = os.open(part, _FOLDER, dir_fd=at)
            os.close(at)
            at = below
        return os.open(parts[-1], flags | _LEAF, dir_fd=at)
    finally:
        os.close(at)
