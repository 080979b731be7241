"""What an alias may point to. docs/contract/api.md#versions-and-aliases."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lambda_emu.arn import LATEST
from lambda_emu.errors.base import InvalidParameter
from lambda_emu.errors.resources import Conflict, FunctionNotFound, NotFound
from lambda_emu.model.function.function import Function

MOST_WEIGHTS = 1


def check_target(function: Function, version: str) -> None:
    """FunctionNotFound, qualified, unless there is such a version."""
    if version != LATEST and function.published_version(version) is None:
        raise FunctionNotFound(function.id.arn(version))


def weights(function: Function, version: str, wanted: Mapping[str, Any]) -> Mapping[str, float]:
    """The weights of a RoutingConfig beside `version`; `{}` means none.

    Raises TooManyWeights, WeightOfOwnVersion, LatestWithWeights, FunctionNotFound.
    """
    found: Mapping[str, float] = wanted.get("AdditionalVersionWeights", {})
    if len(found) > MOST_WEIGHTS:
        raise TooManyWeights(MOST_WEIGHTS)
    for other in found:
        if other == version:
            raise WeightOfOwnVersion(version)
        if version == LATEST:
            raise LatestWithWeights
        check_target(function, other)
    return MappingProxyType(dict(found))


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


class AliasNotFound(NotFound):
    """Of GetAlias, AddPermission and provisioned concurrency; UpdateAlias has its own.

    docs/contract/api.md#what-is-not-there.
    """

    def __init__(self, arn: str) -> None:
        super().__init__(f"Cannot find alias arn: {arn}")
