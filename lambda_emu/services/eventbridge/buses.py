"""The buses and rules of a server: in memory on the loop, on disk before anybody is told."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.json import decode, encode

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.http.loop import Loop
from lambda_emu.services.eventbridge.delivery import Deliveries, Handover
from lambda_emu.services.eventbridge.errors import NoSuchBus, NoSuchRule, NotKept
from lambda_emu.services.eventbridge.index import RuleIndex
from lambda_emu.services.eventbridge.matching import BUS_ARN, Arrival, handovers
from lambda_emu.services.eventbridge.patterns import compile_known
from lambda_emu.services.eventbridge.records import DEFAULT, Bus, Rule
from lambda_emu.store import Store

Record = Bus | Rule
Told = Callable[[LambdaError | None, Mapping[str, Any] | None], None]
Heard = Callable[[Rule | None, Rule | None], None]
"""A rule before and after a change; None: there is none. On the loop."""

BUS, RULE = "event bus", "event rule"
"""The kinds of rows in the store's table of records."""
_READ = "SELECT record FROM records WHERE kind = ? ORDER BY account, region, key"
_PUT = "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM records WHERE kind = ? AND account = ? AND region = ? AND key = ?"


class Change(Struct, frozen=True):
    """What is to be kept and forgotten, and what is answered then."""

    put: Sequence[Record] = ()
    gone: Sequence[Record] = ()
    result: Mapping[str, Any] | None = None


class _Rules:
    """Those of one bus."""

    def __init__(self) -> None:
        self.by_name: dict[str, Rule] = {}
        self.index: RuleIndex[str] = RuleIndex()


class Buses:
    """On the loop. heard: told of every rule that changes, for those that fire by a schedule."""

    def __init__(self, store: Store, loop: Loop, clock: Clock, deliveries: Deliveries) -> None:
        self.heard: list[Heard] = []
        self._store = store
        self._loop = loop
        self._clock = clock
        self._deliveries = deliveries
        self._begun_s = clock.now_s()
        self._buses: dict[tuple[Scope, str], Bus] = {}
        self._rules: dict[tuple[Scope, str], _Rules] = {}
        self._waiting: deque[tuple[Callable[[], Change], Told]] = deque()
        self._is_changing = False

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

    def scheduled(self) -> list[Rule]:
        """Of all accounts, those that fire by a schedule."""
        return [rule for each in self._rules.values() for rule in each.by_name.values() if rule.schedule is not None]

    def wanting(self, bus: Bus, event: Any) -> list[Rule]:
        found = self._rules.get((bus.scope, bus.name))
        return [] if found is None else [found.by_name[name] for name in sorted(found.index.matching(event))]

    # -- events -----------------------------------------------------------------------------------

    def put(self, arrivals: Iterable[Arrival], told: Callable[[LambdaError | None], None]) -> None:
        """Told when what rules want of them is on disk."""
        self.hand_over([one for each in arrivals for one in handovers(each, self, self._clock.new_id)], told)

    def hand_over(self, wanted: Sequence[Handover], told: Callable[[LambdaError | None], None]) -> None:
        if not wanted:
            told(None)
            return

        def done(error: BaseException | None, _: Any) -> None:
            self._loop.post(finish, error)

        def finish(error: BaseException | None) -> None:
            if error is None:
                self._deliveries.written(wanted)
            told(None if error is None else NotKept())

        self._store.post(lambda connection: self._deliveries.write(connection, wanted), done)

    # -- changing ---------------------------------------------------------------------------------

    def change(self, work: Callable[[], Change], told: Told) -> None:
        """work: what is to change, by what there is then; LambdaError. One change after the other, in their order."""
        self._waiting.append((work, told))
        self._go_on()

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

    def _go_on(self) -> None:
        while self._waiting and not self._is_changing:
            work, told = self._waiting.popleft()
            try:
                change = work()
            except LambdaError as error:
                told(error, None)
                continue
            self._is_changing = True
            self._store.post(partial(_write, change), self._done(change, told))

    def _done(self, change: Change, told: Told) -> Callable[[BaseException | None, Any], None]:
        def finish(error: BaseException | None) -> None:
            self._is_changing = False
            if error is None:
                for record in change.gone:
                    self._forget(record)
                for record in change.put:
                    self._keep(record)
                told(None, change.result)
            else:
                told(NotKept(), None)
            self._go_on()

        return lambda error, _: self._loop.post(finish, error)

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
        for heard in self.heard:
            heard(before, record)

    def _forget(self, record: Record) -> None:
        if isinstance(record, Bus):
            self._buses.pop((record.scope, record.name), None)
            return
        rules = self._rules[(record.scope, record.bus)]
        del rules.by_name[record.name]
        rules.index.remove(record.name)
        for heard in self.heard:
            heard(record, None)


def read_all(connection: sqlite3.Connection) -> list[Record]:
    """What an earlier run left. A step of the store's writer."""
    found: list[Record] = []
    for (text,) in connection.execute(_READ, (BUS,)):
        found.append(decode(text, type=Bus))
    for (text,) in connection.execute(_READ, (RULE,)):
        found.append(decode(text, type=Rule))
    return found


def _write(change: Change, connection: sqlite3.Connection) -> None:
    connection.executemany(_DELETE, [_key(record) for record in change.gone])
    connection.executemany(_PUT, [(*_key(record), encode(record).decode()) for record in change.put])


def _key(record: Record) -> tuple[str, str, str, str]:
    kind, name = (BUS, record.name) if isinstance(record, Bus) else (RULE, f"{record.bus}/{record.name}")
    return kind, record.scope.account, record.scope.region, name
