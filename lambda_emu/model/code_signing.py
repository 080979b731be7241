"""A code signing config: whose signatures a function's code needs. Contract: api.md 1.8."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class CodeSigningConfig:
    """id: `csc-` and 17 characters. untrusted: Warn or Enforce. last_modified: as the wire shows it."""

    id: str
    publishers: tuple[str, ...]
    last_modified: str
    description: str = ""
    untrusted: str = "Warn"
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
