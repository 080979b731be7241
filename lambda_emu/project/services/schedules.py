"""`events: schedule`: schedules of Scheduler, in a group of the project's own, by which they are known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lambda_emu.project.declarations import Declared, DeclaredFunction
from lambda_emu.project.keys.roles import DEFAULT, role_arn
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import Members, Present, Reference, ResourceKey
from lambda_emu.project.services.building import Building, hash_of
from lambda_emu.project.services.left import ORIGIN, SCHEDULE_GROUP
from lambda_emu.project.services.reach import Reach
from lambda_emu.project.services.stores import QUEUE

SCHEDULE = "schedule"
NAME_CHARACTERS = 64
RETRIES = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
DEFAULTS = {"ScheduleExpressionTimezone": "UTC", "State": "ENABLED", "FlexibleTimeWindow": {"Mode": "OFF"}}
OF_TARGET = ("Input", *RETRIES, "dead_letters")
SHOWN = ("ScheduleExpression", *DEFAULTS, "StartDate", "EndDate", "Target")


def attach_schedule(building: Building, function: DeclaredFunction, event: Declared) -> None:
    """building.Attach."""
    fields = event.fields
    target: dict[str, Any] = {
        "Arn": building.arn(function),
        "RoleArn": role_arn(building.scope, DEFAULT),
        "RetryPolicy": {name: fields.get(name, usual) for name, usual in RETRIES.items()},
    }
    if "Input" in fields:
        target["Input"] = fields["Input"]
    if "dead_letters" in fields:
        queue = ResourceKey(QUEUE, fields["dead_letters"])
        building.need(queue, event.place("dead_letters"))
        target["DeadLetterConfig"] = {"Arn": Reference(queue)}
    said = {name: value for name, value in fields.items() if name not in (*OF_TARGET, "Name")}
    shown = {**DEFAULTS, **said, "ScheduleExpression": event.name, "Target": target}
    building.add(SCHEDULE, _name_of(function, event), shown, shown, event.place())


def _name_of(function: DeclaredFunction, event: Declared) -> str:
    made = f"-{hash_of(event.name)}"
    return str(event.fields.get("Name") or function.name[: NAME_CHARACTERS - len(made)] + made)


def _find(reach: Reach) -> Iterator[Present]:
    if not reach.left.has_schedules and not any(reach.of(SCHEDULE)):
        return
    token: dict[str, str] = {}
    while True:
        page = reach.find("scheduler", "ListSchedules", GroupName=SCHEDULE_GROUP, **token)
        if page is None:
            return
        for one in page["Schedules"]:
            found = reach.call("scheduler", "GetSchedule", GroupName=SCHEDULE_GROUP, Name=one["Name"])
            shown = {name: _plain(found[name]) for name in SHOWN if name in found}
            yield Present(ResourceKey(SCHEDULE, one["Name"]), shown, found["Arn"], ORIGIN)
        if "NextToken" not in page:
            return
        token = {"NextToken": page["NextToken"]}


def _plain(value: Any) -> Any:
    return int(value.timestamp()) if isinstance(value, datetime) else value


def _create(name: str, members: Members, reach: Reach) -> str:
    if reach.find("scheduler", "GetScheduleGroup", Name=SCHEDULE_GROUP) is None:
        reach.call("scheduler", "CreateScheduleGroup", Name=SCHEDULE_GROUP)
    made = reach.call("scheduler", "CreateSchedule", GroupName=SCHEDULE_GROUP, Name=name, **members)
    return str(made["ScheduleArn"])


def _update(present: Present, members: Members, reach: Reach) -> str:
    name = present.key.name
    reach.call("scheduler", "UpdateSchedule", GroupName=SCHEDULE_GROUP, Name=name, **members)
    return present.identifier


def _remove(present: Present, reach: Reach) -> None:
    reach.find("scheduler", "DeleteSchedule", GroupName=SCHEDULE_GROUP, Name=present.key.name)


SCHEDULES = {SCHEDULE: ResourceKind("", _find, _create, _update, _remove)}
