"""Code on disk, named by what it is: folder/<sha256>/{zip,tree,complete}. What `add` returned survives a crash.

An artifact is made in a staging folder and renamed into place; what a dead process left there goes at the next start.
Only the zip is synced, once it is in its place: a journal brings its names along. A tree may have thousands of files:
after the machine itself went down the trees of that time are made again from their zips, once, and then synced.
`complete` holds the tree's size and the time it belongs to.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Thread
from typing import BinaryIO

from lambda_emu.clock import Clock
from lambda_emu.disk import begin_sync, boot_id, sync, sync_tree, write_text
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import ZippedTooLarge
from lambda_emu.folders import close_to_others
from lambda_emu.model.function.function import Artifact
from lambda_emu.store.code.folder_zip import write_folder
from lambda_emu.store.code.unzip import unpack
from lambda_emu.store.code.zip_reader import CHUNK_BYTES

log = logging.getLogger(__name__)

ZIPPED_LIMIT_BYTES = 52_428_800
RECENT_S = 300  # from adding an artifact to its record, which takes 60 s at most; from its last record to its last user

_NAME = re.compile(r"[0-9a-f]{64}")
_STAGING = ".staging-"
_SYNCED = "synced"


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
        folder.mkdir(parents=True, exist_ok=True)
        close_to_others(folder)
        for stale in folder.glob(_STAGING + "*"):
            shutil.rmtree(stale)
        for path in self._kept():
            if _made_during(path) not in (self._boot, _SYNCED):
                self._remake(path)

    def add_zip(
        self, data: bytes | Path, limit_bytes: int = ZIPPED_LIMIT_BYTES, *, given_away: bool = False
    ) -> Artifact:
        """Keep a zip as it came, and unpacked. ZippedTooLarge, UnzippedTooLarge, InvalidZip, OSError.

        given_away: nobody writes to the file any more, so that its bytes need not be written again.
        """
        with self._staging() as staging:
            path = staging / "zip"
            if isinstance(data, bytes):
                _check_size(len(data), limit_bytes)
                sha256 = _write(data, path)
                return self._find(sha256) or self._keep(staging, sha256, data)
            with data.open("rb") as source:
                _check_size(source.seek(0, os.SEEK_END), limit_bytes)
                if given_away and _link(data, path):
                    sha256 = _sha256(source)
                else:
                    with path.open("xb") as file:
                        sha256 = _sha256(source, file)
            return self._find(sha256) or self._keep(staging, sha256, path)

    def add_folder(self, path: Path) -> Artifact:
        """Keep a folder as a zip that is the same for the same files. UnusableFolder, UnzippedTooLarge, OSError."""
        with self._staging() as staging:
            with (staging / "zip").open("x+b") as file:
                write_folder(path, file)
                sha256 = _sha256(file)
            return self._find(sha256) or self._keep(staging, sha256, staging / "zip")

    def tree(self, sha256: str) -> Path:
        """The folder with the files of an artifact, not to be written to."""
        return self._folder / _name(sha256) / "tree"

    def zip_path(self, sha256: str) -> Path:
        """The zip of an artifact, byte for byte."""
        return self._folder / _name(sha256) / "zip"

    def collect(self, kept: Collection[str], dropped: Collection[str] = ()) -> None:
        """Remove artifacts that nothing names: not in `kept`, nor added or dropped in the last minutes.

        dropped: what a record has just ceased to name. An environment may be about to start from it.
        """
        names = {_name(sha256) for sha256 in kept}
        with self._staging() as doomed, self._lock:
            now_s = self._clock.monotonic_s()
            self._recent |= dict.fromkeys(map(_name, dropped), now_s)
            self._recent = {name: at_s for name, at_s in self._recent.items() if at_s > now_s - RECENT_S}
            for path in self._kept():
                if path.name not in names | self._recent.keys():
                    path.rename(doomed / path.name)

    def _kept(self) -> list[Path]:
        return [path for path in self._folder.iterdir() if _NAME.fullmatch(path.name)]

    def _find(self, sha256: str) -> Artifact | None:
        path = self._folder / _name(sha256)
        with self._lock:
            if not path.exists() or path.name in self._unsynced:
                return None
            self._recent[path.name] = self._clock.monotonic_s()
        unzipped_size, _ = (path / "complete").read_text().split()
        return Artifact(sha256, (path / "zip").stat().st_size, int(unzipped_size))

    def _keep(self, staging: Path, sha256: str, data: bytes | Path) -> Artifact:
        """Unpack the zip beside itself in its staging folder, and give that its place. data: the same bytes."""
        unzipped_size = unpack(data, staging / "tree")
        (staging / "complete").write_text(f"{unzipped_size} {self._boot}")  # not synced: lost, the tree is made again
        artifact = Artifact(sha256, (staging / "zip").stat().st_size, unzipped_size)
        self._publish(staging, self._folder / _name(sha256))
        return artifact

    def _publish(self, made: Path, target: Path) -> None:
        """Where another thread was faster with the same bytes, its artifact stays."""
        with self._lock:
            if not target.exists():
                made.rename(target)
                self._unsynced.add(target.name)
            self._recent[target.name] = self._clock.monotonic_s()
        os.utime(target / "zip")  # changed after the move, which is then in the journal before it
        sync(target / "zip")
        with self._lock:
            self._unsynced.discard(target.name)

    def _remake(self, path: Path) -> None:
        """Unpack a zip again whose tree may have been lost with the machine's memory."""
        with self._staging() as staging:
            try:
                unzipped_size = unpack(path / "zip", staging / "tree")
            except (LambdaError, FileNotFoundError):
                log.warning("%s is damaged and was removed; deploy its function again", path)
                path.rename(staging / path.name)
                return
            sync_tree(staging / "tree")
            if (path / "tree").exists():
                (path / "tree").rename(staging / "lost")
            (staging / "tree").rename(path / "tree")
            sync(path)
            write_text(staging / "complete", f"{unzipped_size} {_SYNCED}")
            (staging / "complete").rename(path / "complete")

    @contextmanager
    def _staging(self) -> Iterator[Path]:
        """A folder that goes when the block ends, unless it was given its place."""
        path = Path(tempfile.mkdtemp(prefix=_STAGING, dir=self._folder))
        try:
            yield path
        finally:
            if path.exists():
                shutil.rmtree(path)


def _name(sha256: str) -> str:
    """What an artifact's folder is called: the hash in hex, since base64 has slashes."""
    return base64.b64decode(sha256).hex()


def _made_during(path: Path) -> str | None:
    """During which run of the machine a tree was made; None where nothing proves it complete."""
    try:
        _, boot = (path / "complete").read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    return boot


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
    """Make a file of bytes in memory and return their base64 hash, which another thread makes meanwhile."""
    digest = hashlib.sha256()
    hashing = Thread(target=digest.update, args=(data,), name="hash")
    hashing.start()
    try:
        with path.open("xb") as file:
            file.write(data)
            begin_sync(file.fileno())
    finally:
        hashing.join()
    return base64.b64encode(digest.digest()).decode()


def _sha256(source: BinaryIO, copy: BinaryIO | None = None) -> str:
    """The base64 hash of a file from its start, written to `copy` on the way."""
    digest = hashlib.sha256()
    source.seek(0)
    while chunk := source.read(CHUNK_BYTES):
        digest.update(chunk)
        if copy is not None:
            copy.write(chunk)
    return base64.b64encode(digest.digest()).decode()
