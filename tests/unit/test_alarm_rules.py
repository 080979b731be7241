"""When an alarm goes off: M out of N, missing points, rules of composite alarms, and the words for it."""

from __future__ import annotations

import pytest

from lambda_emu.services.alarms import rule
from lambda_emu.services.alarms.errors import BadAlarm
from lambda_emu.services.alarms.reasons import Datapoint, reason
from lambda_emu.services.alarms.verdict import TREATMENTS, Verdict, judge

STATES = {"O": "OK", "A": "ALARM", "I": "INSUFFICIENT_DATA", "R": "before"}


@pytest.mark.parametrize(
    ("points", "needed", "found"),  # by treatment: missing, ignore, breaching, notBreaching
    [
        # AWS's guide, "Configuring how CloudWatch alarms treat missing data": three of three
        ("0-X-X", 3, "OOOO"),
        ("----0", 3, "OOOO"),
        ("-----", 3, "IRAO"),
        ("0XX-X", 3, "AAAA"),
        ("--X--", 3, "ARAO"),
        # two of three
        ("0-X-X", 2, "AAAA"),
        ("00X0X", 2, "AAAA"),
        ("0-X--", 2, "OOAO"),
        ("----0", 2, "OOAO"),
        ("---X-", 2, "ARAO"),
        # what is there breaches, and is too new to be enough
        ("----X", 3, "RRAO"),
        ("----X", 1, "AAAA"),
    ],
)
def test_a_state_follows_from_points_as_in_awss_table(points: str, needed: int, found: str) -> None:
    """The oldest first; X breaches, 0 does not, - is missing."""
    breaching = [{"X": True, "0": False, "-": None}[each] for each in reversed(points)]
    states = [judge(breaching, 3, needed, treatment, "before").value for treatment in TREATMENTS]
    assert states == [STATES[letter] for letter in found]


SUM = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 1.0, "EvaluationPeriods": 2, "DatapointsToAlarm": 1}


@pytest.mark.parametrize(
    ("points", "verdict", "more", "words"),
    [
        (
            [Datapoint(1602582600, 2.0), None],
            Verdict("ALARM", [0], 1),
            {},
            "Threshold Crossed: 1 out of the last 2 datapoints [2.0 (13/10/20 09:50:00)] was greater than the threshold"
            " (1.0) (minimum 1 datapoint for OK -> ALARM transition).",
        ),
        (
            [Datapoint(1602582600, 0.0), Datapoint(1602582540, 1.0)],
            Verdict("OK", [0, 1], 0),
            {},
            "Threshold Crossed: 2 out of the last 2 datapoints [0.0 (13/10/20 09:50:00), 1.0 (13/10/20 09:49:00)] were "
            "not greater than the threshold (1.0) (minimum 2 datapoints for ALARM -> OK transition).",
        ),
        (
            [None, Datapoint(1602582600, 0.0)],
            Verdict("ALARM", [1], 1),
            {"TreatMissingData": "breaching"},
            "Threshold Crossed: 1 datapoint [0.0 (13/10/20 09:50:00)] was not greater than the threshold (1.0) and 1 "
            "missing datapoint was treated as [Breaching].",
        ),
        ([None, None], Verdict("INSUFFICIENT_DATA", [], 2), {}, "Insufficient Data: 2 datapoints were unknown."),
        (
            [None],
            Verdict("OK", [], 1),
            {"TreatMissingData": "notBreaching", "EvaluationPeriods": 1},
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as "
            "[NonBreaching].",
        ),
    ],
)
def test_a_reason_is_told_in_awss_words(
    points: list[Datapoint | None], verdict: Verdict, more: dict[str, object], words: str
) -> None:
    assert reason(SUM | more, points, verdict) == words


@pytest.mark.parametrize(
    ("text", "is_met", "children"),
    [
        ("ALARM(a)", True, ["a"]),
        ('ALARM("a") AND OK(b)', True, ["a", "b"]),
        ("NOT ALARM(a) OR INSUFFICIENT_DATA('c d')", True, ["a", "c d"]),
        ("NOT (ALARM(a) OR FALSE)", False, ["a"]),
        ("TRUE AND NOT FALSE", True, []),
        ("OK(a) OR ALARM(b) AND TRUE", False, ["a", "b"]),
        ("ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:a)", True, ["a"]),
        ("ALARM(nobody)", False, ["nobody"]),
    ],
)
def test_a_composite_alarm_follows_its_rule(text: str, is_met: bool, children: list[str]) -> None:
    parsed = rule.parse(text)
    assert parsed.test({"a": "ALARM", "b": "OK", "c d": "INSUFFICIENT_DATA"}) is is_met
    assert list(parsed.children) == children


@pytest.mark.parametrize(
    "text", ["", "ALARM", "ALARM()", "ALARM(a) AND", "(ALARM(a)", "ALARM(a) OK(b)", "LATE(a)", "(" * 99, "ALARM(a" * 9]
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(BadAlarm):
        rule.parse(text)
