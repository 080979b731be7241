"""What becomes of an asynchronous event after an attempt. Contract: invoke.md 2.5."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MAX_RETRIES = 2
MAX_AGE_S = 21_600
RETRY_WAITS_S = (60.0, 120.0)
FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 300.0


class Condition(StrEnum):
    """Why an event is done with, as a destination record names it."""

    SUCCESS = "Success"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    AGE_EXCEEDED = "EventAgeExceeded"
    ZERO_CONCURRENCY = "ZeroReservedConcurrency"


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing more is tried."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Again:
    """Try again at `due_s` (epoch seconds), `attempts` having counted so far."""

    attempts: int
    due_s: float


def after_failure(attempts: int, accepted_s: float, now_s: float) -> Finish | Again:
    """The function itself failed; `attempts` counts this one."""
    if attempts > MAX_RETRIES:
        return Finish(Condition.RETRIES_EXHAUSTED)
    return _unless_too_old(Again(attempts, now_s + RETRY_WAITS_S[attempts - 1]), accepted_s)


def after_refusal(attempts: int, refusals: int, accepted_s: float, now_s: float) -> Finish | Again:
    """Throttled, or we failed: no attempt is used up. refusals: how many in a row, this one included."""
    wait_s = min(FIRST_BACKOFF_S * 2 ** min(refusals - 1, 20), LONGEST_BACKOFF_S)
    return _unless_too_old(Again(attempts, now_s + wait_s), accepted_s)


def _unless_too_old(again: Again, accepted_s: float) -> Finish | Again:
    if again.due_s - accepted_s > MAX_AGE_S:
        return Finish(Condition.AGE_EXCEEDED)
    return again
