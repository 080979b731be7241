"""The operations on alarms. Each is one step of the store's writer. docs/services.md#alarms."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.metrics.file import MetricFile
from lambda_emu.services.alarms import rule, table
from lambda_emu.services.alarms.alarm import ACTIONS, INSUFFICIENT, MARK, Alarm, State
from lambda_emu.services.alarms.changes import Tell, enter, follow
from lambda_emu.services.alarms.checks import composite_alarm, metric_alarm
from lambda_emu.services.alarms.errors import (
    BadAlarm,
    ChildrenMissing,
    NoAlarm,
    NoReasonData,
    NoResource,
    StillNeeded,
    TooLong,
    TooManyAlarms,
)
from lambda_emu.services.alarms.reasons import CREATED
from lambda_emu.services.cloudwatch.errors import BothGiven, InvalidParameterValue, Missing
from lambda_emu.services.cloudwatch.members import Members
from lambda_emu.services.tags import tag_list, without
from lambda_emu.store import WorkItem

MOST_ALARMS = 5000
"""Of an account in a region, as on AWS."""
MOST_TAGS, MOST_KEY, MOST_VALUE = 50, 128, 256
MOST_CHARACTERS = {"StateReason": 1023, "StateReasonData": 4000}


class AlarmsRequest(Struct, frozen=True):
    """tell: what is to be delivered because of a change."""

    members: Members
    scope: Scope
    now_s: float
    file: MetricFile
    tell: Tell


class Answered(Struct, frozen=True):
    """work: that was put into the table."""

    result: Mapping[str, Any]
    work: Sequence[WorkItem] = ()


Operation = Callable[[sqlite3.Connection, AlarmsRequest], Answered]
NOTHING = Answered({})


def put_metric_alarm(connection: sqlite3.Connection, asked: AlarmsRequest) -> Answered:
    return _put(connection, asked, metric_alarm(asked.members, asked.scope, asked.file), is_composite=False)


def put_composite_alarm(connection: sqlite3.Connection, asked: AlarmsRequest) -> Answered:
    members = composite_alarm(asked.members)
    children = rule.parse(members["AlarmRule"]).children
    missing = [name for name in children if table.alarm(connection, asked.scope, name) is None]
    if missing:
        raise ChildrenMissing(missing)
    return _put(connection, asked, members, is_composite=True)


def _put(
    connection: sqlite3.Connection, asked: AlarmsRequest, members: dict[str, Any], *, is_composite: bool
) -> Answered:
    """One that is there keeps its state and its tags."""
    scope, name, now_s = asked.scope, asked.members["AlarmName"], asked.now_s
    before = table.alarm(connection, scope, name)
    if before is None and table.count(connection, scope) >= MOST_ALARMS:
        raise TooManyAlarms(MOST_ALARMS)
    if before is not None and before.is_composite != is_composite:
        raise BadAlarm(f"An alarm of another type has the name {name}")
    state = State(INSUFFICIENT, CREATED, None, now_s, now_s) if before is None else before.state
    tags = _tags(asked.members.get("Tags", [])) if before is None else before.tags
    alarm = Alarm(scope.account, scope.region, name, is_composite, members, state, now_s, tags)
    table.put(connection, alarm)
    _remember(connection, alarm, now_s, "Create" if before is None else "Update")
    if not is_composite:
        return NOTHING
    return Answered({}, follow(connection, scope, set(), now_s, asked.tell, made=name))


def delete_alarms(connection: sqlite3.Connection, asked: AlarmsRequest) -> Answered:
    gone = {alarm.name: alarm for alarm in _named(connection, asked)}
    if sum(alarm.is_composite for alarm in gone.values()) > 1:
        raise BadAlarm("A request to delete alarms must not have more than one composite alarm")  # (?)
    if table.has_composites(connection, asked.scope):
        others = (one for one in table.alarms(connection, asked.scope) if one.is_composite and one.name not in gone)
        needed = {name for one in others for name in rule.parse(one.members["AlarmRule"]).children}
        if needed & gone.keys():
            raise StillNeeded(sorted(needed & gone.keys()))
    for alarm in gone.values():
        _remember(connection, alarm, asked.now_s, "Delete")
        table.delete(connection, asked.scope, alarm.name)
    return NOTHING


def enable_alarm_actions(connection: sqlite3.Connection, asked: AlarmsRequest) -> Answered:
    return _set_actions(connection, asked, enabled=True)


def disable_alarm_actions(connection: sqlite3.Connection, asked: AlarmsRequest) -> Answered:
    return _set_actions(connection, asked, enabled=False)


def _set_actions(connection: sqlite3.Connection, asked: AlarmsRequest, *, enabled: bool) -> Answered:
    for alarm in _named(connection, asked):
        if alarm.members["ActionsEnabled"] != enabled:
            after = replace(alarm, members={**alarm.members, "ActionsEnabled": enabled}, configured_s=asked.now_s)
            table.put(connection, after)
            _remember(connection, after, asked.now_s, "Update")
    return NOTHING


def set_alarm_state(connection: sqlite3.Connection, asked: AlarmsRequest) -> Answered:
    given = asked.members
    for member in ("AlarmName", "StateValue", "StateReason"):
        if member not in given:
            raise Missing(member)
    if given["StateValue"] not in ACTIONS:
        raise InvalidParameterValue("StateValue", given["StateValue"])
    data = given.get("StateReasonData")
    for member, most in MOST_CHARACTERS.items():
        if len(given.get(member, "")) > most:
            raise TooLong(member, most)
    if data is not None and not _is_json(data):
        raise NoReasonData
    alarm = table.alarm(connection, asked.scope, given["AlarmName"])
    if alarm is None:
        raise NoAlarm("")
    after = alarm.in_state(given["StateValue"], given["StateReason"], data, asked.now_s)
    return Answered({}, enter(connection, [after], asked.tell))


# -- tags -----------------------------------------------------------------------------------------


def tag_resource(connection: sqlite3.Connection, asked: AlarmsRequest) -> Answered:
    alarm = _of_arn(connection, asked)
    tags = {**alarm.tags, **_tags(asked.members.get("Tags", []))}
    if len(tags) > MOST_TAGS:
        raise BadAlarm(f"A resource has at most {MOST_TAGS} tags")
    table.put(connection, replace(alarm, tags=tags))
    return NOTHING


def untag_resource(connection: sqlite3.Connection, asked: AlarmsRequest) -> Answered:
    alarm = _of_arn(connection, asked)
    kept = without(alarm.tags, asked.members.get("TagKeys", []))
    table.put(connection, replace(alarm, tags=kept))
    return NOTHING


def list_tags_for_resource(connection: sqlite3.Connection, asked: AlarmsRequest) -> Answered:
    return Answered({"Tags": tag_list(_of_arn(connection, asked).tags)})


# -- below ----------------------------------------------------------------------------------------


def _named(connection: sqlite3.Connection, asked: AlarmsRequest) -> Sequence[Alarm]:
    """Those of the names that there are."""
    if "AlarmNames" not in asked.members:
        raise Missing("AlarmNames")
    found = (table.alarm(connection, asked.scope, name) for name in asked.members["AlarmNames"])
    return [alarm for alarm in found if alarm is not None]


def _of_arn(connection: sqlite3.Connection, asked: AlarmsRequest) -> Alarm:
    arn = asked.members.get("ResourceARN", "")
    alarm = table.alarm(connection, asked.scope, arn.partition(MARK)[2])
    if alarm is None or alarm.arn != arn:
        raise NoResource(arn)
    return alarm


def _tags(given: Sequence[Members]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for one in given:
        if "Key" not in one:
            raise Missing("Tags.member.Key")
        if one["Key"] in tags:
            raise BothGiven(*[f"Tags.{one['Key']}"] * 2)
        for member, most in (("Key", MOST_KEY), ("Value", MOST_VALUE)):
            if len(one.get(member, "")) > most:
                raise TooLong(f"Tags.{member}", most)
        tags[one["Key"]] = one.get("Value", "")
    return tags


def _remember(connection: sqlite3.Connection, alarm: Alarm, now_s: float, type: str) -> None:
    words = {"Create": "created", "Update": "updated", "Delete": "deleted"}[type]
    data = {"version": "1.0", "type": type, f"{words}Alarm": alarm.members | {"AlarmName": alarm.name}}
    summary = f'Alarm "{alarm.name}" {words}'
    table.remember(connection, alarm, "ConfigurationUpdate", now_s, summary, json.dumps(data))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
