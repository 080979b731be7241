"""The bytes of one body, as they come in."""

from __future__ import annotations

from io import BytesIO


class Body:
    """Holds a body that comes in pieces. However small those are, it takes no more memory than their bytes."""

    __slots__ = ("_first", "_rest", "size")

    def __init__(self) -> None:
        self.size = 0
        self._first = b""  # most bodies are one piece, which is not copied
        self._rest: BytesIO | None = None  # all of it, once there are two

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self._rest is not None:
            self._rest.write(chunk)
        elif self._first:
            self._rest = BytesIO()
            self._rest.write(self._first)
            self._rest.write(chunk)
            self._first = b""
        else:
            self._first = chunk

    def take(self) -> bytes:
        """The whole of it, which is no longer held here."""
        whole = self._first if self._rest is None else self._rest.getvalue()
        self.size, self._first, self._rest = 0, b"", None
        return whole

    def clear(self) -> None:
        self.size, self._first, self._rest = 0, b"", None
