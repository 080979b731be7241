"""One unit of order of a mapping: batches are gathered, given to the function, and settled. It owns time.

Gathering sleeps in the poller until the source wakes it; there is no thread, and nothing runs while nothing comes. A
window begins with its first record, and what no filter wants never fills a batch.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from math import inf
from typing import Any, Protocol

from lambda_emu.clock import Clock
from lambda_emu.event_sources.backoff import Backoff, Nap
from lambda_emu.event_sources.filtering import RecordFilter
from lambda_emu.event_sources.poller import BatchVerdict, Poller, Record, Result, SourceEnded, SourceUnavailable
from lambda_emu.event_sources.scaling import Scaling
from lambda_emu.http.loop import Loop
from lambda_emu.model.mappings.mapping import EventSourceMapping

log = logging.getLogger(__name__)

PAYLOAD_BYTES = 6 * 1024 * 1024
ENVELOPE_BYTES = 4096
"""Of them for what an event has beside its records."""
LOOK_S = 5.0
"""How often it is asked whether a function that was not there is there again: a safety net."""
SLEEP_S = 600.0
MOST_AT_ONCE = 10
"""So many batches are fetched together."""


class FeedConsumer(Protocol):
    """Whose feed it is: consumer.Consumer, with its mapping as it is now. wanted: its filters.

    check: SourceUnavailable while its function may not read the source. ask: gives a batch to its function. count:
    of the mapping's own metrics.
    """

    mapping: EventSourceMapping
    wanted: RecordFilter | None

    def is_callable(self) -> bool: ...
    async def check(self) -> None: ...
    async def ask(self, poller: Poller, records: Sequence[Record]) -> Result: ...
    def count(self, metric: str, events: int) -> None: ...
    def settled(self, records: Sequence[Record], result: Result) -> None: ...


class Feed:
    """Reads one poller until it is stopped."""

    def __init__(self, poller: Poller, scaling: Scaling, consumer: FeedConsumer, loop: Loop, clock: Clock) -> None:
        self._out = 0  # batches that are with the function, and of ordered records until they are settled
        self._unsettled = 0
        self._gathers = False  # whoever it is: one at a time
        self.scaling = scaling
        self._poller = poller
        self._consumer = consumer
        self._loop = loop
        self._clock = clock
        self._nap = Nap(loop, clock)
        self._backoff = Backoff(clock)
        self._left: deque[Record] = deque()  # fetched ahead
        self._is_stale = False  # whether that is to go back
        self._stopped = False
        self._looks = 0  # that were asked for: who had to wait meanwhile begins anew
        self._complaint = ""

    async def run(self) -> None:
        """Until `stop`, and until all that was taken is settled."""
        while not self._stopped:
            await self._wait_for_room()
            batch = await self._next_batch()
            if batch is not None:
                self._loop.spawn(self._deliver(batch), f"batches of {self._consumer.mapping.uuid}")
        while self._gathers:
            await self._nap.sleep(SLEEP_S)
        await self._give_back()
        while self._unsettled:
            await self._nap.sleep(SLEEP_S)

    def stop(self) -> None:
        """Take nothing more. What is gathered goes back; what is with the function is waited for."""
        self._stopped = True
        self.look()

    def look(self) -> None:
        """Something is not as it was: whoever sleeps looks again, and old failures count no more."""
        self._backoff.succeeded()
        self.scaling.try_again()
        self._looks += 1
        self._nap.end()
        self._poller.interrupt()

    # -- gathering --------------------------------------------------------------------------------

    async def _wait_for_room(self) -> None:
        """Until a batch may be gathered; what is out of date goes back first."""
        while not self._stopped:
            if self._is_stale and not self._gathers:
                await self._give_back()
                continue
            wait_s = self._wait_s()
            if wait_s <= 0:
                return
            await self._nap.sleep(wait_s)

    def _wait_s(self) -> float:
        """Until nobody gathers, one more batch may be out, the last failure is long ago, and there is a function."""
        if self._gathers:
            return inf
        wait_s = max(self.scaling.wait_s(self._out, self._clock.monotonic_s()), self._backoff.wait_s())
        return LOOK_S if wait_s <= 0 and not self._consumer.is_callable() else wait_s

    async def _next_batch(self) -> list[Record] | None:
        """One that is out from now on. None: there is none, or none can be had now."""
        if self._stopped:
            return None
        self._gathers = True
        try:
            batch = await self._gather()
        except SourceEnded:
            self._stopped = True
            return None
        except SourceUnavailable as error:
            self._complain(error)
            self._backoff.failed()
            return None
        except Exception:
            log.exception("event source mapping %s could not be polled", self._consumer.mapping.uuid)
            self._backoff.failed()
            return None
        finally:
            self._gathers = False
        if batch is not None:
            self._complaint = ""
            self._out += 1
            self._unsettled += 1
        return batch

    async def _gather(self) -> list[Record] | None:
        """The records of one batch; None: there is none after all. SourceUnavailable, SourceEnded."""
        builder = _BatchBuilder(self._consumer.mapping.settings, self._clock)
        batch = builder.records
        try:
            while not builder.is_full and not self._stopped:
                if self._left:
                    builder.take(self._left)
                    continue
                wait_s = builder.wait_s()
                if wait_s <= 0:
                    break
                looks = self._looks
                await self._consumer.check()
                if looks != self._looks:
                    continue  # the poller, which did not sleep, was told nothing
                fetched = await self._poller.fetch(builder.room * self._batches_at_once(), wait_s)
                if fetched.records:
                    await self._check_still(fetched.records)
                self._consumer.count("PolledEventCount", len(fetched.records))
                self._left.extend(await self._choose(fetched.records))
                builder.take(self._left)
                if fetched.whole and not self._left:
                    return batch
                if not fetched.records and not batch:
                    return None  # things may have changed meanwhile
        except (SourceUnavailable, SourceEnded):
            if not batch:
                raise
        if batch and self._stopped:
            await self._settle(self._poller.release, batch)
            return None
        return batch or None

    async def _check_still(self, records: Sequence[Record]) -> None:
        """Who waited for them may have lost the permission to meanwhile. SourceUnavailable."""
        try:
            await self._consumer.check()
        except SourceUnavailable:
            await self._settle(self._poller.release, list(records))
            raise

    def _batches_at_once(self) -> int:
        """For so many there is room now; one fetch for all of them costs its source less."""
        if not self._poller.divisible or self._consumer.mapping.settings.get("MaximumBatchingWindowInSeconds"):
            return 1
        return min(max(self.scaling.limit - self._out, 1), MOST_AT_ONCE)

    async def _choose(self, records: Sequence[Record]) -> Sequence[Record]:
        """Those that the mapping wants; the others are done with."""
        wanted = self._consumer.wanted
        if wanted is None or not records:
            return records
        kept: list[Record] = []
        dropped: list[Record] = []
        for record in records:
            (kept if wanted.wants(*self._poller.filter_view(record)) else dropped).append(record)
        self._consumer.count("FilteredOutEventCount", len(dropped))
        await self._settle(self._poller.drop, dropped)
        return kept

    # -- a batch ----------------------------------------------------------------------------------

    async def _deliver(self, first: list[Record]) -> None:
        """A batch and those that follow it at once: to wake who gathers, and a task for each, costs as much again."""
        try:
            batch: list[Record] | None = first
            while batch is not None:
                await self._give(batch)
                batch = await self._follow()
        finally:
            self._nap.end()

    async def _give(self, batch: list[Record]) -> None:
        """Another may take its place once the function is done, or where order is kept once it is settled."""
        is_out, wake = True, None
        try:
            result = await self._consumer.ask(self._poller, batch)
            self._note(result)
            if not self._poller.ordered:
                is_out = False
                self._out -= 1
                wake = self._loop.asyncio.call_soon(self._nap.end)  # should it not be settled at once
            await self._poller.settle(batch, result)
            self._consumer.settled(batch, result)
        except SourceUnavailable as error:
            self._complain(error)
            self._backoff.failed()
        finally:
            if wake is not None:
                wake.cancel()
            self._unsettled -= 1
            self._out -= is_out

    async def _follow(self) -> list[Record] | None:
        """The next batch, if nobody gathers it and nothing has to be waited for before."""
        if self._is_stale or self._wait_s() > 0:
            return None
        batch = await self._next_batch()
        if self._out < self.scaling.most:
            self._nap.end()
        return batch

    def _note(self, result: Result) -> None:
        """When to go on: at once, or later and with fewer; and whether what was fetched ahead is still next."""
        if result.passes or (self._poller.ordered and result.verdict is not BatchVerdict.OK):
            self._is_stale = True
        if result.passes:
            self.scaling.throttled(self._out - 1, self._clock.monotonic_s())
            self._backoff.failed()
        elif self._poller.ordered and result.verdict in (BatchVerdict.FAILED, BatchVerdict.REFUSED):
            self._backoff.failed()
        else:
            self._backoff.succeeded()

    async def _give_back(self) -> None:
        """What was fetched ahead comes again."""
        left = list(self._left)
        self._left.clear()
        self._is_stale = False
        await self._settle(self._poller.release, left)

    async def _settle(self, act: Callable[[list[Record]], Awaitable[None]], records: list[Record]) -> None:
        if records:
            try:
                await act(records)
            except SourceUnavailable as error:
                self._complain(error)

    def _complain(self, error: SourceUnavailable) -> None:
        """Of the same once, until it is well again."""
        if not self._stopped and str(error) != self._complaint:
            self._complaint = str(error)
            mapping = self._consumer.mapping
            log.warning("event source mapping %s of %s: %s", mapping.uuid, mapping.source_arn, error)


class _BatchBuilder:
    """A batch on its way. settings: the mapping's."""

    def __init__(self, settings: Any, clock: Clock) -> None:
        self.records: list[Record] = []
        self.is_full = False
        self._most: int = settings["BatchSize"]
        self._window_s: float = settings.get("MaximumBatchingWindowInSeconds", 0)
        self._clock = clock
        self._begun_s = inf
        self._bytes = ENVELOPE_BYTES

    @property
    def room(self) -> int:
        """For so many records more."""
        return self._most - len(self.records)

    def wait_s(self) -> float:
        """How long the next record is waited for."""
        if not self.records:
            return SLEEP_S
        return self._begun_s + self._window_s - self._clock.monotonic_s()

    def take(self, records: deque[Record]) -> None:
        """As many as go in. One that is too large for any batch goes alone, for the function's limit to refuse."""
        batch, most, size = self.records, self._most, self._bytes
        if records and not batch:
            self._begun_s = self._clock.monotonic_s()
        while records and len(batch) < most:
            size += len(records[0].json) + 1
            if batch and size > PAYLOAD_BYTES:
                self.is_full = True
                return
            batch.append(records.popleft())
        self._bytes = size
        self.is_full = len(batch) >= most
