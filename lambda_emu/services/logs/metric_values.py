"""Metrics that metric filters make of events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lambda_emu.logs.groups import StoredEvent
from lambda_emu.metrics.embedded import Embedded
from lambda_emu.services.logs.patterns import parse_pattern
from lambda_emu.services.logs.patterns.properties import document_of, parse_selector, select
from lambda_emu.services.logs.patterns.reading import PatternInvalid, Scanner
from lambda_emu.services.logs.patterns.values import number_of, text_of
from lambda_emu.services.logs.records import LogGroup, MetricFilter

MINUTE_MS = 60_000
Dimensions = tuple[tuple[str, str], ...]


def metrics_of(group: LogGroup, one: MetricFilter, events: Iterable[StoredEvent]) -> list[Embedded]:
    """A minute in which something was logged and nothing matched has the filter's default value, if that has one."""
    pattern = parse_pattern(one.pattern)
    values: dict[tuple[Dimensions, int], list[float]] = {}
    minutes: set[int] = set()
    for event in events:
        minute = event.position.at_ms // MINUTE_MS
        minutes.add(minute)
        found = pattern.match(event.message)
        point = None if found is None else _point(one, event.message, found)
        if point is not None:
            dimensions, value = point
            values.setdefault((dimensions, minute), []).append(value)
    if one.default is not None:
        empty = minutes - {minute for _, minute in values}
        values |= {((), minute): [one.default] for minute in empty}
    about = (group.account, group.region, one.namespace, one.metric)
    return [(*about, dimensions, one.unit, minute, found) for (dimensions, minute), found in values.items()]


def _point(one: MetricFilter, message: str, found: Mapping[str, str]) -> tuple[Dimensions, float] | None:
    """None: it has no value, or not all dimensions."""
    value = number_of(value_of(one.value, message, found))
    told = {name: value_of(where, message, found) for name, where in one.dimensions.items()}
    dimensions = tuple(sorted((name, text) for name, text in told.items() if text))
    return None if value is None or len(dimensions) < len(told) else (dimensions, float(value))


def value_of(where: str, message: str, found: Mapping[str, str]) -> str | None:
    """A literal, a field that the pattern names, or any property of the event."""
    if not where.startswith("$"):
        return where
    if where in found or where[1:2] not in (".", "["):
        return found.get(where)
    document = document_of(message)
    try:
        _, path = parse_selector(Scanner(where))
    except PatternInvalid:
        return None
    value = next(select(document, path), None)
    return text_of(value) if isinstance(value, str | int | float) else None
