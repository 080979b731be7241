"""A delivery stream at work: its records go from buffer to buffer, by lanes, to S3. On the loop."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from msgspec import Struct
from msgspec.json import decode
from msgspec.structs import replace

from lambda_emu.clock import Clock
from lambda_emu.http.executors import Closed, Full
from lambda_emu.http.loop import Loop
from lambda_emu.services.clients import Call
from lambda_emu.services.firehose import table
from lambda_emu.services.firehose.destination import Bucket, Plan, plan_of
from lambda_emu.services.firehose.endpoint import Endpoint
from lambda_emu.services.firehose.lane import Hints, Lane, NotDone, Went
from lambda_emu.services.firehose.objects import OBJECTS, NotPut, Order, deliver, likely_key
from lambda_emu.services.firehose.posting import Post, Refused, given_up, post
from lambda_emu.services.firehose.stream import Buffer, StreamRecord, Waiting
from lambda_emu.services.firehose.table import Depth, NewRow
from lambda_emu.services.firehose.transforming import (
    RAW,
    TRANSFORMS,
    Ask,
    TransformerCall,
    judged,
    new_rows,
    take,
    untransformed,
)
from lambda_emu.store import Store
from lambda_emu.store.schema import DATABASE

log = logging.getLogger(__name__)
T = TypeVar("T")

KEPT_S = 24 * 3600.0
"""What could not be delivered for so long is given up, as on AWS."""
AS_IT_IS = Hints(1 << 20, 0.0)
"""What waits for a function goes on at once where there is none any more."""
OUT = Waiting(Buffer.OUT)
MANY_LANES = 16
PUT = "s3:PutObject"
NO_ACCESS = (
    "S3.AccessDenied: Access was denied. Ensure that the trust policy for the provided IAM role allows Firehose to "
    "assume the role, and the access policy allows access to the S3 bucket."
)
NOTHING = Went(0, 0, None)


class SourceRecord(Struct, frozen=True):
    """One that was read of a source. at_ms: when it came there. origin: where it lay, as JSON."""

    data: bytes
    at_ms: int
    origin: str


class May(Protocol):
    """Whether a delivery stream may do what it does as a role: of itself nothing is asked."""

    async def __call__(self, stream: StreamRecord, role: str, action: str, resource: str) -> str | None:
        """AWS's text why it may not; None: it may. NotDone where nobody answers who knows. On the loop."""


class DeliveryContext(Struct, frozen=True):
    """What delivery streams have of the server. call: of S3. ask: functions.

    read: begins to read the source of a stream; returns what ends that.
    """

    store: Store
    loop: Loop
    clock: Clock
    call: Call
    ask: Ask
    read: Callable[[RunningStream], Callable[[], None]]
    may: May


