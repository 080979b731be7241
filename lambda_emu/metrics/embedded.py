"""The embedded metric format: metrics that a function prints, as members of a JSON object beside `_aws`.

docs/contract/logs-billing.md#metrics. The log's writer finds them in what it writes: so this imports little.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

MOST_METRICS = 100
MOST_DIMENSIONS = 30
MOST_VALUES = 100
MOST_CHARACTERS = 1024
"""Of each name, and of a dimension's value."""
MOST_POINTS = 3000
"""That one object may make: as many as a hundred metrics in thirty sets of dimensions."""
OLDEST_MS, LATEST_MS = 14 * 24 * 3600 * 1000, 2 * 3600 * 1000
"""How far from the time of its event a timestamp may lie, back and ahead."""
MINUTE_MS = 60_000
_PER_SECOND = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits", "Megabits")
_BITS = (*_PER_SECOND, "Gigabits", "Terabits", "Count")
UNITS = frozenset(
    ("Seconds", "Microseconds", "Milliseconds", "Percent", "None", *_BITS, *(f"{unit}/Second" for unit in _BITS))
)

Embedded = tuple[str, str, str, str, tuple[tuple[str, str], ...], str, int, list[float]]
"""Account, region, namespace, name, dimensions, unit, minute since the epoch, values: what `marshal` can carry."""
Found = tuple[str, str, tuple[tuple[str, str], ...], str, int, list[float]]
"""The same without whose they are."""


class Malformed(Exception):
    """It is no embedded metric; the text says why."""


def embedded(event: bytes, at_ms: int) -> list[Found]:
    """The metrics of one event of a log; none where it is no object of this format. Malformed.

    What stands before the object does not matter: some runtimes begin each line with a time and a request id.
    """
    members = _object(event)
    described = None if members is None else members.get("_aws")
    if members is None or not isinstance(described, dict):
        return []
    at = described.get("Timestamp")
    if isinstance(at, bool) or not isinstance(at, int) or not at_ms - OLDEST_MS <= at <= at_ms + LATEST_MS:
        raise Malformed("Timestamp is not in milliseconds since the epoch, or too far from now")
    directives = described.get("CloudWatchMetrics")
    if not isinstance(directives, list):
        raise Malformed("CloudWatchMetrics is no list")
    found: list[Found] = []
    for directive in directives:
        for one in _of_directive(directive, members, at // MINUTE_MS):
            found.append(one)
            if len(found) > MOST_POINTS:
                raise Malformed(f"it makes more than {MOST_POINTS} values")
    return found


def _object(event: bytes) -> Mapping[str, Any] | None:
    begin = event.find(b"{")
    try:
        members = json.loads(event[begin:]) if begin >= 0 else None
    except (ValueError, RecursionError):
        return None
    return members if isinstance(members, dict) else None


def _of_directive(directive: object, members: Mapping[str, Any], minute: int) -> Iterator[Found]:
    if not isinstance(directive, dict):
        raise Malformed("a member of CloudWatchMetrics is no object")
    namespace, metrics, sets = (directive.get(key) for key in ("Namespace", "Metrics", "Dimensions"))
    if not _is_name(namespace) or str(namespace).startswith("AWS/"):
        raise Malformed("Namespace is missing, too long or one of AWS's own")
    if not isinstance(metrics, list) or len(metrics) > MOST_METRICS:
        raise Malformed(f"Metrics is no list of up to {MOST_METRICS}")
    if not isinstance(sets, list) or not sets:
        raise Malformed("Dimensions is no list of lists")
    dimensions = [_dimensions(names, members) for names in sets[: MOST_POINTS + 1]]
    for metric in metrics:
        name, unit, values = _metric(metric, members)
        for each in dimensions if values else ():
            yield str(namespace), name, each, unit, minute, values


def _dimensions(names: object, members: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    if not isinstance(names, list) or len(names) > MOST_DIMENSIONS:
        raise Malformed(f"a set of dimensions is no list of up to {MOST_DIMENSIONS}")
    found: dict[str, str] = {}
    for name in names:
        value = members.get(name) if isinstance(name, str) else None
        if not isinstance(value, str) or not _is_name(value):
            raise Malformed(f"dimension {name!r:.100} has no text")
        found[name] = value
    return tuple(sorted(found.items()))


def _metric(metric: object, members: Mapping[str, Any]) -> tuple[str, str, list[float]]:
    """Name, unit and values; no values where the object has none under this name."""
    name = metric.get("Name") if isinstance(metric, dict) else None
    if not isinstance(metric, dict) or not _is_name(name):
        raise Malformed("a metric has no name")
    unit = metric.get("Unit", "None")
    if not isinstance(unit, str) or unit not in UNITS:
        raise Malformed(f"{unit!r:.100} is no unit")
    given = members.get(str(name))
    values = given if isinstance(given, list) else [] if given is None else [given]
    if len(values) > MOST_VALUES or not all(map(_is_number, values)):
        raise Malformed(f"metric {name!r:.100} is no number, or not up to {MOST_VALUES} of them")
    return str(name), unit, [float(value) for value in values]


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MOST_CHARACTERS


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
