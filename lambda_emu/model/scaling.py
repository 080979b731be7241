"""How many environments a version has on Managed Instances. Contract: api.md 1.8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambda_emu.errors import ScalingRangeInvalid


@dataclass(frozen=True, slots=True)
class ScalingConfig:
    """None: not set."""

    min_environments: int | None = None
    max_environments: int | None = None


def new_scaling(wanted: Mapping[str, Any]) -> ScalingConfig:
    """wanted: FunctionScalingConfig, which replaces the one before. Raises ScalingRangeInvalid."""
    least, most = wanted.get("MinExecutionEnvironments"), wanted.get("MaxExecutionEnvironments")
    if least is not None and most is not None and least > most:
        raise ScalingRangeInvalid
    return ScalingConfig(least, most)
