"""Brings what is written to a log to the filters of its group: subscriptions and metric filters.

What a subscription wants is kept as work to be delivered in the transaction that says how far the log was read, so it
is delivered at least once, and after a restart goes on where it stood.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.clock import Timer
from lambda_emu.http.executors import Closed, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.logs.groups import Owner, Owners, Place, StoredEvent
from lambda_emu.logs.store import LogStore
from lambda_emu.metrics.embedded import Embedded
from lambda_emu.services.logs import table
from lambda_emu.services.logs.groups import Groups
from lambda_emu.services.logs.metric_values import metrics_of
from lambda_emu.services.logs.patterns import FilterPattern, parse_pattern
from lambda_emu.services.logs.patterns.fields import Fields
from lambda_emu.services.logs.payloads import Matched, payloads
from lambda_emu.services.logs.records import METRIC, SUBSCRIPTION, LogGroup, SubscriptionFilter
from lambda_emu.store import Store, WorkItem

log = logging.getLogger(__name__)

READS = Workers("reads of logs for filters", 1, 16)
AGAIN_S = 1.0
FILTER_S = 2.0
"""So long one filter may take for a piece of the log, which waits for all of them."""
MOST_WAITING = 1_000
"""Deliveries to one destination that wait; what comes then is dropped, and told."""
MOST_STREAMS = 10_000
_START = re.compile(r"START RequestId: ([0-9a-f-]{36}) ")
_JSON_START = re.compile(r'"type":\s*"platform\.start".{0,64}?"requestId":\s*"([0-9a-f-]{36})"')
_LOOKED_AT = 512
WAITING = "SELECT count(*) FROM work WHERE kind = ?"


class Deliveries(Protocol):
    """What brings payloads to functions and streams."""

    def make(
        self, group: LogGroup, to: SubscriptionFilter, owner: Owner, causes: set[str], payload: bytes
    ) -> WorkItem: ...

    def put(self, connection: sqlite3.Connection, work: Sequence[WorkItem]) -> None: ...

    def wake(self, work: Sequence[WorkItem]) -> None: ...

    def publish(self, metrics: Sequence[Embedded]) -> None: ...


class _Wanted(Struct, frozen=True, eq=False):
    """Groups that have filters, and their streams."""

    groups: Sequence[LogGroup]
    owners: Owners


class _Piece(Struct, frozen=True):
    """Of the log, and how far it goes. causes: of each event, the request during which it was printed."""

    events: Mapping[tuple[Scope, str], Sequence[StoredEvent]]
    causes: Mapping[Place, str | None]
    begun: int
    end: int
    complete: bool


class _Step(Struct, frozen=True):
    """What came of a piece."""

    work: Sequence[WorkItem]
    metrics: Sequence[Embedded]
    end: int
    complete: bool


class Pump:
    """On the loop, but for what it says. position: the segment behind which to begin, if an earlier run left one."""

    def __init__(
        self, groups: Groups, store: Store, logs: LogStore, loop: Loop, deliveries: Deliveries, position: int | None
    ) -> None:
        self._groups = groups
        self._store = store
        self._logs = logs
        self._loop = loop
        self._deliveries = deliveries
        self._position = position
        self._is_kept = False
        self._wanted = _Wanted((), Owners(frozenset()))  # replaced whole; its owners and the next are the worker's
        self._causes = _Causes()
        self._full: set[str] = set()  # destinations that take no more; the store's thread's
        self._running = self._again = self._closed = False
        self._timer: Timer | None = None

    def start(self) -> None:
        """And after each change of filters."""
        filtered = [group for group in self._groups.made if group.subscriptions or group.metrics]
        owners = Owners(frozenset((group.scope, group.name) for group in filtered))
        self._wanted = _Wanted(filtered, owners)
        self._logs.on_written = (lambda: self._loop.post(self.look)) if filtered else None
        self._is_kept = False  # a later run shall bring no filter what was before it
        if filtered:
            self.look()
        else:
            self._position = None

    def look(self) -> None:
        """Something may have been written."""
        if self._closed or not self._wanted.groups:
            return
        self._again = True
        if not self._running:
            self._running = True
            self._loop.spawn(self._run(), "filters of logs")

    def close(self) -> None:
        self._closed = True
        self._logs.on_written = None
        if self._timer is not None:
            self._timer.cancel()

    async def _run(self) -> None:
        try:
            while self._again and not self._closed:
                self._again = False
                step = await self._loop.work(READS, self._take_step)
                if step.work or step.metrics or not self._is_kept:
                    await self._keep(step)
                self._position = step.end
                self._again = self._again or not step.complete
        except Closed:
            log.debug("filters go on with a later run")
        except Exception:
            log.exception("the filters of a log failed, and go on in %g s", AGAIN_S)
            self._timer = self._groups.clock.machine.call_later(AGAIN_S, self.look)
        finally:
            self._running = False

    async def _keep(self, step: _Step) -> None:
        kept: asyncio.Future[Sequence[WorkItem]] = self._loop.asyncio.create_future()

        def told(error: BaseException | None, work: Sequence[WorkItem]) -> None:
            self._loop.post(_settle, kept, error, work)

        self._store.post(lambda connection: self._put(connection, step), told)
        self._deliveries.wake(await kept)
        self._deliveries.publish(step.metrics)
        self._is_kept = True

    # -- on the store's thread --------------------------------------------------------------------

    def _put(self, connection: sqlite3.Connection, step: _Step) -> Sequence[WorkItem]:
        kept: list[WorkItem] = []
        for kind in {work.kind for work in step.work}:
            of_kind = [work for work in step.work if work.kind == kind]
            (waiting,) = connection.execute(WAITING, (kind,)).fetchone()
            kept += of_kind[: max(0, MOST_WAITING - waiting)]
            self._tell(kind, is_full=waiting + len(of_kind) > MOST_WAITING)
        self._deliveries.put(connection, kept)
        table.put_position(connection, step.end)
        return kept

    def _tell(self, kind: str, *, is_full: bool) -> None:
        if is_full and kind not in self._full:
            target = kind.partition(" ")[2]
            log.warning("%d batches of log events wait for %s; what comes now is dropped", MOST_WAITING, target)
        (self._full.add if is_full else self._full.discard)(kind)

    # -- on a worker ------------------------------------------------------------------------------

    def _take_step(self) -> _Step:
        """By the filters that there are once the log is read: one that was deleted has nothing from then on."""
        while True:
            wanted = self._wanted
            piece = self._read(wanted.owners)
            if wanted is self._wanted:
                break
        work: list[WorkItem] = []
        metrics: list[Embedded] = []
        for group in wanted.groups:
            found = piece.events.get((group.scope, group.name), ())
            for to in group.subscriptions:
                events = self._timely(group, to.name, self._since(group, SUBSCRIPTION + to.name, found))
                work += self._subscribed(group, to, events, piece.causes)
            for one in group.metrics:
                events = self._timely(group, one.name, self._since(group, METRIC + one.name, found))
                metrics += metrics_of(group, one, events)
        return _Step(work, metrics, piece.end, piece.complete)

    def _read(self, owners: Owners) -> _Piece:
        """Segments may begin anew at a lower number, where the last ones were deleted."""
        reader, begins = self._groups.reader, self._groups.begins
        last = reader.last_segment()
        begun = min(begins.values(), default=last) if self._position is None else self._position
        if begun > last:
            begins.clear()
            begun = last
        written = reader.newer(owners, begun)
        events: dict[tuple[Scope, str], list[StoredEvent]] = {}
        causes: dict[Place, str | None] = {}
        for event in written.events:
            events.setdefault((event.owner.scope, event.owner.group), []).append(event)
            causes[event.place] = self._causes.of(event)
        return _Piece(events, causes, begun, written.next, written.complete)

    def _since(self, group: LogGroup, key: str, found: Sequence[StoredEvent]) -> Sequence[StoredEvent]:
        """Those that were written after the filter was made."""
        begins = self._groups.begins.get((group.scope, group.name, key), 0)
        return [event for event in found if event.place.segment > begins]

    def _timely(self, group: LogGroup, name: str, found: Sequence[StoredEvent]) -> Iterator[StoredEvent]:
        def tell(left: int) -> None:
            log.warning("filter %s of %s takes too long: %d events are passed over", name, group.name, left)

        return self._groups.timely(found, FILTER_S, tell)

    def _subscribed(
        self, group: LogGroup, to: SubscriptionFilter, found: Iterable[StoredEvent], causes: Mapping[Place, str | None]
    ) -> Iterator[WorkItem]:
        pattern = parse_pattern(to.pattern)
        by_stream: dict[Owner, list[Matched]] = {}
        for event in found:
            if (matched := _match(pattern, event)) is not None:
                by_stream.setdefault(event.owner, []).append(matched)
        for owner, events in by_stream.items():
            requests = {cause for one in events if (cause := causes[one.event.place]) is not None}
            for payload in payloads(group, owner.stream, to.name, events):
                yield self._deliveries.make(group, to, owner, requests, payload)


class _Causes:
    """Which invocation printed an event, so that a function which its own log runs is found to go in circles.

    Follows streams as they are written; used by one thread at a time.
    """

    def __init__(self) -> None:
        self._running: OrderedDict[Owner, str] = OrderedDict()

    def of(self, event: StoredEvent) -> str | None:
        """The request during which it was printed, as far as the stream says."""
        owner = event.owner
        if owner.function is None:
            return None
        begun = _START.match(event.message) or _JSON_START.search(event.message, 0, _LOOKED_AT)
        if begun is not None:
            self._running[owner] = begun[1]
            self._running.move_to_end(owner)
            if len(self._running) > MOST_STREAMS:
                self._running.popitem(last=False)
        return self._running.get(owner)


def _match(pattern: FilterPattern, event: StoredEvent) -> Matched | None:
    found = pattern.match(event.message)
    if found is None:
        return None
    fields = {name[1:]: text for name, text in found.items()} if isinstance(pattern, Fields) else None
    return Matched(event, fields)


def _settle(kept: asyncio.Future[Sequence[WorkItem]], error: BaseException | None, work: Sequence[WorkItem]) -> None:
    """On the loop."""
    if error is None:
        kept.set_result(work)
    else:
        kept.set_exception(error)
