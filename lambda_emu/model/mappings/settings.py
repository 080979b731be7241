"""What CreateEventSourceMapping and UpdateEventSourceMapping may set. docs/contract/events.md#mappings.

A request sets what it names and leaves the rest; structures are replaced whole. What is empty says nothing where the
kind of source has no such member, and removes the member where it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from lambda_emu.model import quotas
from lambda_emu.model.function.event_invoke import DestinationInvalid
from lambda_emu.model.mappings.filters import compile_pattern
from lambda_emu.model.mappings.refusals import (
    BatchTooLarge,
    BatchWindowForFifo,
    BatchWindowMissing,
    ConsumerGroupFixed,
    FilterInvalid,
    MemberMissing,
    OnlyWithPollers,
    PollersOutOfRange,
    PollersReversed,
    PollersWithConcurrency,
    RecordAgeInvalid,
    SourceAccessUnsupported,
    StartingPositionMissing,
    StartingPositionUnsupported,
    TimestampInFuture,
    TimestampMissing,
    TimestampUnsupported,
    TooManyFilters,
    UnsupportedMember,
)
from lambda_emu.model.mappings.sources import RULES, Rules, SourceKind

Wanted = Mapping[str, Any]
Settings = dict[str, Any]

# Of these StartingPosition is refused in words of its own.
_OF_EVERY_MAPPING = frozenset(
    {"UUID", "FunctionName", "EventSourceArn", "Enabled", "Tags", "BatchSize", "StartingPosition"}
)
_STARTING = frozenset({"StartingPosition", "StartingPositionTimestamp"})
_EMPTY: tuple[Any, ...] = ({}, [], "")
_LEAST_AGE_S = 60


def new_settings(kind: SourceKind, wanted: Wanted, uuid: str, now_s: float) -> Settings:
    """The settings of a new mapping, defaults filled in. Raises the error of the first rule broken."""
    rules = RULES[kind]
    _check_members(rules, wanted)
    settings = {**rules.defaults, **_start(kind, wanted, now_s), **_taken(rules, wanted)}
    if rules.group is not None:
        settings[rules.group] = {"ConsumerGroupId": uuid, **settings.get(rules.group, {})}
    return _check_together(rules, settings)


def update_settings(kind: SourceKind, before: Wanted, wanted: Wanted) -> Settings:
    """The settings with a request's members applied. Raises as `created`."""
    rules = RULES[kind]
    _check_members(rules, wanted)
    taken = _taken(rules, wanted)
    if rules.group in taken:
        kept = before[rules.group]["ConsumerGroupId"]
        taken[rules.group] = {"ConsumerGroupId": kept, **taken[rules.group]}
        if taken[rules.group]["ConsumerGroupId"] != kept:
            raise ConsumerGroupFixed
    return _check_together(rules, {**before, **taken})


def _check_members(rules: Rules, wanted: Wanted) -> None:
    for member, value in wanted.items():
        if member not in rules.members | _OF_EVERY_MAPPING and value not in _EMPTY:
            raise UnsupportedMember(member)


def _start(kind: SourceKind, wanted: Wanted, now_s: float) -> Settings:
    """Where reading starts; nothing for sources that are only read forward."""
    rules, arn = RULES[kind], wanted.get("EventSourceArn")
    position = wanted.get("StartingPosition", rules.default_position)
    if position is None and kind in (SourceKind.KINESIS, SourceKind.DYNAMODB):
        raise StartingPositionMissing
    if position is None and not rules.positions:
        return {}
    if position not in rules.positions:
        raise StartingPositionUnsupported(arn)
    return {"StartingPosition": position, "StartingPositionTimestamp": _timestamp_s(position, wanted, now_s)}


def _timestamp_s(position: str, wanted: Wanted, now_s: float) -> float | None:
    timestamp: datetime | None = wanted.get("StartingPositionTimestamp")
    if position != "AT_TIMESTAMP":
        if timestamp is not None:
            raise TimestampUnsupported
        return None
    if timestamp is None:
        raise TimestampMissing
    if timestamp.timestamp() > now_s:
        raise TimestampInFuture
    return timestamp.timestamp()


