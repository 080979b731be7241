"""CBOR (RFC 8949) as Kinesis speaks it: times are milliseconds, under tag 1."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

MOST_NESTED = 32
_BREAK = object()
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE = {20: False, 21: True, 22: None, 23: None}


class NotCbor(ValueError):
    pass


def decode(data: bytes) -> Any:
    """NotCbor. Times are seconds."""
    reader = _Reader(data)
    try:
        value = reader.item(0)
    except (IndexError, UnicodeDecodeError, struct.error, TypeError, OverflowError):
        raise NotCbor("the body is not CBOR") from None
    if value is _BREAK or reader.at != len(data):
        raise NotCbor("the body is not one item of CBOR")
    return value


class _Reader:
    """at: how much was read. What is said to be there is not believed before it is."""

    def __init__(self, data: bytes) -> None:
        self.at = 0
        self._data = data

    def item(self, depth: int) -> Any:
        if depth > MOST_NESTED:
            raise NotCbor("the body is nested too deeply")
        first = self._data[self.at]
        self.at += 1
        major, minor = first >> 5, first & 31
        if major == 7:
            return self._simple(minor)
        length = self._number(minor)
        if length is None and major not in (2, 3, 4, 5):
            raise NotCbor("an item has no length")
        if major in (2, 3):
            return self._text(major, length, depth)
        if major == 4:
            return self._list(length, depth)
        if major == 5:
            return self._map(length, depth)
        assert length is not None
        if major == 6:
            value = self.item(depth + 1)
            return value / 1000 if length == 1 and isinstance(value, int | float) else value
        return length if major == 0 else -1 - length

    def _number(self, minor: int) -> int | None:
        """None: it is not said."""
        if minor < 24:
            return minor
        if minor == 31:
            return None
        if minor > 27:
            raise NotCbor("a length is of no known size")
        return int.from_bytes(self._take(1 << (minor - 24)))

    def _take(self, length: int) -> bytes:
        taken = self._data[self.at : self.at + length]
        if len(taken) < length:
            raise NotCbor("the body ends too early")
        self.at += length
        return taken

    def _simple(self, minor: int) -> Any:
        if minor == 31:
            return _BREAK
        if minor in _FLOATS:
            (value,) = struct.unpack(_FLOATS[minor], self._take(1 << (minor - 24)))
            return value
        if minor not in _SIMPLE:
            raise NotCbor("a simple value that is not known")
        return _SIMPLE[minor]

    def _text(self, major: int, length: int | None, depth: int) -> Any:
        if length is None:
            pieces = self._list(None, depth)
            joined = b"".join(one.encode() if isinstance(one, str) else one for one in pieces)
        else:
            joined = self._take(length)
        return joined if major == 2 else joined.decode()

    def _list(self, length: int | None, depth: int) -> list[Any]:
        found: list[Any] = []
        while length is None or len(found) < length:
            value = self.item(depth + 1)
            if value is _BREAK:
                if length is None:
                    return found
                raise NotCbor("a list ends too early")
            found.append(value)
        return found

    def _map(self, length: int | None, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        count = 0
        while length is None or count < length:
            key = self.item(depth + 1)
            if key is _BREAK and length is None:
                return found
            value = self.item(depth + 1)
            if key is _BREAK or value is _BREAK:
                raise NotCbor("a map ends too early")
            found[key] = value
            count += 1
        return found


def encode(value: Mapping[str, Any]) -> bytes:
    """A member whose name ends in Timestamp is a time, in seconds."""
    out = bytearray()
    _write(out, value, is_time=False)
    return bytes(out)


def _write(out: bytearray, value: Any, *, is_time: bool) -> None:
    if is_time:
        out += _head(6, 1)
        value = round(value * 1000)
    if value is None:
        out.append(0xF6)
    elif isinstance(value, bool):
        out.append(0xF5 if value else 0xF4)
    elif isinstance(value, int):
        out += _head(0, value) if value >= 0 else _head(1, -1 - value)
    elif isinstance(value, float):
        out += b"\xfb" + struct.pack(">d", value)
    elif isinstance(value, bytes):
        out += _head(2, len(value)) + value
    elif isinstance(value, str):
        text = value.encode()
        out += _head(3, len(text)) + text
    elif isinstance(value, Mapping):
        out += _head(5, len(value))
        for name, one in value.items():
            written, is_time = _name(name)
            out += written
            _write(out, one, is_time=is_time)
    elif isinstance(value, Sequence):
        out += _head(4, len(value))
        for one in value:
            _write(out, one, is_time=False)
    else:
        raise TypeError(f"{type(value)} in an answer")


@lru_cache(256)
def _name(name: str) -> tuple[bytes, bool]:
    """And whether it is that of a time."""
    text = name.encode()
    return _head(3, len(text)) + text, name.endswith("Timestamp")


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes((major << 5 | number,))
    if number < 1 << 8:
        return bytes((major << 5 | 24, number))
    size = 1 if number < 1 << 16 else 2 if number < 1 << 32 else 3
    return bytes((major << 5 | 24 + size,)) + number.to_bytes(1 << size)
