"""Errors of alarms, beside those of metrics."""

from __future__ import annotations

from collections.abc import Sequence

from lambda_emu.services.cloudwatch.errors import CloudWatchError


class NoAlarm(CloudWatchError):
    """Of SetAlarmState."""

    code = query_code = "ResourceNotFound"
    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"No alarm found with name {name}" if name else "Alarm not found")


class NoResource(CloudWatchError):
    """Of tags."""

    code = query_code = "ResourceNotFoundException"
    status = 404

    def __init__(self, arn: str) -> None:
        super().__init__(f"Unknown resource {arn}")


class TooManyAlarms(CloudWatchError):
    code = query_code = "LimitExceeded"

    def __init__(self, most: int) -> None:
        super().__init__(f"The maximum limit of {most} alarms is exceeded")


class BadAlarm(CloudWatchError):
    """What is asked for is no alarm. AWS's words where they are known."""

    code = query_code = "ValidationError"


class TooLong(BadAlarm):
    def __init__(self, member: str, most: int) -> None:
        super().__init__(f"The value for parameter {member} must not have more than {most} characters")


class ChildrenMissing(BadAlarm):
    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"Could not save the composite alarm as alarms [{', '.join(names)}] in the alarm rule do not exist"
        )


class StillNeeded(BadAlarm):
    def __init__(self, names: Sequence[str]) -> None:
        whom = "it" if len(names) == 1 else "them"
        super().__init__(f"Cannot delete {','.join(names)} as there are composite alarm(s) depending on {whom}.")


class NotHere(CloudWatchError):
    """AWS has it, and lambda-emu has not."""

    code = query_code = "ValidationError"

    def __init__(self, what: str) -> None:
        super().__init__(f"lambda-emu does not evaluate alarms with {what}.")


class NoReasonData(CloudWatchError):
    code = query_code = "InvalidFormat"

    def __init__(self) -> None:
        super().__init__("State reason data is not valid JSON")
