"""How long a delivery is tried, and what becomes of one that is given up: rules and schedules say so of each target.

docs/contract/events.md#dead-letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from msgspec import Struct

from lambda_emu.destinations.failures import End, Failure, code_of_rule

MOST_AGE_S = 21_600.0
"""Of a result: as old as an event may become."""
FIRST_REST_S, LONGEST_REST_S = 1.0, 300.0
MESSAGE_CHARACTERS = 1024
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Cause(Enum):
    """Of a delivery. Results wait for a target that is not there; a rule's dead letters have codes of EventBridge's."""

    RESULT = "result"
    RULE = "rule"
    SCHEDULE = "schedule"


class RetryPolicy(Struct, frozen=True):
    """Of one delivery. most_retries: None: as many as go into its age. dead_letters: the ARN of a queue, if any.

    attributes: of its dead letter, besides those of the error.
    """

    most_age_s: float = MOST_AGE_S
    most_retries: int | None = None
    dead_letters: str | None = None
    cause: Cause = Cause.RESULT
    attributes: Mapping[str, str] = _NOTHING

    def end_of(self, failure: Failure, attempts: int) -> End | None:
        """Whether this failure is its last, if so many failed before; None: it is tried again."""
        if self.cause is not Cause.RESULT and failure.is_missing:
            return End.FINAL
        return End.RETRIES if self.most_retries is not None and attempts >= self.most_retries else None

    def dead_letter_attributes(self, code: str, text: str, end: End, retries: int) -> dict[str, tuple[str, str]]:
        """Type and value by name. code, text: of the last error."""
        told = {
            **self.attributes,
            "ERROR_CODE": code_of_rule(code) if self.cause is Cause.RULE else code,
            "ERROR_MESSAGE": text[:MESSAGE_CHARACTERS] or code,
            "RETRY_ATTEMPTS": str(retries),
        }
        if end is not End.FINAL:
            told["EXHAUSTED_RETRY_CONDITION"] = end.value
        return {name: ("String", value) for name, value in told.items()}


RESULTS = RetryPolicy()


def rest_s(failures: int) -> float:
    """After so many in a row."""
    return min(FIRST_REST_S * (1 << min(failures, 20)), LONGEST_REST_S)
