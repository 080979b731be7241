"""What a user of this emulator should hear once, beside what AWS would answer: lines of the log."""

from __future__ import annotations

import logging
from collections.abc import Hashable

log = logging.getLogger(__name__)

MOST = 1000


class Notices:
    """Any thread. Each is told once; after so many different ones nobody reads them, and no more are told."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tell(self, text: str, about: str = "") -> None:
        """Log the line, unless it was. about: what it is about, where other lines say the same."""
        key = about or text
        if key not in self._told and len(self._told) < MOST:
            self._told.add(key)
            log.warning("%s", text)


class Repeats:
    """Lines that come again and again: the first ten are told, the 100th, the 1000th and so on. By one thread."""

    def __init__(self) -> None:
        self._counts: dict[Hashable, int] = {}

    def count(self, key: Hashable) -> int | None:
        """How often it came by now; None: nobody need be told."""
        if key not in self._counts and len(self._counts) >= MOST:
            self._counts.clear()
        count = self._counts[key] = self._counts.get(key, 0) + 1
        return count if count <= 10 or str(count).strip("0") == "1" else None