def _taken(rules: Rules, wanted: Wanted) -> Settings:
    """The request's settings in the form in which they are kept; None: the member is removed."""
    return {
        member: _FORMS[member](rules, value) if member in _FORMS else value
        for member, value in wanted.items()
        if member == "BatchSize" or member in rules.members - _STARTING
    }


def _or_none(_: Rules, value: Any) -> Any:
    return value or None


def _filters(_: Rules, value: Wanted) -> Wanted | None:
    filters = value.get("Filters", [])
    if len(filters) > quotas.FILTERS:
        raise TooManyFilters(quotas.FILTERS)
    for each in filters:
        if "Pattern" not in each:
            raise FilterInvalid
        compile_pattern(each["Pattern"])
    return {"Filters": filters} if filters else None


def _destination(rules: Rules, value: Wanted) -> Wanted | None:
    """An empty ARN removes it. Records that succeeded go nowhere."""
    if "OnSuccess" in value:
        raise UnsupportedMember("DestinationConfig")
    target = value.get("OnFailure", {}).get("Destination")
    if not target:
        return rules.defaults.get("DestinationConfig")
    service = "kafka" if target.startswith("kafka://") else target.split(":")[2]
    if service not in rules.destinations:
        raise DestinationInvalid(target)
    return {"OnFailure": {"Destination": target}}


def _record_age(_: Rules, value: int) -> int:
    if value != -1 and value < _LEAST_AGE_S:
        raise RecordAgeInvalid
    return value


def _access(rules: Rules, value: list[Wanted]) -> list[Wanted] | None:
    for each in value:
        if each.get("Type") not in rules.access:
            raise SourceAccessUnsupported(each.get("Type"))
    return value or None


def _pollers(rules: Rules, value: Wanted) -> Wanted | None:
    """Whatever is said turns provisioned mode on, `{}` turns it off."""
    if not value:
        return None
    bounds = rules.pollers
    assert bounds is not None, "who may have pollers has bounds"
    filled = {"MinimumPollers": bounds.fewest, "MaximumPollers": bounds.default_at_most, **value}
    _check_between("MinimumPollers", filled, bounds.fewest, bounds.most_at_least)
    _check_between("MaximumPollers", filled, bounds.fewest, bounds.most_at_most)
    if filled["MinimumPollers"] > filled["MaximumPollers"]:
        raise PollersReversed
    return filled


def _check_between(member: str, values: Wanted, lowest: int, highest: int) -> None:
    if not lowest <= values[member] <= highest:
        raise PollersOutOfRange(member, lowest, highest)


def _metrics(_: Rules, value: Wanted) -> Wanted | None:
    return value if value.get("Metrics") else None


def _document_db(_: Rules, value: Wanted) -> Wanted:
    if "DatabaseName" not in value:
        raise MemberMissing("DatabaseName")
    return {"FullDocument": "Default", **value}


_FORMS: Mapping[str, Callable[[Rules, Any], Any]] = {
    "DestinationConfig": _destination,
    "DocumentDBEventSourceConfig": _document_db,
    "FilterCriteria": _filters,
    "KMSKeyArn": _or_none,
    "LoggingConfig": _or_none,
    "MaximumRecordAgeInSeconds": _record_age,
    "MetricsConfig": _metrics,
    "ProvisionedPollerConfig": _pollers,
    "ScalingConfig": _or_none,
    "SourceAccessConfigurations": _access,
}


def _check_together(rules: Rules, settings: Settings) -> Settings:
    """The rules that hold between members; None ones are dropped."""
    settings = {member: value for member, value in settings.items() if value is not None}
    for member in rules.required:
        if member not in settings:
            raise MemberMissing(member)
    _check_batch(rules, settings["BatchSize"], settings.get("MaximumBatchingWindowInSeconds", 0))
    if "ProvisionedPollerConfig" not in settings:
        for member in sorted(rules.with_pollers & settings.keys()):
            raise OnlyWithPollers(member)
    elif "ScalingConfig" in settings:
        raise PollersWithConcurrency
    return settings


def _check_batch(rules: Rules, records: int, window_s: int) -> None:
    if window_s > 0 and not rules.has_window:
        raise BatchWindowForFifo
    if records > rules.most_records:
        raise BatchTooLarge(rules.most_records)
    if window_s == 0 and records > rules.most_without_window:
        raise BatchWindowMissing(rules.most_without_window)
