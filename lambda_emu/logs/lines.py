"""Output cut anywhere becomes whole lines, and whole lines become events.

docs/contract/logs-billing.md#groups-and-streams.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

JOINT = b"\xff\n"
"""How a newline within an event is kept. No text has this byte; in what else is printed it is changed for another."""

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


def encode_output(text: bytes) -> bytes:
    """Output as it is kept, where each newline ends an event."""
    return text.replace(JOINT, b"\xfe\n") if JOINT in text else text


def encode_record(text: bytes) -> bytes:
    """A log record as it is kept: one event, whatever newlines it has."""
    return encode_output(text).removesuffix(b"\n").replace(b"\n", JOINT) + b"\n"


def encode_pushed(text: bytes) -> bytes:
    """An event that was pushed, whatever it ends with; `pushed_events` gives it back."""
    return text.replace(b"\n", JOINT) + b"\n"


def pushed_events(text: bytes) -> Iterator[bytes]:
    """Those in what is kept of pushed ones, as they came, however long."""
    for event in BytesIO(text) if JOINT not in text else _join(text):
        yield decode_event(event)[:-1]


def decode_event(event: bytes) -> bytes:
    """An event as it was written."""
    return event.replace(JOINT, b"\n")


def end_of_event(text: bytes, at: int) -> int:
    """Where the event ends that has the byte `at` of what is kept."""
    end = text.find(b"\n", at) + 1
    while end and text.endswith(JOINT, 0, end):
        end = text.find(b"\n", end) + 1
    return end or len(text)


def events(text: bytes) -> Iterator[bytes]:
    """The events in `text` as they are kept, each with the newline that ended it; carriage returns stay inside."""
    for line in BytesIO(text) if JOINT not in text else _join(text):
        if JOINT in line:  # a record, cut before it was kept
            yield line
            continue
        for start in range(0, len(line), EVENT_BYTES):
            yield line[start : start + EVENT_BYTES]


def _join(text: bytes) -> Iterator[bytes]:
    parts: list[bytes] = []
    for line in BytesIO(text):
        parts.append(line)
        if not line.endswith(JOINT):
            yield b"".join(parts)
            parts.clear()
    if parts:
        yield b"".join(parts)
