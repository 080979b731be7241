"""One lane of a shard: in order, one batch at a time, until it succeeded or is given up."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from lambda_emu.clock import TIMER_ERROR_S, Clock
from lambda_emu.errors.service import ShuttingDown
from lambda_emu.event_sources.backoff import Nap
from lambda_emu.event_sources.poller import BatchVerdict, Fetched, Record, Result, SourceEnded
from lambda_emu.event_sources.streams.failures import Failures
from lambda_emu.event_sources.streams.mapping import StreamMapping
from lambda_emu.event_sources.streams.positions import Checkpoint, Positions
from lambda_emu.event_sources.streams.progress import Progress
from lambda_emu.event_sources.streams.retries import ATTEMPTS_EXHAUSTED, TOO_OLD, Batch, count_old, decide
from lambda_emu.event_sources.streams.windows import Window
from lambda_emu.http.loop import Loop
from lambda_emu.store import WorkItem

log = logging.getLogger(__name__)


class ShardReader(Protocol):
    """The shard, as its lanes know it: shard.Shard. unread: whether there may be more than was read.

    ended: whether all of it was read. retired: whether its lanes are wanted otherwise.
    """

    unread: bool
    ended: bool
    retired: bool

    async def read_more(self, limit: int) -> bool: ...
    def expect_more(self) -> None: ...
    def made_room(self) -> None: ...
    def left(self, lane: Lane) -> None: ...


class Lane:
    """event_sources.poller.Poller of the part of a shard that is in order."""

    ordered = True
    divisible = False

    def __init__(
        self,
        shard: ShardReader,
        checkpoint: Checkpoint,
        mapping: StreamMapping,
        positions: Positions,
        loop: Loop,
        clock: Clock,
    ) -> None:
        self._shard = shard
        self._shard_id = checkpoint.shard
        self._mapping = mapping
        self._clock = clock
        self.nap = Nap(loop, clock)
        self._progress = Progress(checkpoint, mapping, positions, self.nap, lambda: shard.retired)
        self._failures = Failures(mapping, checkpoint.shard, clock)
        self._window = Window.read(checkpoint.window)
        self._queue: deque[Record] = deque()
        self._again: deque[Batch] = deque()
        self._attempts = 0  # of what was fetched last
        self._taken = 0  # records that were fetched and are not settled
        self._interrupted = False

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def take(self, record: Record) -> None:
        """It was read; some may have been settled before a restart."""
        if self._progress.is_new(record):
            self._queue.append(record)

    def pass_over(self, record: Record) -> None:
        """It was read, and a lane of an earlier division is done with it."""
        self._progress.pass_over(record)

    # -- as its feed sees it ----------------------------------------------------------------------

    async def fetch(self, limit: int, wait_s: float) -> Fetched:
        self._interrupted = False
        if not self._taken:
            if self._shard.retired:
                self._end()
            if self._again:
                return await self._fetch_again()
        self._attempts = 0
        while not self._queue:
            if self._is_window_over(None):
                return Fetched(whole=True)
            if await self._shard.read_more(limit):
                continue
            if self._shard.ended and not self._taken and self._window is None:
                await self._progress.end()
                self._end()
            elif not await self._sleep(wait_s):
                return Fetched()
        return await self._fetch_fresh(limit)

    def interrupt(self) -> None:
        self._interrupted = True
        self.nap.end()

    def event(self, records: Sequence[Record]) -> bytes:
        text = b'{"Records":[' + b",".join(record.json for record in records) + b"]"
        if self._window is None:
            return text + b"}"
        members = self._window.members(self._shard_id, self._mapping.arn, is_last=not records)
        return text + b"," + members.encode() + b"}"

    async def settle(self, records: Sequence[Record], result: Result) -> None:
        self._taken -= len(records)
        if isinstance(result.error, ShuttingDown):
            self._again.appendleft(Batch(records, self._attempts))
            return
        if records:
            self._mapping.count_age((self._clock.now_s() - records[-1].place.at_s) * 1000)
        decision = decide(Batch(records, self._attempts), result, self._mapping.settings)
        self._again.extendleft(reversed(decision.again))
        if result.verdict in (BatchVerdict.OK, BatchVerdict.PARTIAL) and self._window is not None:
            self._window = self._window.after(result.payload) if records else None
        given_up = decision.given_up
        if result.verdict is not BatchVerdict.OK and not decision.again:
            self._window = None  # its state cannot be what it should be
        work: Sequence[WorkItem] = ()
        if given_up:
            work = self._tell(given_up, ATTEMPTS_EXHAUSTED, decision.invocations, result)
        await self._leave_behind([*decision.done, *given_up], work)

    async def drop(self, records: Sequence[Record]) -> None:
        self._taken -= len(records)
        await self._leave_behind(records)

    async def release(self, records: Sequence[Record]) -> None:
        self._taken -= len(records)
        self._queue.extendleft(reversed(records))

    def filter_view(self, record: Record) -> tuple[Mapping[str, Any], str | None]:
        return self._mapping.form.view(record)

    # -- fetching ---------------------------------------------------------------------------------

    async def _fetch_again(self) -> Fetched:
        """What failed, as it was, but for records that have become too old."""
        batch = self._again.popleft()
        old = count_old(batch.records, self._clock.now_s(), self._mapping.settings)
        if old:
            work = self._tell(batch.records[:old], TOO_OLD, batch.attempts, None)
            await self._leave_behind(batch.records[:old], work)
            batch = Batch(batch.records[old:], batch.attempts)
            if not batch.records:
                return Fetched()
        self._attempts = batch.attempts
        self._taken += len(batch.records)
        return Fetched(batch.records, whole=True)

    async def _fetch_fresh(self, limit: int) -> Fetched:
        """Records of one window, if there are windows: what belongs to the next one waits until this one is closed."""
        found = list(islice(self._queue, limit))
        old = count_old(found, self._clock.now_s(), self._mapping.settings)
        if old:
            for _ in range(old):
                self._queue.popleft()
            await self._leave_behind(found[:old], self._tell(found[:old], TOO_OLD, 0, None))
            return Fetched()
        if self._mapping.window_s:
            if self._is_window_over(found[0]):
                return Fetched(whole=True)
            if self._window is None:
                self._window = Window.of(found[0].place.at_s, self._mapping.window_s)
            window = self._window
            found = found[: next((at for at, one in enumerate(found) if not window.holds(one.place.at_s)), len(found))]
        for _ in found:
            self._queue.popleft()
        self._shard.made_room()
        self._taken += len(found)
        return Fetched(found)

    def _is_window_over(self, following: Record | None) -> bool:
        """Whether the window that is open gets no records any more. following: the next record."""
        if self._window is None:
            return False
        if self._window.is_full or not self._mapping.window_s:
            return True
        if following is not None:
            return not self._window.holds(following.place.at_s)
        return self._clock.now_s() >= self._window.end_s and not self._shard.unread

    async def _sleep(self, wait_s: float) -> bool:
        """Until there may be something. Whether there is time to look at it."""
        begun_s, looked_s = self._clock.monotonic_s(), self._clock.machine.monotonic_s()
        poll_s, until_s = self._mapping.poll_s, wait_s
        if self._window is not None:
            until_s = min(until_s, max(self._window.end_s - self._clock.now_s(), 0.01))
        if not self._interrupted:  # while it asked its shard
            await self.nap.sleep(until_s, poll_s)
        if self._interrupted:
            return False
        if self._clock.machine.monotonic_s() - looked_s >= poll_s - TIMER_ERROR_S:
            self._shard.expect_more()
        return self._clock.monotonic_s() - begun_s < wait_s

    def _end(self) -> None:
        """SourceEnded."""
        self._shard.left(self)
        raise SourceEnded

    # -- settling ---------------------------------------------------------------------------------

    def _tell(
        self, records: Sequence[Record], condition: str, invocations: int, result: Result | None
    ) -> Sequence[WorkItem]:
        log.warning("%d records of %s are given up: %s", len(records), self._mapping.arn, condition)
        return self._failures.deliveries(records, condition, invocations, result, self.event(records))

    async def _leave_behind(self, records: Sequence[Record], work: Sequence[WorkItem] = ()) -> None:
        await self._progress.leave_behind(records, self._window, work)
