"""What a program or shared library asks of the machine: elf(5), read from the file. What is cut or made up is nothing.

Versions of symbols: https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct, field

MAGIC = b"\x7fELF"
_64_BIT_LITTLE_ENDIAN = b"\x02\x01"
_HEADER = struct.Struct("<16xHH12xQ14xHH")  # e_type, e_machine, e_phoff, e_phentsize, e_phnum
_SEGMENT = struct.Struct("<IIQQQQ")  # p_type, p_flags, p_offset, p_vaddr, p_paddr, p_filesz
_ENTRY = struct.Struct("<qQ")  # d_tag, d_val
_LIBRARY = struct.Struct("<2xHIII")  # vn_cnt, vn_file, vn_aux, vn_next
_VERSION = struct.Struct("<4xH2xII")  # vna_flags, vna_name, vna_next
_MACHINE = struct.Struct("<18xH")
PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NEEDED, DT_STRTAB, DT_STRSZ, DT_VERNEED = 1, 5, 10, 0x6FFFFFFE
VER_FLG_WEAK = 2
E_MACHINES = {3: "i386", 40: "arm", 62: "x86_64", 183: "arm64"}
MOST_BYTES = 1 << 20
"""Of any part that is read: real ones are a few KB."""
MOST_SEGMENTS = 256
VERSIONS_BYTES = 1 << 16
MOST_VERSIONS = 4096

Segment = tuple[int, int, int, int]
"""Type, offset in the file, address and size."""


class Elf(Struct, frozen=True):
    """architecture: as Lambda calls it, where it has it. All else is only known of 64 bit and little endian.

    interpreter: what loads the program, if anything does. needed: the libraries it is linked with. versions: what it
    takes of each of these for granted, by their names.
    """

    architecture: str
    interpreter: str | None = None
    needed: tuple[str, ...] = ()
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


def needed_libraries(file: Path) -> list[str]:
    """The names of the libraries it is linked with. Empty for what is no such file. OSError."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = read_elf(descriptor)
    finally:
        os.close(descriptor)
    return [] if found is None else list(found.needed)


def read_elf(descriptor: int) -> Elf | None:
    """None for what is no such file. OSError."""
    head = os.pread(descriptor, _HEADER.size, 0)
    if not head.startswith(MAGIC) or len(head) < _MACHINE.size:
        return None
    (machine,) = _MACHINE.unpack_from(head)
    architecture = E_MACHINES.get(machine, f"machine {machine}")
    if not head.startswith(MAGIC + _64_BIT_LITTLE_ENDIAN):
        return Elf(architecture)
    try:
        return _read(descriptor, architecture, head)
    except (struct.error, StopIteration, ValueError, KeyError, OverflowError):  # cut, or made by hand
        return Elf(architecture)


def _read(descriptor: int, architecture: str, head: bytes) -> Elf:
    segments = list(_segments(descriptor, head))
    interpreter = None
    for kind, at, _, size in segments:
        if kind == PT_INTERP:
            interpreter = _part(descriptor, at, size).rstrip(b"\0").decode()
    entries = [
        entry
        for kind, at, _, size in segments
        if kind == PT_DYNAMIC
        for entry in _ENTRY.iter_unpack(_part(descriptor, at, size))
    ]
    table = dict(entries)
    if DT_STRTAB not in table:
        return Elf(architecture, interpreter)
    strings = _part(descriptor, _offset(segments, table[DT_STRTAB]), table[DT_STRSZ])
    needed = tuple(_string(strings, value) for tag, value in entries if tag == DT_NEEDED)
    versions: dict[str, tuple[str, ...]] = {}
    if DT_VERNEED in table:
        block = os.pread(descriptor, VERSIONS_BYTES, _offset(segments, table[DT_VERNEED]))
        versions = dict(_versions(block, strings))
    return Elf(architecture, interpreter, needed, versions)


def _segments(descriptor: int, head: bytes) -> Iterator[Segment]:
    _, _, start, size, count = _HEADER.unpack(head)
    if count > MOST_SEGMENTS:
        raise ValueError(f"{count} segments")
    for number in range(count):
        read = _part(descriptor, start + number * size, _SEGMENT.size)
        kind, _, offset, address, _, length = _SEGMENT.unpack(read)
        yield kind, offset, address, length


def _versions(block: bytes, strings: bytes) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is needed of each library; without what is weak, which may be missing."""
    at, left = 0, MOST_VERSIONS
    while left > 0:
        count, name, first, following = _LIBRARY.unpack_from(block, at)
        found, one = [], at + first
        for _ in range(min(count, left)):
            flags, version, step = _VERSION.unpack_from(block, one)
            if not flags & VER_FLG_WEAK:
                found.append(_string(strings, version))
            one += step
        yield _string(strings, name), tuple(found)
        if following == 0:
            return
        at, left = at + following, left - 1 - count


def _offset(segments: list[Segment], address: int) -> int:
    """Where in the file is what will be at this address."""
    return next(
        offset + address - start
        for kind, offset, start, size in segments
        if kind == PT_LOAD and start <= address < start + size
    )


def _string(strings: bytes, at: int) -> str:
    return strings[at : strings.index(b"\0", at)].decode()


def _part(descriptor: int, at: int, size: int) -> bytes:
    if size > MOST_BYTES:
        raise ValueError(f"{size} bytes")
    return os.pread(descriptor, size, at)
