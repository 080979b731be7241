"""Folders that last as long as their process: each bears its lease, so that what a killed one left can be removed."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lambda_emu.folders import MARKER, PASSED_THROUGH, Purpose, close_to_others, is_ours, lease_of, mark
from lambda_emu.sandbox.leases import is_alive, own_lease, own_processes

log = logging.getLogger(__name__)

PREFIX = "lambda-emu-"
DATA = "data"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new folder that only we can read, gone when the block ends; after a SIGKILL, when `remove_left` is called."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        mark(folder, Purpose.TEMPORARY, f"{own_lease()} {own_processes()}")
        yield folder
    finally:
        _remove(folder)


@contextmanager
def leads_to(data_dir: Path) -> Iterator[None]:
    """A temporary folder by which `live_data` finds a data directory that is kept."""
    with temporary_folder() as folder:
        (folder / DATA).symlink_to(data_dir.absolute())
        yield


def let_through(data_dir: Path) -> None:
    """Let who knows a name below the data directory reach it, also where that is in a temporary folder."""
    for folder in (data_dir, data_dir.parent):
        if folder == data_dir or is_ours(folder, Purpose.TEMPORARY):
            close_to_others(folder, PASSED_THROUGH)


def live_folders() -> list[Path]:
    """Those of emulators of this user that still run."""
    return [path for path in _ours() if _is_alive(path)]


def live_data() -> list[Path]:
    """The data directories of these emulators, where they have one."""
    return [Path(os.path.realpath(folder / DATA)) for folder in live_folders()]


def remove_left() -> list[Path]:
    """Remove those whose process no longer runs, and return them."""
    left = [path for path in _ours() if not _is_alive(path)]
    for path in left:
        log.info("removing %s, which a killed lambda-emu left", path)
        _remove(path)
    return left


def _remove(folder: Path) -> None:
    """The marker goes last, so that who is killed on the way leaves a folder that is known."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != MARKER:
            path.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _is_alive(path: Path) -> bool:
    lease, _, processes = lease_of(path).partition(" ")
    return is_alive(lease, processes)


def _ours() -> list[Path]:
    """Folders that this user's processes marked as theirs; another user could lay out one that looks so."""
    found = []
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            mine = path.lstat().st_uid == os.geteuid() and not path.is_symlink()
            if mine and is_ours(path, Purpose.TEMPORARY) and lease_of(path):
                found.append(path)
    return sorted(found)
