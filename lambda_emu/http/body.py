"""The bytes of one body, as they come in."""

from __future__ import annotations

from io import BytesIO

PIECE_BYTES = 4096
"""A piece of this size is kept as it came, for next to nothing; smaller ones are put together."""
GATHERED_BYTES = 1 << 16


class Body:
    """Holds a body that comes in pieces. However small those are, it takes hardly more memory than their bytes."""

    __slots__ = ("_first", "_gathered", "_rest", "size")

    def __init__(self) -> None:
        self.size = 0
        self._first = b""  # most bodies are one piece
        self._rest: list[bytes] | None = None  # what came behind it
        self._gathered: BytesIO | None = None  # and behind that, the last small pieces

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self._first:
            self._add_behind(chunk)
        else:
            self._first = chunk

    def take(self) -> bytes:
        """The whole of it, which is no longer held here."""
        if self._rest is None:
            whole = self._first
        else:
            self._gather()
            whole = b"".join((self._first, *self._rest))
        self.clear()
        return whole

    def clear(self) -> None:
        self.size, self._first, self._rest, self._gathered = 0, b"", None, None

    def _add_behind(self, chunk: bytes) -> None:
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

    def _gather(self) -> None:
        """Make one piece of the small ones, which would have to grow in place else: that copies all of it again."""
        if self._gathered is not None and self._rest is not None:
            self._rest.append(self._gathered.getvalue())
            self._gathered = None
