"""Entries of all streams become segments of logs.db. A process of its own runs it: so it imports little."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lambda_emu.logs.application import shape
from lambda_emu.logs.batch import Batch, Row, Run
from lambda_emu.logs.levels import Level
from lambda_emu.logs.lines import Lines, decode_event, encode_output, encode_record, end_of_event, events, pushed_events
from lambda_emu.logs.log_file import LogFile, StreamName
from lambda_emu.logs.text_lines import end_line, report_line, start_line

if TYPE_CHECKING:
    from lambda_emu.metrics.embedded import Embedded

Entry = tuple[int, int, bytes, int, Any]
"""Stream, milliseconds since the epoch, text, kind, detail: nothing that `marshal` cannot carry."""

OPENED, PRINTED, LOGGED, STATED, STARTED, REPORTED, CLOSED, CREATED, PUSHED, DELETED, EXPIRED = range(11)
"""Kinds of entries. Their details: what is known of the stream, as `OpenStream` takes it; none; the level, if any;
none; request id and version; the figures, as `Batch.add` takes them; none. The platform states, starts and reports.

Those after CLOSED are requests, each with a number of its own in place of a stream. Their details: a `StreamName` and
when it was created; one, when its events came, and the time and the end of each in the text, by
`lines.encode_pushed`; account, region, group and the names of streams, None for all; account, region, group and the
time before which nothing is kept.

A text log's START, and its END and REPORT, may come without text: that follows from their details.
"""

Tell = Callable[[int, str], None]
"""A message for the log of the program itself, and how important it is."""
DEBUG, WARNING, ERROR = 10, 30, 40
"""As `logging` counts."""

Done = tuple[int, str | None]
"""The number of a request, and why it could not be done."""
NO_STREAM = "there is no such stream"

Publish = Callable[[Sequence["Embedded"]], None]
"""Metrics that functions printed."""
METRICS = b'"_aws"'
"""Output that has it nowhere has no metrics."""
MOST_METRICS = 20_000
"""Values of them in one batch: a line may say little and mean many."""

BATCH_BYTES = 1024 * 1024
BATCH_SHARE = 1 / 32
"""Of the file's limit, which may be small."""
PIECE_BYTES = 8 * 1024
"""Output is given its shape in pieces: a JSON log makes 100 bytes of an empty line."""


def batch_bytes(limit_bytes: int) -> int:
    """How much is written at once to a log of this size."""
    return min(BATCH_BYTES, int(limit_bytes * BATCH_SHARE))


class OpenStream:
    """A stream that is written to. row: as `LogFile.add_stream` takes it. level: below it a JSON log shows nothing.

    number: in the file; None until it could be made known there.
    """

    __slots__ = ("is_json", "level", "lines", "number", "request_id", "row")

    def __init__(self, row: Row, is_json: bool, level: int) -> None:
        self.row = row
        self.is_json = is_json
        self.level = Level(level)
        self.number: int | None = None
        self.lines = Lines()
        self.request_id: str | None = None


