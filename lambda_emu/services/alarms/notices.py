"""What functions, topics and the default bus are told of an alarm. docs/contract/events.md#pushed-events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from msgspec import Struct

from lambda_emu.services.alarms.alarm import ACTIONS, Alarm, State
from lambda_emu.services.alarms.reasons import stamp

SOURCE, DETAIL_TYPE = "aws.cloudwatch", "CloudWatch Alarm State Change"
FUNCTIONS = "lambda.alarms.cloudwatch.amazonaws.com"
"""Who runs functions, as their policies name it."""


class Change(Struct, frozen=True):
    """An alarm in its new state, and the one it had."""

    alarm: Alarm
    before: State


def for_function(change: Change) -> dict[str, Any]:
    """The event."""
    alarm = change.alarm
    return {
        "source": SOURCE,
        "alarmArn": alarm.arn,
        "accountId": alarm.account,
        "time": stamp(alarm.state.at_s),
        "region": alarm.region,
        "alarmData": {"alarmName": alarm.name, **_states(change), "configuration": _configuration(alarm)},
    }


def for_bus(change: Change) -> dict[str, Any]:
    """The detail of an event."""
    return {"alarmName": change.alarm.name, "configuration": _configuration(change.alarm), **_states(change)}


def for_topic(change: Change) -> dict[str, Any]:
    """The message, as JSON."""
    alarm, members = change.alarm, change.alarm.members
    told = {
        "AlarmName": alarm.name,
        "AlarmDescription": members.get("AlarmDescription"),
        "AWSAccountId": alarm.account,
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.configured_s),
        "NewStateValue": alarm.state.value,
        "NewStateReason": alarm.state.reason,
        "StateChangeTime": stamp(alarm.state.at_s),
        "Region": _region(alarm.region),
        "AlarmArn": alarm.arn,
        "OldStateValue": change.before.value,
        **{name: members[name] for name in ACTIONS.values()},
    }
    if alarm.is_composite:
        return told | {"AlarmRule": members["AlarmRule"], "TriggeringChildren": _children(alarm.state)}
    return told | {"Trigger": _trigger(members)}


def subject(change: Change) -> str:
    """Of that message; SNS takes 100 characters."""
    alarm = change.alarm
    name = alarm.name.encode("ascii", "replace").decode()
    return f'{alarm.state.value}: "{name}" in {_region(alarm.region)}'[:100]


def _children(state: State) -> list[dict[str, Any]]:
    """Of a composite alarm, those whose states had it come into its own."""
    try:
        triggers = json.loads(state.data or "{}")["triggeringAlarms"]
        return [
            {"Arn": one["arn"], "State": {"Value": one["state"]["value"], "Timestamp": one["state"]["timestamp"]}}
            for one in triggers
        ]
    except (ValueError, LookupError, TypeError):  # of whoever set it
        return []


def _states(change: Change) -> dict[str, Any]:
    return {"state": _state(change.alarm.state), "previousState": _state(change.before)}


def _state(state: State) -> dict[str, Any]:
    data = {} if state.data is None else {"reasonData": state.data}
    return {"value": state.value, "reason": state.reason, **data, "timestamp": stamp(state.at_s)}


def _configuration(alarm: Alarm) -> dict[str, Any]:
    members = alarm.members
    told = {"description": members["AlarmDescription"]} if "AlarmDescription" in members else {}
    if alarm.is_composite:
        return told | {"alarmRule": members["AlarmRule"]}
    queries: Sequence[Mapping[str, Any]] = members.get("Metrics") or [_query(members)]
    return told | {"metrics": [_metric(query) for query in queries]}


def _query(members: Mapping[str, Any]) -> Mapping[str, Any]:
    """As Metrics would have it."""
    stat: dict[str, Any] = {
        "Metric": {name: members[name] for name in ("Namespace", "MetricName", "Dimensions")},
        "Period": members["Period"],
        "Stat": members.get("Statistic") or members.get("ExtendedStatistic"),
    }
    unit = {"Unit": members["Unit"]} if "Unit" in members else {}
    return {"Id": "m1", "MetricStat": stat | unit, "ReturnData": True}


def _metric(query: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"id": query["Id"]}
    if "MetricStat" in query:
        stat = query["MetricStat"]
        metric = stat["Metric"]
        dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions", [])}
        told["metricStat"] = {
            "metric": {"namespace": metric["Namespace"], "name": metric["MetricName"], "dimensions": dimensions},
            "period": stat["Period"],
            "stat": stat["Stat"],
            **({"unit": stat["Unit"]} if "Unit" in stat else {}),
        }
    else:
        told["expression"] = query["Expression"]
    label = {"label": query["Label"]} if "Label" in query else {}
    return told | label | {"returnData": query.get("ReturnData", True)}


def _trigger(members: Mapping[str, Any]) -> dict[str, Any]:
    judged = {
        "Period": members.get("Period"),
        "EvaluationPeriods": members["EvaluationPeriods"],
        "DatapointsToAlarm": members.get("DatapointsToAlarm", members["EvaluationPeriods"]),
        "ComparisonOperator": members["ComparisonOperator"],
        "Threshold": members["Threshold"],
        "TreatMissingData": members.get("TreatMissingData", "missing"),
        "EvaluateLowSampleCountPercentile": members.get("EvaluateLowSampleCountPercentile", ""),
    }
    if "Metrics" in members:
        return {**judged, "Period": 60, "Metrics": [_spelled(query) for query in members["Metrics"]]}
    extended = members.get("ExtendedStatistic")
    statistic = (
        {"StatisticType": "Statistic", "Statistic": members["Statistic"].replace("SampleCount", "Sample_Count").upper()}
        if extended is None
        else {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": extended}
    )
    return {
        "MetricName": members["MetricName"],
        "Namespace": members["Namespace"],
        **statistic,
        "Unit": members.get("Unit"),
        "Dimensions": [{"value": one["Value"], "name": one["Name"]} for one in members["Dimensions"]],
        **judged,
    }


def _spelled(query: Mapping[str, Any]) -> dict[str, Any]:
    """A query, whose dimensions topics are told otherwise."""
    if "MetricStat" not in query:
        return dict(query)
    metric = query["MetricStat"]["Metric"]
    dimensions = [{"value": one["Value"], "name": one["Name"]} for one in metric.get("Dimensions", [])]
    return {**query, "MetricStat": {**query["MetricStat"], "Metric": {**metric, "Dimensions": dimensions}}}


@cache
def _region(name: str) -> str:
    """As people call it: `US East (N. Virginia)`."""
    from botocore.loaders import Loader  # here: few alarms go off

    for partition in Loader().load_data("endpoints")["partitions"]:
        if name in partition["regions"]:
            return str(partition["regions"][name]["description"])
    return name


def as_text(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, separators=(",", ":")).encode()
