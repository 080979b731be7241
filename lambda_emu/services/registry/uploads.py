"""Blobs that are on their way: each is a file that grows until it is whole."""

from __future__ import annotations

import os
import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from lambda_emu.services.registry.errors import NoUpload, TooLarge, WrongRange
from lambda_emu.services.registry.names import Repository

LAYER_BYTES = 10 * 1024**3
"""Of one blob. An image of Lambda's has as much in all."""
MOST_UPLOADS = 128
"""The one that was touched last of all is given up for a new one; Docker has five at once."""
UNTOUCHED_S = 3600.0
"""After so long nobody goes on with it."""
PIECE_BYTES = 1024 * 1024


class _Upload:
    """lock: guards its file. has_ended: set once, by whoever ends it; whoever has the lock then removes the file."""

    def __init__(self, repository: Repository, file: Path, now_s: float) -> None:
        self.repository = repository
        self.file = file
        self.touched_s = now_s
        self.has_ended = False
        self.lock = Lock()


class Uploads:
    """Any thread may ask. new_id: nobody can guess it. now_s: epoch seconds. most_bytes: of one."""

    def __init__(
        self, folder: Path, new_id: Callable[[], str], now_s: Callable[[], float], most_bytes: int = LAYER_BYTES
    ) -> None:
        self._folder = folder
        self._new_id = new_id
        self._now_s = now_s
        self._most_bytes = most_bytes
        self._lock = Lock()  # guards the two below; bookkeeping only
        self._uploads: OrderedDict[str, _Upload] = OrderedDict()  # the one touched last stands last
        self._is_clean = False

    def has(self, repository: Repository, id: str) -> bool:
        """Does not block: the loop may ask."""
        with self._lock:
            found = self._uploads.get(id)
        return found is not None and found.repository == repository

    def repositories(self) -> set[Repository]:
        """Those that any is for."""
        with self._lock:
            return {upload.repository for upload in self._uploads.values()}

    def begin(self, repository: Repository) -> str:
        id = self._new_id()
        upload = _Upload(repository, self._folder / id, self._now_s())
        upload.file.touch()
        with self._lock:
            self._uploads[id] = upload
            given_up = [self._uploads.popitem(last=False)[1]] if len(self._uploads) > MOST_UPLOADS else []
        _end(given_up)
        return id

    def append(self, repository: Repository, id: str, body: bytes | Path, at: int | None = None) -> int:
        """The size by then; if it cannot be written, all is as it was. NoUpload, WrongRange, TooLarge."""
        with self._held(repository, id) as upload:
            size = upload.file.stat().st_size
            if at is not None and at != size:
                raise WrongRange(size)
            if size + size_of(body) > self._most_bytes:
                raise TooLarge(self._most_bytes)
            try:
                _append(upload.file, body, size)
            except OSError:
                os.truncate(upload.file, size)
                raise
            return upload.file.stat().st_size

    @contextmanager
    def finishing(self, repository: Repository, id: str) -> Iterator[Path]:
        """The file of one that ends with the block, and what is left of the file with it. NoUpload."""
        with self._held(repository, id) as upload:
            self._forget(id)
            upload.has_ended = True
            yield upload.file

    def give_up(self, repository: Repository, id: str) -> None:
        """NoUpload."""
        with self.finishing(repository, id):
            pass

    def give_up_old(self) -> None:
        """Those that nobody went on with for long, or that an earlier run began."""
        self._clean()
        until_s = self._now_s() - UNTOUCHED_S
        self._give_up_where(lambda upload: upload.touched_s < until_s)

    def give_up_of(self, repository: Repository | None) -> None:
        """None: of all."""
        self._give_up_where(lambda upload: repository is None or upload.repository == repository)

    def _give_up_where(self, goes: Callable[[_Upload], bool]) -> None:
        with self._lock:
            going = {id: upload for id, upload in self._uploads.items() if goes(upload)}
            for id in going:
                del self._uploads[id]
        _end(list(going.values()))

    @contextmanager
    def _held(self, repository: Repository, id: str) -> Iterator[_Upload]:
        """NoUpload, also if it ended while somebody else had it."""
        with self._lock:
            upload = self._uploads.get(id)
            if upload is None or upload.repository != repository:
                raise NoUpload
            self._uploads.move_to_end(id)
            upload.touched_s = self._now_s()
        try:
            with upload.lock:
                if upload.has_ended:
                    raise NoUpload
                yield upload
        finally:
            if upload.has_ended:
                upload.file.unlink(missing_ok=True)
            else:
                upload.touched_s = self._now_s()

    def _forget(self, id: str) -> None:
        with self._lock:
            self._uploads.pop(id, None)

    def _clean(self) -> None:
        with self._lock:
            is_clean, self._is_clean = self._is_clean, True
            if not is_clean:
                shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)


def _end(uploads: list[_Upload]) -> None:
    """Waits for nobody: who writes to one of them removes it after that."""
    for upload in uploads:
        upload.has_ended = True
        if upload.lock.acquire(blocking=False):
            with suppress(OSError):
                upload.file.unlink(missing_ok=True)
            upload.lock.release()


def size_of(body: bytes | Path) -> int:
    return body.stat().st_size if isinstance(body, Path) else len(body)


def _append(file: Path, body: bytes | Path, size: int) -> None:
    """The first file is linked: nobody else writes to it."""
    if isinstance(body, bytes):
        with open(file, "ab") as opened:
            opened.write(body)
    elif size == 0:
        new = file.with_suffix(".new")
        os.link(body, new)
        new.replace(file)
    else:
        with open(body, "rb") as source, open(file, "ab") as opened:
            shutil.copyfileobj(source, opened, PIECE_BYTES)
