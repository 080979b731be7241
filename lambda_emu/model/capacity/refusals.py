"""Functions on Managed Instances.

docs/contract/api.md#capacity-providers, #configuration, docs/contract/invoke.md#order-of-checks.
"""

from __future__ import annotations

from lambda_emu.errors.base import InvalidParameter, LambdaError
from lambda_emu.errors.resources import Conflict, NotFound


class ManagedInstancesOnly(InvalidParameter):
    """A member that only functions on Managed Instances may have. The text is known of CapacityProviderConfig alone."""

    def __init__(self, member: str) -> None:
        super().__init__(f"{member} isn't supported for Lambda Default functions.")


class NotOnInstances(InvalidParameter):
    """What functions on Managed Instances cannot have. AWS's text is not recorded."""

    def __init__(self, feature: str) -> None:
        super().__init__(f"{feature} is not supported for functions on Lambda Managed Instances.")


class RuntimeNotOnInstances(InvalidParameter):
    def __init__(self, runtime: str) -> None:
        super().__init__(f"Runtime Enum {runtime} does not support specified feature: Lambda Managed Instances")


class MemoryBelowInstances(InvalidParameter):
    """AWS's text is not recorded."""

    def __init__(self, least_mb: int) -> None:
        super().__init__(f"MemorySize must be at least {least_mb} MB for this function on Lambda Managed Instances.")


class NoPublishedVersion(LambdaError):
    """Invoke of a function of which there is nothing to run but $LATEST. AWS's text is not recorded."""

    code, status, text_key = "NoPublishedVersionException", 400, "Message"

    def __init__(self, arn: str) -> None:
        super().__init__(f"The function {arn} has no published version that can be invoked.")


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
