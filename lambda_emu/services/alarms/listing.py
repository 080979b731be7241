"""What is told of alarms: DescribeAlarms, DescribeAlarmsForMetric, DescribeAlarmHistory."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from lambda_emu.services.alarms import rule, table
from lambda_emu.services.alarms.alarm import ACTIONS, Alarm
from lambda_emu.services.alarms.operations import AlarmsRequest, Answered
from lambda_emu.services.cloudwatch.errors import BothGiven, InvalidNextToken, InvalidParameterValue
from lambda_emu.services.cloudwatch.members import LARGEST_TIME_S, Members
from lambda_emu.services.cloudwatch.reading import Metric
from lambda_emu.services.cloudwatch.wire import Time
from lambda_emu.services.pages import read_token, write_token

MOST_RECORDS = 100
TYPES = ("MetricAlarm", "CompositeAlarm")
ORDERS = ("TimestampDescending", "TimestampAscending")


def describe_alarms(connection: sqlite3.Connection, asked: AlarmsRequest) -> Answered:
    given = asked.members
    if "AlarmNames" in given and "AlarmNamePrefix" in given:
        raise BothGiven("AlarmNames", "AlarmNamePrefix")
    alarms = {alarm.name: alarm for alarm in table.alarms(connection, asked.scope)}
    kinds = _types(given, "ChildrenOfAlarmName" in given or "ParentsOfAlarmName" in given)
    found = [alarm for alarm in alarms.values() if alarm.kind in kinds and _is_wanted(alarm, given, alarms)]
    most, after = _most(given), _after(given)
    rest = [alarm for alarm in found if alarm.name > after]
    page = rest[:most]
    told: dict[str, Any] = {
        "MetricAlarms": [alarm.shown() for alarm in page if not alarm.is_composite],
        "CompositeAlarms": [alarm.shown() for alarm in page if alarm.is_composite],
    }
    return Answered(told | _next(page[-1].name if len(rest) > most else None))


def describe_alarms_for_metric(connection: sqlite3.Connection, asked: AlarmsRequest) -> Answered:
    given = asked.members
    metric = Metric.of(given, asked.scope)
    rest = [name for name in ("Statistic", "ExtendedStatistic", "Period", "Unit") if name in given]
    found = [
        alarm
        for alarm in table.alarms(connection, asked.scope)
        if "MetricName" in alarm.members
        and Metric.of(alarm.members, asked.scope) == metric
        and all(alarm.members.get(name) == given[name] for name in rest)
    ]
    return Answered({"MetricAlarms": [alarm.shown() for alarm in found]})


def describe_alarm_history(connection: sqlite3.Connection, asked: AlarmsRequest) -> Answered:
    given, most = asked.members, _most(asked.members)
    order, after = given.get("ScanBy", ORDERS[0]), _after(given)
    if order not in ORDERS:
        raise InvalidParameterValue("ScanBy", order)
    if after and not after.isdigit():
        raise InvalidNextToken
    only = {
        "name": given.get("AlarmName"),
        "kind": given.get("HistoryItemType"),
        "since_s": given.get("StartDate", 0),
        "until_s": given.get("EndDate", LARGEST_TIME_S),
        "after": int(after) if after else None,
        "types": _types(given, False),
        "newest_first": order == ORDERS[0],
    }
    rest = table.history(connection, asked.scope, only, most + 1)
    items = [
        {
            "AlarmName": item.name,
            "AlarmType": item.type,
            "Timestamp": Time(item.at_s),
            "HistoryItemType": item.kind,
            "HistorySummary": item.summary,
            "HistoryData": item.data,
        }
        for item in rest[:most]
    ]
    return Answered({"AlarmHistoryItems": items} | _next(str(rest[most - 1].id) if len(rest) > most else None))


def _is_wanted(alarm: Alarm, given: Members, alarms: Mapping[str, Alarm]) -> bool:
    names, value = given.get("AlarmNames"), given.get("StateValue")
    if value is not None and value not in ACTIONS:
        raise InvalidParameterValue("StateValue", value)
    told = [arn for member in ACTIONS.values() for arn in alarm.members[member]]
    return (
        (names is None or alarm.name in names)
        and alarm.name.startswith(given.get("AlarmNamePrefix", ""))
        and value in (None, alarm.state.value)
        and ("ActionPrefix" not in given or any(arn.startswith(given["ActionPrefix"]) for arn in told))
        and ("ChildrenOfAlarmName" not in given or alarm.name in _children(alarms.get(given["ChildrenOfAlarmName"])))
        and ("ParentsOfAlarmName" not in given or given["ParentsOfAlarmName"] in _children(alarm))
    )


def _children(alarm: Alarm | None) -> list[str]:
    if alarm is None or not alarm.is_composite:
        return []
    return list(rule.parse(alarm.members["AlarmRule"]).children)


def _types(given: Members, of_family: bool) -> list[str]:
    """Metric alarms alone where nobody says which, as on AWS."""
    types = given.get("AlarmTypes", list(TYPES) if of_family else [TYPES[0]])
    for one in types:
        if one not in TYPES:
            raise InvalidParameterValue("AlarmTypes", one)
    return list(types)


def _most(given: Members) -> int:
    most: int = given.get("MaxRecords", MOST_RECORDS)
    if not 1 <= most <= MOST_RECORDS:
        raise InvalidParameterValue("MaxRecords", most)
    return most


def _after(given: Members) -> str:
    token = given.get("NextToken")
    if token is None:
        return ""
    try:
        return read_token(token)[0]
    except ValueError:
        raise InvalidNextToken from None


def _next(last: str | None) -> dict[str, str]:
    return {} if last is None else {"NextToken": write_token(last)}
