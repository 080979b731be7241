"""Buses and rules as they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

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

    kind: ClassVar[str] = "event bus"

    @property
    def key(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return self.scope.arn(f"event-bus/{self.name}", "events")


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

    kind: ClassVar[str] = "event rule"

    @property
    def key(self) -> str:
        return f"{self.bus}/{self.name}"

    @property
    def arn(self) -> str:
        within = "" if self.bus == DEFAULT else f"{self.bus}/"
        return self.scope.arn(f"rule/{within}{self.name}", "events")

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


class Archive(Struct, frozen=True):
    """bus: its name, whose events are kept. retention_days: 0: for ever."""

    scope: Scope
    name: str
    bus: str
    created_s: float
    pattern: str | None = None
    description: str | None = None
    retention_days: int = 0

    kind: ClassVar[str] = "event archive"

    @property
    def key(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return self.scope.arn(f"archive/{self.name}", "events")

    @property
    def bus_arn(self) -> str:
        return self.scope.arn(f"event-bus/{self.bus}", "events")


class Replay(Struct, frozen=True):
    """first_s, end_s: of the events, by their time. destination: as it was put. last_s, last: as far as it has come."""

    scope: Scope
    name: str
    archive: str
    first_s: float
    end_s: float
    destination: Mapping[str, Any]
    begun_s: float
    state: str = "STARTING"
    description: str | None = None
    ended_s: float | None = None
    last_s: float | None = None
    last: int = 0

    kind: ClassVar[str] = "event replay"

    @property
    def key(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return self.scope.arn(f"replay/{self.name}", "events")


class Connection(Struct, frozen=True):
    """How API destinations are asked. id: a part of its ARN. parameters: as they were put, secrets too."""

    scope: Scope
    name: str
    id: str
    type: str
    parameters: Mapping[str, Any]
    created_s: float
    modified_s: float
    authorized_s: float | None
    description: str | None = None

    kind: ClassVar[str] = "event connection"

    @property
    def key(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return self.scope.arn(f"connection/{self.name}/{self.id}", "events")

    @property
    def state(self) -> str:
        return "DEAUTHORIZED" if self.authorized_s is None else "AUTHORIZED"


class ApiDestination(Struct, frozen=True):
    """id: a part of its ARN. connection: an ARN. most_per_s: invocations."""

    scope: Scope
    name: str
    id: str
    connection: str
    endpoint: str
    method: str
    created_s: float
    modified_s: float
    most_per_s: int = 300
    description: str | None = None

    kind: ClassVar[str] = "event api destination"

    @property
    def key(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return self.scope.arn(f"api-destination/{self.name}/{self.id}", "events")


Record = Bus | Rule | Archive | Replay | Connection | ApiDestination
KINDS: tuple[type[Record], ...] = (Bus, Rule, Archive, Replay, Connection, ApiDestination)
"""In the order in which they are read."""
