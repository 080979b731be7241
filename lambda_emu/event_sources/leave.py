"""Whether the role of a mapping's function may read its source, which whoever knows policies says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lambda_emu.arn import Target
from lambda_emu.model.mappings.mapping import EventSourceMapping


class Leave(Protocol):
    """On the loop."""

    async def missing(self, mapping: EventSourceMapping, target: Target) -> str | None:
        """What AWS says that the role of the function may not; None: it may."""


class Free:
    """Where nobody is asked."""

    async def missing(self, _: EventSourceMapping, __: Target) -> str | None:
        return None


class LateLeave:
    """Imported with the first mapping. make: None until somebody is to be asked."""

    def __init__(self) -> None:
        self.make: Callable[[], Leave] = Free
        self._leave: Leave | None = None

    async def missing(self, mapping: EventSourceMapping, target: Target) -> str | None:
        if self._leave is None:
            self._leave = self.make()
        return await self._leave.missing(mapping, target)
