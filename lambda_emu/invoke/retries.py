"""What becomes of an asynchronous event after an attempt. docs/contract/invoke.md#asynchronous-invocations."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from lambda_emu.model.function.event_invoke import EventInvokeConfig

MAX_RETRIES = 2
MAX_AGE_S = 21_600
RETRY_WAITS_S = (60.0, 120.0)
FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 300.0
LONGEST_WAIT_S = max(*RETRY_WAITS_S, LONGEST_BACKOFF_S)


class Condition(StrEnum):
    """Why an event is done with, as a destination record names it."""

    SUCCESS = "Success"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    AGE_EXCEEDED = "EventAgeExceeded"
    ZERO_CONCURRENCY = "ZeroReservedConcurrency"
    RECURSIVE = "RecursiveInvocation"  # AWS's word is not recorded


class Finish(Struct, frozen=True):
    """Nothing more is tried."""

    condition: Condition


class Again(Struct, frozen=True):
    """Try again at `due_s` (epoch seconds), `attempts` having counted so far."""

    attempts: int
    due_s: float


class RetryPolicy(Struct, frozen=True):
    """How often a failed event is tried again, and for how long any is kept."""

    max_retries: int = MAX_RETRIES
    max_age_s: int = MAX_AGE_S

    @classmethod
    def of(cls, config: EventInvokeConfig | None) -> RetryPolicy:
        """What was set, and Lambda's default for what was not."""
        if config is None:
            return cls()
        return cls(
            MAX_RETRIES if config.max_retries is None else config.max_retries,
            MAX_AGE_S if config.max_age_s is None else config.max_age_s,
        )

    def ends_s(self, accepted_s: float) -> float:
        """When an event is too old: it is kept until then, and not tried from then on."""
        return accepted_s + self.max_age_s


def after_failure(attempts: int, accepted_s: float, now_s: float, policy: RetryPolicy) -> Finish | Again:
    """The function itself failed; `attempts` counts this one."""
    if attempts > policy.max_retries:
        return Finish(Condition.RETRIES_EXHAUSTED)
    return _later(attempts, RETRY_WAITS_S[attempts - 1], policy.ends_s(accepted_s), now_s)


def after_refusal(attempts: int, refusals: int, accepted_s: float, now_s: float, policy: RetryPolicy) -> Finish | Again:
    """Throttled, or we failed: no attempt is used up. refusals: how many in a row, this one included."""
    wait_s = min(FIRST_BACKOFF_S * 2 ** min(refusals - 1, 20), LONGEST_BACKOFF_S)
    return _later(attempts, wait_s, policy.ends_s(accepted_s), now_s)


def _later(attempts: int, wait_s: float, ends_s: float, now_s: float) -> Finish | Again:
    if now_s >= ends_s:
        return Finish(Condition.AGE_EXCEEDED)
    return Again(attempts, min(now_s + wait_s, ends_s))
