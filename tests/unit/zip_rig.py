"""Zips written field by field, so that each field can lie."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from zipfile import ZipFile, ZipInfo

FILE, FOLDER, LINK = 0o100644, 0o040755, 0o120777


@dataclass(frozen=True, slots=True)
class Raw:
    """One entry. What is None is the truth; local_name: what the local header says."""

    name: bytes
    data: bytes = b""
    mode: int = FILE
    deflate: bool = False
    method: int | None = None
    flags: int = 0
    crc: int | None = None
    size: int | None = None
    packed_bytes: int | None = None
    local_name: bytes | None = None
    offset: int | None = None
    extra: bytes = b""


def raw_zip(*entries: Raw, prefix: bytes = b"", comment: bytes = b"") -> bytes:
    """Put entries, their directory and its end after one another."""
    out, directory = bytearray(), bytearray()
    for entry in entries:
        packed = deflated(entry.data) if entry.deflate else entry.data
        figures = (
            8 if entry.method is None and entry.deflate else entry.method or 0,
            zlib.crc32(entry.data) if entry.crc is None else entry.crc,
            len(packed) if entry.packed_bytes is None else entry.packed_bytes,
            len(entry.data) if entry.size is None else entry.size,
        )
        directory += _central(entry, figures, len(out) if entry.offset is None else entry.offset)
        out += _local(entry, figures) + packed
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, *(len(entries) & 0xFFFF,) * 2, len(directory), len(out), len(comment)
    )
    return prefix + bytes(out + directory) + end + comment


def zip_of(files: dict[str, str | bytes]) -> bytes:
    """An honest zip, as `zipfile` writes it."""
    out = io.BytesIO()
    with ZipFile(out, "w") as zip_file:
        for name, data in files.items():
            zip_file.writestr(ZipInfo(name), data)
    return out.getvalue()


def deflated(data: bytes) -> bytes:
    """Without zlib's header, as zips keep it."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


def _local(entry: Raw, figures: tuple[int, int, int, int]) -> bytes:
    name = entry.name if entry.local_name is None else entry.local_name
    method, *rest = figures
    return struct.pack("<4s5H3L2H", b"PK\3\4", 20, entry.flags, method, 0, 0, *rest, len(name), 0) + name


def _central(entry: Raw, figures: tuple[int, int, int, int], offset: int) -> bytes:
    method, *rest = figures
    lengths = (len(entry.name), len(entry.extra), 0)
    fields = (0x031E, 20, entry.flags, method, 0, 0, *rest, *lengths, 0, 0, entry.mode << 16, offset)
    return struct.pack("<4s6H3L5H2L", b"PK\1\2", *fields) + entry.name + entry.extra
