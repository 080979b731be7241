"""Looks at each resource of a stack: is it there, and as its template says?"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lambda_emu.cloudformation.drift.comparing import compared, differences, unseen, without_choices
from lambda_emu.cloudformation.drift.readers import COMPARED, READERS
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.stack_resource import StackResource
from lambda_emu.model.stacks import Drift
from lambda_emu.project.resources import CannotChange
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.deploying.exports import Importing
from lambda_emu.templates.deploying.records import resources_of
from lambda_emu.templates.kinds.table import WITHOUT_EFFECT, kind_of
from lambda_emu.templates.kinds.unserved import attribute_of, property_of
from lambda_emu.templates.language.constraints import HIDDEN
from lambda_emu.templates.language.intrinsics import is_known
from lambda_emu.templates.stack import Stack

log = logging.getLogger(__name__)

OTHER = "-hidden-"
"""Unlike HIDDEN in its length and in each character."""


def detect(stack: Stack, reach: Reach, only: Collection[str] | None = None) -> Iterator[Drift]:
    """only: logical ids. stack: as it was made last."""
    there = resources_of(stack.name, reach.context)
    said = _expected(stack, there, reach)
    for one in there.values():
        if only is None or one.logical_id in only:
            yield _look(one, said.get(one.logical_id, {}), reach)


def _look(one: StackResource, expected: Mapping[str, Any], reach: Reach) -> Drift:
    """Whoever cannot look at it says so in the log."""
    reader, now_s = READERS.get(one.kind), reach.context.clock.now_s()
    if reader is None:
        return Drift(one.logical_id, one.identifier, one.kind, "NOT_CHECKED", now_s)
    names = COMPARED[one.kind]
    wanted = {name: value for name, value in expected.items() if name in names}
    try:
        found = reader(one, reach)
    except (CannotChange, LambdaError, ConnectionError) as error:
        log.warning("%s of the stack %s cannot be looked at: %s", one.logical_id, one.stack, error)
        return Drift(one.logical_id, one.identifier, one.kind, "NOT_CHECKED", now_s)
    if found is None:
        return Drift(one.logical_id, one.identifier, one.kind, "DELETED", now_s, json.dumps(wanted, default=str))
    actual = compared(wanted, found, names)
    differs = tuple(differences(wanted, actual))
    status = "MODIFIED" if differs else "IN_SYNC"
    expected_text, actual_text = json.dumps(wanted, default=str), json.dumps(actual, default=str)
    return Drift(one.logical_id, one.identifier, one.kind, status, now_s, expected_text, actual_text, differs)


def _expected(stack: Stack, there: Mapping[str, StackResource], reach: Reach) -> dict[str, Mapping[str, Any]]:
    """Properties by logical id, without what nobody is shown, and those that cannot be told."""
    names = stack.hidden()
    one, other = (_Said(stack, there, reach, dict.fromkeys(names, mark)) for mark in (HIDDEN, OTHER))
    found: dict[str, Mapping[str, Any]] = {}
    for logical_id in there.keys() & stack.template.section("Resources").keys():
        told = one.properties(logical_id)
        beside = other.properties(logical_id) if names else told
        found[logical_id] = {name: unseen(value, beside.get(name)) for name, value in told.items()}
    return found


class _Said:
    """What a template says. hidden: in place of the parameters that nobody is shown."""

    def __init__(
        self, stack: Stack, there: Mapping[str, StackResource], reach: Reach, hidden: Mapping[str, str]
    ) -> None:
        self._stack = stack
        self._there = there
        self._reach = reach
        self._hidden = hidden
        self._resources = stack.template.section("Resources")
        self._plain = _Said(stack, there, reach, {}) if hidden else self
        self._known_values: dict[tuple[str, str], Any] = {}

    def properties(self, logical_id: str) -> dict[str, Any]:
        """Those that can be told."""
        declared = self._resources[logical_id].get("Properties") or {}
        found = {name: self._value(logical_id, name) for name in declared}
        return {name: value for name, value in found.items() if value is not None and is_known(value)}

    def _value(self, logical_id: str, name: str) -> Any:
        declared = (self._resources[logical_id].get("Properties") or {}).get(name)
        resolver = self._stack.resolver(self._known, Importing(self._stack.name, self._reach.context), self._hidden)
        return resolver.value(without_choices(declared, self._hidden), ("Resources", logical_id, "Properties", name))

    def _known(self, name: str, attribute: str | None) -> Any:
        """As KnownByMade. Each is looked up once."""
        if attribute is None:
            return self._there[name].identifier
        if (name, attribute) not in self._known_values:
            self._known_values[name, attribute] = self._attribute(self._there[name], name, attribute)
        return self._known_values[name, attribute]

    def _attribute(self, one: StackResource, name: str, attribute: str) -> Any:
        type, property = self._resources[name]["Type"], property_of(attribute)
        if kind_of(type) is WITHOUT_EFFECT:
            scope = self._reach.context.scope
            return attribute_of(type, one.identifier, attribute, self._value(name, property), scope)
        if not self._hidden:
            return one.attributes[attribute]
        told = self._value(name, property)
        return one.attributes[attribute] if told == self._plain._value(name, property) else told
