"""Makes there be what a stack wants, and be gone what it no longer wants; what did not change is left alone.

A change that is refused is undone. docs/decisions/templates.md.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.recent_changes import RecentChanges
from lambda_emu.model.stacks import StackOutput
from lambda_emu.project.resources import ResourceChange
from lambda_emu.project.services.left import Left
from lambda_emu.project.services.reach import Reach, Services
from lambda_emu.templates.deploying.deployment import FAILED, Deployment, Ways
from lambda_emu.templates.deploying.exports import in_use
from lambda_emu.templates.deploying.happened import Telling, Told, nobody
from lambda_emu.templates.deploying.records import all_resources, nested_in, resources_of
from lambda_emu.templates.deploying.removing import LEAVES_NOTHING, Leaves, remove_whole
from lambda_emu.templates.deploying.stack_records import stack_id
from lambda_emu.templates.stack import Stack

log = logging.getLogger(__name__)

ORIGIN = "stack"
"""Of the functions and layers that stacks have."""
NOTHING_LEFT = Left((), False, False, frozenset())


class Deployed(NamedTuple):
    changes: Sequence[ResourceChange]
    outputs: Sequence[StackOutput]


def deploy_stack(
    stack: Stack,
    context: RequestContext,
    services: Services,
    ways: Ways | None = None,
    *,
    origin: str = "serve",
    told: Told = nobody,
) -> Deployed:
    """Once the server answers; not on the loop. Raises ProjectError, with a line for each refusal.

    origin: "serve" or "api", by which the records of its resources are told apart. told: each step, those of the stack
    from when the first of them is done; that it begins is the caller's to say.
    """
    context = replace(context, origin=ORIGIN, changes=RecentChanges(context.clock.machine))
    ways = ways or Ways()
    reach = Reach(context, services, {}, NOTHING_LEFT, ways.stop.check)
    deployment = Deployment(stack, reach, origin, told, ways)
    deployment.make()
    deployment.finish()
    return Deployed(deployment.changes, deployment.outputs)


def remove_stack(
    name: str,
    context: RequestContext,
    services: Services,
    told: Told = nobody,
    *,
    was: str = "CREATE_COMPLETE",
    leaves: Leaves = LEAVES_NOTHING,
) -> list[str]:
    """All that it has, but what its template has kept; the logical ids of what cannot be removed. Not on the loop.

    was: its status, which it has again where others import what it exports, so that nothing is removed.
    """
    context = replace(context, origin=ORIGIN)
    telling = Telling(name, stack_id(name, context), told)
    if why_not := in_use(name, context):
        log.warning("the stack %s stays: %s", name, why_not)
        telling.of_stack(was, why_not)
        return [*resources_of(name, context)]
    stays = remove_whole(name, Reach(context, services, {}, NOTHING_LEFT), telling, leaves)
    if stays:
        telling.of_stack("DELETE_FAILED", FAILED.format("delete", ", ".join(stays)))
    else:
        telling.of_stack("DELETE_COMPLETE")
    return stays


def remove_others(
    names: Sequence[str], context: RequestContext, services: Services, *, but_used: bool = False
) -> list[str]:
    """Have gone the stacks that an earlier start made and this one does not name; not on the loop.

    but_used: those that export what others import stay for now, and nothing is told of them. The names of what stays.
    """
    served = {one.stack for one in all_resources(context) if one.origin == "serve" and one.stack not in names}
    left, stay = sorted(served - nested_in(context)), []
    while left:
        name = next((one for one in left if in_use(one, context) is None), left[0])  # what imports goes first
        left.remove(name)
        is_kept = but_used and in_use(name, context) is not None
        if is_kept or remove_stack(name, context, services):
            stay.append(name)
    return stay
