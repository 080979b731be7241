"""Buses and rules as they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from lambda_emu.arn import Scope

DEFAULT = "default"
PATTERN_STATES = ("ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")

Target = Mapping[str, Any]
"""As it was put, by the names of EventBridge's model."""


class Bus(Struct, frozen=True):
    """settings: what else was said when it was made: Description, DeadLetterConfig. policy: JSON, None: nobody else."""

    scope: Scope
    name: str
    created_s: float
    modified_s: float
    settings: Mapping[str, Any] = field(default_factory=dict)
    policy: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"{arn_begin(self.scope)}:event-bus/{self.name}"


class Rule(Struct, frozen=True):
    """pattern, schedule: at least one of them. targets: by their ids, in the order in which they came."""

    scope: Scope
    bus: str
    name: str
    state: str
    pattern: str | None = None
    schedule: str | None = None
    description: str | None = None
    role: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        within = "" if self.bus == DEFAULT else f"{self.bus}/"
        return f"{arn_begin(self.scope)}:rule/{within}{self.name}"

    @property
    def is_enabled(self) -> bool:
        return self.state in PATTERN_STATES

    @property
    def due_by(self) -> str | None:
        """The expression; None: it is not due by itself."""
        return self.schedule if self.is_enabled else None

    def shown(self) -> dict[str, Any]:
        members = {
            "Name": self.name,
            "Arn": self.arn,
            "EventPattern": self.pattern,
            "ScheduleExpression": self.schedule,
            "State": self.state,
            "Description": self.description,
            "RoleArn": self.role,
            "EventBusName": self.bus,
        }
        return {name: value for name, value in members.items() if value is not None}


def arn_begin(scope: Scope) -> str:
    return f"arn:{scope.partition}:events:{scope.region}:{scope.account}"
