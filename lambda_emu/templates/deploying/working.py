"""What a deployment works with, and a resource as it is asked for, made, changed and removed in it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.operations import load
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.stack_policy import Policy, denial
from lambda_emu.model.stack_resource import StackResource
from lambda_emu.project.resources import CannotChange, Resource, ResourceKey, resolve
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.deploying.dynamic import look_up
from lambda_emu.templates.deploying.happened import Telling
from lambda_emu.templates.deploying.known import KnownByMade
from lambda_emu.templates.deploying.names import physical_name
from lambda_emu.templates.deploying.records import remember
from lambda_emu.templates.deploying.stopping import Stop
from lambda_emu.templates.elsewhere import Elsewhere
from lambda_emu.templates.kinds.kind import Kind, Made, ResourceRequest
from lambda_emu.templates.kinds.tagging import retag
from lambda_emu.templates.language.intrinsics import Resolver, is_known
from lambda_emu.templates.stack import RETAINED, Stack, is_kept

log = logging.getLogger(__name__)

REFUSED = (LambdaError, CannotChange)
UNREADABLE = (TypeError, KeyError, ValueError, AttributeError, IndexError)
"""What reading properties ends in that are of other shapes than a type has."""
NOT_ANSWERED = "CustomResource attribute error: Vendor response doesn't contain {} attribute in object {}"
"""CloudFormation's own."""
NOTHING = Made("")
"""Of what was removed."""


class Working(Struct, frozen=True):
    """before: what there was of the stack, by its logical id. made: what is there of it by now.

    row: of a type. undo_child: undoes what was done to a stack within it, if anything was. CannotChange.
    skips: logical ids of what is left as it is, and counts as what is wanted. policy: None: all may be done.
    retains: what DeletionPolicy retains stays though what made it is undone. named: how those are to be called that a
    change set has named already, by logical id.
    """

    stack: Stack
    reach: Reach
    origin: str
    telling: Telling
    wanted: Mapping[str, Resource]
    before: Mapping[str, StackResource]
    made: dict[str, Made]
    imported: Elsewhere
    row: Callable[[str], Kind]
    undo_child: Callable[[str], None]
    stop: Stop
    skips: frozenset[str] = frozenset()
    policy: Policy | None = None
    retains: bool = True
    named: Mapping[str, str] = {}

    def denial(self, action: str, logical_id: str, kind: str) -> str | None:
        """Why the stack's policy has that not done to one of its resources."""
        return None if self.policy is None else denial(self.policy, action, logical_id, kind)

    @property
    def context(self) -> RequestContext:
        return self.reach.context

    def resolver(self, hidden: Mapping[str, str] = {}) -> Resolver:
        """By what is there. hidden: what is told in place of parameters."""
        known = KnownByMade(self.stack, self.made, self.imported, self.context.scope, hidden)
        return self.stack.resolver(known, self.imported, hidden)

    def asked(self, key: ResourceKey, *, instead_of: StackResource | None = None) -> ResourceRequest:
        """With what it refers to put in. instead_of: another one of its own that is there. CannotChange."""
        resource, before = self.wanted[key.name], self.before.get(key.name)
        resolver = self.resolver()
        properties = resolver.value(resource.members["Properties"], ("Resources", key.name, "Properties"))
        if resolver.mistakes or not is_known(properties):
            raise CannotChange("; ".join(resolver.mistakes) or "refers to what is not made")
        is_same = before is not None and before.kind == key.kind
        had = before.properties if before is not None and is_same else {}
        name = self._name(key, before if is_same else None, instead_of)
        return self.asked_by(key.kind, key.name, name, properties, had)

    def asked_by(
        self, kind: str, logical_id: str, name: str, properties: Mapping[str, Any], had: Mapping[str, Any]
    ) -> ResourceRequest:
        """In this stack. had: the properties that it has."""
        is_served = self.origin == "serve"
        return ResourceRequest(
            logical_id, name, properties, self.reach, kind, self.stack.values["AWS::StackId"], is_served, had
        )

    def shown(self, key: ResourceKey, asked: ResourceRequest) -> Mapping[str, Any]:
        """What it is asked for, as it may be told: without the values that the template says nobody is shown."""
        hidden = self.stack.hidden()
        if not hidden:
            return asked.properties
        resolver = self.resolver(hidden)
        declared = self.stack.template.section("Resources")[key.name]
        told: Any = resolver.value(declared.get("Properties") or {}, ("Resources", key.name, "Properties"))
        return told if isinstance(told, dict) else {}

    def _name(self, key: ResourceKey, before: StackResource | None, instead_of: StackResource | None) -> str:
        """It keeps the one that it has."""
        if before is not None and before.name and instead_of is None:
            return before.name
        if instead_of is None and key.name in self.named:
            return self.named[key.name]
        old = "" if instead_of is None else instead_of.name or instead_of.identifier
        is_served = self.origin == "serve" and not self.stack.parents
        scope = self.context.scope
        id = self.context.clock.new_id() if self.origin == "api" and (before is None or instead_of) else ""
        return physical_name(key.kind, key.name, self.stack.name, scope, is_served=is_served, instead_of=old, id=id)

    def remember(self, asked: ResourceRequest, made: Made, *, whole: bool = True, replaces: bool = False) -> None:
        """whole: else the next deployment is to change it, whatever it wants. replaces: what was before is to go."""
        logical_id, resource = asked.logical_id, self.wanted[asked.logical_id]
        self.made[logical_id] = made
        identifiers = {reference: self.made[reference.name].identifier for reference in resource.needs}
        declared = self.stack.template.section("Resources")[logical_id]
        before = self.before.get(logical_id)
        to_go = None if before is None else before.to_go
        if before is not None and before.kind != resource.key.kind:
            to_go = to_go if before.keeps else before
        elif replaces and declared.get("UpdateReplacePolicy") not in RETAINED:
            to_go = before
        record = StackResource(
            self.stack.name,
            logical_id,
            resource.key.kind,
            made.identifier,
            made.attributes,
            resolve(resource.shown, identifiers) if whole else {},
            is_kept(declared),
            self.origin,
            to_builtins(asked.properties),
            asked.name,
            to_go,
        )
        remember(record, self.context)


def create(kind: Kind, asked: ResourceRequest) -> Made:
    """REFUSED."""
    new = _looked_up(replace(asked, before={}))
    return _try(kind, lambda: kind.create(new))


def update(kind: Kind, asked: ResourceRequest, made: Made) -> Made:
    """REFUSED, NeedsAnother."""
    change = kind.update
    assert change is not None
    new = _looked_up(asked)

    def changed() -> Made:
        found = change(new, made)
        retag(new.type, new, found)
        return found

    return _try(kind, changed)


def _looked_up(asked: ResourceRequest) -> ResourceRequest:
    """With what dynamic references lead to, which no record keeps. CannotChange."""
    return replace(asked, properties=look_up(asked.properties, asked.reach, is_served=asked.is_served))


def remove(kind: Kind, made: Made, reach: Reach) -> None:
    """REFUSED."""
    _try(kind, lambda: kind.remove(made, reach))


def _try(kind: Kind, do: Callable[[], Made | None]) -> Made:
    if kind.family:
        load(kind.family)
    try:
        return do() or NOTHING
    except UNREADABLE as error:
        log.debug("a resource's properties cannot be read", exc_info=True)
        raise CannotChange(f"its properties cannot be read: {type(error).__name__}: {error}") from error
