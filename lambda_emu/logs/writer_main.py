"""The process that writes logs.db. It reads batches of entries, answers each, and ends when nobody can send any more.

`python -IS -c START FOLDER-OF-LAMBDA_EMU LOGS.DB LIMIT-BYTES`. Its parent's death is the end of its input: what it
was given until then is still written. It keeps no other file open, so the data directory is free as soon as its server
is gone.
"""

from __future__ import annotations

import marshal
import os
import signal
import sqlite3
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from lambda_emu.logs.writer import Done, LogWriter

if TYPE_CHECKING:
    from lambda_emu.metrics.embedded import Embedded

START = "import sys; sys.path.append(sys.argv[1]); from lambda_emu.logs.writer_main import main; main()"
"""Not as `programs.py` has it: nothing of others is imported here, and each start waits for this one."""
LENGTH_BYTES = 4
LAST_WORDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Meant for the server, which has something to be written until its end."""

Answer = tuple[str | None, list[tuple[int, str]], "list[Embedded]", list[Done]]
"""What went wrong, messages for the server's own log, metrics that functions printed, requests that are done."""
MOST_MESSAGES = 100
"""In one answer; functions choose how many there would be."""


def send(file: BinaryIO, value: Any) -> None:
    """Write a value of Python's plain types. BrokenPipeError."""
    data = marshal.dumps(value)
    file.write(len(data).to_bytes(LENGTH_BYTES, "little") + data)
    file.flush()


def receive(file: BinaryIO) -> Any:
    """The next value. EOFError where none comes any more, or not all of it."""
    head = file.read(LENGTH_BYTES)
    data = file.read(int.from_bytes(head, "little"))
    if len(head) < LENGTH_BYTES or len(data) < int.from_bytes(head, "little"):
        raise EOFError
    return marshal.loads(data)


def main() -> None:
    path, limit_bytes = sys.argv[2], int(sys.argv[3])
    for number in LAST_WORDS:
        signal.signal(number, signal.SIG_IGN)
    messages: list[tuple[int, str]] = []
    metrics: list[Embedded] = []

    def tell(level: int, text: str) -> None:
        if len(messages) < MOST_MESSAGES:
            messages.append((level, text))

    def answer(error: str | None = None, done: Sequence[Done] = ()) -> None:
        """Also where nobody listens any more: there may be more to write."""
        try:
            send(sys.stdout.buffer, (error, messages, metrics, list(done)))
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for Python, which flushes it in the end
        messages.clear()
        metrics.clear()

    try:
        writer = LogWriter(path, limit_bytes, tell, metrics.extend)
    except (OSError, sqlite3.Error) as error:
        answer(str(error))
        return
    try:
        answer()
        while True:
            answer(done=writer.write(*receive(sys.stdin.buffer)))
    except EOFError:
        writer.close()
