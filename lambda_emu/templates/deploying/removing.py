"""Removes resources of stacks: what a deployment leaves over, or a whole stack."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.model.stack_resource import StackResource
from lambda_emu.project.resources import CannotChange
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.deploying.exports import in_use
from lambda_emu.templates.deploying.happened import STACK, Telling, Told
from lambda_emu.templates.deploying.records import (
    all_resources,
    below,
    forget,
    from_first_to_go,
    made_of,
    name_of,
    needs,
    remember_if_there,
    resources_of,
)
from lambda_emu.templates.deploying.stack_records import end_stack, stack_id
from lambda_emu.templates.deploying.working import REFUSED, remove
from lambda_emu.templates.kinds.table import kind_of

log = logging.getLogger(__name__)


class Leaves(Struct, frozen=True):
    """What the end of a stack leaves there. retained: logical ids. is_forced: what cannot be removed stays too."""

    retained: frozenset[str] = frozenset()
    is_forced: bool = False


LEAVES_NOTHING = Leaves()


def remove_all(
    records: Iterable[StackResource], reach: Reach, telling: Telling, leaving: Collection[str] = ()
) -> list[str]:
    """What needs others before them; what cannot be removed stays, with what it needs. Those that stay.

    leaving: stacks that go as well.
    """
    records = [*records]
    within = [name_of(one.identifier) for one in records if one.kind == STACK and not one.keeps]
    leaving = {*leaving, *(name for stack in within for name in below(stack, reach.context))}
    remove_replaced(records, reach, telling, leaving=leaving)
    stays: list[str] = []
    needed: set[str] = set()
    for one in from_first_to_go(records):
        if one.logical_id in needed:
            needed |= set(needs(one))
        elif not _remove(one, reach, telling, leaving):
            stays.append(one.logical_id)
            needed |= set(needs(one))
    return stays


def remove_whole(stack: str, reach: Reach, telling: Telling, leaves: Leaves) -> list[str]:
    """All of a stack but what its templates keep; the logical ids of what cannot be removed."""
    stays = remove_all(_with_kept(stack, reach, leaves.retained), reach, telling, (stack,))
    while stays and leaves.is_forced:
        stays = remove_all(_with_kept(stack, reach, {*leaves.retained, *stays}), reach, telling, (stack,))
    return stays


def _with_kept(stack: str, reach: Reach, kept: Collection[str]) -> list[StackResource]:
    """kept: logical ids of what stays though its template does not say so."""
    found = resources_of(stack, reach.context).values()
    return [replace(one, keeps=True) if one.logical_id in kept else one for one in found]


def remove_replaced(
    records: Iterable[StackResource],
    reach: Reach,
    telling: Telling,
    beside: Sequence[StackResource] = (),
    leaving: Collection[str] = (),
) -> None:
    """What these took the place of, in deployments too that came to no end. What cannot be removed is forgotten.

    beside: what goes with it. leaving: stacks that go as well.
    """
    replaced = [one for one in records if one.to_go is not None]
    there = {(one.kind, one.identifier) for one in all_resources(reach.context)} if replaced else set()
    old = [replace(one.to_go, keeps=False) for one in replaced if one.to_go is not None]
    going = [*[one for one in old if (one.kind, one.identifier) not in there], *beside]
    if going:
        remove_all(going, reach, telling, leaving)
    for one in replaced:
        remember_if_there(one, replace(one, to_go=None), reach.context)


def remove_nested(name: str, reach: Reach, told: Told, leaving: Collection[str] = ()) -> None:
    """A stack within another one, and what is within that. leaving: stacks that go as well. CannotChange."""
    if why_not := in_use(name, reach.context, leaving):
        raise CannotChange(why_not)
    telling = Telling(name, stack_id(name, reach.context), told)
    telling.of_stack("DELETE_IN_PROGRESS")
    if stays := remove_all(resources_of(name, reach.context).values(), reach, telling, {name, *leaving}):
        reason = f"The following resource(s) failed to delete: [{', '.join(stays)}]. "
        telling.of_stack("DELETE_FAILED", reason)
        end_stack(name, reach.context, "DELETE_FAILED", reason)
        raise CannotChange(f"Embedded stack {telling.id} was not successfully deleted: {reason}")
    telling.of_stack("DELETE_COMPLETE")
    end_stack(name, reach.context, "DELETE_COMPLETE")


def _remove(one: StackResource, reach: Reach, telling: Telling, leaving: Collection[str]) -> bool:
    name, kind, identifier = one.logical_id, one.kind, one.identifier
    if one.keeps:
        telling.of(name, kind, "DELETE_SKIPPED", identifier)
    else:
        telling.of(name, kind, "DELETE_IN_PROGRESS", identifier)
        try:
            if kind == STACK:
                remove_nested(name_of(identifier), reach, telling.told, leaving)
            else:
                remove(kind_of(kind), made_of(one), reach)
        except REFUSED as error:
            log.warning("%s of the stack %s cannot be removed and stays: %s", name, one.stack, error)
            telling.of(name, kind, "DELETE_FAILED", identifier, reason=str(error))
            return False
        telling.of(name, kind, "DELETE_COMPLETE", identifier)
    forget(one, reach.context)
    return True
