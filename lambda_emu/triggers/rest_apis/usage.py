"""API keys, usage plans and throttling: how often who may ask. docs/contract/events.md#rest-apis.

What was used is counted here, while the server runs, and not in the control plane.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from msgspec.structs import replace

from lambda_emu.clock import Clock
from lambda_emu.triggers.buckets import MOST_KNOWN, Buckets, Throttle
from lambda_emu.triggers.rest_apis.api import ANY, Stage
from lambda_emu.triggers.rest_apis.entering import Entered
from lambda_emu.triggers.rest_apis.refusals import BadApiKey, QuotaExceeded, Throttled

KEY_HEADER = b"x-api-key"
BY_AUTHORIZER = "AUTHORIZER"
MOST_DAYS = 90
"""On which something was used: of more, AWS tells nothing either."""
ALL = "/*/*"
NO_KEY = "The request has no API key: not in the header x-api-key, nor of the authorizer where `apiKeySource` is that."

Plan = Mapping[str, Any]
Used = tuple[str, ...]


class ApiKey(NamedTuple):
    """One that may be used: of a plan that has the stage."""

    id: str
    value: str
    plan: Plan


class Quota(NamedTuple):
    """period: DAY, WEEK, MONTH."""

    limit: int
    period: str


class Usage:
    """Of all REST APIs. On the loop; what is known is bounded."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets = Buckets(clock)
        self._days: dict[Used, dict[date, int]] = {}  # by plan and key: how many there were
        self._granted: dict[Used, tuple[str, int]] = {}  # beyond the quota of this period, or below it

    @staticmethod
    def is_free(entered: Entered) -> bool:
        """Whether nothing is to be counted, and no key asked for."""
        return not entered.method.needs_key and not entered.stage.throttles

    def take(self, entered: Entered, usage_key: str | None) -> Entered:
        """Count a request, which may be too many. With the key that it has. BadApiKey, Throttled, QuotaExceeded."""
        key = self._key(entered, usage_key) if entered.method.needs_key else None
        api, stage = entered.api.id, entered.stage
        if key is not None:
            self._take_of_plan(key, entered)
        throttle, of = throttle_of(stage, entered)
        if throttle is not None and not self._buckets.has_room((api, stage.name, of), throttle):
            raise Throttled(
                f"The stage's throttling of {of} is {throttle.rate:g} a second, {throttle.burst:g} at once."
            )
        if key is None:
            return entered
        return replace(entered, identity={**entered.identity, "apiKey": key.value, "apiKeyId": key.id})

    def _key(self, entered: Entered, usage_key: str | None) -> ApiKey:
        header = entered.request.header(KEY_HEADER)
        value = usage_key if entered.deployment.key_source == BY_AUTHORIZER else header
        usage = entered.api.usage
        found = next((key for key in usage["keys"] if value and key["value"] == value), None)
        if not value:
            raise BadApiKey(NO_KEY)
        if found is None:
            raise BadApiKey("There is no such API key in a usage plan of this API.")
        if not found["enabled"]:
            raise BadApiKey(
                f"The API key {found['id']} is disabled, as CreateApiKey makes it unless `enabled` is given."
            )
        for plan in usage["plans"]:
            stages = [one.get("stage") for one in plan["stages"]]
            if found["id"] in plan["keys"] and entered.stage.name in stages:
                return ApiKey(found["id"], found["value"], plan)
        raise BadApiKey(f"The API key {found['id']} is in no usage plan that has this stage.")

    def _take_of_plan(self, key: ApiKey, entered: Entered) -> None:
        plan, of = key.plan, f"{entered.resource.path}/{entered.method.verb}"
        stage = next(one for one in plan["stages"] if one.get("stage") == entered.stage.name)
        own = (stage.get("throttle") or {}).get(of)
        for told, named in ((own, of), (plan.get("throttle"), "")):
            throttle = _throttle(told)
            if throttle is not None and not self._buckets.has_room((plan["id"], key.id, named), throttle):
                raise Throttled(f"The usage plan allows {throttle.rate:g} a second, {throttle.burst:g} at once.")
        self._count(key)

    def _count(self, key: ApiKey) -> None:
        used, today = (key.plan["id"], key.id), self.today()
        quota = read_quota(key.plan)
        if quota is not None and self.left(used, quota, today) <= 0:
            raise QuotaExceeded(f"The usage plan allows {quota.limit} in this period.")
        days = self._days.get(used)
        if days is None:
            _make_room(self._days)
            days = self._days[used] = {}
        days[today] = days.get(today, 0) + 1
        while len(days) > MOST_DAYS:
            del days[next(iter(days))]

    # -- what is told of it -----------------------------------------------------------------------

    def today(self) -> date:
        """In UTC."""
        return datetime.fromtimestamp(self._clock.now_s(), UTC).date()

    def used(self, used: Used, day: date) -> int:
        """By a plan and a key."""
        return self._days.get(used, {}).get(day, 0)

    def left(self, used: Used, quota: Quota, day: date) -> int:
        """Of the period that the day is in, when it was over."""
        granted_in, granted = self._granted.get(used, ("", 0))
        limit = quota.limit + (granted if granted_in == period_of(quota.period, day) else 0)
        return max(0, limit - self._counted(used, quota, day))

    def _counted(self, used: Used, quota: Quota, day: date) -> int:
        """In the period until the end of the day."""
        period, days = period_of(quota.period, day), self._days.get(used, {})
        return sum(count for one, count in days.items() if one <= day and period_of(quota.period, one) == period)

    def grant(self, used: Used, quota: Quota, left: int) -> None:
        """From now on so many are left of the period."""
        today = self.today()
        period = period_of(quota.period, today)
        self._granted.pop(used, None)
        _make_room(self._granted)
        self._granted[used] = period, left - (quota.limit - self._counted(used, quota, today))


def throttle_of(stage: Stage, entered: Entered) -> tuple[Throttle | None, str]:
    """The stage's own for the method, else for all, and what it is of."""
    path = entered.resource.path
    for of in (f"{path}/{entered.request.method}", f"{path}/{ANY}", f"{path}/*", ALL):
        named = of if of == ALL else _escaped(of)
        if named in stage.throttles:
            return stage.throttles[named], of if of == ALL else f"{path}/{entered.method.verb}"
    return None, ""


def read_quota(plan: Plan) -> Quota | None:
    """None: it has none."""
    told = plan.get("quota") or {}
    limit = int(told.get("limit") or 0)
    return Quota(limit, told.get("period") or "DAY") if limit else None


def period_of(kind: str, now: date) -> str:
    """What is the same within a day, week or month of UTC. A week begins on Sunday (?)."""
    if kind == "MONTH":
        return f"{now:%Y-%m}"
    if kind == "WEEK":
        return f"{now - timedelta(days=(now.weekday() + 1) % 7):%Y-%m-%d}"
    return f"{now:%Y-%m-%d}"


def _throttle(told: Mapping[str, Any] | None) -> Throttle | None:
    if not told:
        return None
    return Throttle(float(told.get("rateLimit") or 0.0), float(told.get("burstLimit") or 0.0))


def _escaped(of: str) -> str:
    """As method settings have the path of a resource: `/~1items~1{id}/GET`."""
    path, _, verb = of.rpartition("/")
    return f"/{path.replace('/', '~1')}/{verb}"


def _make_room(known: dict[Used, Any]) -> None:
    while len(known) >= MOST_KNOWN:
        del known[next(iter(known))]
