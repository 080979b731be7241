"""Brings what is written to a log to the filters of its group: subscriptions and metric filters.

What a subscription wants is kept as work to be delivered in the transaction that says how far the log was read, so it
is delivered at least once, and after a restart goes on where it stood. A destination for which much waits already is
left behind: the log is read for it alone from where it stood, once it has taken half of that.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from lambda_emu.clock import Timer
from lambda_emu.http.executors import Closed, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.logs.groups import EventPosition, Owner, Owners, StoredEvent
from lambda_emu.logs.store import LogStore
from lambda_emu.metrics.embedded import Embedded
from lambda_emu.services.late import LIMIT_S, ask_store
from lambda_emu.services.logs import table
from lambda_emu.services.logs.groups import Groups
from lambda_emu.services.logs.metric_values import metrics_of
from lambda_emu.services.logs.patterns import FilterPattern, parse_pattern
from lambda_emu.services.logs.patterns.fields import Fields
from lambda_emu.services.logs.payloads import Matched, payloads
from lambda_emu.services.logs.pieces import Causes, Piece, make_piece, owners_of
from lambda_emu.services.logs.records import METRIC, SUBSCRIPTION, LogGroup, SubscriptionFilter
from lambda_emu.store import Store, WorkItem

log = logging.getLogger(__name__)

READS = Workers("reads of logs for filters", 1, 16)
AGAIN_S = 1.0
FILTER_S = 2.0
"""So long one filter may take for a piece of the log, which waits for all of them."""
MOST_WAITING = 1_000
"""Deliveries to one destination that wait; what comes then waits in the log, which is told."""


class Deliveries(Protocol):
    """What brings payloads to functions and streams."""

    def make(
        self, group: LogGroup, to: SubscriptionFilter, owner: Owner, causes: set[str], payload: bytes
    ) -> WorkItem: ...

    def waiting(self, connection: sqlite3.Connection, destination: str) -> int:
        """How many are on their way there."""

    def put(self, connection: sqlite3.Connection, work: Sequence[WorkItem]) -> None: ...

    def wake(self, work: Sequence[WorkItem]) -> None: ...

    def publish(self, metrics: Sequence[Embedded]) -> None: ...


class _Wanted(Struct, frozen=True, eq=False):
    """Groups that have filters, and their streams."""

    groups: Sequence[LogGroup]
    owners: Owners


class _Done(Struct, frozen=True):
    """What came of a piece, once it is on disk. complete: there is nothing more for now."""

    work: Sequence[WorkItem]
    metrics: Sequence[Embedded]
    complete: bool


class _Late:
    """A destination that is left behind, and how far the log was read for it."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.causes = Causes()


