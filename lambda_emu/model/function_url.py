"""The URL of a function or an alias. Contract: api.md 1.8, events.md 5.7."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """url_id: the first label of its host. created, modified: as the wire shows them. invoke_mode None: never set."""

    url_id: str
    auth_type: str
    created: str
    modified: str | None = None
    cors: Mapping[str, Any] | None = None
    invoke_mode: str | None = None
