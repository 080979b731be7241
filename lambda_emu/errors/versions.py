"""Versions and aliases. Contract: api.md 1.3."""

from __future__ import annotations

from collections.abc import Sequence

from lambda_emu.errors.parameters import InvalidParameter
from lambda_emu.errors.resources import Conflict, NotFound


class CodeChanged(InvalidParameter):
    """PublishVersion was meant for other code than $LATEST has now."""

    def __init__(self, given: str, current: str) -> None:
        super().__init__(
            f"CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({current}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )


class VersionInUse(Conflict):
    """A version that aliases point to cannot be deleted."""

    def __init__(self, aliases: Sequence[str]) -> None:
        super().__init__(f"Unable to delete version because the following aliases reference it: [{', '.join(aliases)}]")


class AliasExists(Conflict):
    def __init__(self, arn: str) -> None:
        super().__init__(f"Alias already exists: {arn}")


class AliasToUpdateNotFound(NotFound):
    """UpdateAlias has a text of its own."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Alias not found: {arn}")


class TooManyWeights(InvalidParameter):
    def __init__(self, limit: int) -> None:
        super().__init__(f"Number of items in AdditionalVersionWeights cannot be greater than {limit}")


class WeightOfOwnVersion(InvalidParameter):
    def __init__(self, version: str) -> None:
        super().__init__(
            f"Invalid function version {version}. "
            f"Function version {version} is already included in routing configuration."
        )


class LatestWithWeights(InvalidParameter):
    """Recorded without a Type."""

    kind = None

    def __init__(self) -> None:
        super().__init__("$LATEST is not supported for an alias pointing to more than 1 version")
