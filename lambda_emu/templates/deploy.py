"""Makes there be what a stack wants, and be gone what it no longer wants; what did not change is left alone.

A change that is refused is undone. docs/decisions/templates.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from lambda_emu.api.code import UnusableFolder, keep
from lambda_emu.api.context import RequestContext
from lambda_emu.api.recent_changes import RecentChanges
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.function.function import Artifact
from lambda_emu.model.stack_resource import StackResource
from lambda_emu.model.stacks import StackOutput
from lambda_emu.project.declarations import ProjectError
from lambda_emu.project.resources import (
    Action,
    NeedsItself,
    Order,
    Present,
    Resource,
    ResourceChange,
    ResourceKey,
    difference,
)
from lambda_emu.project.services.left import Left
from lambda_emu.project.services.reach import Reach, Services
from lambda_emu.templates.changing import Done, How, make
from lambda_emu.templates.exports import importing, in_use, wrong_exports
from lambda_emu.templates.happened import Telling, Told, nobody
from lambda_emu.templates.kinds.kind import Kind
from lambda_emu.templates.kinds.table import in_order, kind_of
from lambda_emu.templates.outputs import outputs_of
from lambda_emu.templates.records import all_resources, made_of, resources_of
from lambda_emu.templates.removing import remove_all
from lambda_emu.templates.stack import RETAINED, Stack, pseudo_parameters, wanted
from lambda_emu.templates.undoing import undo
from lambda_emu.templates.working import Working

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
    *,
    origin: str = "serve",
    told: Told = nobody,
    rolls_back: bool = True,
) -> Deployed:
    """Once the server answers; not on the loop. Raises ProjectError, with a line for each refusal.

    origin: "serve" or "api", by which the records of its resources are told apart. told: each step, those of the stack
    from when the first of them is done; that it begins is the caller's to say. rolls_back: a refusal is undone; else
    what was made stays, and the next deployment goes on from there.
    """
    context = replace(context, origin=ORIGIN, changes=RecentChanges(context.clock.machine))
    reach = Reach(context, services, {}, NOTHING_LEFT)
    telling = Telling(stack.name, stack.values["AWS::StackId"], told)
    records = _of_origin(stack.name, origin, context)
    kinds = {name: kind_of(name) for name in _types(stack, records)}
    imported = importing(stack.name, context)
    resources = wanted(stack, _keeper(context), kinds, imported)
    before = {name: one for name, one in records.items() if _is_there(one, kinds[one.kind], reach)}
    made = {name: made_of(one) for name, one in before.items()}
    working = Working(stack, reach, origin, telling, {one.key.name: one for one in resources}, before, made, imported)
    changes = _changes(resources, before, kinds)
    done = make([change for change in changes if change.action is not Action.LEAVE], working)
    verb = "UPDATE" if records else "CREATE"
    outputs = [] if done.mistakes else _outputs(working, done)
    if done.mistakes:
        _refuse(done, verb, working, rolls_back)
    _clean_up(done, changes, verb, working)
    return Deployed(changes, outputs)


def remove_stack(
    name: str, context: RequestContext, services: Services, told: Told = nobody, *, was: str = "CREATE_COMPLETE"
) -> list[str]:
    """All that it has, but what its template has kept; the logical ids of what cannot be removed. Not on the loop.

    was: its status, which it has again where others import what it exports, so that nothing is removed.
    """
    context = replace(context, origin=ORIGIN)
    record = context.store.stacks.get(context.scope, name)
    id = record.id if record is not None else pseudo_parameters(name, context.scope)["AWS::StackId"]
    telling = Telling(name, id, told)
    records = resources_of(name, context)
    if why_not := in_use(name, context):
        log.warning("the stack %s stays: %s", name, why_not)
        telling.of_stack(was, why_not)
        return [*records]
    stays = remove_all(records.values(), Reach(context, services, {}, NOTHING_LEFT), telling)
    if stays:
        telling.of_stack("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(stays)}]. ")
    else:
        telling.of_stack("DELETE_COMPLETE")
    return stays


def remove_others(names: Sequence[str], context: RequestContext, services: Services) -> None:
    """Have gone the stacks that an earlier start made and this one does not name; not on the loop."""
    gone = {one.stack for one in all_resources(context) if one.origin == "serve" and one.stack not in names}
    for name in sorted(gone):
        remove_stack(name, context, services)


def _of_origin(name: str, origin: str, context: RequestContext) -> dict[str, StackResource]:
    """The records of a stack. ProjectError where it is another's."""
    found = resources_of(name, context)
    if any(one.origin != origin for one in found.values()):
        whose = "was made through the API" if origin == "serve" else "is the one that this server was started with"
        raise ProjectError([f"there is a stack {name} already, which {whose}"])
    return found


