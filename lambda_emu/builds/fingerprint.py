"""What code is known by before it is kept: by which it is told that it changed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from lambda_emu.store.code.folder_zip import SKIPPED

LEFT_OUT = SKIPPED | {".aws-sam"}
"""Folders that are no code, wherever they are: our own data too, which each start changes."""
MOST_FILES = 100_000
PIECE_BYTES = 1024 * 1024


def fingerprint(code: Path) -> str:
    """Of a folder, by the names and contents of its files, or of a file; of what is not there too."""
    told = hashlib.sha256()
    for number, file in enumerate(_files(code)):
        if number >= MOST_FILES:
            break
        told.update(f"{file.relative_to(code)}\0".encode(errors="surrogateescape"))
        _add(told, file)
    return told.hexdigest()


def hash_of(values: Sequence[object]) -> str:
    """Of all that something is made of: 32 hex digits."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _files(code: Path) -> Iterator[Path]:
    if code.is_file():
        yield code
    for folder, names, files in os.walk(code):
        names[:] = sorted(name for name in names if name not in LEFT_OUT)
        yield from (Path(folder, file) for file in sorted(files))


def _add(told: hashlib._Hash, file: Path) -> None:
    """Its bytes; what cannot be read, or is no file, is refused when it is kept."""
    if not file.is_file():
        return
    try:
        with open(file, "rb") as opened:
            while piece := opened.read(PIECE_BYTES):
                told.update(piece)
    except OSError:
        return
