"""How AWS prints values: its services are Java, and their error texts show it."""

from __future__ import annotations

from collections.abc import Iterable


def hash_order(words: Iterable[str]) -> list[str]:
    """The order in which a java.util.HashSet made of these words lists them.

    AWS prints the values of an enum so: the 25 runtimes recorded in docs/contract/api.md#validation come out exactly.
    """
    ordered = list(words)
    buckets = 16
    while buckets <= len(ordered) / 0.75:
        buckets *= 2
    return sorted(ordered, key=lambda word: _spread(_hash_code(word)) % buckets)


def _hash_code(word: str) -> int:
    code = 0
    for character in word:
        code = (31 * code + ord(character)) & 0xFFFFFFFF
    return code


def _spread(code: int) -> int:
    return code ^ code >> 16


def utf16_length(text: str) -> int:
    """Length as Java counts it: characters beyond the first plane count twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
