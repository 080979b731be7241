"""The buses and rules of a server: in memory on the loop, on disk before anybody is told."""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.json import decode, encode

from lambda_emu.arn import Scope, scope_in
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.model.schedules.timing import Timing
from lambda_emu.services.eventbridge.delivery import Deliveries, Handover
from lambda_emu.services.eventbridge.errors import NoSuchBus, NoSuchRule, NotKept
from lambda_emu.services.eventbridge.index import RuleIndex
from lambda_emu.services.eventbridge.matching import BUS_ARN, Arrival, handovers
from lambda_emu.services.eventbridge.patterns import compile_known
from lambda_emu.services.eventbridge.records import DEFAULT, Bus, Rule
from lambda_emu.services.timetable import table
from lambda_emu.store import Store

log = logging.getLogger(__name__)

Record = Bus | Rule
Told = Callable[[LambdaError | None, Mapping[str, Any] | None], None]
Begin = Callable[[Callable[[], None]], None]
"""Begins something that is done alone, and calls what it is given at its end. On the loop."""

LOOKS = Workers("large events for rules", 1, 1024)
LARGE_BYTES = 8 * 1024
BUS, RULE = "event bus", "event rule"
"""The kinds of rows in the store's table of records."""
_READ = "SELECT record FROM records WHERE kind = ? ORDER BY account, region, key"
_FIND = "SELECT record FROM records WHERE kind = ? AND account = ? AND region = ? AND key = ?"
_PUT = "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM records WHERE kind = ? AND account = ? AND region = ? AND key = ?"


class Change(Struct, frozen=True):
    """What is to be kept and forgotten, and what is answered then."""

    put: Sequence[Record] = ()
    gone: Sequence[Record] = ()
    result: Mapping[str, Any] | None = None


class _Kept(Struct, frozen=True):
    """A change as it is written. due: rules by their ARNs that are due by another expression from now on, or none."""

    change: Change
    due: Mapping[str, str | None]
    now_s: float
    draw: Callable[[], float]

    def write(self, connection: sqlite3.Connection) -> None:
        connection.executemany(_DELETE, [_key(record) for record in self.change.gone])
        connection.executemany(_PUT, [(*_key(record), encode(record).decode()) for record in self.change.put])
        for arn, expression in self.due.items():
            if expression is None:
                table.remove(connection, arn)
            else:
                table.put(connection, arn, Timing.of_rule(expression, self.now_s), self.now_s, self.draw)


class _Rules:
    """Those of one bus."""

    def __init__(self) -> None:
        self.by_name: dict[str, Rule] = {}
        self.index: RuleIndex[str] = RuleIndex()


