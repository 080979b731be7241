"""Why an alarm has its state, in AWS's words, and as the JSON beside them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from lambda_emu.services.alarms.alarm import ALARM, INSUFFICIENT, Alarm
from lambda_emu.services.alarms.verdict import COMPARISONS, Verdict

TREATED = {"breaching": "Breaching", "notBreaching": "NonBreaching"}
CREATED = "Unchecked: Initial alarm creation"


class Datapoint(Struct, frozen=True):
    """Of one period. samples: None: nobody counts those of an expression."""

    at_s: int
    value: float
    samples: float | None = None


def reason(members: dict[str, Any], points: Sequence[Datapoint | None], verdict: Verdict) -> str:
    """points: the newest first."""
    most, needed = members["EvaluationPeriods"], members.get("DatapointsToAlarm", members["EvaluationPeriods"])
    if verdict.value == INSUFFICIENT:
        return f"Insufficient Data: {_count(most, 'datapoint')} {_was(most)} unknown."
    used = [found for place in verdict.used if (found := points[place]) is not None]
    treated = TREATED.get(members.get("TreatMissingData", "missing"))
    if not used:
        missing = f"{_count(most, 'missing datapoint')} {_was(most)} treated as [{treated}]"
        return f"Threshold Crossed: no datapoints were received for {_count(most, 'period')} and {missing}."
    compare, words = COMPARISONS[members["ComparisonOperator"]]
    is_alarm, threshold = verdict.value == ALARM, members["Threshold"]
    told = [one for one in used if compare(one.value, threshold) == is_alarm]
    if not told:  # what is missing decided
        told, is_crossing = used, not is_alarm
    else:
        is_crossing = is_alarm
    values = ", ".join(f"{one.value} ({datetime.fromtimestamp(one.at_s, UTC):%d/%m/%y %H:%M:%S})" for one in told)
    crossing = f"[{values}] {_was(len(told))} {'' if is_crossing else 'not '}{words} the threshold ({threshold})"
    if verdict.missing and treated is not None:
        missing = f"{_count(verdict.missing, 'missing datapoint')} {_was(verdict.missing)} treated as [{treated}]"
        return f"Threshold Crossed: {_count(len(told), 'datapoint')} {crossing} and {missing}."
    least, change = (needed, "OK -> ALARM") if is_alarm else (most - needed + 1, "ALARM -> OK")
    of_all = f"{len(told)} out of the last {most} datapoints"
    return f"Threshold Crossed: {of_all} {crossing} (minimum {_count(least, 'datapoint')} for {change} transition)."


def composite_reason(triggers: Sequence[Alarm]) -> tuple[str, str | None]:
    """The words and the JSON beside them. triggers: the alarms whose states had it come into its own."""
    if not triggers:
        return "The alarm rule was evaluated", None
    told = [
        f"{one.arn} transitioned to {one.state.value} at "
        f"{datetime.fromtimestamp(one.state.since_s, UTC):%A %d %B, %Y %H:%M:%S} UTC"
        for one in triggers
    ]
    states = [
        {"arn": one.arn, "state": {"value": one.state.value, "timestamp": stamp(one.state.since_s)}} for one in triggers
    ]
    return ", ".join(told), json.dumps({"triggeringAlarms": states}, separators=(",", ":"))


def reason_data(members: dict[str, Any], points: Sequence[Datapoint | None], verdict: Verdict, now_s: float) -> str:
    used = [found for place in verdict.used if (found := points[place]) is not None]
    told: dict[str, Any] = {"version": "1.0", "queryDate": stamp(now_s)}
    if used:
        told["startDate"] = stamp(used[-1].at_s)
    statistic = members.get("Statistic") or members.get("ExtendedStatistic")
    if statistic is not None:
        told |= {"statistic": statistic, "period": members["Period"]}
    told |= {"recentDatapoints": [one.value for one in reversed(used)], "threshold": members["Threshold"]}
    told["evaluatedDatapoints"] = [_evaluated(one) for one in used]
    return json.dumps(told, separators=(",", ":"))


def stamp(at_s: float) -> str:
    """As alarms have it: `2023-08-04T12:36:15.490+0000`."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def _evaluated(point: Datapoint) -> dict[str, Any]:
    samples = {} if point.samples is None else {"sampleCount": point.samples}
    return {"timestamp": stamp(point.at_s), **samples, "value": point.value}


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
