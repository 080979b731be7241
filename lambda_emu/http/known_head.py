"""A head that comes again, byte for byte, as those of small invocations and of a runtime's /next do."""

from __future__ import annotations

from lambda_emu.http.message import Head

MOST_BYTES = 2048
"""Of a head that is kept: a connection has one."""
NOT_KEPT = (b"expect", b"transfer-encoding")
"""Headers of requests whose body does not simply follow."""


class KnownHead:
    """The same bytes mean the same: who begins with them again has this head, and need not be parsed.

    size: of a whole request in bytes. text: those of the head.
    """

    __slots__ = ("head", "size", "text")

    def __init__(self, head: Head, text: bytes, size: int) -> None:
        self.head = head
        self.text = text
        self.size = size


def known_head(head: Head, data: bytes) -> KnownHead | None:
    """`data` was read in one piece, and the one request that it holds has this head; None: it is not to be kept."""
    end = data.find(b"\r\n\r\n") + 4
    if end > MOST_BYTES or end + (head.content_length() or 0) != len(data):
        return None
    if not head.keep_alive or any(name in head.first for name in NOT_KEPT):
        return None
    return KnownHead(head, data[:end], len(data))
