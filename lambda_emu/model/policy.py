"""A resource policy: who may invoke a function, or use a layer version. Contract: api.md 1.8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Policy:
    """statements: as JSON, in the order of their addition. revision_id: its own, not that of what it guards."""

    revision_id: str
    statements: tuple[Mapping[str, Any], ...]
