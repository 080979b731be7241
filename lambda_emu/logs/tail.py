"""The end of one invocation's log, for X-Amz-Log-Result. docs/contract/invoke.md#responses."""

from __future__ import annotations

TAIL_BYTES = 4096
SLACK_BYTES = 4 * TAIL_BYTES
"""How much may gather before the front is cut: cutting at every line would copy the tail at every line."""


class Tail:
    """Keeps the last 4096 bytes of what it is given, whatever that is."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept = bytearray()

    def append(self, data: bytes) -> None:
        """Output of the function, cut anywhere."""
        if len(data) >= TAIL_BYTES:
            self._kept = bytearray(data[-TAIL_BYTES:])
            return
        self._kept += data
        if len(self._kept) > SLACK_BYTES:
            del self._kept[:-TAIL_BYTES]

    def append_line(self, line: bytes) -> None:
        """A line of the platform: it starts at the beginning of a line even if the function's last one is open."""
        if self._kept and self._kept[-1] != 0x0A:
            self._kept.append(0x0A)
        self.append(line)

    def last(self) -> bytes:
        """At most 4096 bytes; the front is cut, within a line if need be."""
        return bytes(self._kept[-TAIL_BYTES:])