class LogWriter:
    """Writes what it can, and tells what it cannot: a full disk stops no function. sqlite3.Error when it is made."""

    def __init__(self, path: str, limit_bytes: int, tell: Tell, publish: Publish) -> None:
        self._path = path
        self._publish = publish
        self._batch_bytes = batch_bytes(limit_bytes)
        self._tell = tell
        self._file = LogFile(path, limit_bytes, lambda text: tell(WARNING, text))
        self._streams: dict[int, OpenStream] = {}
        self._lost = 0  # pieces that could not be written since the last that could
        self._pushed: list[int] = []  # requests whose events are in the batch
        self._done: list[Done] = []  # requests that were answered since we were last asked to write
        self._batch = Batch(self._file.next_id)
        self._metrics_left = MOST_METRICS

    def write(self, entries: Iterable[Entry], at_once: bool) -> list[Done]:
        """Take entries, in this order. Readers know of them when some are to be written at once, or there are many.

        Returns what became of requests until now; at once, of all.
        """
        self._metrics_left = MOST_METRICS
        for id, at_ms, data, kind, detail in entries:
            if kind == OPENED:
                self._streams[id] = OpenStream(*detail)
                continue
            if kind > CLOSED:
                self._serve(id, kind, data, detail)
                continue
            stream = self._streams[id]
            if kind == CLOSED:
                del self._streams[id]
            if stream.number is None and not self._make_known(stream):
                continue
            assert stream.number is not None
            for text, platform, report in _texts(stream, at_ms, data, kind, detail, self._batch_bytes):
                if METRICS in text and not platform:
                    *_, account, region = stream.row
                    self._find_metrics(account, region, stream.row[1], ((one, at_ms) for one in events(text)))
                if self._batch.size and self._batch.size + len(text) > self._batch_bytes:
                    self._keep()
                self._batch.add(stream.number, at_ms, text, platform, report)
            if kind == CLOSED:
                self._batch.closed.append(stream.number)
        if at_once:
            self._keep()
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        """Write what was taken, and end."""
        self._keep()
        self._file.close()

    def _make_known(self, stream: OpenStream) -> bool:
        """False: it could not be; its next entry tries again."""
        try:
            stream.number = self._file.add_stream(stream.row)
        except sqlite3.Error as error:
            self._lose(1, error)
            return False
        return True

    def _find_metrics(self, account: str, region: str, stream: str, timed: Iterable[tuple[bytes, int]]) -> None:
        """stream: its name. timed: events, each with its time."""
        from lambda_emu.metrics.embedded import Malformed, embedded  # here: most functions print none

        found: list[Embedded] = []
        for event, at_ms in timed if self._metrics_left > 0 else ():
            try:
                found += [(account, region, *each) for each in embedded(decode_event(event), at_ms)]
            except Malformed as error:
                self._tell(DEBUG, f"{stream}: an embedded metric is left out: {error}")
            if len(found) >= self._metrics_left:
                self._tell(WARNING, f"{stream}: too many embedded metrics at once, some are left out")
                break
        self._metrics_left -= len(found)
        if found:
            self._publish(found)

    def _serve(self, number: int, kind: int, data: bytes, detail: Any) -> None:
        """A request."""
        if kind != PUSHED:
            self._keep()  # what came before it
        elif self._batch.size and self._batch.size + len(data) > self._batch_bytes:
            self._keep()
        try:
            if kind == PUSHED:
                self._push(number, data, *detail)
                return
            if kind == CREATED:
                self._file.create_stream(*detail)
            elif kind == EXPIRED:
                self._file.expire(*detail)
            else:
                self._delete(*detail)
            self._done.append((number, None))
        except sqlite3.Error as error:
            self._done.append((number, str(error)))

    def _push(self, number: int, data: bytes, name: StreamName, ingested_ms: int, runs: Sequence[Run]) -> None:
        stream = self._file.find_stream(name)
        if stream is None:
            self._done.append((number, NO_STREAM))
            return
        if METRICS in data:
            account, region, _, named = name
            self._find_metrics(account, region, named, _timed(data, runs))
        self._batch.push(stream, ingested_ms, data, runs)
        self._pushed.append(number)

    def _delete(self, account: str, region: str, group: str, names: Sequence[str] | None) -> None:
        """Who still prints to one of them makes it anew."""
        gone = self._file.delete_streams(account, region, group, names)
        for stream in self._streams.values():
            if stream.number in gone:
                stream.number = None

    def _keep(self) -> None:
        """Write the batch, or lose it, and begin the next one."""
        batch = self._batch
        if not batch.pieces and not batch.closed:
            return
        failed: str | None = None
        try:
            self._file.write(batch)
        except sqlite3.Error as error:
            failed = str(error)
            if batch.pieces > len(self._pushed):  # who pushed hears it
                self._lose(batch.pieces - len(self._pushed), error)
        else:
            if self._lost:
                self._tell(WARNING, f"{self._path}: logs are kept again; {self._lost} pieces were lost")
                self._lost = 0
        self._done += [(number, failed) for number in self._pushed]
        self._pushed.clear()
        self._batch = Batch(self._file.next_id)

    def _lose(self, pieces: int, error: sqlite3.Error) -> None:
        """Told when it begins and, by `_keep`, when it ends."""
        if not self._lost:
            self._tell(ERROR, f"{self._path}: logs are lost from here on: {error}")
        self._lost += pieces


def _texts(
    stream: OpenStream, at_ms: int, data: bytes, kind: int, detail: Any, most_bytes: int
) -> Iterator[tuple[bytes, bool, Row | None]]:
    """What an entry adds to its stream: lines of the function, then the platform's, with the figures of the last."""
    level = Level.INFO
    if kind == LOGGED:  # a line that is still open goes on behind it
        output, level = encode_record(data), level if detail is None else Level(detail)
    elif kind == PRINTED:
        output = encode_output(stream.lines.feed(data))
    else:
        output = encode_output(stream.lines.flush())
    if stream.is_json:
        for piece in pieces(output, PIECE_BYTES):
            shaped = shape(piece, stream.level, stream.request_id, at_ms / 1000, level)
            yield from ((text, False, None) for text in pieces(shaped, most_bytes))
    else:
        yield from ((text, False, None) for text in pieces(output, most_bytes))
    if kind in (STATED, STARTED, REPORTED) and (data := data or _lines(stream, kind, detail)):
        yield data, True, detail if kind == REPORTED else None
    if kind == STARTED:
        stream.request_id = detail[0]


def _lines(stream: OpenStream, kind: int, detail: Any) -> bytes:
    """Those of the platform; a JSON log that shows none has none."""
    if stream.is_json:
        return b""
    text = start_line(*detail) if kind == STARTED else end_line(detail[0]) + report_line(detail)
    return text.encode()


def _timed(data: bytes, runs: Iterable[Run]) -> Iterator[tuple[bytes, int]]:
    """Events that were pushed, each with its time."""
    start = 0
    for at_ms, end in runs:
        yield from ((event, at_ms) for event in pushed_events(data[start:end]))
        start = end


def pieces(text: bytes, size_bytes: int) -> Iterator[bytes]:
    """Whole events, of about this size together."""
    start = 0
    while start < len(text):
        end = end_of_event(text, start + size_bytes)
        yield text[start:end]
        start = end
