"""Code on disk, named by what it is: folder/<sha256>/{zip,tree,complete}. What `add` returned survives a crash.

An artifact is made in a staging folder and renamed into place; what a dead process left there goes at the next start.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from lambda_emu.clock import Clock
from lambda_emu.errors import ZippedTooLarge
from lambda_emu.model.function import Artifact
from lambda_emu.store.folder_zip import write_folder
from lambda_emu.store.unzip import FILE_MODE, FOLDER_MODE, unpack
from lambda_emu.store.zip_reader import CHUNK_BYTES

ZIPPED_LIMIT_BYTES = 52_428_800
SPARED_S = 300  # from adding an artifact to the record that names it; a write takes 60 s at most

_STAGING = ".staging-"


class Artifacts:
    """The zips of functions and layers, unpacked beside themselves. Any thread may add, read and collect."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        """Nobody else may use the folder meanwhile."""
        self._folder = folder
        self._clock = clock or Clock()
        self._lock = Lock()  # guards _added and what appears in or leaves the folder; not held while files are written
        self._added: dict[str, float] = {}  # by name, when it was last added
        folder.mkdir(parents=True, exist_ok=True)
        for stale in folder.glob(_STAGING + "*"):
            shutil.rmtree(stale)

    def add_zip(self, data: bytes | Path) -> Artifact:
        """Keep a zip as it came, and unpacked. ZippedTooLarge, UnzippedTooLarge, InvalidZip, OSError."""
        with _opened(data) as source:
            if source.seek(0, os.SEEK_END) > ZIPPED_LIMIT_BYTES:
                raise ZippedTooLarge
            known = self._known(_sha256(source))
            if known is not None:
                return known
            with self._staging() as staging:
                with (staging / "zip").open("xb") as file:
                    sha256 = _sha256(source, file)
                return self._keep(staging, sha256)

    def add_folder(self, path: Path) -> Artifact:
        """Keep a folder as a zip that is the same for the same files. UnusableFolder, UnzippedTooLarge, OSError."""
        with self._staging() as staging:
            with (staging / "zip").open("x+b") as file:
                write_folder(path, file)
                sha256 = _sha256(file)
            return self._known(sha256) or self._keep(staging, sha256)

    def tree(self, sha256: str) -> Path:
        """The folder with the files of an artifact, not to be written to."""
        return self._folder / _name(sha256) / "tree"

    def zip_path(self, sha256: str) -> Path:
        """The zip of an artifact, byte for byte."""
        return self._folder / _name(sha256) / "zip"

    def collect(self, kept: Collection[str]) -> None:
        """Remove artifacts that nothing names: not in `kept`, nor added in the last minutes."""
        names = {_name(sha256) for sha256 in kept}
        with self._staging() as bin_, self._lock:
            horizon = self._clock.monotonic_s() - SPARED_S
            self._added = {name: at for name, at in self._added.items() if at > horizon}
            for path in self._folder.iterdir():
                if not path.name.startswith(_STAGING) and path.name not in names | self._added.keys():
                    path.rename(bin_ / path.name)

    def _known(self, sha256: str) -> Artifact | None:
        path = self._folder / _name(sha256)
        with self._lock:
            try:
                unzipped_size = int((path / "complete").read_text())
            except FileNotFoundError:
                return None
            self._added[path.name] = self._clock.monotonic_s()
        return Artifact(sha256, (path / "zip").stat().st_size, unzipped_size)

    def _keep(self, staging: Path, sha256: str) -> Artifact:
        """Unpack the zip in a staging folder, and move all of it to its place."""
        unzipped_size = unpack(staging / "zip", staging / "tree")
        (staging / "zip").chmod(FILE_MODE)
        (staging / "complete").write_text(str(unzipped_size))
        for path in (staging / "zip", staging / "complete", staging):
            _sync(path)
        made = staging / _name(sha256)
        size = (staging / "zip").stat().st_size
        made.mkdir()
        made.chmod(FOLDER_MODE)
        for part in ("zip", "tree", "complete"):
            (staging / part).rename(made / part)
        with self._lock:
            target = self._folder / made.name
            if not target.exists():
                made.rename(target)
            self._added[made.name] = self._clock.monotonic_s()
        _sync(self._folder)
        return Artifact(sha256, size, unzipped_size)

    @contextmanager
    def _staging(self) -> Iterator[Path]:
        path = Path(tempfile.mkdtemp(prefix=_STAGING, dir=self._folder))
        try:
            yield path
        finally:
            shutil.rmtree(path)


def _name(sha256: str) -> str:
    """What an artifact's folder is called: the hash in hex, since base64 has slashes."""
    return base64.b64decode(sha256).hex()


@contextmanager
def _opened(data: bytes | Path) -> Iterator[BinaryIO]:
    with io.BytesIO(data) if isinstance(data, bytes) else data.open("rb") as source:
        yield source


def _sha256(source: BinaryIO, copy: BinaryIO | None = None) -> str:
    """The base64 hash of a file from its start, written to `copy` on the way."""
    digest = hashlib.sha256()
    source.seek(0)
    while chunk := source.read(CHUNK_BYTES):
        digest.update(chunk)
        if copy is not None:
            copy.write(chunk)
    return base64.b64encode(digest.digest()).decode()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
