"""A piece of the log as filters look at it: events by group, and which invocation printed each."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.logs.groups import EventPosition, Owner, Owners, StoredEvent
from lambda_emu.services.logs.records import LogGroup

MOST_STREAMS = 10_000
_START = re.compile(r"START RequestId: ([0-9a-f-]{36}) ")
_JSON_START = re.compile(r'"type":\s*"platform\.start".{0,64}?"requestId":\s*"([0-9a-f-]{36})"')
_LOOKED_AT = 512


class Piece(Struct, frozen=True):
    """Behind segment `begun`, as far as `end`. causes: of each event, the request during which it was printed."""

    events: Mapping[tuple[Scope, str], Sequence[StoredEvent]]
    causes: Mapping[EventPosition, str | None]
    begun: int
    end: int
    complete: bool

    def of(self, groups: Iterable[LogGroup]) -> Iterator[tuple[LogGroup, Sequence[StoredEvent]]]:
        """Those of which there is something, each with that."""
        for group in groups:
            if found := self.events.get((group.scope, group.name)):
                yield group, found


def make_piece(events: Iterable[StoredEvent], causes: Causes, begun: int, end: int, *, complete: bool) -> Piece:
    by_group: dict[tuple[Scope, str], list[StoredEvent]] = {}
    of_events: dict[EventPosition, str | None] = {}
    for event in events:
        by_group.setdefault((event.owner.scope, event.owner.group), []).append(event)
        of_events[event.position] = causes.of(event)
    return Piece(by_group, of_events, begun, end, complete)


def owners_of(groups: Iterable[LogGroup]) -> Owners:
    return Owners(frozenset((group.scope, group.name) for group in groups))


class Causes:
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
