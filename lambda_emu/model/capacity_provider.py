"""A capacity provider: the instances that functions on Managed Instances run on. Contract: api.md 1.8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class CapacityProvider:
    """settings: its members as the wire shows them, but for name, state and time. last_modified: as shown."""

    name: str
    state: str
    last_modified: str
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
