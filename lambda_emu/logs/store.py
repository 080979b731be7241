"""The bounded store of all log streams: taken on the loop, written by one thread of its own."""

from __future__ import annotations

import logging
import math
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from lambda_emu.logs.application import shape
from lambda_emu.logs.batch import Batch
from lambda_emu.logs.frames import LogRecord
from lambda_emu.logs.levels import Level
from lambda_emu.logs.lines import Lines, encode_output, encode_record, end_of_event
from lambda_emu.logs.pages import Pages
from lambda_emu.logs.records import Start
from lambda_emu.logs.stream import Chunk, Closed, Origin

log = logging.getLogger(__name__)

FULL_BYTES = 8 * 1024 * 1024
"""Chunks that wait to be written; from here on `offer` asks for a pause."""
ROOMY_BYTES = FULL_BYTES // 4
CHUNK_BYTES = 200
"""What a waiting chunk weighs besides its data."""
BATCH_BYTES = 1024 * 1024
STOP_LIMIT_S = 2.0
BATCH_SHARE = 1 / 32
"""Of the file's limit, which may be small."""
PIECE_BYTES = 8 * 1024
"""Output is given its shape in pieces: a JSON log makes 100 bytes of an empty line."""
GATHER_S = 0.1
"""How long the writer lets chunks gather: a batch costs the loop too, and a reader is no later than that."""


class _Open:
    """A stream the writer is in the middle of."""

    __slots__ = ("lines", "number", "request_id")

    def __init__(self, number: int) -> None:
        self.number = number
        self.lines = Lines()
        self.request_id: str | None = None


class LogStore:
    """Keeps what all streams write in one SQLite file of bounded size; who fills it most loses its oldest first.

    limit_bytes: of the file and its WAL. call_soon: calls a function on the loop soon, from any thread.
    Nothing is lost to a burst: a full queue asks its writers to stop reading, and calls them back.
    """

    def __init__(self, path: Path, limit_bytes: int, call_soon: Callable[[Callable[[], None]], object]) -> None:
        self.path = path
        self._limit_bytes = limit_bytes
        self._batch_bytes = min(BATCH_BYTES, int(limit_bytes * BATCH_SHARE))
        self._call_soon = call_soon
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._queue: deque[Chunk] = deque()
        self._offered = 0  # bytes; counted on the loop only
        self._taken: float = 0  # bytes; counted by the writer only
        self._waiting: list[Callable[[], None]] = []  # for room; touched on the loop, the writer only looks
        self._open: dict[Origin, _Open] = {}  # the writer's
        self._lost = 0  # pieces that could not be written since the last that could; the writer's
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
            self._write(chunks)
            self._taken += size
            with self._written:
                self._written.notify_all()
            if self._waiting and self._offered - self._taken <= ROOMY_BYTES:
                self._call_soon(self._tell_room)

    def _take(self) -> tuple[list[Chunk], int]:
        chunks, size = [], 0
        while self._queue and size < self._batch_bytes:
            chunk = self._queue.popleft()
            chunks.append(chunk)
            size += len(chunk.data) + CHUNK_BYTES
        return chunks, size

    def _write(self, chunks: list[Chunk]) -> None:
        batch = Batch(self._pages.next_id)
        for chunk in chunks:
            stream = self._stream(chunk.origin)
            if stream is None:
                continue
            for text, record in self._texts(stream, chunk):
                if batch.size and batch.size + len(text) > self._batch_bytes:
                    batch = self._keep(batch)
                batch.add(stream.number, chunk.at_ms, text, record)
            if isinstance(chunk.record, Closed):
                batch.closed.append(self._open.pop(chunk.origin).number)
        if batch.pieces or batch.closed:
            self._keep(batch)

    def _keep(self, batch: Batch) -> Batch:
        """Write it, or lose it: a full disk stops no function. Returns the next one."""
        try:
            self._pages.write(batch)
        except sqlite3.Error as error:
            self._lose(batch.pieces, error)
        else:
            if self._lost:
                log.warning("%s: logs are kept again; %d pieces were lost", self.path, self._lost)
                self._lost = 0
        return Batch(self._pages.next_id)

    def _lose(self, pieces: int, error: sqlite3.Error) -> None:
        """Told when it begins and, by `_keep`, when it ends."""
        if not self._lost:
            log.error("%s: logs are lost from here on: %s", self.path, error)
        self._lost += pieces

    def _stream(self, origin: Origin) -> _Open | None:
        """None where it cannot even be made known; the next chunk tries again."""
        stream = self._open.get(origin)
        if stream is None:
            try:
                stream = self._open[origin] = _Open(self._pages.add_stream(origin))
            except sqlite3.Error as error:
                self._lose(1, error)
        return stream

    def _texts(self, stream: _Open, chunk: Chunk) -> Iterator[tuple[bytes, object]]:
        """What a chunk adds: lines of the function, with None; then the platform's, with the record of the last."""
        origin, at_ms, data, record = chunk
        level = Level.INFO
        if isinstance(record, LogRecord):  # a line that is still open goes on behind it
            output, level, record = encode_record(data), record.level or level, None
        else:
            output = encode_output(stream.lines.feed(data) if record is None else stream.lines.flush())
        if origin.log_format == "JSON":
            for piece in pieces(output, PIECE_BYTES):
                shaped = shape(piece, origin.application_level, stream.request_id, at_ms / 1000, level)
                yield from ((text, None) for text in pieces(shaped, self._batch_bytes))
        else:
            yield from ((text, None) for text in pieces(output, self._batch_bytes))
        if record is not None and data:
            yield data, record
        if isinstance(record, Start):
            stream.request_id = record.request_id


def pieces(text: bytes, size_bytes: int) -> Iterator[bytes]:
    """Whole events, of about this size together."""
    start = 0
    while start < len(text):
        end = end_of_event(text, start + size_bytes)
        yield text[start:end]
        start = end
