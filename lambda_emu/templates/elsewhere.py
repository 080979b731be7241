"""What stacks are told of one another. Pure."""

from __future__ import annotations

from typing import Protocol


class Elsewhere(Protocol):
    """What other stacks say. Wrong where there is none."""

    def export(self, name: str) -> str:
        """The value of an export of any stack but this one."""

    def output(self, stack: str, name: str, region: str | None) -> str:
        """The value of an output. region: None: the one that asks."""


class Named:
    """In place of what others say, where it matters only which are named."""

    def export(self, name: str) -> str:
        return name

    def output(self, stack: str, name: str, _: str | None) -> str:
        return f"{stack}.{name}"
