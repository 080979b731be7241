"""Large bodies in a folder of their own: a file each, that is there as long as somebody needs it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import IO
from uuid import uuid4
from weakref import WeakValueDictionary, finalize

SMALL_BYTES = 64 * 1024
"""What is not larger is kept in memory, and in the journal itself."""
PIECE_BYTES = 1024 * 1024
BEGUN = "begun-"
BODIES = "bodies"
"""The folder's name."""
Memo = Callable[[str, Callable[[], bytes]], bytes]


class Body:
    """One file. Whoever holds this may open it. home: where it is."""

    __slots__ = ("__weakref__", "home", "name")

    def __init__(self, home: Bodies, name: str) -> None:
        self.home = home
        self.name = name

    def open(self) -> IO[bytes]:
        return (self.home.folder / self.name).open("rb")

    @property
    def size(self) -> int:
        return (self.home.folder / self.name).stat().st_size


class Bodies:
    """is_kept: files outlive the process, until `remove` or `remove_all_but`; else each goes with its last Body."""

    def __init__(self, folder: Path, *, is_kept: bool) -> None:
        self.folder = folder
        self.memo: Memo = _make
        """Of a name; what was made for it the first time, where somebody keeps that."""
        self._is_kept = is_kept
        self._lock = Lock()  # guards _held, and what is removed against what comes
        self._held: WeakValueDictionary[str, Body] = WeakValueDictionary()
        self._unused: deque[int] = deque()  # sizes of files that nobody holds any more; appended to at any moment
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{BEGUN}*" if is_kept else "*"):  # by a process that was killed
            left.unlink()

    def keep(self, pieces: Iterable[bytes]) -> Body:
        """All of them, one behind the other. OSError: there is no room for it; what pieces raises. Nothing is left."""
        with IncomingFile(self) as begun:
            for piece in pieces:
                begun.write(piece)
            return begun.end()

    def find(self, name: str) -> Body:
        """Of a file that is there."""
        with self._lock:
            found = self._held.get(name)
            return self._hold(name) if found is None else found

    def remove(self, body: Body) -> None:
        """Nobody is to need it."""
        (self.folder / body.name).unlink(missing_ok=True)

    def remove_all_but(self, names: Collection[str]) -> None:
        """What somebody holds stays too."""
        for path in self.folder.iterdir():
            with self._lock:
                if path.name not in names and path.name not in self._held and not path.name.startswith(BEGUN):
                    path.unlink()

    def unused_bytes(self) -> int:
        """Of files that nobody holds any more since this was last asked."""
        found = 0
        with suppress(IndexError):
            while True:
                found += self._unused.popleft()
        return found

    def take(self, begun: Path) -> Body:
        """A whole file of this folder, from now on by a name of its own."""
        with self._lock:
            body = self._hold(uuid4().hex)
            begun.rename(self.folder / body.name)
        return body

    def _hold(self, name: str) -> Body:
        body = self._held[name] = Body(self, name)
        path = self.folder / name
        finalize(body, _unused if self._is_kept else _unlink, path, self._unused).atexit = False
        return body


class IncomingFile:
    """A file on its way in; it is gone where the block ends before `end`."""

    def __init__(self, home: Bodies) -> None:
        self._home = home
        self._path = home.folder / f"{BEGUN}{os.urandom(16).hex()}"
        self._file = self._path.open("xb", buffering=0)

    def __enter__(self) -> IncomingFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, data: bytes) -> int:
        """All of it. OSError: there is no room."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        return len(data)

    def end(self) -> Body:
        self._file.close()
        return self._home.take(self._path)

    def close(self) -> None:
        """Nothing is left, unless it has ended."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def pieces_of(source: IO[bytes], length: int) -> Iterator[bytes]:
    """So many bytes of it. OSError: it ends too early."""
    while length:
        piece = source.read(min(length, PIECE_BYTES))
        if not piece:
            raise OSError("the rest of a body did not come")
        length -= len(piece)
        yield piece


def memo_name(what: str) -> str:
    return sha256(what.encode()).hexdigest()


def _make(_: str, make: Callable[[], bytes]) -> bytes:
    return make()


def _unlink(path: Path, _: object) -> None:
    path.unlink(missing_ok=True)


def _unused(path: Path, unused: deque[int]) -> None:
    with suppress(OSError):
        unused.append(path.stat().st_size)
