"""Bodies as SDKs send them that sign each piece (`aws-chunked`): what is in them, without the signatures.

`<size in hex>;chunk-signature=<64 hex>CRLF<bytes>CRLF`, the last one of size 0, then trailers.
"""

from __future__ import annotations

from lambda_emu.services.neighbours.errors import CannotSign

MOST_LINE_BYTES = 1024
SIGNED = "STREAMING-AWS4"
"""How x-amz-content-sha256 begins for such a body."""
DROPPED = (b"x-amz-decoded-content-length", b"x-amz-sdk-checksum-algorithm", b"x-amz-trailer")
"""Headers that tell of the pieces, or of a checksum that comes behind them."""


class ChunkReader:
    """Fed with a body piece by piece. CannotSign: it is none of this form."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._left = 0  # of the data of the chunk that is being read
        self._skips = 0  # of the end of line behind it
        self._is_over = False

    def feed(self, data: bytes) -> bytes:
        """What is in it."""
        found = bytearray()
        at = 0
        while at < len(data) and not self._is_over:
            if self._left:
                piece = data[at : at + self._left]
                found += piece
                at += len(piece)
                self._left -= len(piece)
                self._skips = 0 if self._left else 2
            elif self._skips:
                at += 1
                self._skips -= 1
            else:
                at = self._read_line(data, at)
        return bytes(found)

    def _read_line(self, data: bytes, at: int) -> int:
        """As much of a chunk's first line as there is; where it ends."""
        end = data.find(b"\n", at)
        self._line += data[at:] if end < 0 else data[at:end]
        if len(self._line) > MOST_LINE_BYTES:
            raise CannotSign("The body is not aws-chunked, as it says.")
        if end < 0:
            return len(data)
        try:
            self._left = int(self._line.split(b";")[0], 16)
        except ValueError:
            raise CannotSign("The body is not aws-chunked, as it says.") from None
        self._line.clear()
        self._is_over = self._left == 0
        return end + 1
