"""Durable functions: how long their executions run and are remembered.

docs/contract/api.md#configuration, docs/contract/invoke.md#durable-functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.errors.base import InvalidParameter
from lambda_emu.errors.resources import NotFound
from lambda_emu.errors.service import NotBuiltYet

Wanted = Mapping[str, Any]


class Durability(Struct, frozen=True):
    """What makes a function durable. retention_days: of an execution that has ended."""

    execution_timeout_s: int
    retention_days: int = 14
    kms_key_arn: str | None = None

    def config(self) -> dict[str, Any]:
        """As DurableConfig."""
        return {
            "ExecutionTimeout": self.execution_timeout_s,
            "RetentionPeriodInDays": self.retention_days,
            "KMSKeyArn": self.kms_key_arn,
        }


def check_new(wanted: Wanted | None) -> None:
    """DurableTimeoutMissing; only a new function's DurableConfig has to name it."""
    if wanted is not None and "ExecutionTimeout" not in wanted:
        raise DurableTimeoutMissing


def new(wanted: Wanted | None) -> Durability | None:
    """Of a new function with this DurableConfig, which was checked."""
    return None if wanted is None else update_durability(Durability(wanted["ExecutionTimeout"]), wanted)


def update_durability(before: Durability | None, wanted: Wanted) -> Durability:
    """Members that are not named stay as they were. DurableOnlyFromCreation for a function that is not durable."""
    if before is None:
        raise DurableOnlyFromCreation
    return replace(
        before,
        execution_timeout_s=wanted.get("ExecutionTimeout", before.execution_timeout_s),
        retention_days=wanted.get("RetentionPeriodInDays", before.retention_days),
        kms_key_arn=wanted.get("KMSKeyArn", before.kms_key_arn) or None,
    )


def check_invocation(durability: Durability | None, qualifier: str | None, execution_name: str | None) -> None:
    """DurableNeedsQualifier, or DurableNameRefused for a function that is not durable."""
    if durability is None and execution_name is not None:
        raise DurableNameRefused
    if durability is not None and qualifier is None:
        raise DurableNeedsQualifier


def check_built(durability: Durability | None) -> None:
    """Nothing runs durably yet."""
    if durability is not None:
        raise NotBuiltYet("The execution of durable functions")


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
