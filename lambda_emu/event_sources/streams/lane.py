"""One lane of a shard: in order, one batch at a time, until it succeeded or is given up."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from lambda_emu.arn import Target
from lambda_emu.clock import Clock
from lambda_emu.errors.service import ShuttingDown
from lambda_emu.event_sources.backoff import Nap
from lambda_emu.event_sources.poller import Fetched, Record, Result, SourceEnded, Verdict
from lambda_emu.event_sources.streams.failures import Failures
from lambda_emu.event_sources.streams.positions import Kept, Positions
from lambda_emu.event_sources.streams.reading import AFTER, ENDED, Position
from lambda_emu.event_sources.streams.retries import ATTEMPTS_EXHAUSTED, TOO_OLD, Batch, count_old, decide
from lambda_emu.event_sources.streams.windows import Window
from lambda_emu.http.loop import Loop
from lambda_emu.model.mappings.mapping import EventSourceMapping
from lambda_emu.store import WorkItem

log = logging.getLogger(__name__)

AGAIN_S = 1.0
"""After a full disk."""


class Terms:
    """The mapping as it is now, for all its lanes. count: takes a record's age in milliseconds.

    poll_s: how often a lane looks that nobody wakes.
    """

    def __init__(
        self, mapping: EventSourceMapping, target: Target, count: Callable[[float], None], poll_s: float
    ) -> None:
        self.mapping = mapping
        self.target = target
        self.count = count
        self.poll_s = poll_s

    @property
    def window_s(self) -> int:
        found: int = self.mapping.settings.get("TumblingWindowInSeconds", 0)
        return found


class Shared(Protocol):
    """The shard, as its lanes know it: shard.Shard."""

    id: str
    terms: Terms
    positions: Positions
    loop: Loop
    clock: Clock
    unread: bool
    ended: bool
    retired: bool

    @property
    def is_full(self) -> bool: ...
    def look(self) -> None: ...
    def left(self, lane: Lane) -> None: ...
    async def read(self, limit: int) -> None: ...


class Lane:
    """event_sources.poller.Poller of the part of a shard that is in order."""

    ordered = True
    divisible = False

    def __init__(self, shard: Shared, kept: Kept, arn: str) -> None:
        self._shard = shard
        self._arn = arn
        self._kept = kept
        self._seen = int(kept.position.text) if kept.position.kind == AFTER else -1
        self._window = Window.read(kept.window)
        self._failures = Failures(arn, shard.id, shard.terms.target, shard.clock)
        self.nap = Nap(shard.loop, shard.clock)
        self._queue: deque[Record] = deque()
        self._again: deque[Batch] = deque()
        self._attempts = 0  # of what was fetched last
        self._taken = 0  # records that were fetched and are not settled
        self._order: deque[int] = deque()  # sequence numbers from the first that is not behind us on
        self._behind: set[int] = set()  # of these, those that are
        self._interrupted = False

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def take(self, record: Record) -> None:
        """It was read; some may have been settled before a restart."""
        if record.place.sequence > self._seen:
            self._seen = record.place.sequence
            self._queue.append(record)
            self._order.append(record.place.sequence)

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
            if self._shard.unread and not self._shard.ended and not self._shard.is_full:
                await self._shard.read(limit)
            elif self._shard.ended and not self._taken and self._window is None:
                await self._finish()
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
        return text + b"," + self._window.members(self._shard.id, self._arn, is_last=not records).encode() + b"}"

    async def settle(self, records: Sequence[Record], result: Result) -> None:
        self._taken -= len(records)
        if isinstance(result.error, ShuttingDown):
            self._again.appendleft(Batch(records, self._attempts))
            return
        if records:
            self._shard.terms.count((self._shard.clock.now_s() - records[-1].place.at_s) * 1000)
        settings = self._settings
        decision = decide(Batch(records, self._attempts), result, settings)
        self._again.extendleft(reversed(decision.again))
        if result.verdict in (Verdict.OK, Verdict.PARTIAL) and self._window is not None:
            self._window = self._window.after(result.payload) if records else None
        given_up = decision.given_up
        if result.verdict is not Verdict.OK and not decision.again:
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
        return json.loads(record.json), None

    # -- fetching ---------------------------------------------------------------------------------

    async def _fetch_again(self) -> Fetched:
        """What failed, as it was, but for records that have become too old."""
        batch = self._again.popleft()
        old = count_old(batch.records, self._shard.clock.now_s(), self._settings)
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
        old = count_old(found, self._shard.clock.now_s(), self._settings)
        if old:
            for _ in range(old):
                self._queue.popleft()
            await self._leave_behind(found[:old], self._tell(found[:old], TOO_OLD, 0, None))
            return Fetched()
        if self._shard.terms.window_s:
            if self._is_window_over(found[0]):
                return Fetched(whole=True)
            if self._window is None:
                self._window = Window.of(found[0].place.at_s, self._shard.terms.window_s)
            window = self._window
            found = found[: next((at for at, one in enumerate(found) if not window.holds(one.place.at_s)), len(found))]
        for _ in found:
            self._queue.popleft()
        if self._shard.unread:
            self._shard.look()  # another lane may wait for room
        self._taken += len(found)
        return Fetched(found)

    def _is_window_over(self, following: Record | None) -> bool:
        """Whether the window that is open gets no records any more. following: the next record."""
        if self._window is None:
            return False
        if self._window.is_full or not self._shard.terms.window_s:
            return True
        if following is not None:
            return not self._window.holds(following.place.at_s)
        return self._shard.clock.now_s() >= self._window.end_s and not self._shard.unread

    async def _sleep(self, wait_s: float) -> bool:
        """Until there may be something. Whether there is time to look at it."""
        begun_s = self._shard.clock.monotonic_s()
        poll_s = self._shard.terms.poll_s
        until_s = min(wait_s, poll_s)
        if self._window is not None:
            until_s = min(until_s, max(self._window.end_s - self._shard.clock.now_s(), 0.01))
        await self.nap.sleep(until_s)
        if self._interrupted:
            return False
        slept_s = self._shard.clock.monotonic_s() - begun_s
        if slept_s >= poll_s:
            self._shard.unread = True
        return slept_s < wait_s

    async def _finish(self) -> None:
        """All was read and is settled. SourceEnded."""
        self._kept = self._kept._replace(position=Position(ENDED), window=None)
        await self._save()
        self._end()

    def _end(self) -> None:
        self._shard.left(self)
        raise SourceEnded

    # -- settling ---------------------------------------------------------------------------------

    @property
    def _settings(self) -> Mapping[str, Any]:
        return self._shard.terms.mapping.settings

    def _tell(
        self, records: Sequence[Record], condition: str, invocations: int, result: Result | None
    ) -> Sequence[WorkItem]:
        mapping = self._shard.terms.mapping
        log.warning("%d records of %s are given up: %s", len(records), self._arn, condition)
        event = self.event(records)
        return self._failures.deliveries(mapping, records, condition, invocations, result, event)

    async def _leave_behind(self, records: Sequence[Record], work: Sequence[WorkItem] = ()) -> None:
        """These are done with: whoever begins anew begins behind the last before which all are."""
        self._behind.update(record.place.sequence for record in records)
        last = None
        while self._order and self._order[0] in self._behind:
            last = self._order.popleft()
            self._behind.discard(last)
        if last is not None:
            self._kept = self._kept._replace(position=Position(AFTER, str(last)))
        if last is not None or work or self._window is not None or self._kept.window is not None:
            window = None if self._window is None else self._window.kept()
            self._kept = self._kept._replace(window=window)
            await self._save(work)

    async def _save(self, work: Sequence[WorkItem] = ()) -> None:
        """Deliveries are kept whatever it takes; a position alone may be kept the next time."""
        while True:
            try:
                await self._shard.positions.save(self._shard.terms.mapping.uuid, [self._kept], work)
                return
            except sqlite3.Error as error:
                log.error("%s: how far it was read could not be kept: %s", self._arn, error)
                if not work or self._shard.retired:
                    return
                await self.nap.sleep(AGAIN_S)
