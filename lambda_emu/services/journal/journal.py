"""What SQLite is yet to have, in a file that is mapped into memory: what is written there outlives this process.

There are two halves: one is written while the store takes over what is in the other. Entries are numbered; of what a
half had before there is nothing with a number that is still to come.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from mmap import mmap
from pathlib import Path
from struct import Struct
from zlib import crc32

HALF_BYTES = 512 * 1024
MOST_BYTES = HALF_BYTES // 8
"""Of one entry."""
_HEAD = Struct("<QII")  # its number, how long it is, and a checksum: the machine may have died while it was written
_IN_PLACE = frozenset({"ext2", "ext3", "ext4", "xfs", "tmpfs"})
_MOUNTS = Path("/proc/self/mountinfo")


class Journal:
    """last: the number of the last entry. `open` is for a worker; all else for whoever writes, one at a time."""

    def __init__(self, memory: mmap) -> None:
        """Use `Journal.open`."""
        self.last = 0
        self._memory = memory
        self._begin = 0  # of the half that is written
        self._at = 0  # where in it
        self._taken_at = [0, 0]  # for each half the number at which all of it is in SQLite

    @classmethod
    def open(cls, path: Path) -> Journal | None:
        """None: its folder can have none. OSError.

        What is written to memory must not fail for want of room, which would end the process: so only where a file has
        the place it was given, however often it is written.
        """
        if _file_system(path.parent) not in _IN_PLACE:
            return None
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, 2 * HALF_BYTES)
            return cls(mmap(descriptor, 2 * HALF_BYTES))
        finally:
            os.close(descriptor)

    def left(self, taken: int) -> list[bytes]:
        """What SQLite does not have, of an earlier run. taken: the number of the last entry that it has.

        From now on `last` is what it has: no entry that is there will be taken for one that comes.
        """
        found = dict((*self._read(0), *self._read(HALF_BYTES)))
        entries: list[bytes] = []
        while (entry := found.get(taken + len(entries) + 1)) is not None:
            entries.append(entry)
        self.last = max((taken, *found))
        return entries

    def add(self, entry: bytes) -> bool:
        """Whether it is kept: when this returns, the death of this process does not lose it."""
        end = self._at + _HEAD.size + len(entry)
        if len(entry) > MOST_BYTES or (end > HALF_BYTES and not self._change_halves()):
            return False
        number = self.last + 1
        written = _HEAD.pack(number, len(entry), crc32(entry, number & 0xFFFFFFFF)) + entry
        begin = self._begin + self._at
        self._memory[begin : begin + len(written)] = written
        self._at += len(written)
        self.last = number
        return True

    @property
    def is_filling(self) -> bool:
        """Whether what is written should go to SQLite, so that there always is a half to go on with."""
        return self._at > HALF_BYTES // 2

    def turn(self) -> int:
        """What there is up to now is on its way to SQLite: up to this number. What follows goes elsewhere."""
        if self._at:
            self._change_halves()
        return self.last

    def took(self, number: int) -> None:
        """SQLite has all up to this number."""
        for half in (0, 1):
            if self._taken_at[half] <= number:
                self._taken_at[half] = 0

    def _change_halves(self) -> bool:
        """Whether the other one is free."""
        half = self._begin // HALF_BYTES
        if self._taken_at[1 - half]:
            return False
        self._taken_at[half] = self.last
        self._begin, self._at = HALF_BYTES - self._begin, 0
        return True

    def _read(self, begin: int) -> Iterator[tuple[int, bytes]]:
        """The entries of a half, up to the first that does not follow the one before."""
        at, end, last = begin, begin + HALF_BYTES, None
        while at + _HEAD.size <= end:
            number, length, checksum = _HEAD.unpack_from(self._memory, at)
            entry = self._memory[at + _HEAD.size : at + _HEAD.size + length]
            follows = number == last + 1 if last is not None else number > 0
            if not follows or length > MOST_BYTES or crc32(entry, number & 0xFFFFFFFF) != checksum:
                return
            yield number, entry
            at, last = at + _HEAD.size + length, number


def _file_system(folder: Path) -> str | None:
    """What kind a folder lies on; None where it cannot be told."""
    device = os.stat(folder).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = [line.split() for line in _MOUNTS.read_text().splitlines()]
    except OSError:  # not Linux
        return None
    return next((fields[fields.index("-") + 1] for fields in mounts if fields[2] == wanted), None)
