"""How HTTP/2 looks on the wire before anybody parses it: its beginning, and the heads of its frames (RFC 9113)."""

from __future__ import annotations

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""So a client begins that knows beforehand that it is served by HTTP/2 (3.4)."""
FRAME_HEAD_BYTES = 9
LARGEST_FRAME = 1 << 14


def behind_preface(data: bytes, received: int) -> bytes | None:
    """data: what came last, of so many bytes since the beginning. None: that is no preface, or not all of one."""
    begun = received - len(data)
    if received < len(PREFACE) or begun >= len(PREFACE) or not data.startswith(PREFACE[begun:]):
        return None
    return data[len(PREFACE) - begun :]


class Frames:
    """Looks at the head of each frame as soon as it came: who parses frames waits for the end of a whole one first,
    however long it says to be.
    """

    def __init__(self) -> None:
        self._head = b""
        self._left_bytes = 0  # of the frame whose head came

    def admits(self, data: bytes) -> bool:
        """What comes next, in whatever pieces. False: a frame is larger than any may be."""
        at = 0
        while at < len(data):
            if self._left_bytes:
                passed = min(self._left_bytes, len(data) - at)
                self._left_bytes -= passed
                at += passed
                continue
            missing = FRAME_HEAD_BYTES - len(self._head)
            self._head += data[at : at + missing]
            at += missing
            if len(self._head) == FRAME_HEAD_BYTES:
                self._left_bytes = int.from_bytes(self._head[:3])
                self._head = b""
                if self._left_bytes > LARGEST_FRAME:
                    return False
        return True
