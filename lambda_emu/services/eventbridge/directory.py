"""What there is on the buses of a server, in memory: what it is asked by, and the rules by what they match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from lambda_emu.arn import Scope
from lambda_emu.model.mappings.filters import Fields
from lambda_emu.services.eventbridge.errors import NoSuchBus, NoSuchRule
from lambda_emu.services.eventbridge.matching import BUS_ARN
from lambda_emu.services.eventbridge.patterns.index import RuleIndex
from lambda_emu.services.eventbridge.patterns.language import compile_known
from lambda_emu.services.eventbridge.records import DEFAULT, Archive, Bus, Record, Rule

R = TypeVar("R", bound=Record)


class _OnBus:
    """What one bus has. archives: with their patterns, None: for all."""

    def __init__(self) -> None:
        self.by_name: dict[str, Rule] = {}
        self.index: RuleIndex[str] = RuleIndex()
        self.archives: dict[str, tuple[Archive, Fields | None]] = {}


class Directory:
    """Buses, rules, archives and all that has a name beside them. On the loop; whoever changes it writes it first."""

    def __init__(self, begun_s: float) -> None:
        """begun_s: since when default buses are there."""
        self._begun_s = begun_s
        self._records: dict[str, dict[tuple[Scope, str], Any]] = {}  # by their kind
        self._on: dict[tuple[Scope, str], _OnBus] = {}

    def record(self, kind: type[R], scope: Scope, key: str) -> R | None:
        found: R | None = self._records.get(kind.kind, {}).get((scope, key))
        return found

    def records(self, kind: type[R]) -> list[R]:
        """Of all accounts."""
        return list(self._records.get(kind.kind, {}).values())

    def bus(self, scope: Scope, name: str) -> Bus | None:
        """Every account has a default one in every region."""
        found = self.record(Bus, scope, name)
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
        yield from (bus for bus in self.records(Bus) if bus.scope == scope and bus.name != DEFAULT)

    def rules(self, bus: Bus) -> Mapping[str, Rule]:
        found = self._on.get((bus.scope, bus.name))
        return {} if found is None else found.by_name

    def rule(self, bus: Bus, name: str) -> Rule:
        """NoSuchRule."""
        found = self.rules(bus).get(name)
        if found is None:
            raise NoSuchRule(name, bus.name)
        return found

    def wanting(self, bus: Bus, event: Any) -> list[Rule]:
        found = self._on.get((bus.scope, bus.name))
        return [] if found is None else [found.by_name[name] for name in sorted(found.index.matching(event))]

    def keeping(self, bus: Bus, event: Any) -> list[Archive]:
        found = self._on.get((bus.scope, bus.name))
        archives = () if found is None else found.archives.values()
        return [archive for archive, pattern in archives if pattern is None or pattern.matches(event)]

    def everything(self) -> list[Record]:
        return [record for kept in self._records.values() for record in kept.values()]

    def keep(self, record: Record) -> None:
        kept = self._records.setdefault(record.kind, {})
        before = kept.get((record.scope, record.key))
        kept[(record.scope, record.key)] = record
        if isinstance(record, Rule):
            self._index(before, record)
        elif isinstance(record, Archive):
            pattern = None if record.pattern is None else compile_known(record.pattern)
            self._on.setdefault((record.scope, record.bus), _OnBus()).archives[record.name] = record, pattern

    def forget(self, record: Record) -> None:
        del self._records[record.kind][(record.scope, record.key)]
        if isinstance(record, Rule):
            on = self._on[(record.scope, record.bus)]
            del on.by_name[record.name]
            on.index.remove(record.name)
        elif isinstance(record, Archive):
            del self._on[(record.scope, record.bus)].archives[record.name]

    def _index(self, before: Rule | None, rule: Rule) -> None:
        on = self._on.setdefault((rule.scope, rule.bus), _OnBus())
        on.by_name[rule.name] = rule
        if not rule.is_enabled or rule.pattern is None:
            on.index.remove(rule.name)
        elif before is None or not before.is_enabled or before.pattern != rule.pattern:
            on.index.add(rule.name, compile_known(rule.pattern))