class RunningStream:
    """record: as it is now. waits: how many bytes wait, in all buffers. positions: by shard of its source, how far it
    was read."""

    def __init__(self, record: StreamRecord, context: DeliveryContext) -> None:
        self.record = record
        self.positions: dict[str, str] = {}
        self.plan: Plan = plan_of(record.destination)
        self.is_gone = False
        self._context = context
        self._loop = context.loop
        self._clock = context.clock
        self._database = context.store.folder / DATABASE
        self._lanes: dict[Waiting, Lane] = {}
        self._posted_s = 0.0  # when what is tried now was tried first
        self._is_closed = False
        self._end_reading: Callable[[], None] | None = None
        self._cuts: dict[Waiting, int] = {}  # the last number of what was tried and is to be tried again as it was

    @property
    def waits(self) -> int:
        return sum(lane.size for lane in self._lanes.values())

    def take_over(self, depth: Depth) -> None:
        """What an earlier run left in one buffer."""
        self._lane(depth.waiting).add(depth.count, depth.size, depth.since_s)

    def rows_of(self, data: bytes, at_ms: int, origin: str | None) -> list[NewRow]:
        """A record that comes, in each buffer where it is to wait."""
        buffer = Buffer.OUT if self.plan.processing.transform is None else Buffer.RAW
        buffers = [buffer] if self.plan.backup is None else [buffer, Buffer.BACKUP]
        since_s = self._clock.steady_s()
        return [NewRow(self.record.id, one, "", at_ms, since_s, len(data), origin, data) for one in buffers]

    def add(self, rows: Sequence[NewRow]) -> None:
        """These are kept, and are to go on."""
        counts: Counter[Waiting] = Counter()
        sizes: Counter[Waiting] = Counter()
        for row in rows:
            waiting = Waiting(row.buffer, row.partition)
            counts[waiting] += 1
            sizes[waiting] += row.size
        for waiting, count in counts.items():
            self._lane(waiting).add(count, sizes[waiting], rows[0].since_s)
        if len(self._lanes) > MANY_LANES:
            self._lanes = {waiting: lane for waiting, lane in self._lanes.items() if not lane.is_idle}

    def begin(self) -> None:
        """It is kept: what has a source reads it."""
        if self.record.source is not None and not self._is_closed:
            self._end_reading = self._context.read(self)

    async def take(self, records: Sequence[SourceRecord], shard: str, position: str) -> None:
        """Keep what was read of the source, and how far that is. NotDone."""
        rows = [row for one in records for row in self.rows_of(one.data, one.at_ms, one.origin)]
        step = partial(table.take, stream=self.record.id, shard=shard, position=position, rows=rows)
        await self._step(step)
        self.positions[shard] = position
        self.add(rows)

    def change(self, record: StreamRecord) -> None:
        """It is as this says from now on, and what could not go is tried at once."""
        self.record = record
        self.plan = plan_of(record.destination)
        for lane in self._lanes.values():
            lane.retry()

    def close(self) -> None:
        """Nothing is begun any more."""
        self._is_closed = True
        if self._end_reading is not None:
            self._end_reading()
        for lane in self._lanes.values():
            lane.close()

    # -- inside -----------------------------------------------------------------------------------

    def _lane(self, waiting: Waiting) -> Lane:
        lane = self._lanes.get(waiting)
        if lane is None:
            is_raw = waiting.buffer is Buffer.RAW
            hints = self._transform_hints if is_raw else partial(self._hints, waiting.buffer)
            empty = self._transform if is_raw else partial(self._bring, waiting)
            what = "transformed" if is_raw else "delivered"
            about = f"what is to be {what} ({waiting.buffer}) of delivery stream {self.record.name}"
            lane = self._lanes[waiting] = Lane(about, hints, empty, self._loop, self._clock)
            if self._is_closed:
                lane.close()
        return lane

    def _bucket(self, buffer: Buffer) -> Bucket:
        return self.plan.backup or self.plan.bucket if buffer is Buffer.BACKUP else self.plan.bucket

    def _hints(self, buffer: Buffer) -> Hints:
        if buffer is Buffer.OUT and self.plan.endpoint is not None:
            return Hints(self.plan.endpoint.size, self.plan.endpoint.interval_s)
        bucket = self._bucket(buffer)
        return Hints(bucket.size, bucket.interval_s)

    def _transform_hints(self) -> Hints:
        transform = self.plan.processing.transform
        return AS_IT_IS if transform is None else Hints(transform.size, transform.interval_s)

    async def _deliver(self, waiting: Waiting) -> Went:
        record, buffer, lane = self.record, waiting.buffer, self._lanes[waiting]
        is_delimited = self.plan.processing.is_delimited and buffer is Buffer.OUT
        is_partitioned = bool(waiting.partition) and buffer is Buffer.OUT
        keys = decode(waiting.partition, type=dict[str, str]) if is_partitioned else {}
        bucket = self._bucket(buffer)
        counted, last = Went(lane.count, lane.size, None), self._cuts.get(waiting)
        order = Order(record.scope, record.id, record.name, record.version, waiting, bucket, is_delimited, keys, last)
        try:
            await self._check_bucket(order)
            written = await self._loop.work(OBJECTS, deliver, order, self._database, self._context.call)
        except (NotPut, Full, Closed) as error:
            if isinstance(error, NotPut) and error.last is not None:
                self._cuts[waiting] = error.last
            await self._give_up_old(waiting, lane)
            raise NotDone(str(error) or "lambda-emu ends") from error
        self._cuts.pop(waiting, None)
        if written is None:
            return counted if last is None else NOTHING
        return Went(written.count, written.size, await self._finish(waiting, written.last, ()))

    async def _check_bucket(self, order: Order) -> None:
        """NotPut: the role may not write there."""
        partition = self.record.arn.split(":", 2)[1]
        resource = f"arn:{partition}:s3:::{order.bucket.name}/{likely_key(order, self.record.created_s)}"
        refusal = await self.may(order.bucket.role, PUT, resource)
        if refusal is not None:
            raise NotPut(f"{NO_ACCESS} ({refusal})", order.last)

    async def may(self, role: str, action: str, resource: str) -> str | None:
        """As `May`."""
        return await self._context.may(self.record, role, action, resource)

    async def _bring(self, waiting: Waiting, failures: int) -> Went:
        """lane.Empty of what goes to S3 or to an endpoint."""
        endpoint = self.plan.endpoint
        if endpoint is not None and waiting == OUT:
            return await self._post(endpoint, failures)
        return await self._deliver(waiting)

    async def _post(self, endpoint: Endpoint, failures: int) -> Went:
        """What the endpoint does not take in time is an error."""
        lane, now_ms = self._lanes[OUT], int(self._clock.now_s() * 1000)
        counted, last = Went(lane.count, lane.size, None), self._cuts.get(OUT)
        order = Post(self.record.id, self.record.arn, endpoint, now_ms, last)
        if not failures:
            self._posted_s = self._clock.steady_s()
        try:
            written = await self._loop.work(OBJECTS, post, order, self._database)
        except Refused as refused:
            self._cuts[OUT] = refused.last or 0
            if not refused.is_final and self._clock.steady_s() - self._posted_s < endpoint.retry_s:
                raise
            return await self._give_up(replace(order, last=refused.last), refused, failures + 1)
        except (Full, Closed) as error:
            raise NotDone(str(error) or "lambda-emu ends") from error
        self._cuts.pop(OUT, None)
        if written is None:
            return counted if last is None else NOTHING
        return Went(written.count, written.size, await self._finish(OUT, written.last, ()))

    async def _give_up(self, order: Post, refused: Refused, attempts: int) -> Went:
        since_s = self._clock.steady_s()
        gone, rows = await self._work(given_up, order, self._database, refused.failure, attempts, since_s)
        left_s = await self._finish(OUT, gone.last, rows)
        self._cuts.pop(OUT, None)
        self.add(rows)
        return Went(gone.count, gone.size, left_s)

    async def _transform(self, failures: int) -> Went:
        """lane.Empty of what waits for the function."""
        lane, transform, hints = self._lanes[RAW], self.plan.processing.transform, self._transform_hints()
        counted, id = Went(lane.count, lane.size, None), self._clock.new_id()
        taken = await self._work(take, self._database, self.record, hints.size, self._cuts.get(RAW), id)
        if not taken.rows:
            return counted if self._cuts.pop(RAW, None) is None else NOTHING
        if transform is None:
            verdicts, asked = untransformed(taken), None
        else:
            self._cuts[RAW] = taken.last
            answer = await self._context.ask(self.record, transform.arn, transform.role, taken.event)
            if answer.failure is not None and failures < transform.retries:
                raise NotDone(answer.failure.text)
            partitions = frozenset(one.partition for one in self._lanes if one.buffer is Buffer.OUT)
            ended_s, keys = self._clock.now_s(), self.plan.partition_keys
            asked = TransformerCall(transform.arn, failures + 1, ended_s, keys, partitions if keys else ())
            verdicts = await self._work(judged, taken, answer, asked)
        since_s = self._clock.steady_s()
        rows = await self._work(new_rows, self.record.id, taken, verdicts, asked, since_s)
        left_s = await self._finish(RAW, taken.last, rows)
        self._cuts.pop(RAW, None)
        self.add(rows)
        return Went(len(taken.rows), taken.size, left_s)

    async def _give_up_old(self, waiting: Waiting, lane: Lane) -> None:
        """What is too old to be tried again."""
        before_s = self._clock.steady_s() - KEPT_S
        if not lane.count or lane.since_s >= before_s:
            return
        step = partial(table.last_before, stream=self.record.id, waiting=waiting, since_s=before_s)
        number, count, size = await self._step(step)
        if count:
            told = "%d records of delivery stream %s could not be delivered for a day, and are given up"
            log.warning(told, count, self.record.name)
            lane.drop(Went(count, size, await self._finish(waiting, number, ())))
            self._cuts.pop(waiting, None)

    async def _finish(self, waiting: Waiting, last: int, then: Sequence[NewRow]) -> float | None:
        finish = partial(table.finish, stream=self.record.id, waiting=waiting, last=last)
        left_s, is_more = await self._step(partial(finish, then=then))
        while is_more:
            left_s, is_more = await self._step(finish)
        return left_s

    async def _work(self, fn: Callable[..., T], *args: Any) -> T:
        """On a worker. NotDone."""
        try:
            return await self._loop.work(TRANSFORMS, fn, *args)
        except (Full, Closed, sqlite3.Error) as error:
            raise NotDone(str(error) or "lambda-emu ends") from error

    async def _step(self, step: Callable[[sqlite3.Connection], T]) -> T:
        """Take a step of the store and wait for its commit. NotDone, also if the stream was deleted meanwhile."""
        if self.is_gone:
            raise NotDone("it was deleted")
        kept: asyncio.Future[T] = self._loop.asyncio.create_future()

        def told(error: BaseException | None, result: T) -> None:
            if kept.done():
                return
            if error is not None:
                kept.set_exception(NotDone(f"it cannot be kept: {error}"))
            else:
                kept.set_result(result)

        self._context.store.post(step, lambda error, result: self._loop.post(told, error, result))
        return await kept
