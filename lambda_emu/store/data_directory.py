"""The data directory: whose it is, who has it now, and that nobody else reads it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from lambda_emu.folders import LOCK, PASSED_THROUGH, Purpose, check, claim, close_to_others, hold
from lambda_emu.store.schema import DATABASE

DATABASE_MAGIC = b"SQLite format 3\0"
PRIVATE_FOLDERS = ("artifacts", "spool")
RUN = "run"


class DataDirectoryInUse(Exception):
    """Another lambda-emu holds this data directory."""

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(
            f"{path} is in use by another lambda-emu (process {owner or 'unknown'}); "
            "stop it, or choose another --data-dir, or --ephemeral"
        )


def take(data_dir: Path) -> IO[str]:
    """Make the directory ours and lock it for as long as the returned file is open.

    NotOurs, DataDirectoryInUse, OSError. The system frees the lock when this process dies.
    """
    claim(data_dir, Purpose.DATA, _is_older)
    close_to_others(data_dir)
    lock = hold(data_dir)
    if lock is None:
        raise DataDirectoryInUse(data_dir, (data_dir / LOCK).read_text(errors="replace").strip())
    _keep_out_of_git(data_dir)
    _mend_modes(data_dir)
    return lock


def check_data(data_dir: Path) -> None:
    """NotOurs for a directory that `take` would refuse; OSError for one that is not there."""
    check(data_dir, Purpose.DATA, _is_older)


def _is_older(data_dir: Path) -> bool:
    """Whether a lambda-emu before the marker made it: nobody else makes a database of this name."""
    try:
        descriptor = os.open(data_dir / DATABASE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            return file.read(len(DATABASE_MAGIC)) == DATABASE_MAGIC
    except OSError:
        return False


def _keep_out_of_git(data_dir: Path) -> None:
    """A file of that name which is there already says something of somebody's."""
    try:
        with (data_dir / ".gitignore").open("x", encoding="ascii") as file:
            file.write("*\n")
    except FileExistsError:
        return


def _mend_modes(data_dir: Path) -> None:
    """Earlier releases left what they wrote to the umask. The database is there before SQLite makes it by the umask."""
    os.close(os.open(data_dir / DATABASE, os.O_RDWR | os.O_CREAT, 0o600))
    beside = [f"{name}{suffix}" for name in (DATABASE, "logs.db") for suffix in ("", "-wal", "-shm")]
    for name in (*beside, LOCK):
        if (data_dir / name).exists():
            close_to_others(data_dir / name, 0o600)
    for name in PRIVATE_FOLDERS:
        if (data_dir / name).is_dir():
            close_to_others(data_dir / name)
    if (data_dir / RUN).is_dir():
        close_to_others(data_dir / RUN, PASSED_THROUGH)
