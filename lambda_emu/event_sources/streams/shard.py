"""A shard that is read once for all its lanes: as many batches at once as ParallelizationFactor says.

A record's key says which lane it is for, so that the records of one item keep their order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from zlib import crc32

from lambda_emu.clock import Clock
from lambda_emu.event_sources.poller import Record, SourceUnavailable
from lambda_emu.event_sources.streams.lane import Lane
from lambda_emu.event_sources.streams.mapping import StreamMapping
from lambda_emu.event_sources.streams.positions import Checkpoint, Positions
from lambda_emu.event_sources.streams.reading import (
    AFTER,
    ENDED,
    LARGEST_PAGE,
    TRIM_HORIZON,
    IteratorLost,
    Position,
    StreamGone,
    StreamReader,
)
from lambda_emu.http.loop import Loop

log = logging.getLogger(__name__)

MOST_AHEAD = 10_000
"""Records that wait in a shard's lanes; as many as the largest batch has."""


class Shard:
    """lane.ShardReader of its lanes. On the loop.

    on_end: called once, when all of it is settled, or when its lanes are wanted otherwise. on_loss: what it was to be
    read from is not there any more, and so it may be another stream's.
    """

    def __init__(
        self,
        checkpoints: Sequence[Checkpoint],
        mapping: StreamMapping,
        reader: StreamReader,
        positions: Positions,
        loop: Loop,
        clock: Clock,
        former: Sequence[Sequence[Checkpoint]] = (),
    ) -> None:
        """checkpoints: one of each lane. former: those of earlier divisions into lanes."""
        self.id = checkpoints[0].shard
        self.unread = True
        self.ended = self.retired = False
        self.on_end: Callable[[Shard], None] = lambda _: None
        self.on_loss: Callable[[], None] = lambda: None
        self.former = list(former)
        self._reader = reader
        self._position = earliest(checkpoints)
        self._iterator: str | None = None
        self._reading: asyncio.Future[None] | None = None
        self.lanes = [Lane(self, one, mapping, positions, loop, clock) for one in checkpoints]
        self._left = set(self.lanes)

    def wake(self) -> None:
        """There are records, for whichever lanes: one reads them, and wakes the others."""
        self.expect_more()
        idle = next((lane for lane in self.lanes if lane.nap.is_asleep), None)
        if idle is not None:
            idle.nap.end()

    def retire(self) -> None:
        """Its lanes end as soon as what is with the function is settled."""
        self.retired = True
        for lane in self.lanes:
            lane.interrupt()

    def left(self, lane: Lane) -> None:
        """A lane has ended."""
        self._left.discard(lane)
        if not self._left:
            self.on_end(self)

    def expect_more(self) -> None:
        """There may be records."""
        self.unread = True

    def made_room(self) -> None:
        """A lane has fewer that wait: another may have waited for that, to read on."""
        if self.unread:
            self._wake_lanes()

    async def read_more(self, limit: int) -> bool:
        """A page for whichever lanes it is, if there may be one and room for it; whether one was read.

        All who ask meanwhile wait for the same. SourceUnavailable.
        """
        if not self.unread or self.ended or sum(lane.waiting for lane in self.lanes) >= MOST_AHEAD:
            return False
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._read(min(max(limit * len(self.lanes), 1), LARGEST_PAGE)))
        await asyncio.shield(self._reading)
        return True

    def _wake_lanes(self) -> None:
        for lane in self.lanes:
            lane.nap.end()

    async def _read(self, limit: int) -> None:
        """Whoever asks from its end on has another page read: one that waits for what is over would never rest."""
        fed: Collection[Lane] | None = None
        try:
            fed = await self._read_page(limit)
        finally:
            self._reading = None
            if fed is None or self.unread or self.ended:
                self._wake_lanes()
            else:
                for lane in fed:
                    lane.nap.end()

    async def _read_page(self, limit: int) -> Collection[Lane] | None:
        """The lanes that were given something; None: nothing was read."""
        try:
            self.unread = False
            if self._iterator is None:
                self._iterator = await self._reader.iterator(self.id, self._position)
            page = await self._reader.records(self._iterator, limit)
        except SourceUnavailable as error:
            self.unread = True
            self._iterator = None
            if isinstance(error, StreamGone):
                self.on_loss()
            raise
        except IteratorLost as error:
            self.unread = True
            self._iterator = None
            if error.trimmed or self._position.kind != AFTER:
                log.warning("%s of %s is read from its oldest record on: %s", self.id, self._reader.arn, error)
                self._position = Position(TRIM_HORIZON)
            if error.trimmed:
                self.on_loss()
            return None
        if page.records:
            self._position = Position(AFTER, page.records[-1].id)
        self._iterator = page.iterator
        self.ended = page.iterator is None
        self.unread = self.unread or (not self.ended and len(page.records) >= limit)
        fed = set()
        for record in page.records:
            lane = self.lanes[lane_of(record, len(self.lanes))]
            fed.add(lane)
            if is_settled(record, self.former):
                lane.pass_over(record)
            else:
                lane.take(record)
        if page.records and self.former:
            last = page.records[-1].place.sequence
            self.former = [one for one in self.former if any(lane.behind > last for lane in one)]
        return fed


def lane_of(record: Record, lanes: int) -> int:
    return 0 if lanes == 1 else crc32(record.place.key) % lanes


def is_settled(record: Record, divisions: Sequence[Sequence[Checkpoint]]) -> bool:
    """Whether the lane that was its own in one of these is done with it."""
    return any(record.place.sequence <= one[lane_of(record, len(one))].behind for one in divisions)


def earliest(checkpoints: Sequence[Checkpoint]) -> Position:
    """From where on all lanes find what they have not seen; those that have ended seek nothing."""
    left = [one.position for one in checkpoints if one.position.kind != ENDED]
    if not left:
        return Position(ENDED)
    anywhere = next((position for position in left if position.kind != AFTER), None)
    return anywhere or min(left, key=lambda position: int(position.text))


def divided(shard: str, checkpoints: Sequence[Checkpoint], lanes: int) -> Sequence[Checkpoint]:
    """The same for so many lanes. Other lanes begin where the last of the former ones was."""
    if len(checkpoints) == lanes and all(one.lanes == lanes for one in checkpoints):
        return sorted(checkpoints, key=lambda one: one.lane)
    position, window = earliest(checkpoints), checkpoints[0].window if len(checkpoints) == lanes == 1 else None
    return [Checkpoint(shard, lane, lanes, position, window) for lane in range(lanes)]


def is_whole(division: Sequence[Checkpoint]) -> bool:
    """Whether all of its lanes are there."""
    return bool(division) and {one.lane for one in division} == set(range(division[0].lanes))


def is_over(checkpoints: Sequence[Checkpoint]) -> bool:
    return bool(checkpoints) and all(one.position.kind == ENDED for one in checkpoints)
