"""The stacks of a start, one after the other; what earlier starts made and this one does not name is removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from lambda_emu.api.context import RequestContext
from lambda_emu.project.declarations import ProjectError
from lambda_emu.project.resources import ResourceChange
from lambda_emu.project.services.reach import Services
from lambda_emu.templates.building import built
from lambda_emu.templates.deploying.deploy import deploy_stack, remove_others
from lambda_emu.templates.deploying.deployment import Ways
from lambda_emu.templates.deploying.records import nested_in
from lambda_emu.templates.deploying.stack_records import forget_served, record_served
from lambda_emu.templates.stack import Stack
from lambda_emu.templates.together import imports

if TYPE_CHECKING:
    from lambda_emu.builds.builder import Builder


class DeployedTogether(NamedTuple):
    """addresses: each with what it is, after the stack's name where there are several."""

    changes: list[ResourceChange]
    addresses: list[tuple[str, str]]


def deploy_stacks(
    stacks: Sequence[Stack], context: RequestContext, services: Services, builder: Builder | None
) -> DeployedTogether:
    """stacks: what exports before what imports. builder: of code that is not whole; None: it is taken as it lies.

    A stack that is refused is undone, and those that import of it are left as they are; the others are made all the
    same. ProjectError, with what is wrong in any of them.
    """
    names = [stack.name for stack in stacks]
    ready = _all_built(stacks, builder)
    stay = remove_others(names, context, services, but_used=True)
    done, mistakes, refused = DeployedTogether([], []), [], set[str]()
    for stack in ready:
        if lost := refused & imports(stacks)[stack.name].keys():
            refused.add(stack.name)
            mistakes += stack.placed([f"{stack.template.file.name}: is left as it is, since {min(lost)} is refused"])
            continue
        try:
            made = deploy_stack(stack, context, services, Ways(built=lambda one: _built(one, builder)))
        except ProjectError as error:
            refused.add(stack.name)
            mistakes += stack.placed(error.mistakes)
            continue
        record_served(stack, context, made.outputs)
        done.changes.extend(made.changes)
        named = "" if len(stacks) == 1 else f"{stack.name}."
        done.addresses.extend((named + output.key, output.value) for output in made.outputs)
    if stay:
        stay = remove_others(names, context, services)
    forget_served(context, {*names, *stay, *nested_in(context)})
    if mistakes:
        raise ProjectError(mistakes)
    return done


def _all_built(stacks: Sequence[Stack], builder: Builder | None) -> list[Stack]:
    """Before anything is changed. ProjectError, with what cannot be built of any of them."""
    found, mistakes = [], []
    for stack in stacks:
        try:
            found.append(_built(stack, builder))
        except ProjectError as error:
            mistakes += stack.placed(error.mistakes)
    if mistakes:
        raise ProjectError(mistakes)
    return found


def _built(stack: Stack, builder: Builder | None) -> Stack:
    return stack if builder is None else built(stack, builder)
