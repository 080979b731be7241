"""Statistics of values: exact where they can be, near where there are many, as CloudWatch names them."""

from __future__ import annotations

import random

import pytest

from lambda_emu.metrics.figures import figure
from lambda_emu.metrics.statistics import DISTINCT, Statistics

TEN = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]


def ask(values: Statistics, name: str) -> float | None:
    found = figure(name)
    assert found is not None, name
    return found(values)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SampleCount", 10),
        ("Sum", 55),
        ("Average", 5.5),
        ("Minimum", 1),
        ("Maximum", 10),
        ("p0", 1),
        ("p50", 5),
        ("p90", 9),
        ("p99.9", 10),
        ("p100", 10),
        ("tm80", 4.5),  # the mean of 1 to 8
        ("TM(10%:90%)", 5.5),
        ("TM(:5)", 3),
        ("TM(5:)", 8),
        ("TC(2:4)", 2),  # 3 and 4: the lower bound is not within
        ("TS(80%:)", 19),
        ("tc50", 5),
        ("ts50", 15),
        ("wm80", (36 + 2 * 8) / 10),  # 9 and 10 count as 8
        ("PR(:3)", 30),
        ("PR(3:5)", 20),
        ("IQM", (0.5 * 3 + 4 + 5 + 6 + 7 + 0.5 * 8) / 5),
    ],
)
def test_each_statistic_of_the_numbers_from_one_to_ten(name: str, expected: float) -> None:
    assert ask(Statistics.of(TEN), name) == pytest.approx(expected)


@pytest.mark.parametrize(
    "name",
    ["", "sum", "p", "p101", "p-1", "TM", "TM()", "TM(:)", "TM(1%:2)", "TM(a:b)", "PR(1%:2%)", "tm", "TM(1..2:3)"],
)
def test_what_is_no_statistic_is_none(name: str) -> None:
    assert figure(name) is None


def test_many_values_are_kept_in_bounded_room_and_within_a_per_cent() -> None:
    chance = random.Random(9)
    values = [chance.lognormvariate(3, 2) for _ in range(20_000)]
    kept = Statistics.of(values)

    assert len(kept.spread) < 8 * DISTINCT
    assert (kept.count, kept.min, kept.max) == (20_000, min(values), max(values))
    assert kept.sum == pytest.approx(sum(values))
    for percent in (1, 50, 90, 99, 99.9):
        exact = sorted(values)[round(20_000 * percent / 100) - 1]
        assert ask(kept, f"p{percent}") == pytest.approx(exact, rel=0.011)


def test_few_values_are_kept_as_they_are() -> None:
    kept = Statistics.of([float(number) for number in range(DISTINCT)])

    assert ask(kept, "p50") == DISTINCT / 2 - 1


@pytest.mark.parametrize("values", [[1.0], [2.5, 2.5], TEN, [0.0, -3.0, 7.25], [float(n) for n in range(1000)]])
def test_they_are_the_same_after_they_were_in_a_file(values: list[float]) -> None:
    kept = Statistics.of(values)
    again = Statistics.unpack(kept.count, kept.sum, kept.min, kept.max, kept.pack())

    assert (again.count, again.sum, again.min, again.max) == (kept.count, kept.sum, kept.min, kept.max)
    assert again.spread == kept.spread


def test_merged_ones_are_as_if_all_had_been_added_to_one() -> None:
    merged = Statistics.of(TEN[:4])
    merged.merge(Statistics.of(TEN[4:]))

    assert merged.spread == Statistics.of(TEN).spread
    assert (merged.count, merged.sum, merged.min, merged.max) == (10, 55, 1, 10)


def test_merging_what_is_near_with_what_is_exact_loses_nothing() -> None:
    merged = Statistics.of([float(n) for n in range(1, 1001)])
    merged.merge(Statistics.of([5000.0] * 1000))

    assert sum(merged.spread.values()) == pytest.approx(2000)
    assert ask(merged, "p99") == 5000
