"""A stream as a source: finds its shards, and begins each where it was left."""

from __future__ import annotations

import logging
import sqlite3
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from lambda_emu.clock import Clock
from lambda_emu.event_sources.backoff import Backoff, Nap
from lambda_emu.event_sources.poller import Begin, Source, SourceUnavailable
from lambda_emu.event_sources.scaling import Scaling
from lambda_emu.event_sources.streams.mapping import StreamForm, StreamMapping
from lambda_emu.event_sources.streams.positions import Checkpoint, Positions
from lambda_emu.event_sources.streams.reading import (
    AT_TIMESTAMP,
    ENDED,
    ITERATOR,
    LATEST,
    TRIM_HORIZON,
    IteratorLost,
    Position,
    ShardInfo,
    StreamGone,
    StreamReader,
    Wake,
)
from lambda_emu.event_sources.streams.shard import Shard, divided, is_over, is_whole
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.ending import Count
from lambda_emu.model.mappings.mapping import EventSourceMapping
from lambda_emu.model.mappings.refusals import StreamNotFound, StreamUnreachable

log = logging.getLogger(__name__)

MOST_BEGINNINGS = 1000
CHECK_LIMIT_S = 60.0


class StreamKind(Protocol):
    """Streams of one kind, as who serves them has them. poll_s: how often a lane looks that nobody wakes."""

    form: StreamForm
    poll_s: float

    def reader(self, mapping: EventSourceMapping) -> StreamReader: ...

    def listen(self, arn: str, wake: Wake) -> Callable[[], None]:
        """Call `wake` on the loop when a stream has records, until what this returns is called. On the loop."""


class Streams:
    """event_sources.driver.PolledKind of streams."""

    def __init__(self, kind: StreamKind, positions: Positions, count: Count, loop: Loop, clock: Clock) -> None:
        self.positions = positions
        self._kind = kind
        self._count = count
        self.loop = loop
        self.clock = clock
        self._open: defaultdict[str, set[StreamSource]] = defaultdict(set)  # by the stream's ARN
        self._listening: dict[str, Callable[[], None]] = {}  # what ends that, by the stream's ARN
        self._beginnings: OrderedDict[str, Mapping[str, str]] = OrderedDict()  # iterators by shard, by mapping

    def open(self, mapping: EventSourceMapping) -> Source:
        return StreamSource(mapping, self._beginnings.pop(mapping.uuid, {}), self)

    def check(self, mapping: EventSourceMapping, timeout_s: int) -> None:
        """A new mapping that reads from LATEST on does so from this moment on. Not on the loop."""
        arn = mapping.source_arn or ""
        is_latest = mapping.settings.get("StartingPosition") == LATEST
        try:
            found = self.loop.run(_latest(self.reader(mapping), is_latest=is_latest), CHECK_LIMIT_S)
        except StreamGone as error:
            raise StreamNotFound(arn) from error
        except (SourceUnavailable, IteratorLost, TimeoutError) as error:
            raise StreamUnreachable(str(error)) from error
        if is_latest:
            self._beginnings[mapping.uuid] = found
        while len(self._beginnings) > MOST_BEGINNINGS:  # of mappings that were refused after all
            self._beginnings.popitem(last=False)

    def forget(self, uuid: str) -> None:
        """Its positions are nobody's any more."""
        self._beginnings.pop(uuid, None)
        self.positions.forget_all_of(uuid)

    def wake(self, arn: str, shards: Collection[str] = ()) -> None:
        """A stream has records: these shards, or none said, some. On the loop."""
        for source in self._open.get(arn, ()):
            source.wake(shards)

    # -- for its sources --------------------------------------------------------------------------

    def opened(self, source: StreamSource, arn: str) -> None:
        if arn not in self._listening:
            self._listening[arn] = self._kind.listen(arn, self.wake)
        self._open[arn].add(source)

    def closed(self, source: StreamSource, arn: str) -> None:
        self._open[arn].discard(source)
        if not self._open[arn]:
            del self._open[arn]
            self._listening.pop(arn)()

    def reader(self, mapping: EventSourceMapping) -> StreamReader:
        return self._kind.reader(mapping)

    def mapping(self, mapping: EventSourceMapping) -> StreamMapping:
        return StreamMapping(mapping, self._kind.form, self._count, self._kind.poll_s)

    def shard(
        self,
        checkpoints: Sequence[Checkpoint],
        mapping: StreamMapping,
        reader: StreamReader,
        former: Sequence[Sequence[Checkpoint]],
    ) -> Shard:
        return Shard(checkpoints, mapping, reader, self.positions, self.loop, self.clock, former)


