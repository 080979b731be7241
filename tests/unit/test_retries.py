"""What becomes of an asynchronous event after each attempt. Contract: invoke.md 2.5."""

from __future__ import annotations

import pytest

from lambda_emu.invoke.retries import Again, Condition, Finish, after_failure, after_refusal

NOW_S = 1_000_000.0


@pytest.mark.parametrize(
    ("attempts", "age_s", "decision"),
    [
        (1, 0, Again(1, NOW_S + 60)),
        (2, 61, Again(2, NOW_S + 120)),
        (3, 183, Finish(Condition.RETRIES_EXHAUSTED)),
        (1, 21_500, Again(1, NOW_S + 60)),
        (1, 21_599, Finish(Condition.AGE_EXCEEDED)),
    ],
)
def test_a_failing_function_is_tried_three_times(attempts: int, age_s: float, decision: Again | Finish) -> None:
    assert after_failure(attempts, NOW_S - age_s, NOW_S) == decision


@pytest.mark.parametrize(
    ("refusals", "age_s", "decision"),
    [
        (1, 0, Again(0, NOW_S + 1)),
        (2, 0, Again(0, NOW_S + 2)),
        (5, 0, Again(0, NOW_S + 16)),
        (30, 0, Again(0, NOW_S + 300)),
        (400, 21_400, Finish(Condition.AGE_EXCEEDED)),
    ],
)
def test_a_throttled_event_uses_no_attempt_and_waits_longer_each_time(
    refusals: int, age_s: float, decision: Again | Finish
) -> None:
    assert after_refusal(0, refusals, NOW_S - age_s, NOW_S) == decision
