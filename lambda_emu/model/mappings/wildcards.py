"""Texts with `*` for any characters in filter patterns, and how much it takes to look for several of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from lambda_emu.model.mappings.refusals import FilterInvalid

STAR = ""
"""Among the characters of a wildcard."""
MOST_AT_ONCE = 10
"""So many beginnings of wildcards AWS does not follow at once. Two refusals of its are known that hold this number."""
MOST_SETS = 10_000
"""Of beginnings that are looked at before a rule counts as too complex anyway."""
_PIECE = re.compile(r"\\.?|.", re.DOTALL)


class Wildcard(Struct, frozen=True):
    """characters: those of the text in their order, and STAR."""

    characters: tuple[str, ...]
    first: str
    others: tuple[str, ...]

    def __call__(self, value: Any) -> bool:
        """Whether it begins with the first part, ends with the last one, and has those between in their order."""
        if not isinstance(value, str):
            return False
        if not self.others:
            return value == self.first
        if not value.startswith(self.first):
            return False
        at = len(self.first)
        for part in self.others[:-1]:
            found = value.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        last = self.others[-1]
        return len(value) - at >= len(last) and value.endswith(last)


def wildcard(text: str) -> Wildcard:
    """`*` stands for any characters; it and `\\` may be meant themselves behind a `\\`. FilterInvalid."""
    characters: list[str] = []
    parts = [""]
    for found in _PIECE.finditer(text):
        piece, at = found[0], len(text[: found.start()].encode(errors="replace")) + 1  # behind AWS's opening quote
        if piece == "*":
            if characters and characters[-1] == STAR:
                raise FilterInvalid(f"Consecutive wildcard characters at pos {at - 1}")
            characters.append(STAR)
            parts.append("")
            continue
        if piece[0] == "\\" and piece[1:] not in ("*", "\\"):
            raise FilterInvalid(f"Invalid escape character at pos {at}")
        characters.append(piece[-1])
        parts[-1] += piece[-1]
    return Wildcard(tuple(characters), parts[0], tuple(parts[1:]))


def too_complex(wildcards: Sequence[Wildcard]) -> bool:
    """Whether some text makes a search for all of them follow too many of their beginnings at once."""
    search = _Search(wildcards)
    waiting, seen = [search.starts], {search.starts}
    while waiting:
        for following in search.after(waiting.pop()):
            if search.size(following) >= MOST_AT_ONCE:
                return True
            if following and following not in seen:
                seen.add(following)
                waiting.append(following)
        if len(seen) > MOST_SETS:
            return True
    return False


class _Search:
    """Sets of beginnings, each a bit: those of one wildcard stand in their order behind its start."""

    def __init__(self, wildcards: Sequence[Wildcard]) -> None:
        self.starts = self._stars = self._ends = 0
        self._letters: list[str] = []
        self._masks: dict[str, int] = {}
        for each in wildcards:
            self.starts |= 1 << len(self._letters)
            self._letters.append(STAR)
            for character in each.characters:
                if character == STAR:
                    self._stars |= 1 << len(self._letters)
                else:
                    self._masks[character] = self._masks.get(character, 0) | 1 << len(self._letters)
                self._letters.append(character)
            self._ends |= 1 << len(self._letters) - 1

    def after(self, active: int) -> Iterator[int]:
        """What follows from one more character, for each that makes a difference and for one that makes none."""
        ahead = self._ahead(active)
        stars = (active | ahead) & self._stars
        ahead |= self._ahead(ahead & self._stars)  # a star may stand for nothing
        yield stars
        for letter in {self._letters[at] for at in _bits(ahead & ~self._stars)}:
            yield stars | ahead & self._masks[letter]

    def size(self, active: int) -> int:
        return (active | self._ahead(active) & self._stars).bit_count()

    def _ahead(self, active: int) -> int:
        return (active & ~self._ends) << 1


def _bits(number: int) -> Iterator[int]:
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest
