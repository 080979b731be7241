"""Looks at each resource of a stack: is it there, and as its template says?"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from lambda_emu.cloudformation.drift.comparing import compared, differences
from lambda_emu.cloudformation.drift.readers import COMPARED, READERS
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.stack_resource import StackResource
from lambda_emu.model.stacks import Drift
from lambda_emu.project.resources import CannotChange
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.deploying.exports import Importing
from lambda_emu.templates.deploying.records import resources_of
from lambda_emu.templates.intrinsics import is_known
from lambda_emu.templates.stack import Stack

log = logging.getLogger(__name__)


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

    def known(name: str, attribute: str | None) -> Any:
        return there[name].identifier if attribute is None else there[name].attributes[attribute]

    resolver = stack.resolver(known, Importing(stack.name, reach.context), stack.hidden())
    found: dict[str, Mapping[str, Any]] = {}
    for logical_id in there.keys() & stack.template.section("Resources").keys():
        declared = stack.template.section("Resources")[logical_id].get("Properties") or {}
        properties = {
            name: resolver.value(value, ("Resources", logical_id, "Properties", name))
            for name, value in declared.items()
        }
        found[logical_id] = {name: value for name, value in properties.items() if value is not None and is_known(value)}
    return found
