"""The timetable in SQLite. Every function here is a step of the store's writer, or part of one."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from lambda_emu.arn import service_in
from lambda_emu.model.schedules.timing import Timing
from lambda_emu.model.timestamps import whole_second
from lambda_emu.store import WorkItem
from lambda_emu.store.codec import decode, encode
from lambda_emu.store.work import insert

log = logging.getLogger(__name__)

FIRED_AT_ONCE = 256
COUNTED_MOST = 10_000
_EARLIEST = "SELECT arn, timing, next_s FROM timetable WHERE due_s <= ? ORDER BY due_s, arn LIMIT 1"
_PUT = "INSERT OR REPLACE INTO timetable VALUES (?, ?, ?, ?)"

Draw = Callable[[], float]
"""Evenly distributed in [0, 1): where in its window something is due."""


class Firing(Struct, frozen=True):
    """One time that an entry comes. arn: of its rule or schedule. scheduled_s: its time by its expression."""

    arn: str
    scheduled_s: int


class Owner(Protocol):
    """The service whose entries these are. On the store's writer, in the transaction that moves the entry on."""

    def work_of(self, connection: sqlite3.Connection, firing: Firing) -> Sequence[WorkItem]:
        """What is to be done now; writes nothing. What it raises, but sqlite3.Error, costs this one firing."""

    def end(self, connection: sqlite3.Connection, arn: str) -> None:
        """This comes no more, and is no entry any longer."""

    def wake(self, work: Sequence[WorkItem]) -> None:
        """On the loop: this was committed."""


class Missed(Struct, frozen=True):
    """What is not made up for. is_more: than could be counted."""

    firings: int = 0
    entries: int = 0
    is_more: bool = False

    def __add__(self, other: Missed) -> Missed:
        more = self.is_more or other.is_more
        return Missed(self.firings + other.firings, self.entries + other.entries, more)


class Fired(Struct, frozen=True):
    """What a step came to. work: by service. is_all: nothing is due any more. next_s: when the next is; None: never."""

    work: Mapping[str, Sequence[WorkItem]]
    missed: Missed
    is_all: bool
    next_s: float | None


def put(connection: sqlite3.Connection, arn: str, timing: Timing, now_s: float, draw: Draw) -> bool:
    """Enter what begins now, in place of what it was before; whether it is due at all.

    Whoever writes this with a record of its own calls `Timetable.look` after the commit.
    """
    first_s = timing.first(now_s)
    if first_s is None:
        now = whole_second(now_s)
        log.warning("%s is never due: %s means no time from %s on, which is now", arn, timing.expression, now)
        remove(connection, arn)
        return False
    _write(connection, arn, timing, first_s, draw)
    return True


def remove(connection: sqlite3.Connection, arn: str) -> None:
    """It comes no more."""
    connection.execute("DELETE FROM timetable WHERE arn = ?", (arn,))


def next_of(connection: sqlite3.Connection, arn: str) -> int | None:
    """When it is due next by its expression; None: it is no entry."""
    found = connection.execute("SELECT next_s FROM timetable WHERE arn = ?", (arn,)).fetchone()
    return None if found is None else int(found[0])


def clear(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM timetable")


def empty(connection: sqlite3.Connection, account: str) -> None:
    """Forget the entries of one account."""
    connection.execute("DELETE FROM timetable WHERE arn LIKE 'arn:%:%:%:' || ? || ':%'", (account,))


def set_back(connection: sqlite3.Connection, now_s: float, draw: Draw) -> None:
    """It is earlier than it was: what comes again comes at its next time from now on. A single time is a date."""
    for arn, text, next_s in connection.execute("SELECT arn, timing, next_s FROM timetable").fetchall():
        try:
            timing = decode(Timing, text)
            first_s = None if timing.is_once else timing.next_after(now_s)
        except ValueError:  # it is told when it is due
            continue
        if first_s is not None and first_s < next_s:
            _write(connection, arn, timing, first_s, draw)


def fire(connection: sqlite3.Connection, until_s: float, owners: Mapping[str, Owner], draw: Draw) -> Fired:
    """Make work of what is due until then, in the order in which it is due; no more than go at once."""
    return _fire(connection, until_s, owners, draw, makes_up=True)


def fire_latest(connection: sqlite3.Connection, until_s: float, owners: Mapping[str, Owner], draw: Draw) -> Fired:
    """The same after nobody was there: of what comes again only the latest, and nothing that is too old."""
    return _fire(connection, until_s, owners, draw, makes_up=False)


def _fire(
    connection: sqlite3.Connection, until_s: float, owners: Mapping[str, Owner], draw: Draw, *, makes_up: bool
) -> Fired:
    work: dict[str, list[WorkItem]] = {}
    missed = Missed()
    for _ in range(FIRED_AT_ONCE):
        row = connection.execute(_EARLIEST, (until_s,)).fetchone()
        if row is None:
            break
        arn, service, owner = row[0], service_in(row[0]), owners.get(service_in(row[0]))
        try:
            timing, scheduled_s, fires = decode(Timing, row[1]), int(row[2]), True
            if not makes_up:
                first_s = scheduled_s
                scheduled_s = first_s if timing.is_once else timing.latest(first_s, until_s)
                fires = until_s - scheduled_s <= timing.most_age_s
                missed += _missed(timing, first_s, scheduled_s, fires, COUNTED_MOST - missed.firings)
            next_s = timing.next_after(scheduled_s)
        except ValueError as error:  # such as a zone that this machine does not know any more
            log.error("%s is due no more until it is changed: %s", arn, error)
            remove(connection, arn)
            continue
        if fires:
            work.setdefault(service, []).extend(_work_of(connection, owner, Firing(arn, scheduled_s)))
        _move_on(connection, arn, timing, next_s, draw, owner)
    (next_due_s,) = connection.execute("SELECT min(due_s) FROM timetable").fetchone()
    return Fired(work, missed, next_due_s is None or next_due_s > until_s, next_due_s)


def _missed(timing: Timing, first_s: int, latest_s: int, fires: bool, most: int) -> Missed:
    """most: so many are counted."""
    most = max(most, 0)
    found = timing.count(first_s, latest_s, most + 1) + (0 if fires else 1)
    return Missed(min(found, most), 1 if found else 0, found > most)


def _work_of(connection: sqlite3.Connection, owner: Owner | None, firing: Firing) -> Sequence[WorkItem]:
    if owner is None:
        log.warning("%s is due, and its service is not served", firing.arn)
        return ()
    try:
        work = owner.work_of(connection, firing)
    except sqlite3.Error:
        raise
    except Exception:
        log.exception("%s is due and fails; it comes again at its next time", firing.arn)
        return ()
    for each in work:
        insert(connection, each)
    return work


def _move_on(
    connection: sqlite3.Connection, arn: str, timing: Timing, next_s: int | None, draw: Draw, owner: Owner | None
) -> None:
    if next_s is not None:
        _write(connection, arn, timing, next_s, draw)
        return
    remove(connection, arn)
    if owner is not None:
        owner.end(connection, arn)


def _write(connection: sqlite3.Connection, arn: str, timing: Timing, next_s: int, draw: Draw) -> None:
    due_s = next_s + (draw() * timing.window_s if timing.window_s else 0)
    connection.execute(_PUT, (arn, encode(timing), next_s, due_s))
