"""Code on disk, named by what it is: <sha256>.zip, and its files in the folder <sha256> beside it.

Both are made under other names; what a dead process left there goes at the next start. A tree gets its place first, so
where the zip is the artifact is whole. What `add` returned survives a crash of the machine too: only the zip is synced,
once it is in its place, and a journal brings that name along. A tree may have thousands of files: after the machine
itself went down the trees of that time are made again from their zips, once, and then synced.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from lambda_emu.clock import Clock
from lambda_emu.disk import begin_sync, boot_id, sync, sync_tree
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import ZippedTooLarge
from lambda_emu.folders import close_to_others
from lambda_emu.model.function.function import Artifact
from lambda_emu.store.code.folder_zip import write_file, write_folder
from lambda_emu.store.code.unzip import measure, unpack
from lambda_emu.store.code.zip_reader import CHUNK_BYTES

log = logging.getLogger(__name__)

ZIPPED_LIMIT_BYTES = 52_428_800
RECENT_S = 300  # from adding an artifact to its record, which takes 60 s at most; from its last record to its last user

_NAME = re.compile(r"[0-9a-f]{64}")
_STAGING = ".staging-"
_BOOT = "boot"  # the file that says during which run of the machine trees were made
_SYNCED = ".synced"  # a file with a tree's name and this says that the tree was made before, and is on disk


class Artifacts:
    """The zips of functions and layers, unpacked beside themselves. Any thread may add, read and collect."""

    def __init__(self, folder: Path, clock: Clock | None = None, boot: str | None = None) -> None:
        """Nobody else may use the folder meanwhile. boot: tells one run of the machine from the next."""
        self._folder = folder
        self._clock = clock or Clock()
        self._boot = boot or boot_id()
        self._lock = Lock()  # guards the two below and what appears in or leaves the folder; never held across a sync
        self._recent: dict[str, float] = {}  # by name, when it was last added or dropped
        self._unsynced: set[str] = set()  # names that are in their place, and may not outlive the machine yet
        self._unzipped: dict[str, int] = {}  # bytes of trees, by name
        self._numbers = count()
        folder.mkdir(parents=True, exist_ok=True)
        close_to_others(folder)
        self._tidy()

    def _tidy(self) -> None:
        """Remove what a dead process left, and make again what may have been lost with the machine's memory."""
        made_during = _read(self._folder / _BOOT)
        if made_during is None:
            self._move_zips_out()
        names = set(self._kept())
        for path in self._folder.iterdir():
            if path.name.startswith(_STAGING) or (_NAME.match(path.name) and path.name[:64] not in names):
                _remove(path)
        if made_during != self._boot:
            for path in (self._folder / name for name in names):
                if not path.with_suffix(_SYNCED).exists():
                    self._remake(path)
            (self._folder / _BOOT).write_text(self._boot)

    def _move_zips_out(self) -> None:
        """As it was before there was a file for the run: each zip in a folder, beside its tree, which is made again."""
        for path in self._folder.glob("*/zip"):
            if _NAME.fullmatch(path.parent.name):
                path.rename(path.parent.with_suffix(".zip"))

    def add_zip(
        self, data: bytes | Path, limit_bytes: int = ZIPPED_LIMIT_BYTES, *, given_away: bool = False
    ) -> Artifact:
        """Keep a zip as it came, and unpacked. ZippedTooLarge, UnzippedTooLarge, InvalidZip, OSError.

        given_away: nobody writes to the file any more, so that its bytes need not be written again.
        """
        with self._staging() as staging:
            path = staging.with_suffix(".zip")
            if isinstance(data, bytes):
                _check_size(len(data), limit_bytes)
                sha256 = _write(data, path)
                return self._find(sha256, data) or self._keep(staging, sha256, data)
            with data.open("rb") as source:
                _check_size(source.seek(0, os.SEEK_END), limit_bytes)
                if given_away and _link(data, path):
                    sha256 = _sha256(source)
                else:
                    with path.open("xb") as file:
                        sha256 = _sha256(source, file)
            return self._find(sha256, path) or self._keep(staging, sha256, path)

    def add_folder(self, path: Path) -> Artifact:
        """Keep a folder, or one file, as a zip that is the same for the same files.

        UnusableFolder, UnzippedTooLarge, OSError.
        """
        with self._staging() as staging:
            made = staging.with_suffix(".zip")
            write = write_folder if path.is_dir() else write_file
            with made.open("x+b") as file:
                write(path, file)
                sha256 = _sha256(file)
            return self._find(sha256, made) or self._keep(staging, sha256, made)

    def tree(self, sha256: str) -> Path:
        """The folder with the files of an artifact, not to be written to."""
        return self._folder / _name(sha256)

    def zip_path(self, sha256: str) -> Path:
        """The zip of an artifact, byte for byte."""
        return self._folder / f"{_name(sha256)}.zip"

    def collect(self, kept: Collection[str], dropped: Collection[str] = ()) -> None:
        """Remove artifacts that nothing names: not in `kept`, nor added or dropped in the last minutes.

        dropped: what a record has just ceased to name. An environment may be about to start from it.
        """
        names = {_name(sha256) for sha256 in kept}
        with self._staging() as doomed, self._lock:
            doomed.mkdir()
            now_s = self._clock.monotonic_s()
            self._recent |= dict.fromkeys(map(_name, dropped), now_s)
            self._recent = {name: at_s for name, at_s in self._recent.items() if at_s > now_s - RECENT_S}
            for name in set(self._kept()) - names - self._recent.keys():
                self._move_out(name, doomed)

    def _kept(self) -> list[str]:
        """The names of all there are."""
        return [path.stem for path in self._folder.glob("*.zip") if _NAME.fullmatch(path.stem)]

    def _move_out(self, name: str, doomed: Path) -> None:
        """The tree last: without its zip it is nothing."""
        self._unzipped.pop(name, None)
        for path in (self._folder / (name + ending) for ending in (_SYNCED, ".zip", "")):
            if path.exists():
                path.rename(doomed / path.name)

    def _find(self, sha256: str, data: bytes | Path) -> Artifact | None:
        """data: the same bytes as those that may be kept already."""
        path = self.zip_path(sha256)
        with self._lock:
            if not path.exists() or path.stem in self._unsynced:
                return None
            self._recent[path.stem] = self._clock.monotonic_s()
        if path.stem not in self._unzipped:
            self._unzipped[path.stem] = measure(data)
        return Artifact(sha256, path.stat().st_size, self._unzipped[path.stem])

    def _keep(self, staging: Path, sha256: str, data: bytes | Path) -> Artifact:
        """Unpack the zip beside itself, and give both their places. data: the same bytes."""
        unzipped_size = self._unzipped[_name(sha256)] = unpack(data, staging)
        artifact = Artifact(sha256, staging.with_suffix(".zip").stat().st_size, unzipped_size)
        self._publish(staging, self._folder / _name(sha256))
        return artifact

    def _publish(self, made: Path, target: Path) -> None:
        """Where another thread was faster with the same bytes, its artifact stays."""
        zip_path = target.with_suffix(".zip")
        with self._lock:
            if not zip_path.exists():
                _remove(target)  # a tree whose zip could not follow it
                made.rename(target)
                made.with_suffix(".zip").rename(zip_path)
                self._unsynced.add(target.name)
            self._recent[target.name] = self._clock.monotonic_s()
        sync(zip_path)
        with self._lock:
            self._unsynced.discard(target.name)

    def _remake(self, path: Path) -> None:
        """Unpack a zip again whose tree may have been lost with the machine's memory."""
        with self._staging() as staging:
            try:
                unpack(path.with_suffix(".zip"), staging)
            except (LambdaError, FileNotFoundError):
                log.warning("%s is damaged and was removed; deploy its function again", path.with_suffix(".zip"))
                _remove(path.with_suffix(".zip"))
                _remove(path)
                return
            sync_tree(staging)
            _remove(path)
            staging.rename(path)
            sync(self._folder)
            path.with_suffix(_SYNCED).touch()

    @contextmanager
    def _staging(self) -> Iterator[Path]:
        """Where a tree may be made, with its zip beside it; what was not given its place goes when the block ends."""
        path = self._folder / f"{_STAGING}{next(self._numbers)}"
        try:
            yield path
        finally:
            _remove(path.with_suffix(".zip"))
            _remove(path)


def _name(sha256: str) -> str:
    """What an artifact's folder is called: the hash in hex, since base64 has slashes."""
    return base64.b64decode(sha256).hex()


def _read(path: Path) -> str | None:
    """What a small file says; None: there is none."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


def _remove(path: Path) -> None:
    """A file, or a folder and all below it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _link(path: Path, name: Path) -> bool:
    """Give a file a second name. False where that cannot be, as on another file system."""
    try:
        os.link(path, name)
    except OSError:
        return False
    return True


def _check_size(size: int, limit_bytes: int) -> None:
    if size > limit_bytes:
        raise ZippedTooLarge(limit_bytes)


def _write(data: bytes, path: Path) -> str:
    """Make a file of bytes in memory and return their base64 hash; the disk has them while they are hashed."""
    with path.open("xb") as file:
        file.write(data)
        begin_sync(file.fileno())
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def _sha256(source: BinaryIO, copy: BinaryIO | None = None) -> str:
    """The base64 hash of a file from its start, written to `copy` on the way."""
    digest = hashlib.sha256()
    source.seek(0)
    while chunk := source.read(CHUNK_BYTES):
        digest.update(chunk)
        if copy is not None:
            copy.write(chunk)
    return base64.b64encode(digest.digest()).decode()
