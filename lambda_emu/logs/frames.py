"""Log records that runtime clients write framed, taken out of the output they stand in.

docs/contract/logs-billing.md#groups-and-streams.

Frames come by the pipe that everything printed comes by, so the order is that of the writes. A frame begins with bytes
that no text has. What a function makes look like one is a record of the function, as all of its output is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lambda_emu.logs.levels import Level
from lambda_emu.logs.lines import EVENT_BYTES

MARK = b"\xa5\x5a\x00"
"""Then a byte for level and kind, four for the length, eight for the time in us; integers are big endian."""
HEADER_BYTES = 16
OLD_KIND, OLD_HEADER_BYTES = 1, 8
"""AWS's client for Ruby tells neither level nor time."""
_FIRST = MARK[:1]


class LogRecord(NamedTuple):
    """One record, which stays one event however many lines it has. level: None where the client names none."""

    text: bytes
    level: Level | None


Piece = bytes | LogRecord


class Frames:
    """Takes output cut anywhere. Holds no more than the longest event; a longer record becomes several."""

    __slots__ = ("_held", "_left", "_level", "_text")

    def __init__(self) -> None:
        self._held = b""  # what may be the beginning of a frame
        self._left = 0  # bytes of a record that are still to come
        self._level: Level | None = None
        self._text = bytearray()

    def feed(self, data: bytes) -> Sequence[Piece]:
        """What was printed and what was logged, in this order."""
        if not self._left and not self._held and _FIRST not in data:
            return (data,)
        found: list[Piece] = []
        data, self._held = self._held + data, b""
        while data:
            data = self._continue(data, found) if self._left else self._look(data, found)
        return found

    def flush(self) -> Sequence[Piece]:
        """What came of a frame that is not whole. The rest of a record, should it come, is one of its own."""
        if not self._held and not self._text:
            return ()
        found: list[Piece] = [self._held] if self._held else []
        self._held = b""
        self._give(found)
        return found

    def end(self) -> Sequence[Piece]:
        """The same, when nothing more comes of whoever wrote it."""
        found = self.flush()
        self._left = 0
        return found

    def _look(self, data: bytes, found: list[Piece]) -> bytes:
        """Give what stands before the first frame, and begin with that. Returns what is behind its header."""
        at = data.find(MARK)
        if at < 0:
            at = len(data) - _beginning(data)
        if at:
            found.append(data[:at])
        head = data[at : at + HEADER_BYTES]
        if not _may_be_header(head):
            found.append(head[:1])
            return data[at + 1 :]
        length = OLD_HEADER_BYTES if head[3:4] == bytes((OLD_KIND,)) else HEADER_BYTES
        if len(head) < length:
            self._held = head
            return b""
        self._left = int.from_bytes(head[4:8], "big")
        self._level = _level(head[3])
        return data[at + length :]

    def _continue(self, data: bytes, found: list[Piece]) -> bytes:
        part = data[: min(self._left, EVENT_BYTES - len(self._text))]
        self._text += part
        self._left -= len(part)
        if not self._left or len(self._text) >= EVENT_BYTES:
            self._give(found)
        return data[len(part) :]

    def _give(self, found: list[Piece]) -> None:
        if self._text:
            found.append(LogRecord(bytes(self._text), self._level))
            self._text.clear()


def _beginning(data: bytes) -> int:
    """How many bytes at the end may be the beginning of MARK."""
    return next((length for length in (2, 1) if data.endswith(MARK[:length])), 0)


def _may_be_header(head: bytes) -> bool:
    """Whether these first bytes do not rule it out."""
    return MARK.startswith(head[:3]) and (len(head) < 4 or head[3] == OLD_KIND or (head[3] & 0b11100010) == 0b10)


def _level(kind: int) -> Level | None:
    """Bits 2 to 4 count as Level does; bit 0 says text or JSON, which the log's own format decides."""
    number = kind >> 2
    return Level(number) if Level.TRACE <= number <= Level.FATAL else None
