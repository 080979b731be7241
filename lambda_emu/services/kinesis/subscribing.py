"""SubscribeToShard: records are sent as they come, for five minutes; a consumer has one reader of a shard."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from lambda_emu.clock import Clock, Timers
from lambda_emu.http.event_stream import CONTENT_TYPE, event, message
from lambda_emu.http.stream import Stream as HttpStream
from lambda_emu.services.kinesis.errors import InUse, KinesisError, NoSuchStream
from lambda_emu.services.kinesis.members import StartingPosition, SubscribeToShard
from lambda_emu.services.kinesis.reading import Beginning, begin_at, children_of, shown
from lambda_emu.services.kinesis.request import Form, KinesisRequest, consumer_of, shard_of
from lambda_emu.services.kinesis.stream import Shard, Stream
from lambda_emu.services.kinesis.streams import Page, Streams

LASTS_S = 300.0
IDLE_S = 5.0
"""So often a reader without records hears how far it is."""
ALONE_S = 5.0
"""A reader that began so lately is not replaced by another."""
EVENT_RECORDS, EVENT_BYTES = 200, 1 << 18
"""What one has, but for a larger record; others have their turn before the next one."""


def subscribe_to_shard(request: KinesisRequest, streams: Streams) -> None:
    asked: SubscribeToShard = request.asked
    arn = asked.consumer_arn or ""
    stream, _ = consumer_of(streams, arn)
    shard = shard_of(stream, asked.shard_id or "")
    key = arn, shard.record.id
    before = streams.subscriptions.get(key)
    if before is not None and request.clock.machine.monotonic_s() - before.begun_s < ALONE_S:
        raise InUse(f"Another active subscription exists for consumer {arn} and shard {shard.record.name}.")  # (?)
    position = asked.starting_position or StartingPosition()
    beginning = Beginning(position.type or "", position.sequence_number, position.timestamp)

    def begun(error: KinesisError | None, number: int) -> None:
        if error is not None:
            request.fail(error)
            return
        if (other := streams.subscriptions.get(key)) is not None:
            other.end()
        subscription = Subscription(Reader(arn, stream, shard), number, streams, request.clock.machine, request.form)
        subscription.start(request.begin)

    begin_at(streams, stream, shard, beginning, request.now_ms, begun)


class Reader:
    """Who reads what. arn: of the consumer."""

    def __init__(self, arn: str, stream: Stream, shard: Shard) -> None:
        self.arn = arn
        self.stream = stream
        self.shard = shard

    @property
    def key(self) -> tuple[str, int]:
        return self.arn, self.shard.record.id

    def is_there(self, streams: Streams) -> bool:
        """Whether neither the stream nor the consumer is gone."""
        record = self.stream.record
        return streams.has(self.stream) and any(record.consumer_arn(one) == self.arn for one in record.consumers)


class Subscription:
    """http.stream.Source of one answer. On the loop."""

    def __init__(self, reader: Reader, number: int, streams: Streams, clock: Clock, form: Form) -> None:
        """number: of the record that is read first."""
        self.begun_s = clock.monotonic_s()
        self._reader = reader
        self._number = max(number, 1)
        self._streams = streams
        self._clock = clock
        self._form = form
        self._timers = Timers(clock)
        self._answer: HttpStream | None = None
        self._end_listening: Callable[[], None] = lambda: None
        self._has_room = True
        self._reading = False
        self._said_s = self.begun_s

    def start(self, begin: Callable[[str, Subscription], HttpStream]) -> None:
        self._streams.subscriptions[self._reader.key] = self
        self._end_listening = self._streams.listen(self._reader.stream.record.arn, self._hear)
        self._answer = begin(CONTENT_TYPE, self)
        self._timers.call_later(LASTS_S, self.end)
        self._timers.call_later(IDLE_S, self._beat)
        self._write(event("initial-response", self._form.content_type, self._form.encode({})))
        self._pump()

    def end(self) -> None:
        """Its time is over, or somebody else reads now."""
        answer = self._forget()
        if answer is not None:
            answer.end()

    def go_on(self) -> None:
        self._has_room = True
        self._pump()

    def abort(self) -> None:
        self._forget()

    # -- inside -----------------------------------------------------------------------------------

    def _hear(self, shards: Collection[str]) -> None:
        if not shards or self._reader.shard.record.name in shards:
            self._pump()

    def _pump(self) -> None:
        """What there is goes out, as fast as the client takes it."""
        if self._answer is None or self._reading or not self._has_room:
            return
        if not self._reader.is_there(self._streams):
            record = self._reader.stream.record
            self._fail(NoSuchStream(record.name, record.account))
        elif self._number <= self._reader.shard.last or self._reader.shard.is_ended:
            self._read(self._tell)

    def _beat(self) -> None:
        """A reader that was told nothing lately is told so."""
        self._timers.call_later(IDLE_S, self._beat)
        if self._clock.monotonic_s() - self._said_s >= IDLE_S and self._has_room and not self._reading:
            self._read(self._tell_always)

    def _read(self, told: Callable[[Page], None]) -> None:
        def read(error: KinesisError | None, page: Page) -> None:
            self._reading = False
            if self._answer is None:
                return
            if error is not None:
                self._fail(error)
            else:
                told(page)

        self._reading = True
        stream, shard = self._reader.stream, self._reader.shard
        self._streams.read(stream, shard, self._number, EVENT_RECORDS, EVENT_BYTES, read)

    def _tell(self, page: Page) -> None:
        """Nothing is told of what is not kept yet, and of what is not kept any more."""
        if page.records or self._reader.shard.is_ended:
            self._tell_always(page)
            self._streams.loop.asyncio.call_soon(self._pump)

    def _tell_always(self, page: Page) -> None:
        stream, shard = self._reader.stream, self._reader.shard
        self._number = page.next
        is_over = shard.is_ended and page.next > shard.last
        at_ms = page.records[-1].at_ms if page.records else max(shard.at_ms, shard.record.created_s * 1000)
        members: dict[str, Any] = {
            "Records": shown(stream, shard, page.records),
            "ContinuationSequenceNumber": None if is_over else shard.sequence(max(page.next - 1, 0), at_ms),
            "MillisBehindLatest": page.behind_ms,
        }
        if is_over:
            members["ChildShards"] = children_of(stream, shard)
        self._said_s = self._clock.monotonic_s()
        self._write(event("SubscribeToShardEvent", self._form.content_type, self._form.encode(members)))
        if is_over:
            self.end()

    def _write(self, piece: bytes) -> None:
        if self._answer is not None:
            self._has_room = self._answer.write(piece)

    def _fail(self, error: KinesisError) -> None:
        headers = {
            ":message-type": "exception",
            ":exception-type": error.code,
            ":content-type": self._form.content_type,
        }
        self._write(message(headers, self._form.encode({"message": error.text})))
        self.end()

    def _forget(self) -> HttpStream | None:
        answer, self._answer = self._answer, None
        self._timers.cancel()
        self._end_listening()
        if self._streams.subscriptions.get(self._reader.key) is self:
            del self._streams.subscriptions[self._reader.key]
        return answer
