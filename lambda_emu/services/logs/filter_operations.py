"""Filters of groups: subscriptions, which bring events elsewhere, and metric filters, which count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from lambda_emu.arn import service_in
from lambda_emu.services.logs.errors import FilterMissing, InvalidParameter, LimitReached
from lambda_emu.services.logs.event_operations import pattern_of
from lambda_emu.services.logs.groups import Groups
from lambda_emu.services.logs.patterns.properties import parse_selector
from lambda_emu.services.logs.patterns.reading import PatternInvalid, Scanner
from lambda_emu.services.logs.patterns.values import number_of
from lambda_emu.services.logs.records import METRIC, SUBSCRIPTION, LogGroup, MetricFilter, SubscriptionFilter
from lambda_emu.services.logs.request import LogsRequest, Result, page_of

PAGE = 50
MOST_SUBSCRIPTIONS = 2
MOST_METRICS = 100
MOST_DIMENSIONS = 3
WITH_ROLE = ("kinesis", "firehose")
SERVED = ("lambda", *WITH_ROLE)

Named = TypeVar("Named", SubscriptionFilter, MetricFilter)


# -- subscriptions --------------------------------------------------------------------------------


def put_subscription_filter(asked: LogsRequest, groups: Groups) -> Result:
    """A destination that takes nothing is refused."""
    members = asked.members
    scope, name = asked.identified(members["logGroupName"])
    group = groups.find(scope, name)
    pattern_of(members["filterPattern"])
    _check_destination(members)
    refusal = groups.destinations.check(scope, group.arn, members["destinationArn"], members.get("roleArn"))
    if refusal is not None:
        raise InvalidParameter(refusal)
    made = SubscriptionFilter(
        members["filterName"],
        members["filterPattern"],
        members["destinationArn"],
        members.get("distribution", "ByLogStream"),
        asked.now_ms,
        members.get("roleArn"),
    )

    def edit(group: LogGroup) -> LogGroup:
        filters = _with(group.subscriptions, made)
        if len(filters) > MOST_SUBSCRIPTIONS:
            raise LimitReached
        return replace(group, subscriptions=filters)

    if made.name not in {one.name for one in group.subscriptions}:
        groups.begin_filter(scope, name, SUBSCRIPTION + made.name)
    groups.change(scope, name, edit)
    return {}


def describe_subscription_filters(asked: LogsRequest, groups: Groups) -> Result:
    scope, name = asked.identified(asked.members["logGroupName"])
    prefix = asked.members.get("filterNamePrefix", "")
    found = [one for one in groups.find(scope, name).subscriptions if one.name.startswith(prefix)]
    page, more = page_of(found, lambda one: one.name, asked, PAGE)
    return {"subscriptionFilters": [_subscription_shown(one, name) for one in page], **more}


def delete_subscription_filter(asked: LogsRequest, groups: Groups) -> Result:
    scope, name = asked.identified(asked.members["logGroupName"])
    gone = asked.members["filterName"]
    groups.change(
        scope, name, lambda one: replace(one, subscriptions=_without(one.subscriptions, gone, "subscription"))
    )
    return {}


def _check_destination(members: Mapping[str, Any]) -> None:
    arn = members["destinationArn"]
    if arn.count(":") < 5 or service_in(arn) not in SERVED:
        raise InvalidParameter(
            f"lambda-emu brings log events to functions, streams of Kinesis and of Firehose, not to {arn[:256]}"
        )
    vendor, has_role = service_in(arn), "roleArn" in members
    if vendor in WITH_ROLE and not has_role:
        raise InvalidParameter(f"destinationArn for vendor {vendor} must be used with roleArn")  # (?)
    if vendor not in WITH_ROLE and has_role:
        raise InvalidParameter(f"destinationArn for vendor {vendor} cannot be used with roleArn")


def _subscription_shown(one: SubscriptionFilter, group: str) -> dict[str, Any]:
    shown = {
        "filterName": one.name,
        "logGroupName": group,
        "filterPattern": one.pattern,
        "destinationArn": one.destination,
        "distribution": one.distribution,
        "applyOnTransformedLogs": False,
        "creationTime": one.created_ms,
    }
    return shown if one.role is None else {**shown, "roleArn": one.role}


# -- metric filters -------------------------------------------------------------------------------


def put_metric_filter(asked: LogsRequest, groups: Groups) -> Result:
    members = asked.members
    scope, name = asked.identified(members["logGroupName"])
    group = groups.find(scope, name)
    pattern_of(members["filterPattern"])
    (said,) = members["metricTransformations"]
    made = MetricFilter(
        members["filterName"],
        members["filterPattern"],
        said["metricNamespace"],
        said["metricName"],
        said["metricValue"],
        asked.now_ms,
        said.get("defaultValue"),
        said.get("dimensions", {}),
        said.get("unit", "None"),
    )
    _check_metric(made)

    def edit(group: LogGroup) -> LogGroup:
        filters = _with(group.metrics, made)
        if len(filters) > MOST_METRICS:
            raise LimitReached
        return replace(group, metrics=filters)

    if made.name not in {one.name for one in group.metrics}:
        groups.begin_filter(scope, name, METRIC + made.name)
    groups.change(scope, name, edit)
    return {}


def describe_metric_filters(asked: LogsRequest, groups: Groups) -> Result:
    members = asked.members
    named = members.get("logGroupName")
    of_groups = [groups.find(asked.scope, named)] if named is not None else [one for one, _ in groups.all(asked.scope)]
    prefix = members.get("filterNamePrefix", "")
    found = [
        (group, one)
        for group in of_groups
        for one in group.metrics
        if one.name.startswith(prefix)
        and members.get("metricName", one.metric) == one.metric
        and members.get("metricNamespace", one.namespace) == one.namespace
    ]
    page, more = page_of(found, lambda pair: f"{pair[1].name} {pair[0].name}", asked, PAGE)
    return {"metricFilters": [_metric_shown(group, one) for group, one in page], **more}


def delete_metric_filter(asked: LogsRequest, groups: Groups) -> Result:
    scope, name = asked.identified(asked.members["logGroupName"])
    gone = asked.members["filterName"]
    groups.change(scope, name, lambda one: replace(one, metrics=_without(one.metrics, gone, "metric")))
    return {}


def test_metric_filter(asked: LogsRequest, groups: Groups) -> Result:  # noqa: ARG001
    pattern = pattern_of(asked.members["filterPattern"])
    matched = []
    for number, message in enumerate(asked.members["logEventMessages"], 1):
        found = pattern.match(message)
        if found is not None:
            matched.append({"eventNumber": number, "eventMessage": message, "extractedValues": dict(found)})
    return {"matches": matched}


def _check_metric(made: MetricFilter) -> None:
    if made.default is not None and made.dimensions:
        raise InvalidParameter("Invalid metric transformation: dimensions and default value are mutually exclusive")
    if len(made.dimensions) > MOST_DIMENSIONS:
        raise InvalidParameter(f"Invalid metric transformation: there are more than {MOST_DIMENSIONS} dimensions")
    for where in (made.value, *made.dimensions.values()):
        if where.startswith("$."):
            _check_selector(where)
    if not made.value.startswith("$") and number_of(made.value) is None:
        raise InvalidParameter(f"Invalid metric transformation: {made.value} is neither a number nor a selector")


def _check_selector(where: str) -> None:
    scanner = Scanner(where)
    try:
        parse_selector(scanner)
        scanner.end()
    except PatternInvalid as error:
        raise InvalidParameter(f"Invalid metric transformation: {error}") from error


def _metric_shown(group: LogGroup, one: MetricFilter) -> dict[str, Any]:
    said: dict[str, Any] = {
        "metricName": one.metric,
        "metricNamespace": one.namespace,
        "metricValue": one.value,
        "unit": one.unit,
    }
    if one.default is not None:
        said["defaultValue"] = one.default
    if one.dimensions:
        said["dimensions"] = one.dimensions
    return {
        "filterName": one.name,
        "filterPattern": one.pattern,
        "metricTransformations": [said],
        "creationTime": one.created_ms,
        "logGroupName": group.name,
        "applyOnTransformedLogs": False,
    }


# -- both -----------------------------------------------------------------------------------------


def _with(filters: Sequence[Named], made: Named) -> tuple[Named, ...]:
    return tuple([one for one in filters if one.name != made.name] + [made])


def _without(filters: Sequence[Named], name: str, what: str) -> tuple[Named, ...]:
    left = tuple(one for one in filters if one.name != name)
    if len(left) == len(filters):
        raise FilterMissing(what)
    return left
