"""How many environments a version has on Managed Instances. Contract: api.md 1.8."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScalingConfig:
    """None: not set."""

    min_environments: int | None = None
    max_environments: int | None = None
