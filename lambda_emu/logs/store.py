"""The bounded store of all log streams: taken on the loop, written by one thread of its own."""

from __future__ import annotations

import logging
import math
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from lambda_emu.logs.application import shape
from lambda_emu.logs.batch import Batch
from lambda_emu.logs.lines import Lines
from lambda_emu.logs.pages import Pages
from lambda_emu.logs.records import Report, Start
from lambda_emu.logs.stream import Chunk, Closed, Origin

log = logging.getLogger(__name__)

FULL_BYTES = 8 * 1024 * 1024
"""Chunks that wait to be written; from here on `offer` asks for a pause."""
ROOMY_BYTES = FULL_BYTES // 4
CHUNK_BYTES = 200
"""What a waiting chunk weighs besides its data."""
BATCH_BYTES = 1024 * 1024
STOP_LIMIT_S = 2.0
GATHER_S = 0.02
"""How long the writer lets chunks gather: it wakes 50 times a second at most, and a reader is no later than that."""


class _Open:
    """A stream the writer is in the middle of."""

    __slots__ = ("lines", "number", "request_id")

    def __init__(self, number: int) -> None:
        self.number = number
        self.lines = Lines()
        self.request_id: str | None = None


class LogStore:
    """Keeps what all streams write in one SQLite file of bounded size; the oldest goes first.

    limit_bytes: of the file. call_soon: calls a function on the loop soon, from any thread.
    Nothing is lost to a burst: a full queue asks its writers to stop reading, and calls them back.
    """

    def __init__(self, path: Path, limit_bytes: int, call_soon: Callable[[Callable[[], None]], object]) -> None:
        self.path = path
        self._limit_bytes = limit_bytes
        self._call_soon = call_soon
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._queue: deque[Chunk] = deque()
        self._offered = 0  # bytes; counted on the loop only
        self._taken: float = 0  # bytes; counted by the writer only
        self._waiting: list[Callable[[], None]] = []  # for room; touched on the loop, the writer only looks
        self._open: dict[Origin, _Open] = {}  # the writer's
        self._lost = 0  # chunks that could not be written since the last that could; the writer's
        self._asleep = False  # the writer waits for `_wake`
        self._stopping = False
        self._wake = threading.Event()
        self._hurry = threading.Event()  # somebody waits: do not gather
        self._written = threading.Condition()  # guards nothing but the wait for `_taken` to rise

    # -- for the loop -----------------------------------------------------------------------------

    def offer(self, chunk: Chunk) -> bool:
        """Take a chunk; never waits. False: it was taken, but nothing more should come before `when_room` calls."""
        self._offered += len(chunk.data) + CHUNK_BYTES
        self._queue.append(chunk)
        if self._asleep:
            self._asleep = False
            self._wake.set()
        return self._offered - self._taken < FULL_BYTES

    def when_room(self, callback: Callable[[], None]) -> None:
        """Call back once, on the loop, when a quarter or less of the queue is left."""
        self._waiting.append(callback)
        self._call_soon(self._tell_room)  # the writer may have finished before it saw us waiting

    def _tell_room(self) -> None:
        if self._offered - self._taken > ROOMY_BYTES:
            return
        waiting, self._waiting = self._waiting, []
        for callback in waiting:
            callback()

    # -- for its owner ----------------------------------------------------------------------------

    def start(self) -> None:
        """Open the file and start the writer. sqlite3.Error if the file cannot be opened."""
        self._pages = Pages(self.path, self._limit_bytes)
        self._thread.start()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was offered so far can be read. Not on the loop. False: it took too long."""
        goal = self._offered
        self._hurry.set()
        with self._written:
            return self._written.wait_for(lambda: self._taken >= goal, timeout_s)

    def stop(self) -> None:
        """Write all that was offered, close the file, end the thread. After whoever offers has stopped.

        A disk that hangs is waited for no longer than STOP_LIMIT_S.
        """
        self._stopping = True
        self._hurry.set()
        self._wake.set()
        self._thread.join(STOP_LIMIT_S)
        if self._thread.is_alive():
            log.error("%s: the last logs could not be written within %g s", self.path, STOP_LIMIT_S)

    # -- the writer -------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._wait()
                self._drain()
            self._drain()
        except Exception:
            log.exception("the log writer has ended; nothing is logged from here on")
        finally:
            self._retire()

    def _retire(self) -> None:
        """From here on chunks are thrown away, and nobody is asked to wait for them."""
        self._queue = deque(maxlen=0)
        self._taken = math.inf
        self._pages.close()
        self._call_soon(self._tell_room)

    def _wait(self) -> None:
        """Until there is something to write, and then a little longer."""
        self._asleep = True
        if not self._queue and not self._stopping:
            self._wake.wait()
        self._asleep = False
        self._wake.clear()
        self._hurry.wait(GATHER_S)
        self._hurry.clear()

    def _drain(self) -> None:
        while self._queue:
            chunks, size = self._take()
            self._keep(chunks)
            self._taken += size
            with self._written:
                self._written.notify_all()
            if self._waiting and self._offered - self._taken <= ROOMY_BYTES:
                self._call_soon(self._tell_room)

    def _take(self) -> tuple[list[Chunk], int]:
        chunks, size = [], 0
        while self._queue and size < BATCH_BYTES:
            chunk = self._queue.popleft()
            chunks.append(chunk)
            size += len(chunk.data) + CHUNK_BYTES
        return chunks, size

    def _keep(self, chunks: list[Chunk]) -> None:
        """Write them, or lose them: a full disk stops no function. Told when it begins and when it ends."""
        try:
            self._write(chunks)
        except sqlite3.Error as error:
            if not self._lost:
                log.error("%s: logs are lost from here on: %s", self.path, error)
            self._lost += len(chunks)
            return
        if self._lost:
            log.warning("%s: logs are kept again; %d pieces were lost", self.path, self._lost)
            self._lost = 0

    def _write(self, chunks: list[Chunk]) -> None:
        batch = Batch(self._pages.next_id)
        for chunk in chunks:
            self._add(chunk, batch)
        self._pages.write(batch)

    def _add(self, chunk: Chunk, batch: Batch) -> None:
        origin, at_ms, data, record = chunk
        stream = self._open.get(origin)
        if stream is None:
            stream = self._open[origin] = _Open(self._pages.add_stream(origin))
        text = stream.lines.feed(data) if record is None else stream.lines.flush()
        if text:
            self._add_output(stream, origin, at_ms, text, batch)
        if record is None:
            return
        if data:
            batch.add(stream.number, at_ms, data, record if isinstance(record, Report) else None)
        if isinstance(record, Start):
            stream.request_id = record.request_id
        elif isinstance(record, Closed):
            del self._open[origin]

    def _add_output(self, stream: _Open, origin: Origin, at_ms: int, text: bytes, batch: Batch) -> None:
        if origin.log_format == "JSON":
            text = shape(text, origin.application_level, stream.request_id, at_ms / 1000)
        if text:
            batch.add(stream.number, at_ms, text)
