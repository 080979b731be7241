"""Errors of Scheduler. Texts marked (?) are not recorded."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError


class SchedulerError(LambdaError):
    """What all of them have."""

    code, status, text_key, kind = "ValidationException", 400, "Message", None


class UnknownSchedulerOperation(SchedulerError):
    code, status = "UnknownOperationException", 404

    def __init__(self) -> None:
        super().__init__(None)


class ZoneInvalid(SchedulerError):
    """(?)"""

    def __init__(self, name: str) -> None:
        super().__init__(f"Invalid Schedule Expression Timezone {name}.")


class StartTooEarly(SchedulerError):
    def __init__(self) -> None:
        super().__init__("The StartDate you specify cannot be earlier than 5 minutes ago.")


class EndBeforeStart(SchedulerError):
    """(?)"""

    def __init__(self) -> None:
        super().__init__("The EndDate you specify cannot be earlier than the StartDate.")


class WindowInvalid(SchedulerError):
    """A window that is flexible has a length, and no other has. (?)"""

    def __init__(self, mode: str) -> None:
        needs = "must be specified" if mode == "FLEXIBLE" else "must not be specified"
        super().__init__(f"MaximumWindowInMinutes {needs} when FlexibleTimeWindow's Mode is {mode}.")


class TargetArnInvalid(SchedulerError):
    """hint: what is wrong with it."""

    def __init__(self, hint: str | None = None) -> None:
        super().__init__("Provided Arn is not in correct format.")
        self.hint = hint


class TargetIncomplete(SchedulerError):
    """(?)"""

    def __init__(self, missing: str) -> None:
        super().__init__(f"{missing} must be specified for this target.")


class TargetNotServed(SchedulerError):
    """AWS takes it."""

    def __init__(self, service: str) -> None:
        super().__init__(
            f"lambda-emu brings nothing to {service}; docs/events.md has the targets of schedules. A function of yours "
            "can be the target in its place."
        )


class TokenInvalid(SchedulerError):
    """(?)"""

    def __init__(self) -> None:
        super().__init__("Invalid NextToken.")


class DefaultGroupStays(SchedulerError):
    """(?)"""

    def __init__(self) -> None:
        super().__init__("The default schedule group cannot be deleted.")


class SchedulerConflict(SchedulerError):
    """what: such as `Schedule orders`."""

    code, status = "ConflictException", 409

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} already exists.")


class SchedulerNotFound(SchedulerError):
    """what: such as `Schedule group nightly`."""

    code, status = "ResourceNotFoundException", 404

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} does not exist.")


class SchedulerFailure(SchedulerError):
    """Nothing was changed, or nobody knows: whoever asked asks again."""

    code, status = "InternalServerException", 500

    def __init__(self, why: Exception) -> None:
        super().__init__(f"The schedule could not be written: {why}")
