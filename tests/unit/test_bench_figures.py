"""What the benchmark makes of its timings: percentiles, ratios of turns, verdicts, and the end of an answer."""

from __future__ import annotations

import pytest

from benchmarks.client import BadAnswer, check, length_of
from benchmarks.figures import Turns, in_turns, percentile
from benchmarks.verdict import Verdict


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([7.0], 99, 7.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        ([4.0, 3.0, 2.0, 1.0], 50, 2.0),  # a value that was measured, never one between two
        ([float(n) for n in range(1, 101)], 99, 99.0),
        ([float(n) for n in range(1, 101)], 100, 100.0),
        ([2.0, 1.0], 0, 1.0),
    ],
)
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(
    values: list[float], percent: float, expected: float
) -> None:
    assert percentile(values, percent) == expected


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_the_side_that_goes_first_changes_from_block_to_block() -> None:
    order: list[str] = []

    def side(name: str) -> float:
        order.append(name)
        return 1.0

    in_turns(lambda: side("ours"), lambda: side("theirs"), blocks=3)

    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]


def test_a_disturbance_of_one_block_does_not_move_the_ratio() -> None:
    turns = Turns(ours=[1.0, 50.0, 1.0], theirs=[2.0, 100.0, 2.0])

    assert turns.ratio == 0.5
    assert turns.spread == "0.50-0.50"


@pytest.mark.parametrize(
    ("limit", "at_least", "passed"),
    [
        (0.5, False, True),  # the bar itself is held
        (0.4, False, False),
        (0.5, True, True),
        (0.6, True, False),
        (None, False, True),  # a figure without a bar
    ],
)
def test_a_bar_is_on_the_ratio(limit: float | None, at_least: bool, passed: bool) -> None:
    assert Verdict("a row", 1.0, "ms", 2.0, "RIE", limit, at_least=at_least).passed is passed


def test_an_answer_without_a_length_is_refused() -> None:
    assert length_of(b"HTTP/1.1 200 OK\r\ncontent-length: 17\r\nDate: today") == 17
    with pytest.raises(BadAnswer):
        length_of(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX-Amz-Function-Error: Unhandled\r\nContent-Length: 2\r\n\r\n{}",
        b'HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{"errorType":"Exited"}',  # as RIE tells of an error
    ],
)
def test_what_a_function_did_not_answer_is_not_timed(answer: bytes) -> None:
    with pytest.raises(BadAnswer):
        check(answer)