class Buses:
    """On the loop. look: told when another rule may be due next, by the timetable."""

    def __init__(
        self, store: Store, loop: Loop, clock: Clock, deliveries: Deliveries, look: Callable[[], None]
    ) -> None:
        self._store = store
        self._loop = loop
        self._clock = clock
        self._deliveries = deliveries
        self._look = look
        self._begun_s = clock.now_s()
        self._buses: dict[tuple[Scope, str], Bus] = {}
        self._rules: dict[tuple[Scope, str], _Rules] = {}
        self._waiting: deque[Begin] = deque()
        self._is_taken = False  # one of those is under way

    # -- reading ----------------------------------------------------------------------------------

    def bus(self, scope: Scope, name: str) -> Bus | None:
        """Every account has a default one in every region."""
        found = self._buses.get((scope, name))
        if found is None and name == DEFAULT:
            return Bus(scope, DEFAULT, self._begun_s, self._begun_s)
        return found

    def find(self, scope: Scope, name_or_arn: str | None) -> Bus:
        """NoSuchBus. None: the default one."""
        named = BUS_ARN.fullmatch(name_or_arn) if name_or_arn else None
        name = named[3] if named else name_or_arn or DEFAULT
        bus = self.bus(Scope(named[2], named[1]) if named else scope, name)
        if bus is None:
            raise NoSuchBus(name)
        return bus

    def all(self, scope: Scope) -> Iterator[Bus]:
        default = self.bus(scope, DEFAULT)
        assert default is not None
        yield default
        yield from (bus for (its, name), bus in self._buses.items() if its == scope and name != DEFAULT)

    def rules(self, bus: Bus) -> Mapping[str, Rule]:
        found = self._rules.get((bus.scope, bus.name))
        return {} if found is None else found.by_name

    def rule(self, bus: Bus, name: str) -> Rule:
        """NoSuchRule."""
        found = self.rules(bus).get(name)
        if found is None:
            raise NoSuchRule(name, bus.name)
        return found

    def wanting(self, bus: Bus, event: Any) -> list[Rule]:
        found = self._rules.get((bus.scope, bus.name))
        return [] if found is None else [found.by_name[name] for name in sorted(found.index.matching(event))]

    # -- events -----------------------------------------------------------------------------------

    def put(self, arrivals: Sequence[Arrival], told: Callable[[LambdaError | None], None]) -> None:
        """Told when what rules want of them is on disk.

        Large ones are looked at beside the loop, while no rule changes.
        """
        find = partial(self._find, arrivals)
        if sum(len(each.event.detail) for each in arrivals) <= LARGE_BYTES:
            self._hand_over(find(), told)
            return

        def begin(done: Callable[[], None]) -> None:
            async def look() -> None:
                try:
                    wanted = await self._loop.work(LOOKS, find)
                except Exception:
                    log.exception("an event could not be looked at")
                    told(NotKept())
                else:
                    self._hand_over(wanted, told)
                finally:
                    done()

            self._loop.spawn(look(), "a look at a large event")

        self._alone(begin)

    def _find(self, arrivals: Sequence[Arrival]) -> list[Handover]:
        return [one for each in arrivals for one in handovers(each, self, self._clock.new_id)]

    def _hand_over(self, wanted: Sequence[Handover], told: Callable[[LambdaError | None], None]) -> None:
        if not wanted:
            told(None)
            return
        prepared = self._deliveries.prepare(wanted)

        def finish(error: BaseException | None) -> None:
            prepared.kept(error)
            told(None if error is None else NotKept())

        self._store.post(prepared.write, lambda error, _: self._loop.post(finish, error))
        prepared.begin()

    # -- changing ---------------------------------------------------------------------------------

    def change(self, work: Callable[[], Change], told: Told) -> None:
        """work: what is to change, by what there is then; LambdaError. One change after the other, in their order."""

        def begin(done: Callable[[], None]) -> None:
            try:
                kept = self._as_kept(work())
            except Exception as error:  # noqa: BLE001 - told there
                told(_told(error), None)
                done()
                return
            self._store.post(kept.write, lambda error, _: self._loop.post(self._changed, kept, told, done, error))

        self._alone(begin)

    def take_over(self, left: Iterable[Record]) -> None:
        """What an earlier run left. Before anybody else has these buses, and so on any thread."""
        for record in left:
            self._keep(record)

    def clear(self) -> None:
        """Nothing is left, of any account."""

        def work() -> Change:
            rules = [rule for each in self._rules.values() for rule in each.by_name.values()]
            return Change(gone=[*rules, *self._buses.values()])

        self.change(work, lambda *_: None)

    def close(self) -> None:
        """Nothing of these waits."""

    def _alone(self, begin: Begin) -> None:
        """In its turn, while nothing else is done that may change rules."""
        self._waiting.append(begin)
        if not self._is_taken:
            self._go_on()

    def _go_on(self) -> None:
        self._is_taken = bool(self._waiting)
        if self._waiting:
            self._waiting.popleft()(partial(self._loop.post, self._go_on))

    def _as_kept(self, change: Change) -> _Kept:
        due: dict[str, str | None] = {}
        due |= {record.arn: None for record in change.gone if isinstance(record, Rule) and record.due_by is not None}
        for record in change.put:
            if isinstance(record, Rule):
                before = self._rule_before(record)
                if record.due_by != (None if before is None else before.due_by):
                    due[record.arn] = record.due_by
        return _Kept(change, due, self._clock.now_s(), self._clock.random)

    def _changed(self, kept: _Kept, told: Told, done: Callable[[], None], error: BaseException | None) -> None:
        if error is None:
            for record in kept.change.gone:
                self._forget(record)
            for record in kept.change.put:
                self._keep(record)
            told(None, kept.change.result)
            if kept.due:
                self._look()
        else:
            log.error("a change of rules or buses could not be kept: %s", error)
            told(NotKept(), None)
        done()

    def _rule_before(self, record: Rule) -> Rule | None:
        found = self._rules.get((record.scope, record.bus))
        return None if found is None else found.by_name.get(record.name)

    def _keep(self, record: Record) -> None:
        if isinstance(record, Bus):
            self._buses[(record.scope, record.name)] = record
            return
        rules = self._rules.setdefault((record.scope, record.bus), _Rules())
        before = rules.by_name.get(record.name)
        rules.by_name[record.name] = record
        if not record.is_enabled or record.pattern is None:
            rules.index.remove(record.name)
        elif before is None or not before.is_enabled or before.pattern != record.pattern:
            rules.index.add(record.name, compile_known(record.pattern))

    def _forget(self, record: Record) -> None:
        if isinstance(record, Bus):
            self._buses.pop((record.scope, record.name), None)
            return
        rules = self._rules[(record.scope, record.bus)]
        del rules.by_name[record.name]
        rules.index.remove(record.name)


def read_all(connection: sqlite3.Connection) -> list[Record]:
    """What an earlier run left. A step of the store's writer."""
    found: list[Record] = []
    for (text,) in connection.execute(_READ, (BUS,)):
        found.append(decode(text, type=Bus))
    for (text,) in connection.execute(_READ, (RULE,)):
        found.append(decode(text, type=Rule))
    return found


def _told(error: Exception) -> LambdaError:
    if isinstance(error, LambdaError):
        return error
    log.error("a change of rules or buses failed", exc_info=error)
    return NotKept()


def find_rule(connection: sqlite3.Connection, arn: str) -> Rule | None:
    """By its ARN. A step of the store's writer."""
    scope, name = scope_in(arn), arn.partition(":rule/")[2]
    key = name if "/" in name else f"{DEFAULT}/{name}"
    row = connection.execute(_FIND, (RULE, scope.account, scope.region, key)).fetchone()
    return None if row is None else decode(row[0], type=Rule)


def _key(record: Record) -> tuple[str, str, str, str]:
    kind, name = (BUS, record.name) if isinstance(record, Bus) else (RULE, f"{record.bus}/{record.name}")
    return kind, record.scope.account, record.scope.region, name
