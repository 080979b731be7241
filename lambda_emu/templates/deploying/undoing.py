"""Undoes the steps of a deployment that was refused: what was changed is changed back, and what was made goes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from lambda_emu.model.stack_resource import StackResource
from lambda_emu.templates.deploying.changing import How, Step
from lambda_emu.templates.deploying.happened import STACK
from lambda_emu.templates.deploying.records import (
    forget,
    made_of,
    properties_of,
    recorded,
    remember,
    remember_if_there,
)
from lambda_emu.templates.deploying.working import REFUSED, Working, create, remove, update
from lambda_emu.templates.kinds.kind import Made, NeedsAnother

log = logging.getLogger(__name__)


def undo(steps: Sequence[Step], working: Working, cleaning_up: Callable[[], None]) -> list[str]:
    """What cannot be undone, by logical id. cleaning_up: called when all that there was is as it was."""
    left: list[str] = []
    moved: dict[str, str] = {}
    for step in steps:
        if step.how is not How.CREATED:
            _try(step, "UPDATE", working, left, lambda step=step: _back(step, working, moved))  # type: ignore[misc]
    cleaning_up()
    for step in reversed(steps):
        if _stays(step, working):
            assert step.made is not None
            _forget(step, working)
            working.telling.of(step.key.name, step.key.kind, "DELETE_SKIPPED", step.made.identifier)
        elif step.how in (How.CREATED, How.REPLACED, How.RENEWED):
            _try(step, "DELETE", working, left, lambda step=step: _away(step, working))  # type: ignore[misc]
        for old in _replaced_by(step, working, left):
            _try(old, "DELETE", working, left, lambda old=old: _remove(old, working))  # type: ignore[misc]
    return left


def _replaced_by(step: Step, working: Working, left: Collection[str]) -> list[Step]:
    """What a change in place, or the change back, left beside what is there again: its kind made another one."""
    name = step.key.name
    if step.how is not How.CHANGED or name in left or not working.row(step.key.kind).beside:
        return []
    were = {one.identifier: one for one in (step.made, made_of(working.before[name])) if one is not None}
    return [replace(step, made=one) for id, one in were.items() if id != working.made[name].identifier]


def _remove(step: Step, working: Working) -> str:
    assert step.made is not None
    remove(working.row(step.key.kind), step.made, working.reach)
    return step.made.identifier


def _stays(step: Step, working: Working) -> bool:
    """A whole one that is to be retained, and was made by what is undone; a template that is served leaves nothing."""
    declared = working.stack.template.section("Resources")[step.key.name]
    if declared.get("DeletionPolicy") != "Retain" or not working.retains or working.origin != "api":
        return False
    found = _found(step, working)
    return step.how is How.CREATED and step.made is not None and found is not None and bool(found.shown)


def _try(step: Step, verb: str, working: Working, left: list[str], do: Callable[[], str]) -> None:
    """Told as it begins and ends. do: returns the physical id."""
    physical_id = "" if step.made is None else step.made.identifier
    name, kind = step.key.name, step.key.kind
    working.telling.of(name, kind, f"{verb}_IN_PROGRESS", physical_id)
    try:
        physical_id = do()
    except (*REFUSED, NeedsAnother) as error:
        log.warning("%s of the stack %s could not be undone: %s", name, working.stack.name, error)
        left.append(name)
        working.telling.of(name, kind, f"{verb}_FAILED", physical_id, reason=str(error))
    else:
        working.telling.of(name, kind, f"{verb}_COMPLETE", physical_id)


def _back(step: Step, working: Working, moved: dict[str, str]) -> str:
    """To what it was; moved gets what has another identifier since."""
    before, kind = working.before[step.key.name], working.row(step.key.kind)
    if step.key.kind == STACK:
        working.undo_child(step.key.name)
        return _is_again(before, made_of(before), working)
    if step.how in (How.REPLACED, How.RENEWED):
        since = recorded(before, working.context)
        to_go = before.to_go if since is None else replace(since, to_go=before.to_go)
        return _is_again(replace(before, to_go=to_go), made_of(before), working)
    had = _asked_for(step, working)
    properties = properties_of(before, moved)
    asked = working.asked_by(before.kind, before.logical_id, before.name, properties, had)
    if step.how is How.CHANGED and step.made is not None:
        made = update(kind, asked, step.made)
    else:
        if step.made is not None:
            remove(kind, step.made, working.reach)
        made = create(kind, asked)
    if made.identifier != before.identifier:
        moved[before.identifier] = made.identifier
    return _is_again(before, made, working)


def _asked_for(step: Step, working: Working) -> Mapping[str, Any]:
    """The properties that it was to have, as far as they are known."""
    try:
        return working.asked(step.key).properties
    except REFUSED:
        return {}


def _is_again(before: StackResource, made: Made, working: Working) -> str:
    working.made[before.logical_id] = made
    remember(replace(before, identifier=made.identifier, attributes=made.attributes), working.context)
    return made.identifier


def _away(step: Step, working: Working) -> str:
    removed = _remove(step, working)
    if step.how is How.CREATED:
        _forget(step, working)
    else:
        before = working.before[step.key.name]
        found = recorded(before, working.context)
        if found is not None and found.to_go is not None:
            remember_if_there(found, replace(found, to_go=before.to_go), working.context)
    return removed


def _forget(step: Step, working: Working) -> None:
    """Of another type may be what was there before."""
    before = working.before.get(step.key.name)
    if before is not None:
        remember(before, working.context)
        return
    found = _found(step, working)
    if found is not None:
        forget(found, working.context)


def _found(step: Step, working: Working) -> StackResource | None:
    """Its record."""
    context = working.context
    return context.store.stack_resources.get(context.scope, f"{working.stack.name} {step.key.name}")