class Pump:
    """On the loop, but for what it says. left: how far an earlier run has read the log."""

    def __init__(
        self, groups: Groups, store: Store, logs: LogStore, loop: Loop, deliveries: Deliveries, left: table.Positions
    ) -> None:
        self._groups = groups
        self._store = store
        self._logs = logs
        self._loop = loop
        self._deliveries = deliveries
        self._position = left.segment
        self._late = {destination: _Late(segment) for destination, segment in left.late.items()}
        self._is_kept = False
        self._wanted = _Wanted((), Owners(frozenset()))  # replaced whole; its owners and the next are the worker's
        self._causes = Causes()
        self._running = self._again = self._closed = False
        self._timer: Timer | None = None

    def start(self) -> None:
        """And after each change of filters."""
        filtered = [group for group in self._groups.made if group.subscriptions or group.metrics]
        self._wanted = _Wanted(filtered, owners_of(filtered))
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
                self._done(await self._loop.work(READS, self._go_on))
                for destination in list(self._late):
                    self._done(await self._loop.work(READS, self._catch_up, destination))
            if self._late:
                self._look_later()
        except Closed:
            log.debug("filters go on with a later run")
        except Exception:
            log.exception("the filters of a log failed, and go on in %g s", AGAIN_S)
            self._look_later()
        finally:
            self._running = False

    def _done(self, step: _Done) -> None:
        self._deliveries.wake(step.work)
        self._deliveries.publish(step.metrics)
        self._again = self._again or not step.complete

    def _look_later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._groups.clock.machine.call_later(AGAIN_S, self.look)

    # -- on a worker, one after the other ---------------------------------------------------------

    def _go_on(self) -> _Done:
        """By the filters that there are once the log is read: one that was deleted has nothing from then on."""
        while True:
            wanted = self._wanted
            piece = self._read(wanted.owners)
            if wanted is self._wanted:
                break
        work: dict[str, list[WorkItem]] = {}
        metrics: list[Embedded] = []
        for group, found in piece.of(wanted.groups):
            for to in group.subscriptions:
                if to.destination not in self._late:
                    made = self._subscribed(group, to, found, piece.causes)
                    work.setdefault(to.destination, []).extend(made)
            for one in group.metrics:
                metrics += metrics_of(group, one, self._timely(group, METRIC, one.name, found))
        kept: Sequence[WorkItem] = ()
        if any(work.values()) or metrics or not self._is_kept:
            kept, full = ask_store(self._store, lambda connection: self._put(connection, work, piece), LIMIT_S)
            self._leave_behind(full, piece.begun)
            self._is_kept = True
        self._position = piece.end
        return _Done(kept, metrics, piece.complete)

    def _put(
        self, connection: sqlite3.Connection, work: Mapping[str, Sequence[WorkItem]], piece: Piece
    ) -> tuple[Sequence[WorkItem], Sequence[str]]:
        """On the store's thread. What is kept of it, and the destinations that take no more."""
        waiting = {one: self._deliveries.waiting(connection, one) for one, made in work.items() if made}
        full = [one for one, count in waiting.items() if count >= MOST_WAITING]
        kept = [item for one, made in work.items() if one not in full for item in made]
        for destination in full:
            table.put_late(connection, destination, piece.begun)
        self._deliveries.put(connection, kept)
        table.put_position(connection, piece.end)
        return kept, full

    def _leave_behind(self, full: Iterable[str], segment: int) -> None:
        for destination in full:
            self._late[destination] = _Late(segment)
            log.warning(
                "%d batches of log events wait for %s; what comes now waits in the log", MOST_WAITING, destination
            )

    def _catch_up(self, destination: str) -> _Done:
        """Bring one that was left behind a piece of what waits, if it has taken enough."""
        late, until = self._late[destination], self._position or 0
        groups = [one for one in self._wanted.groups if any(to.destination == destination for to in one.subscriptions)]
        work: list[WorkItem] = []
        end = until
        if groups and late.position < until:
            waiting = ask_store(self._store, lambda it: self._deliveries.waiting(it, destination), LIMIT_S)
            if waiting > MOST_WAITING // 2:
                return _Done((), (), complete=True)
            piece = self._read_late(late, groups, until)
            end = piece.end
            for group, found in piece.of(groups):
                for to in group.subscriptions:
                    if to.destination == destination:
                        work += self._subscribed(group, to, found, piece.causes)
        is_done = end >= until

        def put(connection: sqlite3.Connection) -> None:
            self._deliveries.put(connection, work)
            table.put_position(connection, until)
            table.put_late(connection, destination, None if is_done else end)

        ask_store(self._store, put, LIMIT_S)
        late.position = end
        if is_done:
            del self._late[destination]
        return _Done(work, (), complete=is_done)

    def _read(self, owners: Owners) -> Piece:
        """Segments may begin anew at a lower number, where the last ones were deleted."""
        reader, begins = self._groups.reader, self._groups.begins
        last = reader.last_segment()
        begun = min(begins.values(), default=last) if self._position is None else self._position
        if begun > last:
            begins.clear()
            begun = last
        written = reader.newer(owners, begun)
        return make_piece(written.events, self._causes, begun, written.next, complete=written.complete)

    def _read_late(self, late: _Late, groups: Sequence[LogGroup], until: int) -> Piece:
        """No further than the others' have seen it, who go on together then."""
        written = self._groups.reader.newer(owners_of(groups), late.position)
        events = (event for event in written.events if event.position.segment <= until)
        return make_piece(events, late.causes, late.position, min(until, written.next), complete=written.complete)

    def _timely(self, group: LogGroup, kind: str, name: str, found: Sequence[StoredEvent]) -> Iterator[StoredEvent]:
        """What was written after the filter was made, as far as there is time to look at it."""

        def tell(left: int) -> None:
            log.warning("filter %s of %s takes too long: %d events are passed over", name, group.name, left)

        begins = self._groups.begins.get((group.scope, group.name, kind + name), 0)
        newer = [event for event in found if event.position.segment > begins]
        return self._groups.timely(newer, FILTER_S, tell)

    def _subscribed(
        self,
        group: LogGroup,
        to: SubscriptionFilter,
        found: Sequence[StoredEvent],
        causes: Mapping[EventPosition, str | None],
    ) -> Iterator[WorkItem]:
        pattern = parse_pattern(to.pattern)
        by_stream: dict[Owner, list[Matched]] = {}
        for event in self._timely(group, SUBSCRIPTION, to.name, found):
            if (matched := _match(pattern, event)) is not None:
                by_stream.setdefault(event.owner, []).append(matched)
        for owner, events in by_stream.items():
            requests = {cause for one in events if (cause := causes[one.event.position]) is not None}
            for payload in payloads(group, owner.stream, to.name, events):
                yield self._deliveries.make(group, to, owner, requests, payload)


def _match(pattern: FilterPattern, event: StoredEvent) -> Matched | None:
    found = pattern.match(event.message)
    if found is None:
        return None
    fields = {name[1:]: text for name, text in found.items()} if isinstance(pattern, Fields) else None
    return Matched(event, fields)
