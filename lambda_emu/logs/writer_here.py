"""How batches are written, and the writer on the thread of whoever gathers them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from lambda_emu.logs.writer import Done, Entry, LogWriter, Publish

log = logging.getLogger(__name__)


class BatchWriter(Protocol):
    """Writes batches of entries, in a process of its own or here."""

    def wait_until_open(self) -> None:
        """sqlite3.Error or OSError where the file cannot be written."""

    def write(self, entries: Sequence[Entry], at_once: bool) -> Sequence[Done]:
        """Returns once it has them, and will write them though we are killed; with requests that are done. WriterEnded.

        at_once: once they, and those before, can be read, or are lost and it was told.
        """

    def close(self) -> None: ...

    def kill(self) -> None: ...


class WriterHere:
    """The writer on our own thread. publish: is given the metrics that functions printed."""

    def __init__(self, path: Path, limit_bytes: int, publish: Publish) -> None:
        self._path, self._limit_bytes, self._publish = path, limit_bytes, publish
        self._writer: LogWriter | None = None

    def wait_until_open(self) -> None:
        self._writer = LogWriter(str(self._path), self._limit_bytes, _log, self._publish)

    def write(self, entries: Sequence[Entry], at_once: bool) -> Sequence[Done]:
        assert self._writer is not None
        return self._writer.write(entries, at_once)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def kill(self) -> None:
        """It dies with us."""


def _log(level: int, text: str) -> None:
    log.log(level, "%s", text)
