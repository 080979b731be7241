"""Segments of lines on their way into the file: rows are made here, so that writing them is SQLite's work alone."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

SEGMENT_BYTES = 64 * 1024
"""A segment takes no more lines once it is this long."""

Row = tuple[Any, ...]
Run = tuple[int, int]
"""Events of one time that were pushed: the time in milliseconds since the epoch, and where they end in the text."""

_RANGE = struct.Struct("<2I")


class Ranges:
    """Which bytes of a segment are lines of the platform: from, to, one after another."""

    def __init__(self) -> None:
        self._packed = bytearray()
        self._end = -1

    def add(self, start: int, end: int) -> None:
        """Later than those added before; one that follows the last makes it longer."""
        if start == self._end:
            start = _RANGE.unpack(self._packed[-_RANGE.size :])[0]
            del self._packed[-_RANGE.size :]
        self._packed += _RANGE.pack(start, end)
        self._end = end

    def pack(self) -> bytes:
        return bytes(self._packed)

    @staticmethod
    def unpack(packed: bytes) -> list[tuple[int, int]]:
        """What `pack` gave."""
        return list(_RANGE.iter_unpack(packed))


class _Segment:
    """No Struct: the writer's process starts faster without msgspec."""

    __slots__ = ("at_ms", "id", "ingested_ms", "parts", "platform", "size", "stream")

    def __init__(self, id: int, stream: int, at_ms: int, ingested_ms: int | None = None) -> None:
        self.id = id
        self.stream = stream
        self.at_ms = at_ms
        self.ingested_ms = ingested_ms  # of what was pushed
        self.parts: list[bytes] = []
        self.size = 0
        self.platform = Ranges()

    def row(self) -> Row:
        return self.id, self.stream, self.at_ms, b"".join(self.parts), self.platform.pack(), self.ingested_ms


class Batch:
    """Segments that will be written together. reports: rows with the figures of each REPORT line.

    size: bytes of text; pieces: how many texts were added; closed: streams of which this is the last.
    """

    def __init__(self, first_id: int) -> None:
        self.next_id = first_id
        self.reports: list[Row] = []
        self.size = self.pieces = 0
        self.closed: list[int] = []
        self._segments: list[_Segment] = []
        self._last: dict[int, _Segment] = {}  # by stream: where its next line may be added

    def add(self, stream: int, at_ms: int, text: bytes, platform: bool = False, report: Row | None = None) -> None:
        """Append text to a stream. platform: it is the platform's; report: the figures of its last line, a REPORT.

        An open line stays an event of its own. Figures: request id, status, error type, duration, billed, memory,
        peak, init.
        """
        segment = self._last.get(stream)
        if segment is None or segment.at_ms != at_ms or segment.size >= SEGMENT_BYTES:
            segment = self._new_segment(stream, at_ms)
        if report is not None:
            last_line = text.rfind(b"\n", 0, -1) + 1
            self.reports.append((segment.id, segment.size + last_line, *report))
        if platform:
            segment.platform.add(segment.size, segment.size + len(text))
        segment.parts.append(text)
        segment.size += len(text)
        self.size += len(text)
        self.pieces += 1
        if not text.endswith(b"\n"):
            del self._last[stream]

    def push(self, stream: int, ingested_ms: int, data: bytes, runs: Iterable[Run]) -> None:
        """Add events that were pushed, by `lines.encode_pushed`."""
        start = 0
        for at_ms, end in runs:
            segment = _Segment(self.next_id, stream, at_ms, ingested_ms)
            segment.parts.append(data[start:end])
            self.next_id += 1
            self._segments.append(segment)
            start = end
        self.size += len(data)
        self.pieces += 1

    def segments(self) -> list[Row]:
        """id, stream, at_ms, text, platform, ingested_ms of each segment."""
        return [segment.row() for segment in self._segments]

    def _new_segment(self, stream: int, at_ms: int) -> _Segment:
        segment = _Segment(self.next_id, stream, at_ms)
        self.next_id += 1
        self._segments.append(segment)
        self._last[stream] = segment
        return segment
