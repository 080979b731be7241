"""`events: alarm`: alarms of CloudWatch on one metric, which have the function run."""

from __future__ import annotations

from math import isfinite
from typing import Any

from lambda_emu.model.value_types import ValueType, choice, text, whole
from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.event_kind import EventKind, flag, main_key, turned
from lambda_emu.project.keys.shapes import Key
from lambda_emu.project.keys.types import KeyType, list_of, mapping, single

MINUTE_S, DAY_S = 60, 86_400
METRIC = text("a metric's name of 1 to 255 characters", r"[^\0]{1,255}")
NAMESPACE = text("a namespace of 1 to 255 characters", r"[^:\0][^\0]{0,254}")
ALARM_NAME = text("1 to 255 characters", r"[^\0]{1,255}")
STATISTIC = text(
    "one of Sum, Average, Minimum, Maximum, SampleCount, or a percentile such as p99",
    r"Sum|Average|Minimum|Maximum|SampleCount|p(\d{1,2}(\.\d{1,10})?|100)",
)
COMPARISONS = {
    ">=": "GreaterThanOrEqualToThreshold",
    ">": "GreaterThanThreshold",
    "<": "LessThanThreshold",
    "<=": "LessThanOrEqualToThreshold",
}


def _number(written: str) -> float:
    found = float(written)
    if not isfinite(found):
        raise ValueError(written)
    return found


def _read_period(document: Document, value: Value) -> Any:
    found = document.scalar(value, whole(MINUTE_S, DAY_S, "seconds"))
    if found is not None and found % MINUTE_S:
        document.mistake(value, f"'{found}' must be {PERIOD.allowed}")
        return None
    return found


PERIOD = KeyType(f"a multiple of {MINUTE_S} seconds, up to {DAY_S}", _read_period)
DIMENSIONS = mapping(text("a dimension's name", r"[^\0]{1,255}"), text("a dimension's value", r"[^\0]{1,1024}"), 30)
ALARM = EventKind(
    "metric",
    (
        main_key("metric", METRIC, "The metric, as Errors."),
        Key("namespace", "Namespace", single(NAMESPACE), "Where that is.", default="`AWS/Lambda`"),
        Key("dimensions", "Dimensions", DIMENSIONS, "Of what, as `FunctionName: hello`; none: of all."),
        Key("statistic", "Statistic", single(STATISTIC), "What of its values.", default="`Sum`"),
        Key(
            "comparison",
            "ComparisonOperator",
            turned(single(choice(*COMPARISONS)), COMPARISONS.get),
            "How that breaches the threshold.",
            default="`>=`",
        ),
        Key("threshold", "Threshold", single(ValueType("a number", _number)), "The threshold.", default="`1`"),
        Key("period", "Period", PERIOD, "Over how long.", default="`60`"),
        Key(
            "periods",
            "EvaluationPeriods",
            single(whole(1, 1440)),
            "How many such periods are looked at.",
            default="`1`",
        ),
        Key("breaching", "DatapointsToAlarm", single(whole(1, 1440)), "How many of them breach it.", default="all"),
        Key(
            "missing",
            "TreatMissingData",
            single(choice("missing", "ignore", "breaching", "notBreaching")),
            "What a period without values is.",
            default="`missing`",
        ),
        Key(
            "states",
            "states",
            list_of(single(choice("ALARM", "OK", "INSUFFICIENT_DATA")), 3),
            "Which new states it is told.",
            default="`[ALARM]`",
        ),
        Key("enabled", "ActionsEnabled", flag(True, False), "Whether it is told.", default="`true`"),
        Key("name", "Name", single(ALARM_NAME), "The alarm's own.", default="made of the function's"),
    ),
    "A metric that crosses a threshold.",
)