def _types(stack: Stack, records: Mapping[str, StackResource]) -> list[str]:
    """Those of the template and of what is there, from what is needed to what needs it."""
    named = {resource["Type"] for resource in stack.template.section("Resources").values()}
    named |= {one.kind for one in records.values()}
    return in_order(named)


def _is_there(record: StackResource, kind: Kind, reach: Reach) -> bool:
    """Whether nobody removed it since it was made."""
    return kind.exists is None or kind.exists(made_of(record), reach)


def _changes(
    resources: Sequence[Resource], before: Mapping[str, StackResource], kinds: Mapping[str, Kind]
) -> list[ResourceChange]:
    """In the order in which they are made. ProjectError."""
    renewed = {name for name, kind in kinds.items() if kind.renews or kind.update is None}
    present = [Present(ResourceKey(one.kind, name), one.shown, one.identifier, ORIGIN) for name, one in before.items()]
    try:
        return difference(resources, present, Order(tuple(kinds), renewed))
    except NeedsItself as error:
        places = {resource.key: resource.place for resource in resources}
        raise ProjectError([f"{places[error.circle[0]]}: {error}"]) from error


# -- how it ends


def _outputs(working: Working, done: Done) -> list[StackOutput]:
    """What cannot be told is left out; what must not be exported is a mistake."""
    resolver, stack = working.resolver(), working.stack
    outputs = [*outputs_of(resolver, stack, working.reach)]
    for line in resolver.mistakes:
        log.warning("%s", line)
    done.mistakes.extend(wrong_exports(stack.template, stack.name, outputs, working.context))
    return outputs


def _refuse(done: Done, verb: str, working: Working, rolls_back: bool) -> None:
    """ProjectError, once what was done is undone."""
    telling = working.telling
    reason = f"The following resource(s) failed to {verb.lower()}: [{', '.join(done.failed)}]. "
    reason = reason if done.failed else " ".join(one.split(": ", 2)[-1] for one in done.mistakes)
    if not rolls_back:
        telling.of_stack(f"{verb}_FAILED", reason)
        raise ProjectError(done.mistakes)
    status = "ROLLBACK" if verb == "CREATE" else "UPDATE_ROLLBACK"
    telling.of_stack(f"{status}_IN_PROGRESS", reason)

    def cleaning_up() -> None:
        if verb == "UPDATE":
            telling.of_stack("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")

    left = undo(done.steps, working, cleaning_up)
    if not left:
        telling.of_stack(f"{status}_COMPLETE")
        raise ProjectError(done.mistakes)
    telling.of_stack(f"{status}_FAILED", f"The following resource(s) failed to roll back: [{', '.join(left)}]. ")
    stays = f"what was done of the stack {working.stack.name} is undone, but of {', '.join(left)}"
    raise ProjectError([*done.mistakes, stays])


def _clean_up(done: Done, changes: Sequence[ResourceChange], verb: str, working: Working) -> None:
    """What was replaced goes, and what is wanted no more; what cannot be removed keeps nothing from being done."""
    if verb == "UPDATE":
        working.telling.of_stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    declared = working.stack.template.section("Resources")
    replaced = [
        working.before[step.key.name]
        for step in done.steps
        if step.how is How.REPLACED and declared[step.key.name].get("UpdateReplacePolicy") not in RETAINED
    ]
    replaced = [replace(one, keeps=False) for one in replaced]
    remove_all(replaced, working.reach, working.telling, replaced=True)
    gone = [working.before[change.key.name] for change in changes if change.action is Action.REMOVE]
    remove_all(gone, working.reach, working.telling)
    working.telling.of_stack(f"{verb}_COMPLETE")


def _keeper(context: RequestContext) -> Callable[[Path, str], Artifact | None]:
    """Each folder is zipped once, whoever names it."""
    kept: dict[Path, Artifact] = {}

    def keep_code(path: Path, place: str) -> Artifact:
        try:
            if path not in kept:
                kept[path] = keep(context, path)
            return kept[path]
        except UnusableFolder as error:
            raise ProjectError([f"{place}: {error}"]) from error
        except FileNotFoundError as error:
            raise ProjectError([f"{place}: {path} does not exist"]) from error
        except (LambdaError, OSError) as error:
            raise ProjectError([f"{place}: {path.name}: {error}"]) from error

    return keep_code
