"""Folders of ours on the user's disk: each is known by a marker that only we write, and a stranger's is never taken.

A setting can name any folder. What is in it is removed only where nobody but us can have made it: below a marker, and
by a name that nobody else gives.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import shutil
import stat
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)

MARKER = ".lambda-emu-folder"
PRIVATE = 0o700
OPEN = 0o755
"""Of the cache: tools of other users build in it."""
PASSED_THROUGH = 0o711
"""Of folders whose contents an engine of another user must reach; who has no name in there finds none."""
NOBODYS = {MARKER, "lost+found"}
"""In a folder that counts as empty: the marker of a start that was killed, and what a new disk has."""
NAMED_FEW = 3
LOCK = "lock"
TRIES, BETWEEN_TRIES_S = 5, 0.01
"""Who only looks whether a folder is held has it for a moment."""
_TOKEN = re.compile(r"[0-9a-f]{32}")


class Purpose(StrEnum):
    """What a folder is for; one that was made for another purpose is not taken."""

    DATA = "data"
    CACHE = "cache"
    TEMPORARY = "temporary"
    BUILT = "built"


class NotOurs(Exception):
    """A folder that lambda-emu was told to use holds what others put there."""

    def __init__(self, path: Path, purpose: Purpose, found: Collection[str]) -> None:
        flag, variable, key = f"--{purpose}-dir", f"LAMBDA_EMU_{purpose.upper()}_DIR", f"{purpose}_dir"
        few = ", ".join(sorted(found)[:NAMED_FEW]) + (" …" if len(found) > NAMED_FEW else "")
        super().__init__(
            f"{path} {self._what(few, purpose)}: nothing was changed in it. "
            f"Name a new or an empty folder by {flag}, {variable} or `{key}` below `settings:` of lambda-emu.yaml"
        )

    def _what(self, few: str, purpose: Purpose) -> str:
        return f"holds other files ({few}) and is no {purpose} folder of lambda-emu"


class HoldsLinks(NotOurs):
    """We make none there, so somebody else did: what we write or remove would be where they lead."""

    def _what(self, few: str, purpose: Purpose) -> str:
        return f"holds symbolic links ({few}), which lambda-emu does not make there"


def claim(path: Path, purpose: Purpose, older: Callable[[Path], bool] = lambda _: False) -> None:
    """Make a folder ours, or find that it is. NotOurs, OSError; then nothing was changed.

    older: whether a folder without a marker is one of a release that wrote none.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(OPEN if purpose is Purpose.CACHE else PRIVATE, exist_ok=True)
    if not check(path, purpose, older):
        mark(path, purpose)


def check(path: Path, purpose: Purpose, older: Callable[[Path], bool]) -> bool:
    """Whether the folder bears our marker. NotOurs if `claim` would refuse it; OSError."""
    others = set(os.listdir(path)) - NOBODYS
    ours = is_ours(path, purpose)  # after that: who makes it ours meanwhile puts the marker there first
    if others and not ours and not older(path):
        raise NotOurs(path, purpose, others)
    if links := [*_links(path)]:
        raise HoldsLinks(path, purpose, links)
    return ours


def _links(path: Path) -> Iterator[str]:
    """Those right in a folder, and right in its folders: deeper there is code, which may have some."""
    for entry in os.scandir(path):
        if entry.is_symlink():
            yield entry.name
        elif entry.is_dir(follow_symlinks=False) and entry.name not in NOBODYS:
            yield from (f"{entry.name}/{below.name}" for below in os.scandir(entry.path) if below.is_symlink())


def mark(path: Path, purpose: Purpose, lease: str = "") -> None:
    """Write the marker. lease: whose the folder is, where it goes with its owner."""
    text = f"{_signature(purpose)}\nlambda-emu made this folder, and removes what it puts here.\n{lease}\n".encode()
    descriptor = os.open(path / MARKER, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        os.write(descriptor, text)  # over what there is, which others may read: at no time it is less
        os.truncate(descriptor, len(text))
    finally:
        os.close(descriptor)


def is_ours(path: Path, purpose: Purpose) -> bool:
    """Whether we made the folder, for this purpose."""
    return _marker(path)[:1] == [_signature(purpose)]


def lease_of(path: Path) -> str:
    """The lease that `mark` was given; empty where there is none."""
    return "".join(_marker(path)[2:3])


def hold(path: Path) -> IO[str] | None:
    """Lock a folder for as long as the returned file is open; None where another process has it. OSError.

    The system frees the lock when this process dies. The file holds our pid.
    """
    lock = open(path / LOCK, "a+", encoding="ascii")  # noqa: SIM115 - kept open on purpose
    for _ in range(TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            threading.Event().wait(BETWEEN_TRIES_S)
            continue
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        return lock
    lock.close()
    return None


def is_held(path: Path) -> bool:
    """Whether a process holds the folder. OSError where it never was held."""
    with open(os.open(path / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def close_to_others(path: Path, mode: int = PRIVATE) -> None:
    """Set the mode of what is ours, whatever it was. A file system that knows no modes is told of, once each."""
    try:
        if stat.S_IMODE(path.stat().st_mode) != mode:
            path.chmod(mode)
    except OSError as error:
        log.warning("%s may be read by other users of this machine: %s", path, error.strerror)


def remove_sessions(folder: Path) -> None:
    """Remove the folders of sessions and environments: 32 hex digits are a name that nobody else gives."""
    for path in _children(folder):
        if _TOKEN.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)


def remove_files(folder: Path, name: re.Pattern[str]) -> None:
    """Remove the files whose whole name fits, and nothing below."""
    for path in _children(folder):
        if name.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            with suppress(OSError):
                path.unlink()


def _signature(purpose: Purpose) -> str:
    return f"lambda-emu folder 1: {purpose}"


def _marker(path: Path) -> list[str]:
    """The lines of its marker; none where there is no such file."""
    try:
        descriptor = os.open(path / MARKER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, encoding="utf-8", errors="replace") as file:
            return file.read(4096).splitlines()
    except OSError:
        return []


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []
