"""The server's end of the process that writes logs.db: what a batch costs here is one `marshal` and one `write`."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, cast

import lambda_emu
from lambda_emu.logs.writer import BATCH_BYTES, Done, Entry, Publish
from lambda_emu.logs.writer_main import START, Answer, receive, send

log = logging.getLogger(__name__)


class WriterEnded(Exception):
    """The process is gone, and with it perhaps what it was given last."""

    def __init__(self) -> None:
        super().__init__("the process that writes it was killed")


class WriterProcess:
    """Started by whoever makes it, which does not wait for it. Used by one thread; `kill` by any.

    It ends with this process, however that ends: its input has an end then.
    """

    def __init__(self, path: Path, limit_bytes: int, publish: Publish = lambda _: None) -> None:
        """OSError where there is no process to be had. publish: called by the thread that uses this."""
        self._path = path
        self._publish = publish
        package = os.path.dirname(next(iter(lambda_emu.__path__)))
        self._process = subprocess.Popen(
            [sys.executable, "-IS", "-c", START, package, str(path.absolute()), str(limit_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd="/",  # it holds no folder
            start_new_session=True,  # a Ctrl-C is the server's, which has more to be written
        )
        self._input = cast(BinaryIO, self._process.stdin)
        self._output = cast(BinaryIO, self._process.stdout)
        _widen(self._input)

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_open(self) -> None:
        """sqlite3.Error where the file cannot be written; WriterEnded."""
        error, _ = self._hear()
        if error is not None:
            raise sqlite3.OperationalError(f"{self._path}: {error}")

    def write(self, entries: Sequence[Entry], at_once: bool) -> Sequence[Done]:
        try:
            send(self._input, (entries, at_once))
        except OSError as error:
            raise WriterEnded from error
        return self._hear()[1]

    def close(self) -> None:
        """Wait until it has ended."""
        for file in (self._input, self._output):
            try:
                file.close()
            except OSError:  # what it did not take any more
                log.debug("the log's writer is gone", exc_info=True)
        self._process.wait()

    def kill(self) -> None:
        self._process.kill()

    def _hear(self) -> tuple[str | None, Sequence[Done]]:
        """What went wrong, and what is done; what else it has to say goes to our log."""
        try:
            answer: Answer = receive(self._output)
        except (EOFError, OSError) as ended:
            raise WriterEnded from ended
        error, messages, metrics, done = answer
        for level, text in messages:
            log.log(level, "%s", text)
        if metrics:
            self._publish(metrics)
        return error, done


def _widen(pipe: BinaryIO) -> None:
    """So that a whole batch goes in at once; a system that allows us less only makes it slower."""
    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, BATCH_BYTES)
    except OSError:
        log.debug("the pipe to the log's writer stays small", exc_info=True)
