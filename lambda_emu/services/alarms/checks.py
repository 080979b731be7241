"""What PutMetricAlarm and PutCompositeAlarm take, made whole by AWS's defaults. CloudWatchError."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.metrics.embedded import UNITS
from lambda_emu.metrics.figures import SIMPLE, figure
from lambda_emu.metrics.file import MetricFile
from lambda_emu.services.alarms import rule
from lambda_emu.services.alarms.alarm import ACTIONS
from lambda_emu.services.alarms.errors import BadAlarm, NotHere
from lambda_emu.services.alarms.evaluation import longest_period_s
from lambda_emu.services.alarms.verdict import COMPARISONS, TREATMENTS
from lambda_emu.services.cloudwatch.data import Data
from lambda_emu.services.cloudwatch.errors import BothGiven, InvalidParameterValue, Missing
from lambda_emu.services.cloudwatch.members import Members
from lambda_emu.services.cloudwatch.reading import Metric, period_of

MOST_NAME, MOST_DESCRIPTION = 255, 1024
MOST_BYTES = 64 * 1024
"""Of all that is kept of one, whose names and values have bounds of their own on AWS."""
DAY_S, WEEK_S, HOUR_S = 86_400, 604_800, 3600
OF_ONE = ("Namespace", "MetricName", "Dimensions", "Statistic", "ExtendedStatistic", "Period", "Unit")
ANOMALIES = ("LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold")
_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:[\w-]*:.{1,900}", re.DOTALL)


def metric_alarm(asked: Members, scope: Scope, file: MetricFile) -> dict[str, Any]:
    """Its members."""
    members = _common(asked)
    comparison = asked.get("ComparisonOperator")
    if comparison is None:
        raise Missing("ComparisonOperator")
    if "ThresholdMetricId" in asked or comparison in ANOMALIES:
        raise NotHere("anomaly detection")
    if comparison not in COMPARISONS:
        raise InvalidParameterValue("ComparisonOperator", comparison)
    for name in ("EvaluationPeriods", "Threshold"):
        if name not in asked:
            raise Missing(name)
        members[name] = asked[name]
    members["ComparisonOperator"] = comparison
    period_s = _check_math(asked, scope, file) if "Metrics" in asked else _check_metric(asked, scope)
    for name in ("Metrics", *OF_ONE, "DatapointsToAlarm", "TreatMissingData", "EvaluateLowSampleCountPercentile"):
        if name in asked:
            members[name] = asked[name]
    if "Metrics" not in members:
        members.setdefault("Dimensions", [])
    _check_periods(members, period_s)
    if len(json.dumps(members)) > MOST_BYTES:
        raise BadAlarm(f"An alarm must not have more than {MOST_BYTES} bytes")
    if members.get("TreatMissingData", "missing") not in TREATMENTS:
        raise BadAlarm("TreatMissingData must be one of " + ", ".join(TREATMENTS))
    return members


def composite_alarm(asked: Members) -> dict[str, Any]:
    members = _common(asked)
    if "AlarmRule" not in asked:
        raise Missing("AlarmRule")
    if "ActionsSuppressor" in asked:
        raise NotHere("an alarm that suppresses their actions")
    if asked["AlarmRule"] != asked["AlarmRule"].strip():
        raise BadAlarm("AlarmRule must not contain leading or trailing whitespace or be null")
    rule.parse(asked["AlarmRule"])
    return members | {"AlarmRule": asked["AlarmRule"]}


def _common(asked: Members) -> dict[str, Any]:
    name = asked.get("AlarmName")
    if name is None:
        raise Missing("AlarmName")
    if not 0 < len(name) <= MOST_NAME:
        raise InvalidParameterValue("AlarmName", name)
    members: dict[str, Any] = {"ActionsEnabled": asked.get("ActionsEnabled", True)}
    for member in ACTIONS.values():
        members[member] = asked.get(member, [])
        for arn in members[member]:
            if _ARN.fullmatch(arn) is None:
                raise BadAlarm(f"Invalid arn syntax: {arn}")
    if "AlarmDescription" in asked:
        if len(asked["AlarmDescription"]) > MOST_DESCRIPTION:
            raise InvalidParameterValue("AlarmDescription", asked["AlarmDescription"])
        members["AlarmDescription"] = asked["AlarmDescription"]
    return members


def _check_metric(asked: Members, scope: Scope) -> int:
    Metric.of(asked, scope)
    if "Statistic" in asked and "ExtendedStatistic" in asked:
        raise BothGiven("Statistic", "ExtendedStatistic")
    if "Statistic" not in asked and "ExtendedStatistic" not in asked:
        raise Missing("Statistic")
    if asked.get("Statistic", "Sum") not in SIMPLE:
        raise InvalidParameterValue("Statistic", asked["Statistic"])
    if figure(asked.get("ExtendedStatistic", "p99")) is None:
        raise InvalidParameterValue("ExtendedStatistic", asked["ExtendedStatistic"])
    if asked.get("Unit", "None") not in UNITS:
        raise InvalidParameterValue("Unit", asked["Unit"])
    return period_of(asked.get("Period"), "Period")


def _check_math(asked: Members, scope: Scope, file: MetricFile) -> int:
    for name in OF_ONE:
        if name in asked:
            raise BothGiven("Metrics", name)
    queries = asked["Metrics"]
    Data({"MetricDataQueries": queries, "StartTime": 0, "EndTime": 1}, file, scope, lambda _: {})
    returned = [query for query in queries if query.get("ReturnData", True)]
    if len(returned) != 1:
        raise BadAlarm("Exactly one element of the metrics list should return data.")
    for query in queries:
        if "MetricStat" in query:
            Metric.of(query["MetricStat"]["Metric"], scope, "Metrics.MetricStat.Metric.")
            if figure(query["MetricStat"].get("Stat") or "") is None:
                raise InvalidParameterValue("Metrics.MetricStat.Stat", query["MetricStat"].get("Stat"))
    return longest_period_s(queries)


def _check_periods(members: Mapping[str, Any], period_s: int) -> None:
    most, needed = members["EvaluationPeriods"], members.get("DatapointsToAlarm")
    if most < 1:
        raise InvalidParameterValue("EvaluationPeriods", most)
    if needed is not None and not 1 <= needed <= most:
        raise BadAlarm(f"DatapointsToAlarm must be 1 to EvaluationPeriods, which is {most}")
    longest_s, words = (WEEK_S, "a week") if period_s >= HOUR_S else (DAY_S, "a day")
    if most * period_s > longest_s:
        raise BadAlarm(
            f"Metrics cannot be checked across more than {words} (EvaluationPeriods * Period must be <= {longest_s})."
        )
