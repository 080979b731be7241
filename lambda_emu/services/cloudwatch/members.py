"""What the operations on metrics take, and how that is read from JSON or from a form. docs/services.md#cloudwatch."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from lambda_emu.services.cloudwatch.errors import InvalidParameterValue, TooMany, Unreadable

Members = dict[str, Any]
Spec = Any
"""A reader of one value; a mapping of members; a list of one spec, of which there may be as many as `MOST` says."""

LARGEST_TIME_S = 253_402_300_799.0
MOST_PARTS = 12
"""Of a field's name; ours have up to nine."""
_PLACE = re.compile(r"[1-9][0-9]{0,3}")


def text(name: str, given: object) -> str:
    if not isinstance(given, str):
        raise Unreadable(f"{name} is no string")
    return given


def whole(name: str, given: object) -> int:
    if isinstance(given, str) and re.fullmatch(r"-?[0-9]{1,18}", given, re.ASCII):
        return int(given)
    if isinstance(given, bool) or not isinstance(given, int):
        raise Unreadable(f"{name} is no whole number")
    return given


def number(name: str, given: object) -> float:
    """JSON has no word for some, and they come as text."""
    try:
        found = math.nan if isinstance(given, bool) else float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise Unreadable(f"{name} is no number") from None
    if not math.isfinite(found):
        raise InvalidParameterValue(name, "NaN" if math.isnan(found) else found)
    return found


def truth(name: str, given: object) -> bool:
    if given in ("true", "false"):
        return given == "true"
    if not isinstance(given, bool):
        raise Unreadable(f"{name} is no boolean")
    return given


def time(name: str, given: object) -> float:
    """Seconds since the epoch."""
    try:
        if isinstance(given, str) and not re.fullmatch(r"[0-9.eE+]+", given):
            found = datetime.fromisoformat(given)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        seconds = number(name, given)
    except (ValueError, OverflowError):
        raise Unreadable(f"{name} is no time") from None
    if not 0 <= seconds <= LARGEST_TIME_S:
        raise InvalidParameterValue(name, given)
    return seconds


DIMENSIONS = [{"Name": text, "Value": text}]
METRIC = {"Namespace": text, "MetricName": text, "Dimensions": DIMENSIONS}
INPUTS: Mapping[str, Mapping[str, Spec]] = {
    "PutMetricData": {
        "Namespace": text,
        "MetricData": [
            {
                "MetricName": text,
                "Dimensions": DIMENSIONS,
                "Timestamp": time,
                "Value": number,
                "StatisticValues": {"SampleCount": number, "Sum": number, "Minimum": number, "Maximum": number},
                "Values": [number],
                "Counts": [number],
                "Unit": text,
                "StorageResolution": whole,
            }
        ],
    },
    "GetMetricData": {
        "MetricDataQueries": [
            {
                "Id": text,
                "MetricStat": {"Metric": METRIC, "Period": whole, "Stat": text, "Unit": text},
                "Expression": text,
                "Label": text,
                "ReturnData": truth,
                "Period": whole,
                "AccountId": text,
            }
        ],
        "StartTime": time,
        "EndTime": time,
        "NextToken": text,
        "ScanBy": text,
        "MaxDatapoints": whole,
        "LabelOptions": {"Timezone": text},
    },
    "GetMetricStatistics": {
        **METRIC,
        "StartTime": time,
        "EndTime": time,
        "Period": whole,
        "Statistics": [text],
        "ExtendedStatistics": [text],
        "Unit": text,
    },
    "ListMetrics": {
        "Namespace": text,
        "MetricName": text,
        "Dimensions": DIMENSIONS,
        "NextToken": text,
        "RecentlyActive": text,
        "IncludeLinkedAccounts": truth,
        "OwningAccount": text,
    },
}
MOST: Mapping[str, int] = {
    **dict.fromkeys(("AlarmActions", "InsufficientDataActions", "OKActions"), 5),
    "AlarmNames": 100,
    "AlarmTypes": 2,
    "Metrics": 20,
    "TagKeys": 50,
    "Tags": 50,
    "Dimensions": 30,
    "MetricData": 1000,
    "MetricDataQueries": 500,
    "Values": 150,
    "Counts": 150,
    "Statistics": 5,
    "ExtendedStatistics": 10,
}
"""So many members a list may have."""


def from_json(spec: Spec, given: object, name: str = "") -> Any:
    """What the spec says of a JSON value; members that it does not name are left out. CloudWatchError."""
    if isinstance(spec, Mapping):
        if not isinstance(given, dict):
            raise Unreadable(f"{name or 'The body'} is no object")
        below = f"{name}." if name else ""
        return {
            key: from_json(each, given[key], below + key) for key, each in spec.items() if given.get(key) is not None
        }
    if isinstance(spec, list):
        if not isinstance(given, list):
            raise Unreadable(f"{name} is no list")
        _check_size(name, len(given))
        return [from_json(spec[0], each, f"{name}.member.{place}") for place, each in enumerate(given, 1)]
    read: Callable[[str, object], Any] = spec
    return read(name, given)


Tree = dict[str, Any]


def tree_of(fields: Mapping[str, str]) -> Tree:
    """A form's fields, whose names are paths, as `Dimensions.member.1.Name`; each text stands below an empty name."""
    tree: Tree = {}
    for field, value in fields.items():
        node = tree
        for part in field.split(".", MOST_PARTS):
            node = node.setdefault(part, {})
        node[""] = value
    return tree


def from_form(spec: Spec, node: Tree, name: str = "") -> Any:
    """What the spec says of a form; None where there is nothing."""
    if isinstance(spec, Mapping):
        below = f"{name}." if name else ""
        found = {key: from_form(each, node[key], below + key) for key, each in spec.items() if key in node}
        return {key: value for key, value in found.items() if value is not None} or None
    if isinstance(spec, list):
        members = node.get("member", {})
        places = sorted(int(place) for place in members if _PLACE.fullmatch(place))
        _check_size(name, len(places))
        items = [from_form(spec[0], members[str(place)], f"{name}.member.{place}") for place in places]
        return [item for item in items if item is not None] or None
    return spec(name, node[""]) if node.get("") else None


def _check_size(name: str, size: int) -> None:
    most = MOST[name.rpartition(".")[2]]
    if size > most:
        raise TooMany(name, most)
