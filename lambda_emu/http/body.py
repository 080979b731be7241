"""The bytes of one body, as they come in."""

from __future__ import annotations

from io import BytesIO

PIECE_BYTES = 4096
"""A piece of this size is kept as it came, for next to nothing; smaller ones are put together."""
GATHERED_BYTES = 1 << 16
EARLY_PART = 8
"""When an eighth of an announced length is here, there is a place for all of it: who only announces holds nothing."""


class Body:
    """Holds a body that comes in pieces. However small those are, it takes hardly more memory than their bytes.

    size: of what came. held_bytes: what that takes. Put together at the end, pieces would be in memory twice; where the
    length is known they are put in their place as they come.
    """

    __slots__ = ("_first", "_gathered", "_length", "_place", "_rest", "size")

    def __init__(self, length: int = 0) -> None:
        """length: as announced; 0: it is not known, or nothing is to be made ready for it."""
        self.size = 0
        self._length = length
        self._place: BytesIO | None = None  # for all of it
        self._first = b""  # most bodies are one piece
        self._rest: list[bytes] | None = None  # what came behind it
        self._gathered: BytesIO | None = None  # and behind that, the last small pieces

    @property
    def held_bytes(self) -> int:
        return self.size if self._place is None else max(self.size, self._length)

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self._place is not None:
            self._place.write(chunk)
        elif self._first:
            self._add_behind(chunk)
        else:
            self._first = chunk

    def take(self) -> bytes:
        """The whole of it, which is no longer held here."""
        if self._place is not None:
            whole = self._place.getvalue()[: self.size]  # all of it, which is not copied then
        elif self._rest is None:
            whole = self._first
        else:
            self._gather()
            whole = b"".join((self._first, *self._rest))
        self.clear()
        return whole

    def clear(self) -> None:
        self.size, self._first, self._rest, self._gathered, self._place = 0, b"", None, None, None

    def _add_behind(self, chunk: bytes) -> None:
        if self.size * EARLY_PART >= self._length > self.size:
            self._make_place(chunk)
            return
        if self._rest is None:
            self._rest = []
        if len(chunk) >= PIECE_BYTES:
            self._gather()
            self._rest.append(chunk)
            return
        if self._gathered is None:
            self._gathered = BytesIO()
        self._gathered.write(chunk)
        if self._gathered.tell() >= GATHERED_BYTES:
            self._gather()

    def _make_place(self, chunk: bytes) -> None:
        size, here = self.size, self.take()
        self._place = BytesIO(bytes(self._length))  # nobody else has these bytes, so it writes into them
        self._place.write(here)
        self._place.write(chunk)
        self.size = size

    def _gather(self) -> None:
        """Make one piece of the small ones, which would have to grow in place else: that copies all of it again."""
        if self._gathered is not None and self._rest is not None:
            self._rest.append(self._gathered.getvalue())
            self._gathered = None
