"""An event source mapping: what is polled for a function, and how. Contract: events.md 5.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """function_arn: with the qualifier it was made with. settings: the members of the wire that were set or have a
    default for this kind of source, by their names there. last_modified_s: epoch seconds.
    """

    uuid: str
    function_arn: str
    state: str
    last_modified_s: float
    transition_reason: str
    source_arn: str | None = None
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    last_result: str | None = None
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
