"""Metric math: expressions over lines of points, as CloudWatch has them, and what it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_emu.services.cloudwatch.errors import ValidationFailed
from lambda_emu.services.cloudwatch.expressions import evaluate, parse
from lambda_emu.services.cloudwatch.lines import Line, Value
from lambda_emu.services.cloudwatch.search import parse_search

M1 = {0: 1.0, 60: 2.0, 180: 4.0}
M2 = {0: 10.0, 60: 0.0, 120: 30.0}
NEVER: dict[int, float] = {}


class Lines:
    """Two metrics in the minutes from 0 to 4, one that has no points, and no other queries."""

    def value(self, id: str) -> Value:
        points = {"m1": M1, "m2": M2, "never": NEVER}.get(id)
        if points is None:
            raise ValidationFailed(f"no {id}")
        return Line(points, 60, id, id)

    def metrics(self, part: str | None) -> Sequence[Line]:
        return [Line(points, 60, id, id) for id, points in (("m1", M1), ("m2", M2)) if (part or "") in id]

    def search(self, text: str, stat: str, period_s: int | None) -> Sequence[Line]:
        """`m1`, in the period that was asked for."""
        return [Line(M1, period_s or 300, f"{text} {stat}")]

    def begins(self, period_s: int) -> Sequence[int]:
        return range(0, 300, period_s)


def work_out(expression: str) -> object:
    """The points of a line, of each line of an array, or a number."""
    value = evaluate(parse(expression), Lines())
    if isinstance(value, float):
        return value
    return dict(value.points) if isinstance(value, Line) else [dict(line.points) for line in value]


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("m1", M1),
        (" m1\t", M1),
        ("m1 + 1", {0: 2, 60: 3, 180: 5}),
        ("1 - m1", {0: 0, 60: -1, 180: -3}),
        ("m1 + m2", {0: 11, 60: 2}),  # where both have a point
        ("m1 / m2", {0: 0.1}),  # and there is such a value
        ("-m1 ^ 2", {0: -1, 60: -4, 180: -16}),
        ("2 ^ 3 ^ 2", 512),
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("8 / 4 / 2", 1),
        ("2 - 3 - 4", -5),
        ("+1.5e2", 150),
        (".5", 0.5),
        ("m1 > 1", {0: 0, 60: 1, 180: 1}),
        ("m1 >= 2 AND m1 != 4", {0: 0, 60: 1, 180: 0}),
        ("m1 == 1 || m1 == 4", {0: 1, 60: 0, 180: 1}),
        ("SUM(m1)", 7),
        ("AVG(m1)", pytest.approx(7 / 3)),
        ("MAX(m1) - MIN(m1)", 3),
        ("STDDEV([m1, m1])", {0: 0, 60: 0, 180: 0}),
        ("SUM([m1, m2])", {0: 11, 60: 2, 120: 30, 180: 4}),  # where any has a point
        ("SUM(METRICS())", {0: 11, 60: 2, 120: 30, 180: 4}),
        ('SUM(METRICS("2"))', M2),
        ("METRICS() * 2", [{0: 2, 60: 4, 180: 8}, {0: 20, 60: 0, 120: 60}]),
        ("METRIC_COUNT(METRICS())", 2),
        ("DATAPOINT_COUNT(m1)", 3),
        ("FIRST(METRICS())", M1),
        ("LAST([m1, m2])", M2),
        ("ABS(-m1)", M1),
        ("CEIL(m1 / 2)", {0: 1, 60: 1, 180: 2}),
        ("FLOOR(m1 / 2)", {0: 0, 60: 1, 180: 2}),
        ("LOG10(m2)", {0: pytest.approx(1), 120: pytest.approx(1.4771, rel=1e-4)}),
        ("DIFF(m1)", {60: 1, 180: 2}),
        ("DIFF_TIME(m1)", {60: 60, 180: 120}),
        ("RATE(m1)", {60: pytest.approx(1 / 60), 180: pytest.approx(2 / 120)}),
        ("RUNNING_SUM(m1)", {0: 1, 60: 3, 180: 7}),
        ("PERIOD(m1)", 60),
        ("FILL(m1, 0)", {0: 1, 60: 2, 120: 0, 180: 4, 240: 0}),
        ("FILL(m1, REPEAT)", {0: 1, 60: 2, 120: 2, 180: 4, 240: 4}),
        ("FILL(m1, LINEAR)", {0: 1, 60: 2, 120: 3, 180: 4}),
        ("FILL(never, REPEAT)", {}),
        ("FILL(METRICS(), 0)", [{0: 1, 60: 2, 120: 0, 180: 4, 240: 0}, {0: 10, 60: 0, 120: 30, 180: 0, 240: 0}]),
        ("IF(m1 > 1, m2, 5)", {0: 5, 60: 0}),
        ("IF(m1 > 1, m2)", {60: 0}),
        ("IF(1, m1, m2)", M1),
        ("SEARCH('m1', 'Sum', 60)", [M1]),
        ("PERIOD(FIRST(SEARCH('m1', 'Sum')))", 300),
        ("SUM(SEARCH('m1', 'Sum', 60)) + 1", {0: 2, 60: 3, 180: 5}),
        ("TIME_SERIES(3)", {0: 3, 60: 3, 120: 3, 180: 3, 240: 3}),
        ("never + 1", {}),
    ],
)
def test_expressions(expression: str, result: object) -> None:
    assert work_out(expression) == result


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "1 +",
        "m1 m2",
        "(m1",
        "m1)",
        "[m1, 2]",
        "[m1",
        "m3",
        "§",
        "1 / 0",
        "SUM()",
        "SUM(m1, m2)",
        "SUM(never)",
        "FILL(m1)",
        "FILL(m1, 'x')",
        "FILL(1, 2)",
        "RATE(1)",
        "IF(m1)",
        "FIRST(m1)",
        "PERIOD(1)",
        "LOG(0)",
        "METRICS() + METRICS()",
        "'text'",
        "SEARCH('x')",
        "SEARCH(m1, 'Sum')",
        "SEARCH('x', 'Sum', m1)",
        "SELECT(m1)",
        "ANOMALY_DETECTION_BAND(m1)",
        "(" * 200,
        "-" * 200 + "1",
        "2 ^ " * 200 + "1",
        "1" + " + 1" * 1000,
    ],
)
def test_what_is_none_is_refused(expression: str) -> None:
    with pytest.raises(ValidationFailed):
        work_out(expression)


LISTED = {
    "hello runs": ("AWS/Lambda", "Invocations", (("FunctionName", "hello"),)),
    "hello fails": ("AWS/Lambda", "Errors", (("FunctionName", "hello"),)),
    "test fails": ("AWS/Lambda", "Errors", (("FunctionName", "hello-test"),)),
    "live fails": ("AWS/Lambda", "Errors", (("FunctionName", "hello"), ("Resource", "hello:live"))),
    "all fail": ("AWS/Lambda", "Errors", ()),
    "orders": ("Shop", "Orders", (("Place", "north"),)),
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None),
        ("nothing", []),
        ("orders", ["orders"]),
        ('"orders"', []),  # in quotes it is the whole, as it is
        ('"Orders"', ["orders"]),
        ('{AWS/Lambda,FunctionName} MetricName="Errors"', ["hello fails", "test fails"]),
        ("{AWS/Lambda} Errors", ["all fail"]),
        ("{AWS/Lambda, FunctionName, Resource}", ["live fails"]),
        ("Errors NOT test AND FunctionName=hello", ["hello fails", "live fails"]),
        ('FunctionName="hello" MetricName=Invocations', ["hello runs"]),
        ("Orders OR (Invocations hello)", ["hello runs", "orders"]),
        ("Namespace=Shop", ["orders"]),
        ("NOT (Errors OR Invocations)", ["orders"]),
        ('"OR"', []),
        ("(", None),
        ("a OR", None),
        ("Place=", None),
        ("=x", None),
        ("a)", None),
        ('"a', None),
        ("{a", None),
        ("(" * 200 + "a" + ")" * 200, None),
        ("NOT " * 200 + "a", None),
    ],
)
def test_searches(text: str, found: list[str] | None) -> None:
    """None: it is refused."""
    if found is None:
        with pytest.raises(ValidationFailed):
            parse_search(text)
        return
    test = parse_search(text)
    assert [name for name, metric in LISTED.items() if test(metric)] == found


WORDS = ["m1", "m2", "never", "1", "0", ".5", "+", "-", "*", "/", "^", "(", ")", "[", "]", ",", "<", "==", "AND", "'x'"]
FUNCTION = ["SUM(", "FILL(", "IF(", "METRICS(", "RATE(", "LOG(", "FIRST(", "REPEAT", "TIME_SERIES("]


@given(st.lists(st.sampled_from(WORDS + FUNCTION), max_size=40).map(" ".join) | st.text(max_size=60))
def test_whatever_is_written_has_a_value_or_is_refused(expression: str) -> None:
    with suppress(ValidationFailed):
        work_out(expression)
