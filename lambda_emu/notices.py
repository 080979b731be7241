"""What a user of this emulator should hear once, beside what AWS would answer: lines of the log."""

from __future__ import annotations

import logging

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
