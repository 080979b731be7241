"""Layers and configurations of images, on disk: a folder for each repository, and one for what is being uploaded."""

from __future__ import annotations

import os
import re
import shutil
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock
from urllib.parse import quote, unquote

from lambda_emu.disk import sync
from lambda_emu.services.registry.errors import NoUpload, RegistryFull, WrongDigest, WrongRange
from lambda_emu.services.registry.names import Repository

MOST_BYTES = 50 * 1024**3
"""Of all repositories."""
MOST_UPLOADS = 128
"""The oldest is given up for a new one; Docker has five at once."""
WANTED_S = 3600.0
"""So long a blob that no image has stays: one that has it may be on its way."""
UPLOADS = "uploads"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
PIECE_BYTES = 1024 * 1024


class Blobs:
    """Any thread may ask. new_id: of an upload; nobody can guess it. now_s: epoch seconds, as files have it."""

    def __init__(self, folder: Path, new_id: Callable[[], str], now_s: Callable[[], float]) -> None:
        self._folder = folder
        self._new_id = new_id
        self._now_s = now_s
        self._lock = Lock()  # guards _uploads; bookkeeping only
        self._uploads: OrderedDict[str, tuple[Repository, Lock]] = OrderedDict()  # each upload's lock guards its file
        shutil.rmtree(folder / UPLOADS, ignore_errors=True)  # nobody goes on with what an earlier run began

    def has_any(self, repository: Repository) -> bool:
        return self._of(repository).is_dir()

    def find(self, repository: Repository, digest: str) -> Path | None:
        """Of one that somebody may want for an image that comes."""
        if DIGEST.fullmatch(digest) is None:
            return None
        file = self._of(repository) / digest.removeprefix("sha256:")
        if not file.is_file():
            return None
        if file.stat().st_mtime > 0:  # no image has it yet
            with suppress(OSError):
                os.utime(file, (self._now_s(), self._now_s()))
        return file

    def claim(self, repository: Repository, digests: Collection[str]) -> None:
        """An image has them now: they go with the last one that does."""
        for digest in digests:
            with suppress(OSError):
                os.utime(self._of(repository) / digest.removeprefix("sha256:"), (0, 0))

    # -- uploads

    def begin(self, repository: Repository) -> str:
        """RegistryFull."""
        if self._size() > MOST_BYTES:
            raise RegistryFull(MOST_BYTES)
        id = self._new_id()
        (self._folder / UPLOADS).mkdir(parents=True, exist_ok=True)
        with self._lock:
            self._uploads[id] = repository, Lock()
            given_up = self._uploads.popitem(last=False)[0] if len(self._uploads) > MOST_UPLOADS else None
        if given_up is not None:
            self._file(given_up).unlink(missing_ok=True)
        return id

    def append(self, repository: Repository, id: str, body: bytes | Path, at: int | None = None) -> int:
        """body: bytes, or a file of ours, which stays. at: where it begins, where that is said. The size by then.

        NoUpload, WrongRange.
        """
        with self._upload(repository, id):
            file = self._file(id)
            size = file.stat().st_size if file.exists() else 0
            if at is not None and at != size:
                raise WrongRange(size)
            if isinstance(body, Path):
                _append_file(file, body, size)
            elif body or not file.exists():
                with open(file, "ab") as opened:
                    opened.write(body)
            return file.stat().st_size

    def finish(self, repository: Repository, id: str, digest: str) -> None:
        """It is whole. NoUpload, WrongDigest: nothing of it is left."""
        lock = self._upload(repository, id)
        with lock:
            with self._lock:
                self._uploads.pop(id, None)
            file = self._file(id)
            if _digest_of(file) != digest:
                file.unlink(missing_ok=True)
                raise WrongDigest
            sync(file)
            target = self._of(repository) / digest.removeprefix("sha256:")
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():  # an image may have it
                file.unlink()
            else:
                file.rename(target)

    def give_up(self, repository: Repository, id: str) -> None:
        """NoUpload."""
        with self._upload(repository, id):
            with self._lock:
                self._uploads.pop(id, None)
            self._file(id).unlink(missing_ok=True)

    def _upload(self, repository: Repository, id: str) -> Lock:
        with self._lock:
            found = self._uploads.get(id)
        if found is None or found[0] != repository:
            raise NoUpload
        return found[1]

    # -- what goes

    def repositories(self) -> list[Repository]:
        """Those that have anything."""
        found = self._folder.glob("[0-9]*/*/*")
        return [Repository(one.parts[-3], one.parts[-2], unquote(one.name)) for one in found]

    def keep(self, repository: Repository, held: Collection[str] | None) -> None:
        """Remove what no image has. held: digests that images have; None: there is no such repository."""
        folder = self._of(repository)
        if held is None:
            shutil.rmtree(folder, ignore_errors=True)
            return
        with suppress(OSError):
            for file in list(folder.iterdir()):
                if f"sha256:{file.name}" not in held and file.stat().st_mtime < self._now_s() - WANTED_S:
                    file.unlink(missing_ok=True)

    def clear(self) -> None:
        with self._lock:
            self._uploads.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _of(self, repository: Repository) -> Path:
        return self._folder / repository.account / repository.region / quote(repository.name, safe="")

    def _file(self, id: str) -> Path:
        return self._folder / UPLOADS / id

    def _size(self) -> int:
        """Of all files, in bytes."""
        size = 0
        for folder, _, names in os.walk(self._folder):
            for name in names:
                with suppress(OSError):
                    size += os.lstat(os.path.join(folder, name)).st_size
        return size


def _append_file(file: Path, body: Path, size: int) -> None:
    """The first is linked: nobody else writes to it."""
    if size == 0:
        file.unlink(missing_ok=True)
        os.link(body, file)
        return
    with open(body, "rb") as source, open(file, "ab") as opened:
        shutil.copyfileobj(source, opened, PIECE_BYTES)


def _digest_of(file: Path) -> str:
    told = sha256()
    with suppress(FileNotFoundError):
        for piece in pieces_of(file):
            told.update(piece)
    return f"sha256:{told.hexdigest()}"


def pieces_of(file: Path) -> Iterator[bytes]:
    with open(file, "rb") as opened:
        while piece := opened.read(PIECE_BYTES):
            yield piece
