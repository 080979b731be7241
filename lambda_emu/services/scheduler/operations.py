"""What each operation does, in one step of the store's writer; what it raises leaves all as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.services.pages import read_token, write_token
from lambda_emu.services.scheduler import table
from lambda_emu.services.scheduler.errors import (
    DefaultGroupStays,
    SchedulerConflict,
    SchedulerNotFound,
    TokenInvalid,
)
from lambda_emu.services.scheduler.schedule import DEFAULT, Group, Schedule, arn_of, make_schedule
from lambda_emu.services.tags import tag_list, without
from lambda_emu.services.timetable import table as timetable

MOST_RESULTS = 100
Result = Mapping[str, Any]


class SchedulerRequest(Struct, frozen=True):
    """members: as the model has them. draw: evenly distributed in [0, 1)."""

    members: Mapping[str, Any]
    scope: Scope
    now_s: float
    draw: Callable[[], float]

    @property
    def group(self) -> str:
        return str(self.members.get("GroupName", DEFAULT))

    @property
    def name(self) -> str:
        return str(self.members["Name"])


def create_schedule(connection: sqlite3.Connection, asked: SchedulerRequest) -> Result:
    """With the same ClientToken it may be asked again."""
    _find_group(connection, asked, asked.group)
    there = table.schedule(connection, asked.scope, asked.group, asked.name)
    if there is None:
        _keep(connection, asked, make_schedule(asked.members, asked.now_s))
    elif there.token is None or there.token != asked.members.get("ClientToken"):
        raise SchedulerConflict(f"Schedule {asked.name}")
    return {"ScheduleArn": arn_of(asked.scope, asked.group, asked.name)}


def update_schedule(connection: sqlite3.Connection, asked: SchedulerRequest) -> Result:
    """What is not said gets its default, as on AWS."""
    there = _find_schedule(connection, asked)
    _keep(connection, asked, make_schedule(asked.members, asked.now_s, there))
    return {"ScheduleArn": arn_of(asked.scope, asked.group, asked.name)}


def get_schedule(connection: sqlite3.Connection, asked: SchedulerRequest) -> Result:
    found = _find_schedule(connection, asked)
    return {
        "Arn": arn_of(asked.scope, found.group, found.name),
        "GroupName": found.group,
        "Name": found.name,
        **found.members,
        "CreationDate": found.created_s,
        "LastModificationDate": found.modified_s,
    }


def delete_schedule(connection: sqlite3.Connection, asked: SchedulerRequest) -> Result:
    _find_schedule(connection, asked)
    table.delete_schedule(connection, asked.scope, asked.group, asked.name)
    return {}


def list_schedules(connection: sqlite3.Connection, asked: SchedulerRequest) -> Result:
    """GroupName: only of that group."""
    members = asked.members
    if "GroupName" in members:
        _find_group(connection, asked, asked.group)
    most = members.get("MaxResults", MOST_RESULTS)
    only = {"group": members.get("GroupName"), "prefix": members.get("NamePrefix"), "state": members.get("State")}
    found = table.schedules_after(connection, asked.scope, _after(members, 2), most + 1, **only)
    shown = [_schedule_summary(asked.scope, one) for one in found[:most]]
    return {"Schedules": shown, **_next(found, most, lambda one: [one.group, one.name])}


def create_schedule_group(connection: sqlite3.Connection, asked: SchedulerRequest) -> Result:
    there = table.group(connection, asked.scope, asked.name, asked.now_s)
    token = asked.members.get("ClientToken")
    if there is None:
        there = Group(asked.name, asked.now_s, asked.now_s, _tags(asked.members.get("Tags", ())), token)
        table.put_group(connection, asked.scope, there)
    elif there.token is None or there.token != token:
        raise SchedulerConflict(f"Schedule group {asked.name}")
    return {"ScheduleGroupArn": there.arn(asked.scope)}


def get_schedule_group(connection: sqlite3.Connection, asked: SchedulerRequest) -> Result:
    return _group_summary(asked.scope, _find_group(connection, asked, asked.name))


def delete_schedule_group(connection: sqlite3.Connection, asked: SchedulerRequest) -> Result:
    """At once; on AWS it takes a while."""
    if asked.name == DEFAULT:
        raise DefaultGroupStays
    _find_group(connection, asked, asked.name)
    table.delete_group(connection, asked.scope, asked.name)
    return {}


def list_schedule_groups(connection: sqlite3.Connection, asked: SchedulerRequest) -> Result:
    _find_group(connection, asked, DEFAULT)
    most = asked.members.get("MaxResults", MOST_RESULTS)
    (after,) = _after(asked.members, 1)
    found = table.groups_after(connection, asked.scope, after, most + 1, asked.members.get("NamePrefix"))
    shown = [_group_summary(asked.scope, one) for one in found[:most]]
    return {"ScheduleGroups": shown, **_next(found, most, lambda one: [one.name])}


def list_tags(connection: sqlite3.Connection, asked: SchedulerRequest) -> Result:
    found = _tagged(connection, asked)
    return {"Tags": tag_list(found.tags)}


def tag_resource(connection: sqlite3.Connection, asked: SchedulerRequest) -> Result:
    found = _tagged(connection, asked)
    tags = {**found.tags, **_tags(asked.members["Tags"])}
    table.put_group(connection, asked.scope, replace(found, tags=tags, modified_s=asked.now_s))
    return {}


def untag_resource(connection: sqlite3.Connection, asked: SchedulerRequest) -> Result:
    found = _tagged(connection, asked)
    kept = without(found.tags, asked.members["TagKeys"])
    table.put_group(connection, asked.scope, replace(found, tags=kept, modified_s=asked.now_s))
    return {}


OPERATIONS: Mapping[str, Callable[[sqlite3.Connection, SchedulerRequest], Result]] = {
    "CreateSchedule": create_schedule,
    "CreateScheduleGroup": create_schedule_group,
    "DeleteSchedule": delete_schedule,
    "DeleteScheduleGroup": delete_schedule_group,
    "GetSchedule": get_schedule,
    "GetScheduleGroup": get_schedule_group,
    "ListScheduleGroups": list_schedule_groups,
    "ListSchedules": list_schedules,
    "ListTagsForResource": list_tags,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "UpdateSchedule": update_schedule,
}
MOVING = frozenset({"CreateSchedule", "UpdateSchedule", "DeleteSchedule", "DeleteScheduleGroup"})
"""After those something else may be due next."""


def _keep(connection: sqlite3.Connection, asked: SchedulerRequest, record: Schedule) -> None:
    table.put_schedule(connection, asked.scope, record)
    arn = arn_of(asked.scope, record.group, record.name)
    if record.is_enabled:
        timetable.put(connection, arn, record.timing, asked.now_s, asked.draw)
    else:
        timetable.remove(connection, arn)


def _find_schedule(connection: sqlite3.Connection, asked: SchedulerRequest) -> Schedule:
    found = table.schedule(connection, asked.scope, asked.group, asked.name)
    if found is None:
        raise SchedulerNotFound(f"Schedule {asked.name}")
    return found


def _find_group(connection: sqlite3.Connection, asked: SchedulerRequest, name: str) -> Group:
    found = table.group(connection, asked.scope, name, asked.now_s)
    if found is None:
        raise SchedulerNotFound(f"Schedule group {name}")
    return found


def _tagged(connection: sqlite3.Connection, asked: SchedulerRequest) -> Group:
    """Groups alone have tags."""
    arn = asked.members["ResourceArn"]
    found = table.group(connection, asked.scope, arn.rpartition("/")[2], asked.now_s)
    if found is None or found.arn(asked.scope) != arn:
        raise SchedulerNotFound(f"Resource {arn}")
    return found


def _tags(given: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    return {tag["Key"]: tag["Value"] for tag in given}


def _schedule_summary(scope: Scope, record: Schedule) -> Result:
    return {
        "Arn": arn_of(scope, record.group, record.name),
        "GroupName": record.group,
        "Name": record.name,
        "State": record.members["State"],
        "Target": {"Arn": record.members["Target"]["Arn"]},
        "CreationDate": record.created_s,
        "LastModificationDate": record.modified_s,
    }


def _group_summary(scope: Scope, record: Group) -> Result:
    return {
        "Arn": record.arn(scope),
        "Name": record.name,
        "State": "ACTIVE",
        "CreationDate": record.created_s,
        "LastModificationDate": record.modified_s,
    }


def _next(found: Sequence[Any], most: int, key: Callable[[Any], list[str]]) -> Result:
    """NextToken, if there are more than fit."""
    return {"NextToken": write_token(*key(found[most - 1]))} if len(found) > most else {}


def _after(members: Mapping[str, Any], parts: int) -> Sequence[str]:
    token = members.get("NextToken")
    if token is None:
        return [""] * parts
    try:
        return read_token(token, parts)
    except ValueError as error:
        raise TokenInvalid from error
