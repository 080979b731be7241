"""The commands of a query, each a step from rows to rows. Read once, before anything is looked at."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from lambda_emu.services.logs.insights import aggregates
from lambda_emu.services.logs.insights.expressions import Expression, Expressions, number_of, order_of, text_of
from lambda_emu.services.logs.insights.reading import NUMBER, QueryInvalid, Words
from lambda_emu.services.logs.insights.rows import Row, Value
from lambda_emu.services.logs.patterns.regex import Regex

MOST_ROWS = 10_000
MOST_GROUPS = 10_000
MOST_KEPT = 1_000_000
"""Values that all aggregates of a query hold on to."""
MOST_COMMANDS = 32
MOST_PARSED = 16_384
"""Characters of a text in which groups are found, one by one."""

Step = Callable[[Iterable[Row]], Iterator[Row]]


class QueryTooLarge(Exception):
    """What it would have to hold on to."""


class Plan(Struct, frozen=True):
    """steps: of which the first `matching` say what matches. shown: the fields of the answer; empty: as of events."""

    steps: Sequence[Step]
    matching: int
    shown: Sequence[str]


class _Named(Struct, frozen=True):
    name: str
    value: Expression


class _Aggregated(Struct, frozen=True):
    name: str
    kind: str
    value: Expression | None
    percent: float


def parse_query(text: str) -> Plan:
    """QueryInvalid."""
    return _Reader(Words(text)).plan()


class _Reader:
    def __init__(self, words: Words) -> None:
        self._words = words
        self._expressions = Expressions(words)
        self._steps: list[Step] = []
        self._matching = 0
        self._shown: list[str] = []
        self._commands: Mapping[str, Callable[[], None]] = {
            "fields": self._fields,
            "display": self._display,
            "filter": self._filter,
            "parse": self._parse,
            "stats": self._stats,
            "sort": self._sort,
            "limit": self._limit,
            "dedup": self._dedup,
        }

    def plan(self) -> Plan:
        words = self._words
        try:
            while not words.is_over:
                if words.take("|") and words.is_over:
                    break
                self._command()
                if not words.is_over and words.text[words.at] != "|":
                    raise words.wrong("| is missing")
        except RecursionError:
            raise words.wrong("too many parentheses") from None
        return Plan(tuple(self._steps), self._matching, tuple(self._shown))

    def _command(self) -> None:
        words = self._words
        begun = words.at
        name = words.take(*self._commands)
        if name is None:
            found = words.name() or words.text[begun : begun + 20]
            said = f"{found} is no command that lambda-emu serves; these are: {', '.join(self._commands)}"
            raise QueryInvalid(said, begun, begun + len(found))
        if len(self._steps) >= MOST_COMMANDS:
            raise words.wrong(f"a query has at most {MOST_COMMANDS} commands")
        self._commands[name]()

    def _fields(self) -> None:
        named = self._named()
        self._steps.append(lambda rows: _with_values(rows, named))
        self._shown += [one.name for one in named if one.name not in self._shown]

    def _display(self) -> None:
        named = self._named()
        self._steps.append(lambda rows: _with_values(rows, named))
        self._shown = [one.name for one in named]

    def _filter(self) -> None:
        condition = self._expressions.condition()
        self._steps.append(lambda rows: (row for row in rows if condition(row) not in (None, False)))
        if not any(isinstance(step, _Stats) for step in self._steps):
            self._matching = len(self._steps)

    def _parse(self) -> None:
        words = self._words
        of = "@message"
        if words.text[words.at : words.at + 1] not in ('"', "'", "/"):
            of = words.needed_name()
        if words.text[words.at : words.at + 1] == "/":
            self._steps.append(self._parse_by_expression(of))
            return
        glob = words.string()
        if glob is None or "*" not in glob:
            raise words.wrong("a text with * is missing")
        words.expect("as")
        names = [words.needed_name()]
        while words.take(","):
            names.append(words.needed_name())
        if len(names) != glob.count("*"):
            raise words.wrong("there are not as many names as *")
        parts = glob.split("*")
        self._steps.append(lambda rows: _with_parts(rows, of, parts, names))

    def _parse_by_expression(self, of: str) -> Step:
        regex = self._expressions.regex()
        assert regex is not None
        if not regex.names:
            raise self._words.wrong("a group with a name, (?<name>…), is missing")
        return lambda rows: _with_groups(rows, of, regex)

    def _stats(self) -> None:
        words = self._words
        made = [self._aggregated()]
        while words.take(","):
            made.append(self._aggregated())
        by = self._named() if words.take("by") else []
        self._steps.append(_Stats(made, by))
        self._shown = [*(one.name for one in by), *(one.name for one in made)]

    def _sort(self) -> None:
        words = self._words
        words.take("by")
        keys: list[tuple[Expression, bool]] = []
        while True:
            value = self._expressions.value()
            keys.append((value, words.take("desc", "asc") == "desc"))
            if not words.take(","):
                break
        if words.take("desc"):
            keys = [(value, True) for value, _ in keys]
        self._steps.append(_Sort(keys))

    def _limit(self) -> None:
        found = self._words.match(NUMBER)
        if found is None or not found[0].isdecimal() or not 0 < int(found[0]) <= MOST_ROWS:
            raise self._words.wrong(f"a number from 1 to {MOST_ROWS} is missing")
        count = int(found[0])
        self._steps.append(lambda rows: itertools.islice(rows, count))

    def _dedup(self) -> None:
        named = self._named()
        self._steps.append(lambda rows: _distinct(rows, named))

    def _named(self) -> list[_Named]:
        found = [self._one_named()]
        while self._words.take(","):
            found.append(self._one_named())
        return found

    def _one_named(self) -> _Named:
        words = self._words
        begun = words.at
        value = self._expressions.condition()
        said = words.text[begun : words.at].strip()
        name = words.needed_name() if words.take("as") else said.strip("`")
        return _Named(name, value)

    def _aggregated(self) -> _Aggregated:
        words = self._words
        begun = words.at
        kind = (words.name() or "").lower()
        if kind not in aggregates.NAMES:
            words.at = begun
            raise words.wrong(f"an aggregate is missing: {', '.join(aggregates.NAMES)}")
        words.expect("(")
        value: Expression | None = None
        percent = 0.0
        if not words.take("*") and not (kind == "count" and words.text[words.at] == ")"):
            value = self._expressions.condition()
        if kind == "pct":
            words.expect(",")
            found = words.match(NUMBER)
            percent = float(found[0]) if found is not None else -1.0
            if not 0 <= percent <= 100:
                raise words.wrong("a percentage is missing")
        words.expect(")")
        if value is None and kind != "count":
            raise words.wrong(f"{kind} takes a field")
        said = words.text[begun : words.at].strip()
        name = words.needed_name() if words.take("as") else said
        return _Aggregated(name, kind, value, percent)


class _Stats:
    """Rows of groups, in the order in which they were found."""

    def __init__(self, made: Sequence[_Aggregated], by: Sequence[_Named]) -> None:
        self._made = made
        self._by = by

    def __call__(self, rows: Iterable[Row]) -> Iterator[Row]:
        groups: dict[tuple[Value, ...], list[aggregates.Aggregate]] = {}
        for number, row in enumerate(rows, 1):
            key = tuple(one.value(row) for one in self._by)
            if key not in groups:
                if len(groups) >= MOST_GROUPS:
                    raise QueryTooLarge(f"stats has more than {MOST_GROUPS} groups")
                groups[key] = [aggregates.make(one.kind, one.percent) for one in self._made]
            at_ms = number_of(row.get("@timestamp")) or 0.0
            for one, aggregate in zip(self._made, groups[key], strict=True):
                aggregate.add(True if one.value is None else one.value(row), at_ms)
            if number % MOST_GROUPS == 0 and sum(one.kept for of in groups.values() for one in of) > MOST_KEPT:
                raise QueryTooLarge(f"stats holds on to more than {MOST_KEPT} values")
        if not groups and not self._by:
            groups[()] = [aggregates.make(one.kind, one.percent) for one in self._made]
        for key, found in groups.items():
            values = {one.name: value for one, value in zip(self._by, key, strict=True)}
            yield Row(None, values | {one.name: of.result() for one, of in zip(self._made, found, strict=True)})


class _Sort:
    """The first rows of an order, as many as an answer has at most."""

    def __init__(self, keys: Sequence[tuple[Expression, bool]]) -> None:
        self._keys = keys

    def __call__(self, rows: Iterable[Row]) -> Iterator[Row]:
        yield from heapq.nsmallest(MOST_ROWS, rows, key=self._place)

    def _place(self, row: Row) -> list[_Reversed | tuple[int, float, str]]:
        return [_Reversed(order_of(key(row))) if is_down else order_of(key(row)) for key, is_down in self._keys]


class _Reversed:
    __slots__ = ("_of",)

    def __init__(self, of: tuple[int, float, str]) -> None:
        self._of = of

    def __lt__(self, other: _Reversed) -> bool:
        return other._of < self._of

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and other._of == self._of

    def __hash__(self) -> int:
        return hash(self._of)


def _with_values(rows: Iterable[Row], named: Sequence[_Named]) -> Iterator[Row]:
    for row in rows:
        row.values |= {one.name: one.value(row) for one in named}
        yield row


def _with_parts(rows: Iterable[Row], of: str, parts: Sequence[str], names: Sequence[str]) -> Iterator[Row]:
    """What stands in place of each asterisk; a row in which they are not found stays as it is."""
    for row in rows:
        text = text_of(row.get(of))
        found: list[str] = []
        at = text.find(parts[0])
        at = at + len(parts[0]) if at >= 0 else -1
        for part in parts[1:]:
            end = -1 if at < 0 else (text.find(part, at) if part else len(text))
            if end < 0:
                break
            found.append(text[at:end])
            at = end + len(part)
        if len(found) == len(names):
            row.values |= dict(zip(names, found, strict=True))
        yield row


def _with_groups(rows: Iterable[Row], of: str, regex: Regex) -> Iterator[Row]:
    """What the groups found that have a name; a row in which it finds nothing stays as it is."""
    for row in rows:
        row.values |= regex.groups(text_of(row.get(of))[:MOST_PARSED]) or {}
        yield row


def _distinct(rows: Iterable[Row], named: Sequence[_Named]) -> Iterator[Row]:
    """The first row of each that is alike."""
    seen: set[tuple[Value, ...]] = set()
    for row in rows:
        key = tuple(one.value(row) for one in named)
        if key in seen:
            continue
        if len(seen) >= MOST_KEPT:
            raise QueryTooLarge(f"dedup holds on to more than {MOST_KEPT} values")
        seen.add(key)
        yield row
