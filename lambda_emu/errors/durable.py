"""Durable functions and their executions. Contract: invoke.md 2.7, api.md 1.8, 1.9.

No text is recorded; unless its class says that it is ours, it is the one that AWS's testing library for durable
functions, public reports of them or other emulators repeat.
"""

from __future__ import annotations

from lambda_emu.errors.parameters import InvalidParameter
from lambda_emu.errors.resources import NotFound


class DurableExecutionNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("Durable Execution does not exist")


class CheckpointTokenInvalid(InvalidParameter):
    """Also of an execution that does not exist: these operations know no 404."""

    def __init__(self) -> None:
        super().__init__("Invalid checkpoint token")


class CallbackIdInvalid(InvalidParameter):
    """An id that we did not hand out."""

    def __init__(self) -> None:
        super().__init__("Invalid callback id")


class DurableNeedsQualifier(InvalidParameter):
    def __init__(self) -> None:
        super().__init__("You cannot invoke a durable function using an unqualified ARN.")


class DurableNameRefused(InvalidParameter):
    """Invoke of a function that is not durable. The text is ours."""

    def __init__(self) -> None:
        super().__init__("DurableExecutionName is only supported for functions with DurableConfig.")


class DurableTimeoutMissing(InvalidParameter):
    """The text is ours."""

    def __init__(self) -> None:
        super().__init__("ExecutionTimeout is required in DurableConfig.")


class DurableOnlyFromCreation(InvalidParameter):
    """The text is ours."""

    def __init__(self) -> None:
        super().__init__("DurableConfig can only be enabled when the function is created.")
