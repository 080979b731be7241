"""What is a duration, what is none, and how one is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_emu.text.durations import read_duration, write_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("7d", 604_800),
        ("1w", 604_800),
        ("0.25s", 0.25),
        ("30m1h", 5400),
        ("0s", 0),
        *[(text, None) for text in ("", "1", "h", "1h 30m", "-1h", "1e3s", "1..5h", "1y", "\uff11h", "1h\n")],
        ("9999999999s", None),
    ],
)
def test_what_is_a_duration(text: str, seconds: float | None) -> None:
    assert read_duration(text) == seconds


@given(st.integers(1, 400 * 86_400))
def test_what_is_written_is_read(seconds: int) -> None:
    assert read_duration(write_duration(seconds)) == seconds


@pytest.mark.parametrize(("seconds", "text"), [(0.0004, "0s"), (1.5, "1.5s"), (59.9999, "1m"), (3599.7, "1h")])
def test_small_ones_have_fractions_and_others_none(seconds: float, text: str) -> None:
    assert write_duration(seconds) == text
