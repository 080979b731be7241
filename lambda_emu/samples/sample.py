"""What a sample is: of which source and type, which of its values may be told, and how it is made."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock

FUNCTION = "hello"
"""Of ARNs that name one."""


class BadMember(Exception):
    """A member's value is none that it can have; the text says what is wanted."""


class SampleRequest(Struct, frozen=True):
    """members: values by their names, all that the sample has. scope: whose account and region."""

    members: Mapping[str, str]
    scope: Scope
    clock: Clock

    def __getitem__(self, name: str) -> str:
        return self.members[name]

    def having(self, **members: str) -> SampleRequest:
        """The same with these as well."""
        return replace(self, members={**self.members, **members})

    @property
    def now_s(self) -> float:
        return self.clock.now_s()

    def json(self, name: str) -> Any:
        """BadMember."""
        try:
            return json.loads(self[name])
        except (ValueError, RecursionError) as error:
            raise BadMember(f"--{name} must be JSON: {error}") from None

    def object(self, name: str) -> dict[str, Any]:
        """BadMember."""
        found = self.json(name)
        if not isinstance(found, dict):
            raise BadMember(f"--{name} must be an object of JSON.")
        return found

    def whole(self, name: str) -> int:
        """BadMember."""
        text = self[name]
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise BadMember(f"--{name} must be a whole number.")
        return int(text)

    def number(self, name: str) -> float:
        """BadMember."""
        try:
            found = float(self[name])
        except ValueError:
            raise BadMember(f"--{name} must be a number.") from None
        if not math.isfinite(found):
            raise BadMember(f"--{name} must be a number.")
        return found

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        """BadMember."""
        if self[name] not in allowed:
            raise BadMember(f"--{name} must be one of {', '.join(allowed)}.")
        return self[name]


Make = Callable[[SampleRequest], Any]
"""The event: bytes of JSON, or what JSON is made of. BadMember."""


class Sample(Struct, frozen=True):
    """told: one line about it. members: what may be told, by name, each with the value that it has else."""

    source: str
    type: str
    told: str
    members: Mapping[str, str]
    make: Make

    def event(self, told: Mapping[str, str], scope: Scope, clock: Clock) -> Any:
        """As JSON is read. told: of its members. BadMember."""
        made = self.make(SampleRequest({**self.members, **told}, scope, clock))
        return json.loads(made) if isinstance(made, bytes | str) else json.loads(json.dumps(made))


class Samples:
    """Those of one source, in the order in which they are added."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.by_type: dict[str, Sample] = {}

    def add(self, type: str, told: str, **members: str) -> Callable[[Make], Make]:
        """members: names with underscores, which are written with hyphens."""

        def keep(make: Make) -> Make:
            named = {name.replace("_", "-"): value for name, value in members.items()}
            self.by_type[type] = Sample(self.source, type, told, named, make)
            return make

        return keep
