"""Output cut anywhere becomes whole lines, and whole lines become events. Contract: logs-billing.md 4.1."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

EVENT_BYTES = 256 * 1024
"""The longest event; a longer line becomes several."""


class Lines:
    """Joins chunks so that each piece ends with a newline, without looking at every line of it."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open = bytearray()  # the beginning of a line that has not ended; it may come byte by byte

    def feed(self, data: bytes) -> bytes:
        """The whole lines that `data` completes; empty when it completes none.

        A line that reaches 256 KB is given out open, as the event it has become.
        """
        cut = data.rfind(b"\n") + 1
        whole = b""
        if cut:
            whole = self.flush() + data[:cut]
            data = data[cut:]
        self._open += data
        return whole + self.flush() if len(self._open) >= EVENT_BYTES else whole

    def flush(self) -> bytes:
        """The line that has not ended."""
        if not self._open:
            return b""
        rest = bytes(self._open)
        self._open.clear()
        return rest


def events(text: bytes) -> Iterator[bytes]:
    """The events in `text`, each with the newline that ended it; carriage returns stay inside."""
    for line in BytesIO(text):
        for start in range(0, len(line), EVENT_BYTES):
            yield line[start : start + EVENT_BYTES]
