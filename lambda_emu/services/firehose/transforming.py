"""What a function is asked with, and what is kept of its answer: the work of that on workers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from lambda_emu.http.executors import Workers
from lambda_emu.services.firehose import judging, table
from lambda_emu.services.firehose.judging import Answer, Failure, Verdict
from lambda_emu.services.firehose.stream import Buffer, StreamRecord, Waiting
from lambda_emu.services.firehose.table import NewRow, Row

Ask = Callable[[StreamRecord, str, str, bytes], Awaitable[Answer]]
"""Run a function for a stream, by its ARN, as a role, with an event. Waits for it, but not for ever. On the loop."""

TRANSFORMS = Workers("records that functions of Firehose transform", 4, 4096)
RAW = Waiting(Buffer.RAW)
EVENT_BYTES = 5_900_000
"""Of what a function may be given at once, which is 6 MB, less what stands around records."""
AROUND_DATA_BYTES = 170
"""Of a record in an event."""
MOST_PARTITIONS = 500
"""Of a stream, whose objects are gathered at a time."""
TOO_MANY_PARTITIONS = Failure(
    "DynamicPartitioning.ActivePartitionLimitExceeded",
    f"More than {MOST_PARTITIONS} partitions would be active.",  # (?)
)


class Taken(Struct, frozen=True):
    """Some that wait for the function, and the event that they are. Empty: none waits."""

    rows: Sequence[Row]
    event: bytes

    @property
    def last(self) -> int:
        return self.rows[-1].number

    @property
    def size(self) -> int:
        return sum(row.size for row in self.rows)


class TransformerCall(Struct, frozen=True):
    """A function that was asked, for the last time with these. ended_s: when, since the epoch.

    keys: of a partition, if there are partitions. partitions: those that are gathered.
    """

    arn: str
    attempts: int
    ended_s: float
    keys: Sequence[str]
    partitions: Collection[str]


def take(database: Path, stream: StreamRecord, most_bytes: int, last: int | None, invocation_id: str) -> Taken:
    """last: the number of the last that is wanted, of those that were taken before. Blocks. sqlite3.Error."""
    rows: list[Row] = []
    left = EVENT_BYTES
    for row in table.rows(database, stream.id, RAW, most_bytes, last):
        left -= len(row.data) * 4 // 3 + len(row.origin or "") + AROUND_DATA_BYTES
        if rows and left < 0:
            break
        rows.append(row)
    return Taken(rows, judging.event(stream, rows, invocation_id))


def untransformed(taken: Taken) -> list[Verdict]:
    """They go on as they came."""
    return [Verdict(row.data) for row in taken.rows]


def judged(taken: Taken, answer: Answer, asked: TransformerCall) -> list[Verdict]:
    """What the answer makes of each; after the last attempt a failure is that of all."""
    if answer.failure is not None:
        return [Verdict(failure=answer.failure)] * len(taken.rows)
    return judging.verdicts(taken.rows, answer.payload, asked.keys)


def new_rows(
    stream: int, taken: Taken, verdicts: Sequence[Verdict], asked: TransformerCall | None, since_s: float
) -> list[NewRow]:
    """What follows from each: a record that is delivered, one that is an error, or nothing. asked: None: nobody was."""
    partitions = set(asked.partitions) if asked is not None else set()
    return list(_new_rows(stream, taken, verdicts, asked, partitions, since_s))


def _new_rows(
    stream: int,
    taken: Taken,
    verdicts: Sequence[Verdict],
    asked: TransformerCall | None,
    partitions: set[str],
    since_s: float,
) -> Iterator[NewRow]:
    for row, verdict in zip(taken.rows, verdicts, strict=True):
        failure = verdict.failure
        if failure is None and verdict.keys not in partitions and len(partitions) >= MOST_PARTITIONS:
            failure = TOO_MANY_PARTITIONS
        if failure is not None and asked is not None:
            line = judging.failed_line(row, failure, asked.attempts, int(asked.ended_s * 1000), asked.arn)
            yield NewRow(stream, Buffer.FAILED, "", row.at_ms, since_s, len(line), None, line)
        elif verdict.data is not None:
            partitions.add(verdict.keys)
            data = verdict.data
            yield NewRow(stream, Buffer.OUT, verdict.keys, row.at_ms, since_s, len(data), None, data)
