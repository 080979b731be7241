"""An alias: a name that points to a version, and may send a share of its calls to another. Contract: api.md 1.8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Alias:
    """weights: the share (0.0 to 1.0) of invocations by additional version; the rest goes to function_version."""

    name: str
    function_version: str
    revision_id: str
    description: str = ""
    weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def points_to(self, version: str) -> bool:
        return version == self.function_version or version in self.weights

    def chosen(self, draw: float) -> str:
        """The version that serves one invocation. draw: evenly distributed in [0, 1)."""
        for version, weight in self.weights.items():
            if draw < weight:
                return version
            draw -= weight
        return self.function_version
