"""What a schedule and a group are, and what of a schedule its members mean."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.model.schedules.expressions import At, parse_schedule_expression
from lambda_emu.model.schedules.timing import LONGEST_AGE_S, Timing
from lambda_emu.model.schedules.zones import UTC_NAME, UnknownZone, find_zone
from lambda_emu.services.scheduler.errors import EndBeforeStart, StartTooEarly, WindowInvalid, ZoneInvalid
from lambda_emu.services.scheduler.targets import check_target

DEFAULT = "default"
EARLIEST_START_S = 300
"""Before now."""
RETRIES = {"MaximumEventAgeInSeconds": LONGEST_AGE_S, "MaximumRetryAttempts": 185}
"""Of a target that says nothing of them."""
_KEPT = (
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "EndDate",
    "Description",
    "State",
    "KmsKeyArn",
    "Target",
    "FlexibleTimeWindow",
    "ActionAfterCompletion",
)


class Group(Struct, frozen=True):
    """token: the ClientToken that it was made with. Times are epoch seconds."""

    name: str
    created_s: float
    modified_s: float
    tags: Mapping[str, str] = {}
    token: str | None = None

    def arn(self, scope: Scope) -> str:
        return scope.arn(f"schedule-group/{self.name}", "scheduler")


class Schedule(Struct, frozen=True):
    """members: as GetSchedule shows them. anchor_s: what a rate is counted from. token: of CreateSchedule."""

    group: str
    name: str
    members: Mapping[str, Any]
    anchor_s: int
    created_s: float
    modified_s: float
    token: str | None = None

    @property
    def timing(self) -> Timing:
        members = self.members
        window = members["FlexibleTimeWindow"]
        return Timing(
            members["ScheduleExpression"],
            self.anchor_s,
            members["ScheduleExpressionTimezone"],
            members.get("StartDate"),
            members.get("EndDate"),
            window.get("MaximumWindowInMinutes", 0) * 60,
            members["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"],
        )

    @property
    def is_enabled(self) -> bool:
        return bool(self.members["State"] == "ENABLED")

    @property
    def is_deleted_after(self) -> bool:
        return bool(self.members["ActionAfterCompletion"] == "DELETE")


def arn_of(scope: Scope, group: str, name: str) -> str:
    return scope.arn(f"schedule/{group}/{name}", "scheduler")


def scope_and_names(arn: str) -> tuple[Scope, str, str]:
    """The way back: of a schedule's ARN."""
    _, _, _, region, account, resource = arn.split(":", 5)
    _, group, name = resource.split("/")
    return Scope(account, region), group, name


def make_schedule(asked: Mapping[str, Any], now_s: float, before: Schedule | None = None) -> Schedule:
    """From the members of CreateSchedule or UpdateSchedule. SchedulerError.

    before: what it was. A rate whose expression and start stay keeps its step: what changes its target changes no time.
    """
    members = {name: asked[name] for name in _KEPT if name in asked}
    members.setdefault("ScheduleExpressionTimezone", UTC_NAME)
    members.setdefault("State", "ENABLED")
    members.setdefault("ActionAfterCompletion", "NONE")
    target = members["Target"]
    members["Target"] = target | {"RetryPolicy": RETRIES | target.get("RetryPolicy", {})}
    _check(members, now_s, before)
    start_s = members.get("StartDate")
    anchor_s = ceil(now_s) if start_s is None else ceil(start_s)
    if before is not None and _begins(before.members) == _begins(members):
        anchor_s = before.anchor_s
    created_s = now_s if before is None else before.created_s
    token = asked.get("ClientToken") if before is None else before.token
    return Schedule(asked.get("GroupName", DEFAULT), asked["Name"], members, anchor_s, created_s, now_s, token)


def _begins(members: Mapping[str, Any]) -> tuple[Any, Any]:
    return members["ScheduleExpression"], members.get("StartDate")


def _check(members: Mapping[str, Any], now_s: float, before: Schedule | None) -> None:
    expression = parse_schedule_expression(members["ScheduleExpression"])
    try:
        find_zone(members["ScheduleExpressionTimezone"])
    except UnknownZone as error:
        raise ZoneInvalid(members["ScheduleExpressionTimezone"]) from error
    check_target(members["Target"])
    window = members["FlexibleTimeWindow"]
    if (window["Mode"] == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        raise WindowInvalid(window["Mode"])
    if isinstance(expression, At):
        return
    start_s, end_s = members.get("StartDate"), members.get("EndDate")
    is_new = before is None or before.members.get("StartDate") != start_s
    if start_s is not None and is_new and start_s < now_s - EARLIEST_START_S:
        raise StartTooEarly
    if start_s is not None and end_s is not None and end_s < start_s:
        raise EndBeforeStart
