"""How frames of WebSocket clients look on the wire (RFC 6455, 5.2), where they come whole and where they do not."""

from __future__ import annotations

WHOLE_TEXT = 0x81
MASKED = 0x80
SHORT, LONG = 125, 126
"""The longest payload whose length stands in the second byte, and what stands there where it is in the next two."""
SMALL_HEAD, LONG_HEAD, LONGEST_HEAD = 6, 8, 14


def whole_text(data: bytes) -> str | None:
    """Of one whole message in one short frame, as most are; None: it is something else, or against the rules."""
    size = len(data) - SMALL_HEAD
    if not 0 < size <= SHORT or data[0] != WHOLE_TEXT or data[1] != MASKED | size:
        return None
    mask = data[2:6] * (size // 4 + 1)
    masked = int.from_bytes(data[6:]) ^ int.from_bytes(mask[:size])
    try:
        return masked.to_bytes(size).decode()
    except UnicodeDecodeError:
        return None


def text_frame(payload: bytes) -> bytes:
    """Of a whole message to a client, of at most 64 KB."""
    size = len(payload)
    if size <= SHORT:
        return bytes((WHOLE_TEXT, size)) + payload
    return bytes((WHOLE_TEXT, LONG)) + size.to_bytes(2) + payload


class FrameWalk:
    """Knows whether what came ends with a frame. Looks at lengths alone."""

    def __init__(self) -> None:
        self._head = b""  # of a frame, not all of it
        self._left_bytes = 0  # of the frame whose head came

    def ends_with(self, data: bytes) -> bool:
        """What comes next, in whatever pieces. Whether the last frame of it is whole."""
        at = min(self._left_bytes, len(data))
        self._left_bytes -= at
        data = self._head + data
        while at < len(data):
            length = _frame_bytes(data, at)
            if length is None:
                break
            at += length
        self._head, self._left_bytes = data[at:], self._left_bytes + max(0, at - len(data))
        return not self._head and not self._left_bytes


def _frame_bytes(data: bytes, at: int) -> int | None:
    """With its head; None: not all of that came. Clients' frames are masked."""
    if len(data) - at < SMALL_HEAD:
        return None
    size = data[at + 1] & ~MASKED
    if size <= SHORT:
        return SMALL_HEAD + size
    head = LONG_HEAD if size == LONG else LONGEST_HEAD
    return None if len(data) - at < head else head + int.from_bytes(data[at + 2 : at + head - 4])
