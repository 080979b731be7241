"""Checksums of S3: calculated while a body passes, and of a whole from those of its parts."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import Protocol

POLYNOMIALS = {"CRC32": (32, 0xEDB88320), "CRC32C": (32, 0x82F63B78), "CRC64NVME": (64, 0x9A6C9329AC4BC9B5)}
"""Bits, and the polynomial with its lowest power in the highest bit."""


class Sum(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class Crc:
    """calculate: of data, and of the checksum of what was before it."""

    def __init__(self, calculate: Callable[[bytes, int], int], bits: int) -> None:
        self._calculate = calculate
        self._bits = bits
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = self._calculate(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._bits // 8, "big")


def _algorithms() -> Mapping[str, Callable[[], Sum]]:
    found: dict[str, Callable[[], Sum]] = {
        name.upper(): partial(hashlib.new, name, usedforsecurity=False) for name in ("md5", "sha1", "sha256", "sha512")
    }
    found["CRC32"] = partial(Crc, zlib.crc32, 32)
    try:
        from awscrt import checksums  # type: ignore[import-not-found,unused-ignore]
    except ImportError:  # by SDKs that have it; who says such a checksum is believed
        return found
    return found | {
        "CRC32C": partial(Crc, checksums.crc32c, 32),
        "CRC64NVME": partial(Crc, checksums.crc64nvme, 64),
    }


ALGORITHMS = _algorithms()


def is_known(algorithm: str) -> bool:
    """Whether it can be calculated here."""
    return algorithm in ALGORITHMS


class Sums:
    """Of one body, by several algorithms at once; those that are not known are left out."""

    def __init__(self, algorithms: Iterable[str]) -> None:
        self._sums = {name: ALGORITHMS[name]() for name in algorithms if name in ALGORITHMS}

    def add(self, data: bytes) -> None:
        for each in self._sums.values():
            each.update(data)

    def found(self) -> dict[str, bytes]:
        return {name: each.digest() for name, each in self._sums.items()}


def sum_of(data: bytes, algorithm: str) -> bytes | None:
    """Of a few bytes, also where nothing here is made for that algorithm. None: nobody knows it."""
    if algorithm in ALGORITHMS:
        made = ALGORITHMS[algorithm]()
        made.update(data)
        return made.digest()
    if algorithm not in POLYNOMIALS:
        return None
    bits, polynomial = POLYNOMIALS[algorithm]
    value = every = (1 << bits) - 1
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
    return (value ^ every).to_bytes(bits // 8, "big")


def joined(algorithm: str, parts: Iterable[tuple[bytes | None, int]]) -> bytes | None:
    """The CRC of a whole. parts: the CRC and the length of each. None: that of a part is not known."""
    bits, polynomial = POLYNOMIALS[algorithm]
    value = 0
    for crc, length in parts:
        if crc is None:
            return None
        before = _times(_power(length * 8, bits, polynomial), value, bits, polynomial)
        value = before ^ int.from_bytes(crc, "big")
    return value.to_bytes(bits // 8, "big")


@lru_cache(maxsize=64)
def _power(exponent: int, bits: int, polynomial: int) -> int:
    """X to that power, modulo the polynomial."""
    found, square = 1 << bits - 1, 1 << bits - 2
    while exponent:
        if exponent & 1:
            found = _times(square, found, bits, polynomial)
        square = _times(square, square, bits, polynomial)
        exponent >>= 1
    return found


def _times(one: int, other: int, bits: int, polynomial: int) -> int:
    """Two polynomials over GF(2), modulo a third one."""
    found = 0
    for at in range(bits - 1, -1, -1):
        if one >> at & 1:
            found ^= other
        other = other >> 1 ^ (polynomial if other & 1 else 0)
    return found
