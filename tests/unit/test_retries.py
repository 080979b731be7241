"""What becomes of an asynchronous event after each attempt. docs/contract/invoke.md#asynchronous-invocations."""

from __future__ import annotations

import pytest

from lambda_emu.invoke.retries import Again, Condition, Finish, RetryPolicy, after_failure, after_refusal
from lambda_emu.model.function.event_invoke import EventInvokeConfig

NOW_S = 1_000_000.0


DEFAULT = RetryPolicy()
EXHAUSTED, TOO_OLD = Finish(Condition.RETRIES_EXHAUSTED), Finish(Condition.AGE_EXCEEDED)


@pytest.mark.parametrize(
    ("attempts", "age_s", "policy", "decision"),
    [
        (1, 0, DEFAULT, Again(1, NOW_S + 60)),
        (2, 61, DEFAULT, Again(2, NOW_S + 120)),
        (3, 183, DEFAULT, EXHAUSTED),
        (1, 0, RetryPolicy(max_retries=0), EXHAUSTED),
        (1, 0, RetryPolicy(max_retries=1), Again(1, NOW_S + 60)),
        (2, 61, RetryPolicy(max_retries=1), EXHAUSTED),
        (1, 21_500, DEFAULT, Again(1, NOW_S + 60)),
        (1, 21_599, DEFAULT, Again(1, NOW_S + 1)),  # kept until it is too old, then given up
        (1, 21_600, DEFAULT, TOO_OLD),
        (1, 0, RetryPolicy(max_age_s=60), Again(1, NOW_S + 60)),
        (1, 59, RetryPolicy(max_age_s=60), Again(1, NOW_S + 1)),
        (1, 61, RetryPolicy(max_age_s=60), TOO_OLD),
        (3, 21_601, DEFAULT, EXHAUSTED),
    ],
)
def test_a_failing_function_is_tried_as_often_as_its_retry_policy_says(
    attempts: int, age_s: float, policy: RetryPolicy, decision: Again | Finish
) -> None:
    assert after_failure(attempts, NOW_S - age_s, NOW_S, policy) == decision


@pytest.mark.parametrize(
    ("refusals", "age_s", "policy", "decision"),
    [
        (1, 0, DEFAULT, Again(0, NOW_S + 1)),
        (2, 0, DEFAULT, Again(0, NOW_S + 2)),
        (5, 0, DEFAULT, Again(0, NOW_S + 16)),
        (30, 0, DEFAULT, Again(0, NOW_S + 300)),
        (5, 0, RetryPolicy(max_retries=0), Again(0, NOW_S + 16)),
        (400, 21_400, DEFAULT, Again(0, NOW_S + 200)),
        (400, 21_600, DEFAULT, TOO_OLD),
        (6, 31, RetryPolicy(max_age_s=60), Again(0, NOW_S + 29)),
        (7, 60, RetryPolicy(max_age_s=60), TOO_OLD),
    ],
)
def test_a_throttled_event_uses_no_attempt_and_waits_longer_each_time_until_it_is_too_old(
    refusals: int, age_s: float, policy: RetryPolicy, decision: Again | Finish
) -> None:
    assert after_refusal(0, refusals, NOW_S - age_s, NOW_S, policy) == decision


@pytest.mark.parametrize(
    ("config", "policy"),
    [
        (None, RetryPolicy(max_retries=2, max_age_s=21_600)),
        (EventInvokeConfig(NOW_S), RetryPolicy(max_retries=2, max_age_s=21_600)),
        (EventInvokeConfig(NOW_S, max_retries=0), RetryPolicy(max_retries=0, max_age_s=21_600)),
        (EventInvokeConfig(NOW_S, max_age_s=60), RetryPolicy(max_retries=2, max_age_s=60)),
    ],
)
def test_what_was_never_set_is_as_lambda_has_it(config: EventInvokeConfig | None, policy: RetryPolicy) -> None:
    assert RetryPolicy.of(config) == policy
