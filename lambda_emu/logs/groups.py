"""Reading logs.db as CloudWatch does: by group and stream, in the order of time, or as it is written."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.logs.lines import decode_event, events, pushed_events
from lambda_emu.logs.log_file import PUSHED_TO
from lambda_emu.logs.reader import OF_SCOPE

GROUPS = f"""
SELECT log_group, min(at_ms), coalesce(sum(length(text)), 0)
FROM stream LEFT JOIN page ON page.stream = stream.id WHERE {OF_SCOPE} GROUP BY log_group
"""
HAS_GROUP = f"SELECT 1 FROM stream WHERE {OF_SCOPE} AND log_group = :group LIMIT 1"
STREAMS = f"""
SELECT name, created_ms, min(at_ms), max(at_ms), max(coalesce(ingested_ms, at_ms)), coalesce(sum(length(text)), 0)
FROM stream LEFT JOIN page ON page.stream = stream.id
WHERE {OF_SCOPE} AND log_group = :group GROUP BY name ORDER BY name
"""
STREAM_NAMES = f"SELECT id, name, function FROM stream WHERE {OF_SCOPE} AND log_group = :group"
PLACES = """
SELECT at_ms, id, stream FROM page
WHERE stream IN (SELECT value FROM json_each(:streams)) AND at_ms BETWEEN :start AND :end
AND (at_ms, id) {beyond} (:at_ms, :segment) ORDER BY at_ms {way}, id {way} LIMIT :most
"""
"""Looks through all segments: some 10 ms for each 64,000. An index of them would cost each invocation a tenth more."""
TEXTS = "SELECT id, text, ingested_ms FROM page WHERE id IN (SELECT value FROM json_each(?))"
NEWER = "SELECT id, stream, at_ms, length(text) FROM page WHERE id > ? ORDER BY id LIMIT ?"
OWNER = "SELECT account, region, log_group, name, function FROM stream WHERE id = ?"

MOST_PLACES = 50_000
PIECE_BYTES = 1024 * 1024
PIECE_SEGMENTS = 256
"""Texts that are in memory at once."""
MOST_NEWER = 4096
MOST_KNOWN = 10_000
"""Streams of which somebody who follows the log knows whose they are."""
EVER_MS = 2**62


class EventPosition(Struct, frozen=True, order=True):
    """Where an event is: those of one time are in the order in which they were written."""

    at_ms: int
    segment: int
    index: int


class Owner(Struct, frozen=True):
    """Whose a stream is. function: that prints to it, if one does."""

    scope: Scope
    group: str
    stream: str
    function: str | None


class StoredEvent(Struct, frozen=True):
    """message: as it was pushed; of a function's line with its newline."""

    position: EventPosition
    ingested_ms: int
    owner: Owner
    message: str

    @property
    def id(self) -> str:
        """56 digits, which rise with the position."""
        return f"3{self.position.at_ms:014d}{self.position.segment:023d}{self.position.index:018d}"


class GroupUse(Struct, frozen=True):
    """What is in a group. first_ms: of its first event; None: it has none."""

    first_ms: int | None
    size: int


class StreamUse(Struct, frozen=True):
    """The times are of its events; None: it has none. created_ms: None: its first line made it."""

    name: str
    created_ms: int | None
    first_ms: int | None
    last_ms: int | None
    ingested_ms: int | None
    size: int


class Span(Struct, frozen=True):
    """Events of a group. end_ms: inclusive. streams: their names, None: all. prefix: of their names."""

    scope: Scope
    group: str
    start_ms: int = 0
    end_ms: int = EVER_MS
    streams: frozenset[str] | None = None
    prefix: str = ""

    def has(self, stream: str) -> bool:
        return stream.startswith(self.prefix) and (self.streams is None or stream in self.streams)


class Written(Struct, frozen=True):
    """Events of streams of interest, in the order of writing. next: the segment to go on after."""

    events: Sequence[StoredEvent]
    next: int
    complete: bool


