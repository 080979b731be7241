"""The cache folder: what builds fetched and made is kept there for the next one, which may be another process's."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir
from typing import IO

from lambda_emu import folders
from lambda_emu.disk import is_full
from lambda_emu.folders import NotOurs, Purpose
from lambda_emu.sandbox.base import SandboxError
from lambda_emu.sandbox.building.tool_runner import Closed, Progress, ToolFailed, ToolRunner

LOCK_POLL_S = 0.2


class NoRoom(SandboxError):
    """A disk is full. said: by whoever found that."""

    def __init__(self, name: str, folder: Path, said: str) -> None:
        super().__init__(
            f"{name} could not be made, for a disk is full: {said}\nBuilds need some hundred MB in {folder} and "
            f"in {gettempdir()}: make room, or name other folders by LAMBDA_EMU_CACHE_DIR and TMPDIR"
        )


class Cache:
    """tools: what fills it, for as long as it is not closed. parts: the folder in it for what is made."""

    def __init__(self, folder: Path, parts: str = "parts") -> None:
        self.folder = folder
        self.parts = folder / parts
        self.registries = folder / "registries"
        self.tools = ToolRunner()

    def claim(self) -> None:
        """Make the folder ours. SandboxError for one that holds what we did not put there."""
        try:
            folders.claim(self.folder, Purpose.CACHE, _is_older)
        except (NotOurs, OSError) as error:
            raise SandboxError(str(error)) from error

    def close(self) -> None:
        """Give up what is being made, at once."""
        self.tools.close()

    @contextmanager
    def alone(self, name: str, what: str, progress: Progress) -> Iterator[None]:
        """While nobody else, in this process or another, is in such a block of this name. SandboxError if we close.

        what: the other one, as whoever waits is told of it.
        """
        lock = self.folder / "build" / f"{name}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("w") as file:
            waiting = False
            while not try_lock(file):
                if not waiting:
                    progress(f"waiting for {what}")
                waiting = True
                if self.tools.closed.wait(LOCK_POLL_S):  # a thread that blocks in the kernel could not be told
                    raise Closed
            yield

    @contextmanager
    def scratch(self, name: str, progress: Progress) -> Iterator[Path]:
        """A folder for what is being made, while nobody else makes what has this name.

        It is on the file system of what is kept, and empty: what was left there by who was killed goes first.
        SandboxError: the cache folder is a stranger's, a disk is full, or the tools are closed meanwhile.
        """
        self.claim()
        folder = self.folder / "build" / name
        with self._told(name), self.alone(name, f"another build of {name}", progress):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """What is wrong with files, by whoever found it, as SandboxError."""
        try:
            yield
        except ToolFailed as error:
            if error.no_room is None:
                raise
            raise NoRoom(name, self.folder, error.no_room) from error
        except OSError as error:
            if is_full(error):
                raise NoRoom(name, self.folder, str(error)) from error
            raise SandboxError(f"{name} could not be made: {error}") from error

    def ensure(self, key: str, make: Callable[[Path], None], scratch: Path, progress: Progress) -> Path:
        """The folder of this name. Made now if it never was; it gets its name when it is complete.

        key: a hash of all that it is made of. scratch: where it is until then.
        """
        folder = self.parts / key
        if folder.is_dir():
            with suppress(OSError):  # another user's
                os.utime(folder)  # for who removes what nobody uses
            return folder
        with self.alone(f"part-{key}", "another build, which makes a part of this one", progress):
            if not folder.is_dir():
                partial = scratch / key
                partial.mkdir()
                make(partial)
                self.parts.mkdir(parents=True, exist_ok=True)
                partial.rename(folder)
        return folder


def try_lock(file: IO[str]) -> bool:
    """Lock a file for as long as it is open, if nobody else has."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_older(cache: Path) -> bool:
    """Whether we made it before we marked what we make: locks of builds and clients named by a hash, nothing else."""
    locks = {path.name for path in cache.glob("build/*.lock")}
    builds = {path.name for path in cache.glob("build/*")} - locks
    clients = cache.glob("clients/*")
    return (
        {path.name for path in cache.iterdir()} <= {"build", "clients"}
        and {f"{name}.lock" for name in builds} <= locks
        and all(re.fullmatch("[0-9a-f]{16}", path.name) for path in clients)
    )
