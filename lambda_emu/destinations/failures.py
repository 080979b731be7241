"""What keeps a message from its target, whether another time may help, and what is said of it in the end."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

MISSING = ("NotFound", "NonExist", "NoSuch", "DoesNotExist")
DENIED = ("AccessDenied", "NotAuthorized")
BUSY = ("Throttl", "TooMany", "LimitExceeded", "SlowDown")
"""In the codes of errors that may be none another time."""
_CODES_OF_RULES: Mapping[tuple[str, ...], str] = {
    MISSING: "NO_RESOURCE",
    DENIED: "NO_PERMISSIONS",
    BUSY: "THROTTLING",
    ("Connect", "Endpoint"): "CONNECTION_FAILURE",
    ("Timeout", "TimedOut"): "TIMEOUT",
    ("Invalid", "Validation", "Malformed"): "INVALID_PARAMETER",
}


class End(Enum):
    """Why a delivery is tried no more, as EXHAUSTED_RETRY_CONDITION says it; FINAL: nothing was exhausted."""

    FINAL = ""
    RETRIES = "MaximumRetryAttempts"
    AGE = "MaximumEventAgeInSeconds"


class Failure(Exception):
    """The text says why. code: of the error, as the target's service calls it."""

    def __init__(self, text: str, code: str = "InternalError") -> None:
        super().__init__(text)
        self.code = code

    @property
    def is_missing(self) -> bool:
        """Whether the target is not there, or lets nobody in: no retry of a moment makes it otherwise."""
        return has(self.code, MISSING) or has(self.code, DENIED)


class Undeliverable(Failure):
    """The target will never take this."""


class NotDelivered(Failure):
    """The target did not take it, and may another time."""


class Unreached(NotDelivered):
    """Nobody was asked: our own port does not answer while we begin or end. That is no attempt."""


def has(code: str, words: tuple[str, ...]) -> bool:
    return any(word in code for word in words)


def code_of_rule(code: str) -> str:
    """What EventBridge calls an error of a target's service, in the dead letters of its rules."""
    return next((ours for words, ours in _CODES_OF_RULES.items() if has(code, words)), "ERROR_FROM_TARGET")
