"""What a program or shared library is linked with: DT_NEEDED of its dynamic section, read from the file. elf(5).

Only for 64 bit and little endian, as Lambda's machines are; of anything else nothing is known.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_IDENT = b"\x7fELF\x02\x01"
_HEADER = struct.Struct("<32xQ14xHH")  # e_phoff, e_phentsize, e_phnum
_SEGMENT = struct.Struct("<IIQQQQ")  # p_type, p_flags, p_offset, p_vaddr, p_paddr, p_filesz
_ENTRY = struct.Struct("<qQ")  # d_tag, d_val
PT_LOAD, PT_DYNAMIC = 1, 2
DT_NEEDED, DT_STRTAB, DT_STRSZ = 1, 5, 10
MOST_BYTES = 1 << 20
"""Of any part that is read: real ones are a few KB."""


def needed_libraries(file: Path) -> list[str]:
    """The names of the libraries it is linked with. Empty for what is no such file. OSError."""
    with file.open("rb") as opened:
        try:
            return _read_needed(opened)
        except (struct.error, StopIteration, ValueError):  # cut, or made by hand
            return []


def _read_needed(file: BinaryIO) -> list[str]:
    segments = list(_segments(file))
    entries = [entry for kind, at, _, size in segments if kind == PT_DYNAMIC for entry in _entries(file, at, size)]
    table = dict(entries)
    if DT_STRTAB not in table:
        return []
    strings = _read(file, _offset(segments, table[DT_STRTAB]), table[DT_STRSZ])
    names = [value for tag, value in entries if tag == DT_NEEDED]
    return [strings[at : strings.index(b"\0", at)].decode() for at in names]


def _segments(file: BinaryIO) -> Iterator[tuple[int, int, int, int]]:
    """Type, offset in the file, address and size of each."""
    head = _read(file, 0, _HEADER.size)
    if not head.startswith(_IDENT):
        return
    start, size, count = _HEADER.unpack(head)
    for number in range(count):
        kind, _, offset, address, _, length = _SEGMENT.unpack(_read(file, start + number * size, _SEGMENT.size))
        yield kind, offset, address, length


def _entries(file: BinaryIO, at: int, size: int) -> Iterator[tuple[int, int]]:
    return _ENTRY.iter_unpack(_read(file, at, size))


def _offset(segments: list[tuple[int, int, int, int]], address: int) -> int:
    """Where in the file is what will be at this address."""
    return next(
        offset + address - start
        for kind, offset, start, size in segments
        if kind == PT_LOAD and start <= address < start + size
    )


def _read(file: BinaryIO, at: int, size: int) -> bytes:
    if size > MOST_BYTES:
        raise ValueError(f"{size} bytes")
    file.seek(at)
    return file.read(size)
