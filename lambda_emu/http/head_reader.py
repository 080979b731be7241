"""Collects the head of a request from the parser's callbacks, within limits. Trailers are counted and dropped."""

from __future__ import annotations

import httptools
from msgspec import Struct

from lambda_emu.http.message import Header

SLACK_BYTES = 1024
"""Of a head that is not complete: what no field has, such as the protocol's name and spaces."""
FIELD_BYTES = 4
"""What a field has beside its name and value: a colon, a space, the end of the line."""
FEW_BYTES = 1 << 13
"""What came in fewer is no large head, and most requests do; only above this the bytes of each field are counted."""
STRIDE_BYTES = 1 << 16
"""A head larger than this is parsed in steps of this size: each step copies what came of the field before."""


class HeadTooLarge(Exception):
    """The head of a request, or what follows its body, has more bytes or fields than the port takes."""


class HeadLimits(Struct, frozen=True):
    """What a head may have, and the trailers after a body as much again.

    large_field: one field by its lower-case name that does not count, with the bytes its value may have.
    """

    most_bytes: int = 64 * 1024
    most_fields: int = 100
    large_field: tuple[bytes, int] | None = None

    @property
    def unparsed_bytes(self) -> int:
        """So much may have come of a head that is not complete."""
        return self.most_bytes + SLACK_BYTES + (self.large_field[1] if self.large_field is not None else 0)


class HeadReader:
    """The part of a connection that the parser tells of heads. Raises HeadTooLarge inside its callbacks."""

    def __init__(self, limits: HeadLimits) -> None:
        self._limits = limits
        self._most_bytes, self._most_fields = limits.most_bytes, limits.most_fields
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: list[Header] = []
        self._names: list[bytes] = []
        self._most_loose_bytes = limits.unparsed_bytes
        self._few_bytes = min(FEW_BYTES, limits.most_bytes // 4)
        self._counts = False  # whether the bytes of each field are counted
        self._left_bytes = limits.most_bytes
        self._large_field = limits.large_field
        self._loose_bytes = 0  # about what came of a request that is not complete, since the last byte of its body
        self._stride: list[bytes] = []
        self._stride_bytes = 0

    def on_message_begin(self) -> None:
        if not self._loose_bytes:
            self._loose_bytes = 1
        self._target = b""
        self._headers, self._names = [], []
        self._left_bytes = self._most_bytes
        self._large_field = self._limits.large_field

    def on_url(self, url: bytes) -> None:
        self._target += url
        if self._counts:
            self._left_bytes -= len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))
        self._names.append(name)
        if self._counts:
            self._left_bytes -= len(name) + len(value) + FIELD_BYTES
            if self._left_bytes < 0 or len(self._headers) > self._most_fields:
                self._allow_large()

    def _count(self, counts: bool) -> None:
        """Begin to count, or cease, before more is parsed. What came uncounted has less than twice FEW_BYTES."""
        self._counts = counts
        if counts:
            fields_bytes = sum(len(name) + len(value) + FIELD_BYTES for name, value in self._headers)
            self._left_bytes = self._most_bytes - len(self._target) - fields_bytes

    def _is_too_large(self) -> bool:
        """Of a request that is not complete: whether it has more already than its head may."""
        return self._loose_bytes > self._most_loose_bytes or len(self._headers) > self._most_fields

    def _allow_large(self) -> None:
        """The limit is passed: does it hold without the one field that may be large?"""
        large, self._large_field = self._large_field, None
        if large is not None:
            sizes = (len(value) for name, value in self._headers if name == large[0])
            self._left_bytes += next((size for size in sizes if size <= large[1]), 0)
        if self._left_bytes < 0 or len(self._headers) > self._most_fields:
            raise HeadTooLarge

    def _end_head(self) -> tuple[list[Header], list[bytes]]:
        """The fields of the head, and their names as they came.

        What comes from now on are trailers: counted from none, and never fields of it.
        """
        headers, names = self._headers, self._names
        if self._left_bytes < 0 or len(headers) > self._most_fields:
            raise HeadTooLarge
        self._target, self._headers, self._names = b"", [], []
        self._left_bytes = self._most_bytes
        self._large_field = None
        return headers, names

    def _in_strides(self, data: bytes) -> bytes:
        """Of a large head that is not complete: what is to be parsed now, nothing or all that was kept back."""
        self._stride.append(data)
        self._stride_bytes += len(data)
        if self._stride_bytes < STRIDE_BYTES and b"\n" not in data:
            return b""
        data = b"".join(self._stride)
        self._stride, self._stride_bytes = [], 0
        return data

    def _parse_on(self, data: bytes, offer: httptools.HttpParserUpgrade) -> None:
        """Upgrades are never taken: a request that offers one, which ends the parser's work, is read without."""
        while True:
            data = self._without_offer() + data[offer.args[0] :]
            try:
                self._parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as another:
                offer = another

    def _without_offer(self) -> bytes:
        method, version = self._parser.get_method(), self._parser.get_http_version().encode()
        if method == b"CONNECT":
            raise httptools.HttpParserError("no proxy")
        lines = [b"%s %s HTTP/%s" % (method, self._target, version)]
        lines += [b"%s: %s" % header for header in self._headers if header[0] != b"upgrade"]
        return b"\r\n".join(lines) + b"\r\n\r\n"
