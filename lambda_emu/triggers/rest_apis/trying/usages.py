"""GetUsage and UpdateUsage: what keys have used of usage plans, day by day, as it was counted. On the loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.triggers.known import Told
from lambda_emu.triggers.rest_apis.trying.asked import TrialInvalid, TrialMissing
from lambda_emu.triggers.rest_apis.usage import Usage, read_quota

ReadPlan = Callable[[str], Awaitable[Told | None]]
"""account, region, id, quota and the ids of its keys; None: there is none of this id."""
MOST_DAYS = 90
MOST_KEYS = 500
"""Told at once, unless fewer are asked for."""


class Usages:
    """Of all plans."""

    def __init__(self, usage: Usage, read: ReadPlan) -> None:
        self._usage = usage
        self._read = read

    async def get(self, owner: Scope, plan_id: str, query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """query: of GetUsage. TrialMissing, TrialInvalid."""
        plan = await self._plan(owner, plan_id)
        asked = {name: values[-1] for name, values in query.items() if values}
        first, last = _day(asked, "startDate"), _day(asked, "endDate")
        if not 0 <= (last - first).days < MOST_DAYS:
            raise TrialInvalid(f"The dates of a usage are in order and within {MOST_DAYS} days")
        key_id = asked.get("keyId")
        if key_id is not None and key_id not in plan["keys"]:
            raise TrialMissing("Invalid API Key identifier specified")
        keys: list[str] = sorted(plan["keys"]) if key_id is None else [key_id]
        limit, position = _whole(asked.get("limit"), MOST_KEYS), _whole(asked.get("position"), 0)
        told = _told(plan_id, first, last)
        if position + limit < len(keys):
            told["position"] = str(position + limit)
        told["values"] = {key: self._days(plan, key, first, last) for key in keys[position : position + limit]}
        return told

    async def update(self, owner: Scope, plan_id: str, key_id: str, told: Any) -> dict[str, Any]:
        """How many requests are left of the period. TrialMissing, TrialInvalid."""
        plan = await self._plan(owner, plan_id)
        if key_id not in plan["keys"]:
            raise TrialMissing("Invalid API Key identifier specified")
        quota = read_quota(plan)
        if quota is None:
            raise TrialInvalid("Usage Plan has no quota")
        left = _left_in(told)
        self._usage.grant((plan_id, key_id), quota, left)
        today = self._usage.today()
        return {**_told(plan_id, today, today), "values": {key_id: self._days(plan, key_id, today, today)}}

    async def _plan(self, owner: Scope, plan_id: str) -> Told:
        """TrialMissing."""
        plan = await self._read(plan_id)
        if plan is None or (plan["account"], plan["region"]) != (owner.account, owner.region):
            raise TrialMissing("Invalid Usage Plan ID specified")
        return plan

    def _days(self, plan: Told, key_id: str, first: date, last: date) -> list[list[int]]:
        """Of each day how many were used, and were left; without a quota none are (?)."""
        quota, used = read_quota(plan), (plan["id"], key_id)
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        return [
            [self._usage.used(used, day), 0 if quota is None else self._usage.left(used, quota, day)] for day in days
        ]


def _told(plan_id: str, first: date, last: date) -> dict[str, Any]:
    return {"usagePlanId": plan_id, "startDate": f"{first}", "endDate": f"{last}"}


def _day(asked: Mapping[str, str], name: str) -> date:
    try:
        return date.fromisoformat(asked.get(name) or "")
    except ValueError as error:
        raise TrialInvalid(f"Invalid {name}: a date is written YYYY-MM-DD") from error


def _whole(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise TrialInvalid(f"Invalid number: {text[:50]}")
    return int(text)


def _left_in(told: Any) -> int:
    """TrialInvalid."""
    operations = told.get("patchOperations") if isinstance(told, dict) else None
    for one in operations if isinstance(operations, list) else []:
        if isinstance(one, dict) and (one.get("op"), one.get("path")) == ("replace", "/remaining"):
            return _whole(str(one.get("value")), 0)
    raise TrialInvalid("Invalid patch path: only /remaining can be replaced")
