"""A zip read with suspicion: headers are claims, held against one another and the bytes. PKWARE APPNOTE 6.3.

Not `zipfile`: before 3.11.8 that takes overlapping entries, and in every version it makes objects of a directory of any
size, and cuts names at a NUL.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from lambda_emu.errors.code import InvalidZip

CHUNK_BYTES = 256 * 1024  # what one call into zlib or the system may take: the GIL and memory
MAX_ENTRIES = 100_000
STORED, DEFLATED = 0, 8
ENCRYPTED, UTF8_NAME = 0x1, 0x800
LOST_32 = 0xFFFFFFFF  # the figure is in the zip64 field instead

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FIELD = struct.Struct("<2H")
_MAX_COMMENT_BYTES = 0xFFFF


class Entry(Struct, frozen=True):
    """One file, folder or link as the central directory claims it. mode: of Unix, 0 where none was kept.

    packed_bytes and size: as stored and as unpacked. offset: of its local header in the file.
    """

    name: bytes
    flags: int
    method: int
    crc: int
    packed_bytes: int
    size: int
    mode: int
    offset: int

    @property
    def decoded_name(self) -> str:
        """UTF-8 where the bytes are that, flagged or not (macOS never flags); else the code page of DOS."""
        try:
            return self.name.decode()
        except UnicodeDecodeError:
            if self.flags & UTF8_NAME:
                raise InvalidZip from None
            return self.name.decode("cp437")

    @property
    def kind(self) -> int:
        """stat.S_IFREG, S_IFDIR, S_IFLNK or another."""
        kind = stat.S_IFMT(self.mode)
        if self.name.endswith(b"/"):
            return kind or stat.S_IFDIR
        return kind or stat.S_IFREG


def open_zip(data: bytes | Path) -> BinaryIO:
    """A zip in memory or in a file, to be read; the caller closes it."""
    return io.BytesIO(data) if isinstance(data, bytes) else data.open("rb")


class ZipReader:
    """The entries of a zip in an open file, and their bytes. InvalidZip for whatever does not hold together."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, os.SEEK_END)

    def entries(self) -> Sequence[Entry]:
        """In the order of the directory; at least one."""
        directory, size, claimed = self._directory()
        self._file.seek(directory)
        entries, left = [], size
        while left > 0:
            entry, used = self._central(directory - claimed)
            entries.append(entry)
            left -= used
            if len(entries) > MAX_ENTRIES:
                raise InvalidZip
        if left != 0 or not entries:
            raise InvalidZip
        _check_apart(entries, directory)
        return entries

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        """Its bytes, at most CHUNK_BYTES at a time, never more than it claims."""
        crc = size = 0
        for chunk in self._read_stored(entry) if entry.method == STORED else self._inflate(entry):
            size += len(chunk)
            if size > entry.size:
                raise InvalidZip
            crc = zlib.crc32(chunk, crc)
            yield chunk
        if (size, crc) != (entry.size, entry.crc):
            raise InvalidZip

    def _read_stored(self, entry: Entry) -> Iterator[bytes]:
        self._seek_data(entry)
        left = entry.packed_bytes
        while left > 0:
            data = self._read(min(CHUNK_BYTES, left))
            left -= len(data)
            yield data

    def _inflate(self, entry: Entry) -> Iterator[bytes]:
        self._seek_data(entry)
        left = entry.packed_bytes
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        while not inflater.eof:
            data = inflater.unconsumed_tail
            if not data and left > 0:
                data = self._read(min(CHUNK_BYTES // 4, left))
                left -= len(data)
            try:
                chunk = inflater.decompress(data, CHUNK_BYTES)
            except zlib.error:
                raise InvalidZip from None
            if not data and not chunk and not inflater.eof:
                raise InvalidZip
            yield chunk

    def _seek_data(self, entry: Entry) -> None:
        """Go to its first byte, past a local header that agrees with the directory."""
        self._file.seek(entry.offset)
        signature, _, flags, method, *_, name_length, extra_length = _LOCAL.unpack(self._read(_LOCAL.size))
        agrees = signature == b"PK\3\4" and method == entry.method and not (flags ^ entry.flags) & ENCRYPTED
        if not agrees or self._read(name_length) != entry.name:
            raise InvalidZip
        self._file.seek(extra_length, os.SEEK_CUR)

    def _directory(self) -> tuple[int, int, int]:
        """Where the central directory is, its bytes, and where it claims to be: less, if data precedes the zip."""
        end = self._end()
        self._file.seek(end)
        *_, size, claimed, _ = _END.unpack(self._read(_END.size))
        locator = end - _LOCATOR64.size
        if locator >= _END64.size and self._signature(locator) == b"PK\6\7":
            end = locator - _END64.size
            self._file.seek(end)
            signature, *_, size, claimed = _END64.unpack(self._read(_END64.size))
            if signature != b"PK\6\6":
                raise InvalidZip
        if not 0 <= claimed <= end - size:
            raise InvalidZip
        return end - size, size, claimed

    def _end(self) -> int:
        """Where the end record is: the last one whose comment fits."""
        start = max(0, self._size - _END.size - _MAX_COMMENT_BYTES)
        self._file.seek(start)
        tail = self._read(self._size - start)
        at = len(tail)
        while (at := tail.rfind(b"PK\5\6", 0, at)) >= 0:
            if at + _END.size <= len(tail) and at + _END.size + _END.unpack_from(tail, at)[-1] <= len(tail):
                return start + at
        raise InvalidZip

    def _central(self, shift: int) -> tuple[Entry, int]:
        """The next entry of the directory, and how many bytes it took there."""
        header = _CENTRAL.unpack(self._read(_CENTRAL.size))
        signature, _, _, flags, method, _, _, crc, packed, size, *lengths, _, _, attributes, offset = header
        if signature != b"PK\1\2":
            raise InvalidZip
        name, extra, _ = (self._read(length) for length in lengths)
        size, packed, offset = _widen(extra, (size, packed, offset))
        entry = Entry(name, flags, method, crc, packed, size, attributes >> 16, offset + shift)
        if flags & ENCRYPTED or method not in (STORED, DEFLATED):
            raise InvalidZip
        return entry, _CENTRAL.size + sum(lengths)

    def _signature(self, offset: int) -> bytes:
        self._file.seek(offset)
        return self._read(4)

    def _read(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) != size:
            raise InvalidZip
        return data


def _widen(extra: bytes, figures: tuple[int, int, int]) -> Iterator[int]:
    """Size, packed size and offset, each from the zip64 field where 32 bits cannot hold it."""
    wide = _zip64_field(extra)
    for figure in figures:
        if figure != LOST_32:
            yield figure
        elif len(wide) < 8:
            raise InvalidZip
        else:
            yield int.from_bytes(wide[:8], "little")
            wide = wide[8:]


def _zip64_field(extra: bytes) -> bytes:
    at = 0
    while at + _FIELD.size <= len(extra):
        identifier, length = _FIELD.unpack_from(extra, at)
        at += _FIELD.size
        if identifier == 1:
            return extra[at : at + length]
        at += length
    return b""


def _check_apart(entries: Sequence[Entry], directory: int) -> None:
    """No two entries share bytes: a bomb of 10 MB that unpacks to 281 TB does that."""
    free = 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset < free:
            raise InvalidZip
        free = entry.offset + _LOCAL.size + len(entry.name) + entry.packed_bytes
    if free > directory:
        raise InvalidZip
