"""Removes resources of stacks: what a deployment leaves over, or a whole stack."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from lambda_emu.model.stack_resource import StackResource
from lambda_emu.project.resources import CannotChange
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.deploying.happened import STACK, Telling, Told
from lambda_emu.templates.deploying.records import forget, from_first_to_go, made_of, name_of, needs, resources_of
from lambda_emu.templates.deploying.stack_records import end_stack, stack_id
from lambda_emu.templates.deploying.working import REFUSED, remove
from lambda_emu.templates.kinds.table import kind_of

log = logging.getLogger(__name__)


def remove_all(
    records: Iterable[StackResource], reach: Reach, telling: Telling, *, replaced: bool = False
) -> list[str]:
    """What needs others before them; what cannot be removed stays, with what it needs. The logical ids of what stays.

    replaced: others have their places by now, so that the records are theirs.
    """
    stays: list[str] = []
    needed: set[str] = set()
    for one in from_first_to_go(records):
        if one.logical_id in needed:
            needed |= set(needs(one))
        elif not _remove(one, reach, telling, forgets=not replaced):
            stays.append(one.logical_id)
            needed |= set(needs(one))
    return stays


def remove_nested(name: str, reach: Reach, told: Told) -> None:
    """A stack within another one, and what is within that. CannotChange."""
    telling = Telling(name, stack_id(name, reach.context), told)
    telling.of_stack("DELETE_IN_PROGRESS")
    if stays := remove_all(resources_of(name, reach.context).values(), reach, telling):
        reason = f"The following resource(s) failed to delete: [{', '.join(stays)}]. "
        telling.of_stack("DELETE_FAILED", reason)
        end_stack(name, reach.context, "DELETE_FAILED", reason)
        raise CannotChange(f"Embedded stack {telling.id} was not successfully deleted: {reason}")
    telling.of_stack("DELETE_COMPLETE")
    end_stack(name, reach.context, "DELETE_COMPLETE")


def _remove(one: StackResource, reach: Reach, telling: Telling, *, forgets: bool) -> bool:
    name, kind, identifier = one.logical_id, one.kind, one.identifier
    if one.keeps:
        telling.of(name, kind, "DELETE_SKIPPED", identifier)
    else:
        telling.of(name, kind, "DELETE_IN_PROGRESS", identifier)
        try:
            if kind == STACK:
                remove_nested(name_of(identifier), reach, telling.told)
            else:
                remove(kind_of(kind), made_of(one), reach)
        except REFUSED as error:
            log.warning("%s of the stack %s cannot be removed and stays: %s", name, one.stack, error)
            telling.of(name, kind, "DELETE_FAILED", identifier, reason=str(error))
            return False
        telling.of(name, kind, "DELETE_COMPLETE", identifier)
    if forgets:
        forget(one, reach.context)
    return True
