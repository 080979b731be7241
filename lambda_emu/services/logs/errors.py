"""Errors of CloudWatch Logs. Texts marked (?) are not recorded. docs/services.md#errors."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError
from lambda_emu.services.shapes import ModelViolated


class LogsError(LambdaError):
    """What all of them have."""

    code, status, text_key, kind = "InvalidParameterException", 400, "message", None


class InvalidParameter(LogsError):
    """Whoever knows the rule says the text."""


class LogsModelViolated(ModelViolated):
    """What the model demands of members."""

    code = "InvalidParameterException"


class UnknownLogsOperation(LogsError):
    """name: as the request has it."""

    code = "UnknownOperationException"

    def __init__(self, name: str) -> None:
        super().__init__(f"lambda-emu does not serve {name} of CloudWatch Logs")


class GroupMissing(LogsError):
    code = "ResourceNotFoundException"

    def __init__(self) -> None:
        super().__init__("The specified log group does not exist.")


class StreamMissing(LogsError):
    code = "ResourceNotFoundException"

    def __init__(self) -> None:
        super().__init__("The specified log stream does not exist.")


class FilterMissing(LogsError):
    """what: `subscription` or `metric`."""

    code = "ResourceNotFoundException"

    def __init__(self, what: str) -> None:
        super().__init__(f"The specified {what} filter does not exist.")


class PolicyMissing(LogsError):
    """(?)"""

    code = "ResourceNotFoundException"

    def __init__(self, name: str) -> None:
        super().__init__(f"Policy with name [{name}] does not exist.")


class ResourceMissing(LogsError):
    """(?)"""

    code = "ResourceNotFoundException"

    def __init__(self, arn: str) -> None:
        super().__init__(f"The specified resource does not exist: {arn[:256]}")


class QueryMissing(LogsError):
    """(?)"""

    code = "ResourceNotFoundException"

    def __init__(self, id: str) -> None:
        super().__init__(f"Query {id} does not exist")


class GroupIsThere(LogsError):
    code = "ResourceAlreadyExistsException"

    def __init__(self) -> None:
        super().__init__("The specified log group already exists")


class StreamIsThere(LogsError):
    code = "ResourceAlreadyExistsException"

    def __init__(self) -> None:
        super().__init__("The specified log stream already exists")


class LimitReached(LogsError):
    """Whoever knows the limit says the text."""

    code = "LimitExceededException"

    def __init__(self, text: str = "Resource limit exceeded.") -> None:
        super().__init__(text)


class TooManyTags(LogsError):
    code = "TooManyTagsException"

    def __init__(self, most: int) -> None:
        super().__init__(f"A resource can have at most {most} tags.")  # (?)


class GroupProtected(LogsError):
    """(?)"""

    code = "ValidationException"

    def __init__(self) -> None:
        super().__init__("Log group cannot be deleted while deletion protection is enabled.")


class MalformedQuery(LogsError):
    """Where it is said which commands are served, they are named."""

    code = "MalformedQueryException"

    def __init__(self, text: str, start: int, end: int) -> None:
        super().__init__(text)
        self.start, self.end = start, end


class LogsUnavailable(LogsError):
    """Nothing was kept, or nobody knows: whoever asked asks again."""

    code, status = "ServiceUnavailableException", 500

    def __init__(self, why: str) -> None:
        super().__init__(f"The log could not be written or read: {why}")
