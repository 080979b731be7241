"""The bounded store of all log streams: taken on the loop, written by a process of its own."""

from __future__ import annotations

import logging
import math
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from lambda_emu.logs.frames import LogRecord
from lambda_emu.logs.log_file import prepare
from lambda_emu.logs.records import Record, Report, Start
from lambda_emu.logs.stream import ENDED, Chunk, LogRequest, Origin, StreamClosed
from lambda_emu.logs.writer import (
    CLOSED,
    LOGGED,
    OPENED,
    PRINTED,
    REPORTED,
    STARTED,
    STATED,
    Entry,
    Publish,
    batch_bytes,
)
from lambda_emu.logs.writer_here import BatchWriter, WriterHere
from lambda_emu.logs.writer_process import WriterEnded, WriterProcess

log = logging.getLogger(__name__)

FULL_BYTES = 8 * 1024 * 1024
"""Chunks that wait to be written; from here on `offer` asks for a pause."""
ROOMY_BYTES = FULL_BYTES // 4
CHUNK_BYTES = 400
"""What a waiting chunk weighs besides its data, with the record that its lines are made of."""
OPEN_LIMIT_S = 30.0
"""How long a server waits for its log to be opened: a large one is looked through."""
STOP_LIMIT_S = 2.0
MOST_DEATHS = 5
"""A writer that dies of every batch is not started again for ever."""
MOST_UNTRIED = 9
"""Batches that are lost between two tries to open the file, each of which costs a process."""
HAND_OVER_S = 0.02
"""How long chunks gather here: what was not handed over is lost when this process is killed, and a hand-over costs it
some 50 us."""
HAND_OVERS = 5
"""For one batch that is written: that costs its writer more. A reader who asks the server hurries both."""


Queued = tuple[Origin | None, int, bytes, Record | StreamClosed | LogRecord | LogRequest | None]
"""A chunk; of no stream: a request."""


