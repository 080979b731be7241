"""What code is known by before it is kept: by which it is told that it changed."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from lambda_emu.store.code.folder_zip import SKIPPED

LEFT_OUT = SKIPPED | {".aws-sam"}
"""Folders that are no code, wherever they are: our own data too, which each start changes."""
MOST_FILES = 500_000
"""Folders too. What has more is refused: whoever looked at some alone would not see the others change."""
PIECE_BYTES = 1024 * 1024


class TooManyFiles(OSError):
    def __init__(self, code: Path, most: int) -> None:
        super().__init__(f"{code} has more than {most:,} files and folders; leave out what is no code")


def fingerprint(code: Path, paths: Iterable[str] | None = None, most: int = MOST_FILES) -> str:
    """Of a folder or a file, by names, contents, where links lead and what may be executed; of what is not there too.

    paths: all that counts of a folder, seen from it; None: all but LEFT_OUT. TooManyFiles.
    """
    told = hashlib.sha256()
    if not code.is_dir():
        _add(told, "", str(code))
    found = list(islice(_paths(code) if paths is None else paths, most + 1))
    if len(found) > most:
        raise TooManyFiles(code, most)
    for path in sorted(found):
        _add(told, path, os.path.join(code, path))
    return told.hexdigest()


def hash_of(values: Sequence[object]) -> str:
    """Of all that something is made of: 32 hex digits."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _paths(code: Path) -> Iterator[str]:
    for folder, names, files in os.walk(code):
        names[:] = [name for name in names if name not in LEFT_OUT]
        beside = os.path.relpath(folder, code)
        yield from (os.path.normpath(os.path.join(beside, name)) for name in (*names, *files))


def _add(told: hashlib._Hash, name: str, path: str) -> None:
    """What it is, and its bytes; of a link those that it leads to as well. What cannot be read is refused when kept."""
    try:
        found = os.lstat(path)
        leads = os.readlink(path) if stat.S_ISLNK(found.st_mode) else ""
        what = (name, stat.S_IFMT(found.st_mode), found.st_mode & 0o111, leads)
        told.update("".join(f"{one}\0" for one in what).encode(errors="surrogateescape"))
        if os.path.isfile(path):
            _add_bytes(told, path)
    except OSError:
        return


def _add_bytes(told: hashlib._Hash, path: str) -> None:
    with open(path, "rb") as opened:
        told.update(f"{os.fstat(opened.fileno()).st_size}\0".encode())
        while piece := opened.read(PIECE_BYTES):
            told.update(piece)