class StreamSource:
    """event_sources.poller.Source of one mapping."""

    def __init__(self, mapping: EventSourceMapping, beginning: Mapping[str, str], streams: Streams) -> None:
        """beginning: iterators by shard, of a mapping that was just made."""
        self._mapping = streams.mapping(mapping)
        self._arn = self._mapping.arn
        self._beginning = beginning
        self._streams = streams
        self._positions = streams.positions
        self._loop = streams.loop
        self._reader = streams.reader(mapping)
        self._nap = Nap(self._loop, streams.clock)
        self._backoff = Backoff(streams.clock)
        self._shards: dict[str, Shard] = {}
        self._former: dict[str, list[Sequence[Checkpoint]]] = {}  # divisions of shards whose lanes are wanted otherwise
        self._begin: Begin | None = None
        self._stopped = False
        self._finding = False
        self._find_again = False

    def start(self, begin: Begin) -> None:
        self._begin = begin
        self._streams.opened(self, self._arn)
        self._find()

    def change(self, mapping: EventSourceMapping) -> None:
        self._mapping.change(mapping)
        for shard in self._shards.values():
            if len(shard.lanes) != self._mapping.lanes:
                shard.retire()

    def stop(self) -> None:
        self._stopped = True
        self._streams.closed(self, self._arn)
        self._nap.end()

    def wake(self, shards: Collection[str]) -> None:
        self._backoff.succeeded()
        self._nap.end()
        for id in shards or self._shards:
            if (shard := self._shards.get(id)) is not None:
                shard.wake()

    def _find(self) -> None:
        if self._finding:
            self._find_again = True
        elif not self._stopped:
            self._finding = True
            self._loop.spawn(self._look(), f"a look at {self._arn}")

    async def _look(self) -> None:
        """Until its shards are known and begun."""
        told = ""
        try:
            while not self._stopped:
                self._find_again = False
                try:
                    await self._begin_shards()
                except (SourceUnavailable, IteratorLost, sqlite3.Error) as error:
                    if str(error) != told:
                        told = str(error)
                        log.warning("event source mapping %s: %s", self._mapping.uuid, error)
                    self._backoff.failed()
                    await self._nap.sleep(max(self._backoff.wait_s(), 0.0))
                    continue
                if not self._find_again:
                    return
        finally:
            self._finding = False

    async def _begin_shards(self) -> None:
        uuid = self._mapping.uuid
        there = await self._reader.shards()
        kept: defaultdict[str, list[Checkpoint]] = defaultdict(list)
        for one in await self._positions.load(uuid):
            kept[one.shard].append(one)
        ids = {shard.id for shard in there}
        if gone := kept.keys() - ids:
            await self._positions.forget(uuid, gone)
        for id in self._shards.keys() - ids:  # of a stream that was deleted, and made anew with fewer
            self._shards[id].retire()
        unfinished = {shard.id for shard in there if not is_over(kept[shard.id])}
        is_new = not any(kept.values())
        for shard in there:
            if shard.id in self._shards or shard.id not in unfinished or unfinished.intersection(shard.parents):
                continue  # parents' records come before their children's
            await self._begin_shard(shard, kept[shard.id], is_new)

    async def _begin_shard(self, shard: ShardInfo, kept: Sequence[Checkpoint], is_new: bool) -> None:
        lanes = divided(
            shard.id, kept or [Checkpoint(shard.id, 0, 1, await self._first(shard, is_new))], self._mapping.lanes
        )
        former = self._former.pop(shard.id, [])
        if lanes != kept:
            await self._positions.replace(self._mapping.uuid, shard.id, lanes)
            former = [*former, sorted(kept, key=lambda one: one.lane)] if is_whole(kept) else []
        if self._stopped or is_over(lanes):
            return
        begun = self._shards[shard.id] = self._streams.shard(lanes, self._mapping, self._reader, former)
        begun.on_end = self._shard_ended
        begun.on_loss = self._find
        assert self._begin is not None, "started"
        for lane in begun.lanes:
            self._begin(lane, Scaling(1, 1))

    async def _first(self, shard: ShardInfo, is_new: bool) -> Position:
        """Where a shard is begun that was never read."""
        kind = self._mapping.settings.get("StartingPosition")
        if not is_new or kind == TRIM_HORIZON:
            return Position(TRIM_HORIZON)
        if kind == AT_TIMESTAMP:
            return Position(AT_TIMESTAMP, str(self._mapping.settings["StartingPositionTimestamp"]))
        if shard.ended:
            return Position(ENDED)
        iterator = self._beginning.get(shard.id)
        return Position(ITERATOR, iterator or await self._reader.iterator(shard.id, Position(LATEST)))

    def _shard_ended(self, shard: Shard) -> None:
        """Its children may begin now; or it itself, with other lanes."""
        del self._shards[shard.id]
        self._former[shard.id] = shard.former
        self._find()


async def _latest(reader: StreamReader, *, is_latest: bool) -> Mapping[str, str]:
    """Iterators at the end of each shard that is open, if those are wanted."""
    shards = await reader.shards()
    if not is_latest:
        return {}
    return {one.id: await reader.iterator(one.id, Position(LATEST)) for one in shards if not one.ended}
