"""Layers and configurations of images, on disk: a folder for each repository, and one for what is being uploaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock
from urllib.parse import quote, unquote

from lambda_emu.disk import sync
from lambda_emu.services.registry.errors import Occupied, RegistryFull, WrongDigest
from lambda_emu.services.registry.manifests import DIGEST
from lambda_emu.services.registry.names import Repository
from lambda_emu.services.registry.uploads import LAYER_BYTES, PIECE_BYTES, Uploads, size_of

MOST_BYTES = 50 * 1024**3
"""Of all repositories, and of what is being uploaded."""
WANTED_S = 3600.0
"""So long a blob that no image has stays: one that has it may be on its way."""
CLAIMING_LIMIT_S = 100.0
"""So long an image waits for another that is put, or for what removes blobs."""
UPLOADS = "uploads"


class Blobs:
    """Any thread may ask. new_id: of an upload; nobody can guess it. now_s: epoch seconds, as files have it.

    most_bytes: of all; layer_bytes: of one blob.
    """

    def __init__(
        self,
        folder: Path,
        new_id: Callable[[], str],
        now_s: Callable[[], float],
        most_bytes: int = MOST_BYTES,
        layer_bytes: int = LAYER_BYTES,
    ) -> None:
        self._folder = folder
        self._now_s = now_s
        self._most_bytes = most_bytes
        self.uploads = Uploads(folder / UPLOADS, new_id, now_s, layer_bytes)
        self._claiming = Lock()  # an image is looked at, put and has its blobs; or what has none is asked and removed
        self._times = Lock()  # a blob comes, goes, or its time is set; short
        self._room = Lock()  # guards _coming_bytes, and the size is measured; short
        self._coming_bytes = 0  # of bodies that are being added

    def has_any(self, repository: Repository) -> bool:
        return self._of(repository).is_dir()

    def find(self, repository: Repository, digest: str) -> Path | None:
        """To be read."""
        file = None if DIGEST.fullmatch(digest) is None else self._file(repository, digest)
        return file if file is not None and file.is_file() else None

    def want(self, repository: Repository, digest: str) -> Path | None:
        """Find one for an image that comes: for a while it stays."""
        with self._times:
            file = self.find(repository, digest)
            if file is not None:
                os.utime(file, (self._now_s(), self._now_s()))
        return file

    @contextmanager
    def claiming(self) -> Iterator[None]:
        """No blob goes meanwhile: for who looks whether an image's are there, puts it, and claims them. Occupied."""
        if not self._claiming.acquire(timeout=CLAIMING_LIMIT_S):
            raise Occupied
        try:
            yield
        finally:
            self._claiming.release()

    def claim(self, repository: Repository, digests: Collection[str]) -> None:
        """An image has them now: they go with the last one that does. Within `claiming`."""
        with self._times:
            for digest in digests:
                with suppress(OSError):
                    os.utime(self._file(repository, digest), (0, 0))

    # -- uploads

    def begin(self, repository: Repository) -> str:
        """RegistryFull."""
        with self._having_room(1):
            return self.uploads.begin(repository)

    def append(self, repository: Repository, id: str, body: bytes | Path, at: int | None = None) -> int:
        """body: bytes, or a file of ours, which stays. at: where it begins, where that is said. The size by then.

        NoUpload, WrongRange, TooLarge, RegistryFull.
        """
        with self._having_room(size_of(body)):
            return self.uploads.append(repository, id, body, at)

    def finish(self, repository: Repository, id: str, digest: str) -> None:
        """It is whole. NoUpload, WrongDigest: nothing of it is left."""
        with self.uploads.finishing(repository, id) as file:
            if _digest_of(file) != digest:
                raise WrongDigest
            sync(file)
            target = self._file(repository, digest)
            with self._times:
                target.parent.mkdir(parents=True, exist_ok=True)
                if not target.exists():  # else an image may have it
                    file.rename(target)
                os.utime(target, (self._now_s(), self._now_s()))

    @contextmanager
    def _having_room(self, size: int) -> Iterator[None]:
        """size: of what is added, in bytes. RegistryFull."""
        self.uploads.give_up_old()
        with self._room:
            if self._size() + self._coming_bytes + size > self._most_bytes:
                raise RegistryFull(self._most_bytes)
            self._coming_bytes += size
        try:
            yield
        finally:
            with self._room:
                self._coming_bytes -= size

    # -- what goes

    def repositories(self) -> list[Repository]:
        """Those that have anything."""
        found = self._folder.glob("[0-9]*/*/*")
        kept = {Repository(one.parts[-3], one.parts[-2], unquote(one.name)) for one in found}
        return [*(kept | self.uploads.repositories())]

    def keep(self, repository: Repository, held: Collection[str] | None, asked_s: float) -> None:
        """Remove what no image has. Within `claiming`.

        held: digests that images have; None: there is no such repository. asked_s: when that was asked, in epoch
        seconds: what came since stays, of a repository that was made anew too.
        """
        folder = self._of(repository)
        until_s = asked_s if held is None else asked_s - WANTED_S
        for file in list(folder.glob("*")):
            with self._times, suppress(OSError):
                if (held is None or f"sha256:{file.name}" not in held) and file.stat().st_mtime < until_s:
                    file.unlink(missing_ok=True)
        if held is None:
            self.uploads.give_up_of(repository)
            with self._times, suppress(OSError):
                folder.rmdir()

    def clear(self) -> None:
        """Within `claiming`."""
        self.uploads.give_up_of(None)
        with self._times:
            for account in self._folder.glob("[0-9]*"):
                shutil.rmtree(account, ignore_errors=True)

    def _of(self, repository: Repository) -> Path:
        return self._folder / repository.account / repository.region / quote(repository.name, safe="")

    def _file(self, repository: Repository, digest: str) -> Path:
        return self._of(repository) / digest.removeprefix("sha256:")

    def _size(self) -> int:
        """Of all files, in bytes."""
        size = 0
        for folder, _, names in os.walk(self._folder):
            for name in names:
                with suppress(OSError):
                    size += os.lstat(os.path.join(folder, name)).st_size
        return size


def _digest_of(file: Path) -> str:
    told = sha256()
    for piece in pieces_of(file):
        told.update(piece)
    return f"sha256:{told.hexdigest()}"


def pieces_of(file: Path) -> Iterator[bytes]:
    with open(file, "rb") as opened:
        while piece := opened.read(PIECE_BYTES):
            yield piece
