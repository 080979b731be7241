"""`events: alarm`: alarms of CloudWatch, known by the permission that lets each run its function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.project.declarations import Declared, DeclaredFunction
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import Members, Present, ResourceKey
from lambda_emu.project.services.building import Building, hash_of
from lambda_emu.project.services.left import ORIGIN, PREFIX
from lambda_emu.project.services.reach import Reach

ALARM = "alarm"
PRINCIPAL = "lambda.alarms.cloudwatch.amazonaws.com"
NAME_CHARACTERS = 255
ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
DEFAULTS: Mapping[str, Any] = {
    "ActionsEnabled": True,
    "Namespace": "AWS/Lambda",
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "Threshold": 1.0,
    "Period": 60,
    "EvaluationPeriods": 1,
    "TreatMissingData": "missing",
}
SHOWN = (
    *DEFAULTS,
    *ACTIONS.values(),
    "MetricName",
    "Dimensions",
    "Statistic",
    "ExtendedStatistic",
    "DatapointsToAlarm",
)
AT_ONCE = 100
"""Names that DescribeAlarms takes."""


def attach_alarm(building: Building, function: DeclaredFunction, event: Declared) -> None:
    """building.Attach."""
    said = {name: value for name, value in event.fields.items() if name not in ("Name", "states")}
    statistic = said.pop("Statistic", "Sum")
    dimensions = sorted(said.pop("Dimensions", {}).items())
    states, arn = event.fields.get("states", ["ALARM"]), building.arn(function)
    shown = {
        **DEFAULTS,
        **said,
        "MetricName": event.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions],
        "ExtendedStatistic" if statistic.startswith("p") else "Statistic": statistic,
        **{member: [arn] if state in states else [] for state, member in ACTIONS.items()},
    }
    alarm = building.add(ALARM, _name_of(function, event), shown, shown, event.place())
    building.permit(function, event, PRINCIPAL, alarm)


def _name_of(function: DeclaredFunction, event: Declared) -> str:
    of_it = event.name, event.fields.get("Namespace"), sorted(event.fields.get("Dimensions", {}).items())
    made = f"-{hash_of(of_it)}"
    return str(event.fields.get("Name") or (PREFIX + function.name)[: NAME_CHARACTERS - len(made)] + made)


def _find(reach: Reach) -> Iterator[Present]:
    names = {resource.key.name for resource in reach.of(ALARM)}
    names |= {one.source.partition(":alarm:")[2] for one in reach.left.of("cloudwatch")}
    listed = sorted(names)
    for begin in range(0, len(listed), AT_ONCE):
        found = reach.call("cloudwatch", "DescribeAlarms", AlarmNames=listed[begin : begin + AT_ONCE])
        for one in found["MetricAlarms"]:
            shown = {name: one[name] for name in SHOWN if name in one}
            yield Present(ResourceKey(ALARM, one["AlarmName"]), shown, one["AlarmArn"], ORIGIN)


def _put(name: str, members: Members, reach: Reach) -> str:
    reach.call("cloudwatch", "PutMetricAlarm", AlarmName=name, **members)
    return reach.arn("cloudwatch", f"alarm:{name}")


def _update(present: Present, members: Members, reach: Reach) -> str:
    return _put(present.key.name, members, reach)


def _remove(present: Present, reach: Reach) -> None:
    reach.find("cloudwatch", "DeleteAlarms", AlarmNames=[present.key.name])


ALARMS = {ALARM: ResourceKind("", _find, _put, _update, _remove)}
