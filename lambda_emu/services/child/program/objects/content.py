"""What is in an object: pieces of files, or a few bytes. To join, copy and cut them no byte is moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from lambda_emu.services.child.program.objects.bodies import SMALL_BYTES, Bodies, Body, memo_name
from lambda_emu.services.child.program.objects.checksums import POLYNOMIALS, Sums, is_known, joined

READ_BYTES = 256 * 1024


class Piece(Struct, frozen=True):
    """From begin to end of a file, or of bytes."""

    source: Body | bytes
    begin: int
    end: int

    def read(self) -> Iterator[bytes]:
        if isinstance(self.source, bytes):
            yield self.source[self.begin : self.end]
            return
        with self.source.open() as file:
            file.seek(self.begin)
            left = self.end - self.begin
            while left:
                data = file.read(min(left, READ_BYTES))
                if not data:
                    raise OSError(f"{self.source.name} is shorter than it was")
                left -= len(data)
                yield data

    @property
    def name(self) -> str:
        source = self.source.hex() if isinstance(self.source, bytes) else self.source.name
        return f"{source}[{self.begin}:{self.end}]"


class Content:
    """Like bytes where moto looks at them: it has a length, can be cut, and is sent by pieces.

    sums: what is known of it already, by algorithm.
    """

    __slots__ = ("_size", "_sums", "pieces")

    def __init__(self, pieces: Iterable[Piece], sums: Mapping[str, bytes] = {}) -> None:
        self.pieces = tuple(piece for piece in pieces if piece.end > piece.begin)
        self._size = sum(piece.end - piece.begin for piece in self.pieces)
        self._sums = dict(sums)

    @classmethod
    def of(cls, data: bytes | Body, sums: Mapping[str, bytes] = {}) -> Content:
        return cls([Piece(data, 0, len(data) if isinstance(data, bytes) else data.size)], sums)

    @classmethod
    def kept(cls, data: bytes, bodies: Bodies) -> Content:
        """In memory if it is small, else in a file."""
        return cls.of(data if len(data) <= SMALL_BYTES else bodies.keep([data]))

    @classmethod
    def joined(cls, contents: Sequence[Content]) -> Content:
        sums = {name: joined(name, [(each.sums.get(name), len(each)) for each in contents]) for name in POLYNOMIALS}
        pieces = (piece for content in contents for piece in content.pieces)
        return cls(pieces, {name: found for name, found in sums.items() if found is not None})

    def __reduce__(self) -> tuple[object, ...]:
        return Content, (self.pieces, self._sums)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            yield from piece.read()

    def __bytes__(self) -> bytes:
        return b"".join(self)

    def __getitem__(self, part: slice) -> Content:
        begin, end, _ = part.indices(self._size)
        if (begin, end) == (0, self._size):
            return self
        found, at = [], 0
        for piece in self.pieces:
            size = piece.end - piece.begin
            first, last = max(begin - at, 0), min(end - at, size)
            if first < last:
                found.append(Piece(piece.source, piece.begin + first, piece.begin + last))
            at += size
        return Content(found)

    @property
    def body(self) -> Body | None:
        """The file that it is in, if it is the whole of one."""
        source = self.pieces[0].source if len(self.pieces) == 1 else None
        return None if isinstance(source, bytes) else source

    @property
    def sums(self) -> Mapping[str, bytes]:
        """The checksums that nobody has to read it for."""
        return self._sums

    def sum(self, algorithm: str) -> bytes | None:
        """None: it is not known, and there is nothing here that could calculate it."""
        if algorithm not in self._sums and is_known(algorithm):
            self._sums[algorithm] = self._remembered(algorithm)
        return self._sums.get(algorithm)

    def _remembered(self, algorithm: str) -> bytes:
        """Gigabytes are read for it once, also when what asked for it is done again."""
        if self._size <= SMALL_BYTES:
            return self._calculate(algorithm)
        name = memo_name(algorithm + "".join(piece.name for piece in self.pieces))
        homes = [piece.source.home for piece in self.pieces if isinstance(piece.source, Body)]
        return homes[0].memo(name, lambda: self._calculate(algorithm)) if homes else self._calculate(algorithm)

    def _calculate(self, algorithm: str) -> bytes:
        sums = Sums([algorithm])
        for data in self:
            sums.add(data)
        return sums.found()[algorithm]