class GroupReader:
    """Opens the file anew for each question, and holds no view of it between pieces. sqlite3.Error. Any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def groups(self, scope: Scope) -> dict[str, GroupUse]:
        """Those that have a stream."""
        return {name: GroupUse(first, size) for name, first, size in self._ask(GROUPS, _of(scope))}

    def has_group(self, scope: Scope, group: str) -> bool:
        return bool(self._ask(HAS_GROUP, _of(scope) | {"group": group}))

    def streams(self, scope: Scope, group: str) -> list[StreamUse]:
        """By name."""
        return [StreamUse(*row) for row in self._ask(STREAMS, _of(scope) | {"group": group})]

    def stream_names(self, scope: Scope, group: str) -> set[str]:
        return {name for _, name, _ in self._ask(STREAM_NAMES, _of(scope) | {"group": group})}

    def events(
        self, span: Span, after: EventPosition | None = None, *, backward: bool = False
    ) -> Generator[StoredEvent, None, None]:
        """In the order of time, as many as somebody takes. after: begin behind it, in either direction."""
        if not self._path.exists():
            return
        with closing(self._connect()) as db:
            owners = _owners(db, span)
            while True:
                places = _places(db, span, list(owners), after, backward)
                for piece in _pieces(places):
                    yield from _between(_read(db, piece, owners), after, backward)
                if len(places) < MOST_PLACES:
                    return
                at_ms, segment, _ = places[-1]
                after = EventPosition(at_ms, segment, 0 if backward else EVER_MS)

    def newer(self, owners: Owners, after: int) -> Written:
        """What was written after a segment, of at most a megabyte."""
        if not self._path.exists():
            return Written((), after, complete=True)
        with closing(self._connect()) as db:
            rows = db.execute(NEWER, (after, MOST_NEWER)).fetchall()
            places, last, size = [], after, 0
            known: dict[int, Owner] = {}
            for id, stream, at_ms, length in rows:
                last = id
                if (owner := owners.of(db, stream)) is None:
                    continue
                known[stream] = owner
                places.append((at_ms, id, stream))
                size += length
                if size >= PIECE_BYTES:
                    break
            found = tuple(_read(db, places, known))
        return Written(found, last, complete=len(rows) < MOST_NEWER and (not rows or last == rows[-1][0]))

    def last_segment(self) -> int:
        found = self._ask("SELECT coalesce(max(id), 0) FROM page", {})
        return int(found[0][0]) if found else 0

    def _ask(self, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        if not self._path.exists():
            return []
        with closing(self._connect()) as db:
            return db.execute(query, values).fetchall()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )


class Owners:
    """Knows whose each stream is, of the groups of interest. Used by one thread at a time."""

    def __init__(self, groups: frozenset[tuple[Scope, str]]) -> None:
        self._groups = groups
        self._known: dict[int, Owner | None] = {}

    def of(self, db: sqlite3.Connection, stream: int) -> Owner | None:
        """None: of no group of interest."""
        if stream not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[stream] = self._find(db, stream)
        return self._known[stream]

    def _find(self, db: sqlite3.Connection, stream: int) -> Owner | None:
        found = db.execute(OWNER, (stream,)).fetchone()
        if found is None:
            return None
        account, region, group, name, function = found
        scope = Scope(account, region)
        return Owner(scope, group, name, _printer(function)) if (scope, group) in self._groups else None


def _of(scope: Scope) -> dict[str, Any]:
    return {"account": scope.account, "region": scope.region}


def _printer(function: str) -> str | None:
    return None if function.startswith(PUSHED_TO) else function


def _owners(db: sqlite3.Connection, span: Span) -> dict[int, Owner]:
    """Of a group's streams."""
    rows = db.execute(STREAM_NAMES, _of(span.scope) | {"group": span.group})
    return {
        id: Owner(span.scope, span.group, name, _printer(function)) for id, name, function in rows if span.has(name)
    }


_At = tuple[int, int, int]
"""Time, segment and stream."""


def _places(
    db: sqlite3.Connection, span: Span, streams: list[int], after: EventPosition | None, backward: bool
) -> list[_At]:
    """Of segments that have events behind `after`; that which it is in itself is among them."""
    at = after or (EventPosition(EVER_MS, EVER_MS, 0) if backward else EventPosition(-1, -1, 0))
    query = PLACES.format(beyond="<=" if backward else ">=", way="DESC" if backward else "ASC")
    values = {
        "streams": json.dumps(streams),
        "start": span.start_ms,
        "end": span.end_ms,
        "at_ms": at.at_ms,
        "segment": at.segment,
        "most": MOST_PLACES,
    }
    return db.execute(query, values).fetchall()


def _pieces(places: Sequence[_At]) -> Iterator[Sequence[_At]]:
    """Few at first: many who ask take few events."""
    start, count = 0, 16
    while start < len(places):
        yield places[start : start + count]
        start, count = start + count, min(count * 4, PIECE_SEGMENTS)


def _read(db: sqlite3.Connection, places: Sequence[_At], owners: Mapping[int, Owner]) -> Iterator[StoredEvent]:
    """Events of segments; of one that is gone meanwhile, none."""
    texts = {id: rest for id, *rest in db.execute(TEXTS, (json.dumps([id for _, id, _ in places]),))}
    for at_ms, id, stream in places:
        if id not in texts:
            continue
        text, ingested_ms = texts[id]
        messages = map(decode_event, events(text)) if ingested_ms is None else pushed_events(text)
        came_ms = at_ms if ingested_ms is None else ingested_ms
        for index, message in enumerate(messages):
            yield StoredEvent(
                EventPosition(at_ms, id, index), came_ms, owners[stream], message.decode("utf-8", "replace")
            )


def _between(found: Iterator[StoredEvent], after: EventPosition | None, backward: bool) -> Iterator[StoredEvent]:
    """Those behind a position; backward each segment from its end."""
    if not backward:
        yield from (event for event in found if after is None or event.position > after)
        return
    segment: list[StoredEvent] = []
    for event in found:
        if segment and segment[0].position.segment != event.position.segment:
            yield from (one for one in reversed(segment) if after is None or one.position < after)
            segment = []
        segment.append(event)
    yield from (one for one in reversed(segment) if after is None or one.position < after)