class LogStore:
    """Keeps what all streams write in one SQLite file of bounded size; who fills it most loses its oldest first.

    limit_bytes: of the file and its WAL. call_soon: calls a function on the loop soon, from any thread.
    in_process: the writer is a thread here, which is there sooner, and slows down who serves many invocations; else a
    process, which is begun when there is something to write, or to remove. publish: is given the metrics that are found
    in what functions print, on our thread.
    Nothing is lost to a burst: a full queue asks its writers to stop reading, and calls them back.
    """

    def __init__(
        self,
        path: Path,
        limit_bytes: int,
        call_soon: Callable[[Callable[[], None]], object],
        *,
        in_process: bool = False,
        publish: Publish = lambda _: None,
    ) -> None:
        self.path = path
        self._publish = publish
        self._limit_bytes = limit_bytes
        self._in_process = in_process
        self._batch_bytes = batch_bytes(limit_bytes)
        self._call_soon = call_soon
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self.on_written: Callable[[], object] | None = None
        """Called on our thread when there is something new to read."""
        self._queue: deque[Queued] = deque()
        self._offered = 0  # bytes; counted on the loop only
        self._taken: float = 0  # bytes that were handed over; counted by our thread only
        self._written: float = 0  # of these, bytes that can be read
        self._waiting: list[Callable[[], None]] = []  # for room; touched on the loop, our thread only looks
        self._numbers: dict[Origin, int] = {}  # of the streams the writer knows; our thread's
        self._next_number = 0
        self._asked: dict[int, LogRequest] = {}  # what the writer has not answered yet; our thread's
        self._requests = 0
        self._asleep = False  # our thread waits for `_wake`
        self._stopping = False
        self._wake = threading.Event()
        self._hurry = threading.Event()  # somebody waits: do not gather
        self._progress = threading.Condition()  # guards nothing but the wait for `_written` to rise
        self._writer: BatchWriter | None = None
        self._deaths = 0  # of writers, one after the other, that wrote nothing
        self._failures = self._lost = 0  # to open the file, one after the other; chunks that were lost meanwhile
        self._untried = 0  # batches to be lost before the next try
        self._opened = threading.Event()
        self._not_opened: Exception | None = None

    # -- for the loop -----------------------------------------------------------------------------

    def offer(self, chunk: Chunk) -> bool:
        """Take a chunk; never waits. False: it was taken, but nothing more should come before `when_room` calls."""
        self._offered += len(chunk[2]) + CHUNK_BYTES
        self._queue.append(chunk)
        if self._asleep:
            self._asleep = False
            self._wake.set()
        return self._offered - self._taken < FULL_BYTES

    def ask(self, request: LogRequest) -> None:
        """Have it done at once, after what was offered before. On the loop."""
        if self._taken == math.inf:
            request.told(ENDED)
            return
        self._offered += len(request.data) + CHUNK_BYTES
        self._queue.append((None, 0, request.data, request))
        self._hurry.set()
        self._wake.set()

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
        """Begin to open the file, which `wait_until_open` waits for; what is offered meanwhile waits too."""
        self._thread.start()

    def wait_until_open(self) -> None:
        """sqlite3.Error or OSError if the file cannot be opened."""
        if not self._opened.wait(OPEN_LIMIT_S):
            raise TimeoutError(f"{self.path} could not be opened within {OPEN_LIMIT_S:g} s")
        if self._not_opened is not None:
            raise self._not_opened

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was offered so far can be read. Not on the loop. False: it took too long."""
        goal = self._offered
        if self._written >= goal:
            return True
        self._hurry.set()
        with self._progress:
            return self._progress.wait_for(lambda: self._written >= goal, timeout_s)

    def stop(self) -> None:
        """Write all that was offered, close the file, end thread and process. After whoever offers has stopped.

        A disk that hangs is waited for no longer than STOP_LIMIT_S.
        """
        self._stopping = True
        self._hurry.set()
        self._wake.set()
        self._thread.join(STOP_LIMIT_S)
        if self._thread.is_alive():
            log.error("%s: the last logs could not be written within %g s", self.path, STOP_LIMIT_S)
            writer = self._writer  # which its thread may let go of meanwhile
            if writer is not None:
                writer.kill()

    # -- our thread -------------------------------------------------------------------------------

    def _new_writer(self) -> BatchWriter:
        if not self._in_process:
            try:
                return WriterProcess(self.path, self._limit_bytes, self._publish)
            except OSError as error:
                log.warning("%s is written by a thread, since no process can be started: %s", self.path, error)
        return WriterHere(self.path, self._limit_bytes, self._publish)

    def _run(self) -> None:
        try:
            self._open()
            while not self._stopping:
                self._wait()
                self._gather()
            self._hand_over(at_once=True)
        except Exception:
            log.exception("the log writer has ended; nothing is logged from here on")
        finally:
            self._retire()

    def _open(self) -> None:
        try:
            if self._in_process or prepare(str(self.path), self._limit_bytes, log.warning):
                self._begin_writer()
        except Exception as error:  # noqa: BLE001 - `wait_until_open` raises it
            self._not_opened = error
            self._stopping = True
        finally:
            self._opened.set()

    def _retire(self) -> None:
        """From here on chunks are thrown away, and nobody is asked to wait for them."""
        left, self._queue = self._queue, deque(maxlen=0)
        self._refuse(left)
        self._taken = self._written = math.inf
        with self._progress:
            self._progress.notify_all()
        self._end_writer()
        self._call_soon(self._tell_room)

    def _wait(self) -> None:
        """Until there is something to write."""
        self._asleep = True
        if not self._queue and not self._stopping:
            self._wake.wait()
        self._asleep = False
        self._wake.clear()

    def _gather(self) -> None:
        """Hand over what comes in a while, and have all of it written; at once if somebody waits for it."""
        for _ in range(HAND_OVERS - 1):
            if self._hurry.wait(HAND_OVER_S):
                break
            self._hand_over(at_once=False)
        else:
            self._hurry.wait(HAND_OVER_S)
        self._hurry.clear()
        self._hand_over(at_once=True)

    def _hand_over(self, at_once: bool) -> None:
        while self._queue or (at_once and self._written != self._taken):
            if self._not_opened is not None:
                break
            chunks, size = self._take()
            written = at_once or size >= self._batch_bytes
            self._write(chunks, written)
            self._taken += size
            if written:
                self._written = self._taken
                with self._progress:
                    self._progress.notify_all()
                if self.on_written is not None:
                    self.on_written()
            if self._waiting and self._offered - self._taken <= ROOMY_BYTES:
                self._call_soon(self._tell_room)
            if not self._queue:
                break

    def _take(self) -> tuple[list[Queued], int]:
        chunks: list[Queued] = []
        size = 0
        while self._queue and size < self._batch_bytes:
            chunk = self._queue.popleft()
            chunks.append(chunk)
            size += len(chunk[2]) + CHUNK_BYTES
        return chunks, size

    def _write(self, chunks: Sequence[Queued], at_once: bool) -> None:
        try:
            writer = self._writer or self._reopen()
            if writer is None:
                self._lost += len(chunks)
                self._refuse(chunks)
                return
            for number, error in writer.write(self._entries(chunks), at_once):
                self._asked.pop(number).told(error)
            self._deaths = 0
        except WriterEnded as error:
            log.error("%s: %s; some lines may be lost", self.path, error)
            self._refuse(())
            if self._stopping:  # perhaps since who stopped us gave up
                return
            self._deaths += 1
            if self._deaths == MOST_DEATHS:
                raise
            self._end_writer()

    def _refuse(self, chunks: Iterable[Queued]) -> None:
        """Nobody will do what is among them, nor what the writer was asked."""
        left = [chunk[3] for chunk in chunks if isinstance(chunk[3], LogRequest)]
        for request in (*self._asked.values(), *left):
            request.told(ENDED)
        self._asked.clear()

    def _reopen(self) -> BatchWriter | None:
        """None while the file cannot be opened, say for want of room: told once, and tried again. WriterEnded."""
        if self._untried:
            self._untried -= 1
            return None
        try:
            writer = self._begin_writer()
        except (OSError, sqlite3.Error) as error:
            if not self._lost:
                log.error("%s: logs are lost from here on: %s", self.path, error)
            self._end_writer()
            self._failures += 1
            self._untried = min(self._failures - 1, MOST_UNTRIED)
            return None
        if self._lost:
            log.warning("%s: logs are kept again; %d pieces were lost", self.path, self._lost)
            self._lost = self._failures = 0
        return writer

    def _begin_writer(self) -> BatchWriter:
        """OSError, sqlite3.Error; WriterEnded if it cannot even begin."""
        self._writer = self._new_writer()
        self._writer.wait_until_open()
        return self._writer

    def _end_writer(self) -> None:
        """A next one knows no stream; those that are open go on under their names."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None
        self._numbers.clear()

    def _entries(self, chunks: Sequence[Queued]) -> list[Entry]:
        entries: list[Entry] = []
        for origin, at_ms, data, record in chunks:
            if origin is None:
                entries.append(self._request(record))
                continue
            number = self._numbers.get(origin)
            if number is None:
                number = self._numbers[origin] = self._next_number
                self._next_number += 1
                entries.append((number, at_ms, b"", OPENED, _describe(origin)))
            if record is None:
                entries.append((number, at_ms, data, PRINTED, None))
                continue
            entries.append((number, at_ms, data, *_kind(record)))
            if isinstance(record, StreamClosed):
                del self._numbers[origin]
        return entries

    def _request(self, request: object) -> Entry:
        assert isinstance(request, LogRequest)
        self._requests += 1
        self._asked[self._requests] = request
        return self._requests, 0, request.data, request.kind, request.detail


def _describe(origin: Origin) -> tuple[tuple[Any, ...], bool, int]:
    """As `OpenStream` takes it."""
    id = origin.function
    row = (origin.group, origin.name, id.name, origin.version, origin.architecture, origin.storage_mb)
    return (*row, id.account, id.region), origin.log_format == "JSON", int(origin.application_level)


def _kind(record: object) -> tuple[int, Any]:
    """Kind and detail of an entry."""
    if isinstance(record, Report):
        return REPORTED, record.figures
    if isinstance(record, Start):
        return STARTED, (record.request_id, record.version)
    if isinstance(record, LogRecord):
        return LOGGED, None if record.level is None else int(record.level)
    return CLOSED if isinstance(record, StreamClosed) else STATED, None
