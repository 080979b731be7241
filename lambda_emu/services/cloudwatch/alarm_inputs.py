"""What the operations on alarms take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.services.cloudwatch.members import INPUTS, METRIC, Spec, number, text, time, truth, whole

_TAGS = [{"Key": text, "Value": text}]
_OF_ANY: Mapping[str, Spec] = {
    "AlarmName": text,
    "AlarmDescription": text,
    "ActionsEnabled": truth,
    "OKActions": [text],
    "AlarmActions": [text],
    "InsufficientDataActions": [text],
    "Tags": _TAGS,
}
_QUERIES: Any = INPUTS["GetMetricData"]["MetricDataQueries"]
ALARM_INPUTS: Mapping[str, Mapping[str, Spec]] = {
    "PutMetricAlarm": {
        **_OF_ANY,
        **METRIC,
        "Statistic": text,
        "ExtendedStatistic": text,
        "Period": whole,
        "Unit": text,
        "EvaluationPeriods": whole,
        "DatapointsToAlarm": whole,
        "Threshold": number,
        "ComparisonOperator": text,
        "TreatMissingData": text,
        "EvaluateLowSampleCountPercentile": text,
        "Metrics": _QUERIES,
        "ThresholdMetricId": text,
    },
    "PutCompositeAlarm": {**_OF_ANY, "AlarmRule": text, "ActionsSuppressor": text},
    "DeleteAlarms": {"AlarmNames": [text]},
    "DescribeAlarms": {
        "AlarmNames": [text],
        "AlarmNamePrefix": text,
        "AlarmTypes": [text],
        "ChildrenOfAlarmName": text,
        "ParentsOfAlarmName": text,
        "StateValue": text,
        "ActionPrefix": text,
        "MaxRecords": whole,
        "NextToken": text,
    },
    "DescribeAlarmsForMetric": {
        **METRIC,
        "Statistic": text,
        "ExtendedStatistic": text,
        "Period": whole,
        "Unit": text,
    },
    "DescribeAlarmHistory": {
        "AlarmName": text,
        "AlarmTypes": [text],
        "HistoryItemType": text,
        "StartDate": time,
        "EndDate": time,
        "MaxRecords": whole,
        "NextToken": text,
        "ScanBy": text,
    },
    "SetAlarmState": {"AlarmName": text, "StateValue": text, "StateReason": text, "StateReasonData": text},
    "EnableAlarmActions": {"AlarmNames": [text]},
    "DisableAlarmActions": {"AlarmNames": [text]},
    "TagResource": {"ResourceARN": text, "Tags": _TAGS},
    "UntagResource": {"ResourceARN": text, "TagKeys": [text]},
    "ListTagsForResource": {"ResourceARN": text},
}
