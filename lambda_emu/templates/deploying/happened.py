"""What a deployment tells while it goes on: each step of a resource, and of its stack, as CloudFormation's events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

STACK = "AWS::CloudFormation::Stack"


class Happened(Struct, frozen=True):
    """stack: its name. physical_id: "" before there is one. status: CloudFormation's, as UPDATE_ROLLBACK_COMPLETE.

    Of the stack itself: kind is STACK, logical_id its name and physical_id its ARN. properties: as they are asked for.
    """

    stack: str
    logical_id: str
    physical_id: str
    kind: str
    status: str
    reason: str | None = None
    properties: Mapping[str, Any] = {}


Told = Callable[[Happened], None]


def nobody(_: Happened) -> None:
    """Is told."""


class Telling(Struct, frozen=True):
    """Of one stack."""

    stack: str
    id: str
    told: Told

    def of_stack(self, status: str, reason: str | None = None) -> None:
        self.told(Happened(self.stack, self.stack, self.id, STACK, status, reason))

    def of(
        self,
        logical_id: str,
        kind: str,
        status: str,
        physical_id: str = "",
        *,
        reason: str | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> None:
        self.told(Happened(self.stack, logical_id, physical_id, kind, status, reason, properties or {}))
