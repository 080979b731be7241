"""What an alias may point to. Contract: api.md 1.3, 1.8."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lambda_emu.arn import LATEST
from lambda_emu.errors import FunctionNotFound, LatestWithWeights, TooManyWeights, WeightOfOwnVersion
from lambda_emu.model.function import Function

MOST_WEIGHTS = 1


def check_target(function: Function, version: str) -> None:
    """FunctionNotFound, qualified, unless there is such a version."""
    if version != LATEST and function.published(version) is None:
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
