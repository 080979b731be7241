"""What a type of resource is to a stack, and what the functions of its row are given."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from lambda_emu.project.resources import CannotChange
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.shaping import shape_input

Properties = Mapping[str, Any]
OF = " of"
"""The attribute that says what a resource belongs to; not one of CloudFormation's."""
ANSWERED_IN = " answered in"
"""The one that says where the response is that a custom resource's attributes come from."""


class Made(NamedTuple):
    """One that is there. identifier: what Ref means. attributes: what Fn::GetAtt means, by its name."""

    identifier: str
    attributes: Mapping[str, Any] = {}


class NeedsAnother(Exception):
    """Raised by an update, before it changed anything, where only another one can be what is asked for.

    The new one is made, and the old one goes when all else is done. named: where both would have one name that the
    template gives; then the old one goes first.
    """

    def __init__(self, named: str | None = None) -> None:
        super().__init__(named)
        self.named = named


def _nobody(_: Made) -> None:
    """Is told."""


class ResourceRequest(Struct, frozen=True):
    """A resource to be made or changed. name: what it is called where its properties do not say.

    before: the properties that it has; none where it is to be made. begun: what is there already while more is set on
    it; a creation that fails half way has that removed. noted: told of it at once, since the server may end before more
    is set. stack_id: the ARN of its stack. is_served: whether a server was started with its template.
    """

    logical_id: str
    name: str
    properties: Properties
    reach: Reach
    type: str
    stack_id: str
    is_served: bool
    before: Properties = {}
    begun: list[Made] = []
    noted: Callable[[Made], None] = _nobody

    def named(self, property: str) -> str:
        """What it is called."""
        return str(self.properties.get(property) or self.name)

    def get(self, property: str, default: Any = None) -> Any:
        return self.properties.get(property, default)

    def given(self, *properties: str) -> dict[str, Any]:
        """Those of these that it has."""
        return {name: self.properties[name] for name in properties if name in self.properties}

    def left_out(self, *properties: str) -> list[str]:
        """Those of these that it had and is to have no more."""
        return [name for name in properties if name in self.before and name not in self.properties]

    def back_to(self, usual: Properties) -> dict[str, Any]:
        """What one has that never said them, of those of these that it had and is to have no more."""
        return {name: usual[name] for name in self.left_out(*usual)}

    def begin(self, made: Made) -> Made:
        """Say what is there by now."""
        self.begun.append(made)
        self.noted(made)
        return made

    def call(self, service: str, operation: str, members: Properties) -> dict[str, Any]:
        return ask(self.reach, service, operation, members)


class Kind(Struct, frozen=True):
    """update: None where nothing of it can be changed. takes: the properties that have an effect.

    family: of Lambda's operations, for the first change. exists: asked at each start; None: what our own store says.
    renews: an update may have another identifier. beside: where there is no update, another one can be made while the
    old one is there; else that goes first. With one: where that has another identifier, the old one is there too.
    fixed: the properties whose change makes another one in its place, as CloudFormation's schemas have them. named: the
    property that names it, of which there can be one at a time.
    """

    takes: frozenset[str]
    create: Callable[[ResourceRequest], Made]
    remove: Callable[[Made, Reach], None]
    update: Callable[[ResourceRequest, Made], Made] | None = None
    exists: Callable[[Made, Reach], bool] | None = None
    family: str = ""
    renews: bool = False
    beside: bool = False
    fixed: frozenset[str] = frozenset()
    named: str = ""

    def check_fixed(self, asked: ResourceRequest) -> None:
        """NeedsAnother, where a property has changed that it cannot change."""
        changed = [name for name in self.fixed if asked.before.get(name) != asked.get(name)]
        if changed:
            keeps_name = self.named and self.named not in changed and asked.get(self.named) is not None
            raise NeedsAnother(str(asked.get(self.named)) if keeps_name else None)


def ask(reach: Reach, service: str, operation: str, members: Properties) -> dict[str, Any]:
    """An operation, by members as templates write them. CannotChange."""
    return reach.call(service, operation, **shape_input(service, operation, members))


def ask_if_there(reach: Reach, service: str, operation: str, **members: Any) -> None:
    """The same, of what may be gone."""
    reach.find(service, operation, **members)


def ask_lambda(reach: Reach, operation: str, members: Properties) -> dict[str, Any]:
    """An operation of Lambda's, in this process. LambdaError, CannotChange."""
    return reach.ask_lambda(operation, **shape_input("lambda", operation, members))


def tags(asked: ResourceRequest, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """As a list of pairs, however they are written."""
    said = asked.get("Tags") or []
    pairs = said.items() if isinstance(said, Mapping) else ((one["Key"], one["Value"]) for one in said)
    return [{key: str(name), value: str(text)} for name, text in pairs]


def tag_map(asked: ResourceRequest) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in tags(asked)}


def as_text(value: Any) -> str:
    """A document, as JSON where it is none yet."""
    return value if isinstance(value, str) else json.dumps(value)


def takes(names: str) -> frozenset[str]:
    return frozenset(names.split())


def refuse(text: str) -> CannotChange:
    return CannotChange(text)
