"""What provisioned concurrency forbids, and what is forbidden because of it. docs/contract/api.md#concurrency."""

from __future__ import annotations

from lambda_emu.errors.base import InvalidParameter, LambdaError
from lambda_emu.errors.resources import Conflict


class ProvisionedConfigNotFound(LambdaError):
    code, status = "ProvisionedConcurrencyConfigNotFoundException", 404

    def __init__(self) -> None:
        super().__init__("No Provisioned Concurrency Config found for this function")


class UnpublishedVersion(InvalidParameter):
    """$LATEST was to be provisioned. Recorded for $LATEST itself, not for an alias that points to it."""

    def __init__(self) -> None:
        super().__init__("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")


class NeitherAliasNorVersion(InvalidParameter):
    """$LATEST again, where a configuration is read or deleted."""

    def __init__(self) -> None:
        super().__init__("The function resource provided must be an alias or a published version.")


class AliasWithWeights(InvalidParameter):
    """As users report it."""

    def __init__(self) -> None:
        super().__init__("Alias with weights can not be used with Provisioned Concurrency")


class AliasOfProvisionedVersion(Conflict):
    def __init__(self) -> None:
        super().__init__(
            "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
        )


class VersionOfProvisionedAlias(Conflict):
    def __init__(self) -> None:
        super().__init__("Version is pointed by a Provisioned Concurrency alias")


class ProvisionedAboveReserved(InvalidParameter):
    def __init__(self) -> None:
        super().__init__(
            "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
        )


class ProvisionedAboveUnreserved(InvalidParameter):
    """Recorded without a Type, as the next two."""

    kind = None

    def __init__(self, unreserved: int) -> None:
        super().__init__(
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
            f"[{unreserved}]."
        )


class ProvisionedTooHigh(InvalidParameter):
    kind = None

    def __init__(self, minimum_unreserved: int) -> None:
        super().__init__(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{minimum_unreserved}]."
        )


class ReservedBelowProvisioned(InvalidParameter):
    """The spaces are AWS's."""

    kind = None

    def __init__(self, reserved: int, provisioned: int) -> None:
        super().__init__(
            f" ReservedConcurrentExecutions  {reserved} should not be lower than "
            f"function's total provisioned concurrency [{provisioned}]."
        )


class ReservedConcurrencyTooHigh(InvalidParameter):
    """Recorded without a Type."""

    kind = None

    def __init__(self, minimum_unreserved: int) -> None:
        super().__init__(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{minimum_unreserved}]."
        )
