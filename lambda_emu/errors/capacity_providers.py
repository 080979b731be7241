"""Capacity providers, and functions that have none. Contract: api.md 1.3."""

from __future__ import annotations

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.parameters import InvalidParameter
from lambda_emu.errors.resources import Conflict, NotFound


class CapacityProviderNotFound(NotFound):
    """Recorded of the tag operations; the provider's own are taken to say the same."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Capacity provider not found: {arn}")


class CapacityProviderExists(Conflict):
    """AWS's text is not recorded."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Capacity provider already exists: {arn}")


class CapacityProviderInUse(Conflict):
    """The text is from a public report."""

    def __init__(self, arn: str, functions: int) -> None:
        super().__init__(
            f"The capacity provider is currently in use by {functions} functions. "
            f"To delete this capacity provider, first remove its association with {arn}."
        )


class NotOnManagedInstances(LambdaError):
    """A scaling config of a function that has no capacity provider. The text is from a public report."""

    code, status, text_key, kind = "AccessDeniedException", 403, "Message", None

    def __init__(self) -> None:
        super().__init__("The function provided by the arn does not contain a capacity provider configuration")


class ScalingRangeInvalid(InvalidParameter):
    """AWS's text is not recorded."""

    def __init__(self) -> None:
        super().__init__("MinExecutionEnvironments must be less than or equal to MaxExecutionEnvironments.")
