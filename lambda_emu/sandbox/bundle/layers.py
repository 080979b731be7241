"""A layer as bytes of its own and references to the large files in it, which images have in common.

What is split is joined to the same bytes again: a tar's headers only tell where to cut, and what is no tar is not cut.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, Protocol

from msgspec import Struct

BLOCK = 512
SHARED_FROM = 16_384
"""Smaller files stay where they are: they compress better in a row, and each reference costs a member of the bundle."""
PIECE = 1_048_576
LITERAL, REFERENCE = 0, 1
_HEAD = struct.Struct(">BQ")


class Source(Protocol):
    """What can be read."""

    def read(self, size: int, /) -> bytes: ...


class Reference(Struct, frozen=True):
    """A file's content, kept elsewhere. digest: its SHA-256 in hexadecimal."""

    digest: str
    size: int


class NotARecipe(Exception):
    """What should tell how a layer is joined is something else."""


def split(layer: Source, keep: Callable[[int], Reference]) -> Iterator[bytes | Reference]:
    """The layer's pieces in order. keep: reads that many bytes of it, or to its end, and says where they are."""
    while header := layer.read(BLOCK):
        yield header
        size = _content_size(header)
        if size is None:
            yield from iter(lambda: layer.read(PIECE), b"")
        elif size >= SHARED_FROM:
            yield keep(size)
            yield layer.read(-size % BLOCK)
        else:
            yield layer.read(size + -size % BLOCK)


def write_recipe(pieces: Iterable[bytes | Reference], recipe: IO[bytes]) -> int:
    """Write down how to join the pieces. Returns how many bytes that will be."""
    total = 0
    for piece in pieces:
        if isinstance(piece, Reference):
            recipe.write(_HEAD.pack(REFERENCE, piece.size) + bytes.fromhex(piece.digest))
            total += piece.size
        elif piece:
            recipe.write(_HEAD.pack(LITERAL, len(piece)) + piece)
            total += len(piece)
    return total


def read_recipe(recipe: IO[bytes]) -> Iterator[bytes | Reference]:
    """The pieces that were written down. NotARecipe."""
    while head := recipe.read(_HEAD.size):
        if len(head) < _HEAD.size:
            raise NotARecipe
        kind, size = _HEAD.unpack(head)
        if kind == REFERENCE:
            yield Reference(_exactly(recipe, 32).hex(), size)
        elif kind == LITERAL and size <= PIECE:
            yield _exactly(recipe, size)
        else:
            raise NotARecipe


def _exactly(recipe: IO[bytes], size: int) -> bytes:
    piece = recipe.read(size)
    if len(piece) < size:
        raise NotARecipe
    return piece


def _content_size(header: bytes) -> int | None:
    """How much follows a header before the next; None where it is none. From 8 GB on sizes are written otherwise."""
    if not any(header):
        return 0
    try:
        return int(header[124:136].rstrip(b"\0 "), 8) if header[257:262] == b"ustar" else None
    except ValueError:
        return None


class Pieces(io.BufferedReader):
    """A file of what an iterator gives."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__(_RawPieces(pieces), PIECE)


class _RawPieces(io.RawIOBase):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:  # an empty piece is not the end
            self._left = memoryview(next((piece for piece in self._pieces if piece), b""))
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size
