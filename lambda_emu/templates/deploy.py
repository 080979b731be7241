"""Makes there be what a stack wants, and be gone what it no longer wants; what did not change is left alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.api.code import UnusableFolder, keep
from lambda_emu.api.context import RequestContext
from lambda_emu.api.operations import load
from lambda_emu.api.recent_changes import RecentChanges
from lambda_emu.errors.base import LambdaError
from lambda_emu.model.function.function import Artifact
from lambda_emu.model.stack_resource import StackResource
from lambda_emu.model.stacks import StackOutput
from lambda_emu.project.declarations import ProjectError
from lambda_emu.project.deploy import apply
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import (
    CannotChange,
    Members,
    Present,
    Resource,
    ResourceChange,
    ResourceKey,
    resolve,
)
from lambda_emu.project.services.left import Left
from lambda_emu.project.services.reach import Reach, Services
from lambda_emu.templates.intrinsics import is_known
from lambda_emu.templates.kinds.kind import Asked, Kind, Made
from lambda_emu.templates.kinds.table import KINDS, kind_of
from lambda_emu.templates.names import physical_name
from lambda_emu.templates.outputs import outputs_of
from lambda_emu.templates.stack import RETAINED, Stack, wanted

log = logging.getLogger(__name__)

ORIGIN = "stack"
"""Of the functions and layers that stacks have."""
NOTHING_LEFT = Left((), False, False, frozenset())


class Deployed(NamedTuple):
    changes: Sequence[ResourceChange]
    outputs: Sequence[StackOutput]


NOTHING = Deployed((), ())


class _Working(Struct, frozen=True):
    """What a deployment works with. made: what is there of the stack by now, by its logical id."""

    stack: Stack
    reach: Reach
    wanted: Mapping[str, Resource]
    made: dict[str, Made]

    @property
    def context(self) -> RequestContext:
        return self.reach.context

    def known(self, name: str, attribute: str | None) -> Any:
        """As intrinsics.Known."""
        one = self.made[name]
        if attribute is None:
            return one.identifier
        declared = self.stack.template.section("Resources")[name]["Type"]
        return f"{name}.{attribute}" if declared not in KINDS else one.attributes[attribute]


def deploy_stack(stack: Stack, context: RequestContext, services: Services) -> Deployed:
    """Once the server answers; not on the loop. Raises ProjectError, with a line for each refusal.

    What was made before a refusal stays, and the next start goes on from there.
    """
    context = replace(context, origin=ORIGIN, changes=RecentChanges(context.clock.machine))
    kinds = {name: kind_of(name) for name in _types(stack, context)}
    resources = wanted(stack, _keeper(context), kinds)
    reach = Reach(context, services, {}, NOTHING_LEFT)
    made: dict[str, Made] = {}
    working = _Working(stack, reach, {one.key.name: one for one in resources}, made)
    present = [*_present(working, kinds)]
    rows = {name: _row(name, kind) for name, kind in kinds.items()}
    changes = apply(resources, present, working, rows)
    return Deployed(changes, [*outputs_of(stack, working.known, reach)])


def remove_others(names: Sequence[str], context: RequestContext, services: Services) -> None:
    """Have gone the stacks that an earlier start made and this one does not name; not on the loop."""
    context = replace(context, origin=ORIGIN)
    reach = Reach(context, services, {}, NOTHING_LEFT)
    gone = [one for one in _kept(context) if one.stack not in names]
    order = [*KINDS]
    gone.sort(key=lambda one: order.index(one.kind) if one.kind in order else -1, reverse=True)
    for one in gone:
        try:
            if not one.keeps:
                kind_of(one.kind).remove(Made(one.identifier, one.attributes), reach)
            _forget(one, context)
        except (CannotChange, LambdaError) as error:
            log.warning("%s of the stack %s, which is not served any more, stays: %s", one.logical_id, one.stack, error)


def _types(stack: Stack, context: RequestContext) -> list[str]:
    """Those of the template and of what is there, from what is needed to what needs it."""
    named = {resource["Type"] for resource in stack.template.section("Resources").values()}
    named |= {one.kind for one in _kept(context) if one.stack == stack.name}
    return [*sorted(named - KINDS.keys()), *(kind for kind in KINDS if kind in named)]


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


# -- what is there


def _kept(context: RequestContext) -> Iterator[StackResource]:
    return (one for one in context.store.stack_resources.all(context.scope) if one.origin == "serve")


def _present(working: _Working, kinds: Mapping[str, Kind]) -> Iterator[Present]:
    """What an earlier deployment made and nobody removed since."""
    for one in [*_kept(working.context)]:
        if one.stack != working.stack.name:
            continue
        made, exists = Made(one.identifier, one.attributes), kinds[one.kind].exists
        wanted = working.wanted.get(one.logical_id)
        if one.keeps and (wanted is None or wanted.key.kind != one.kind):
            _forget(one, working.context)  # it stays where it is, as the stack no longer has it
        elif exists is None or exists(made, working.reach):
            working.made[one.logical_id] = made
            yield Present(ResourceKey(one.kind, one.logical_id), one.shown, one.identifier, ORIGIN)


def _remember(working: _Working, logical_id: str, kind: str, made: Made) -> str:
    working.made[logical_id] = made
    resource = working.stack.template.section("Resources")[logical_id]
    identifiers = {reference: working.made[reference.name].identifier for reference in working.wanted[logical_id].needs}
    record = StackResource(
        working.stack.name,
        logical_id,
        kind,
        made.identifier,
        made.attributes,
        resolve(working.wanted[logical_id].shown, identifiers),
        resource.get("DeletionPolicy") in RETAINED,
    )
    table, scope = working.context.store.stack_resources, working.context.scope
    working.context.store.write(lambda transaction: transaction.put(table, scope, record.key, record))
    return made.identifier


def _forget(one: StackResource, context: RequestContext) -> None:
    table = context.store.stack_resources
    context.store.write(lambda transaction: transaction.put(table, context.scope, one.key, None))


# -- rows, as a project's kinds have them


def _row(type: str, kind: Kind) -> ResourceKind[_Working]:
    def create(logical_id: str, members: Members, working: _Working) -> str:
        if kind.family:
            load(kind.family)
        return _remember(working, logical_id, type, kind.create(_asked(type, logical_id, members, working)))

    def update(present: Present, members: Members, working: _Working) -> str:
        logical_id = present.key.name
        if kind.family:
            load(kind.family)
        asked, before = _asked(type, logical_id, members, working), working.made[logical_id]
        if kind.update is not None:
            return _remember(working, logical_id, type, kind.update(asked, before))
        kind.remove(before, working.reach)
        return _remember(working, logical_id, type, kind.create(asked))

    def remove(present: Present, working: _Working) -> None:
        made = working.made.pop(present.key.name)
        kind.remove(made, working.reach)
        found = working.context.store.stack_resources.get(
            working.context.scope, f"{working.stack.name} {present.key.name}"
        )
        if found is not None and found.kind == type:
            _forget(found, working.context)

    return ResourceKind("", lambda _: iter(()), create, update, remove, renews=kind.renews or kind.update is None)


def _asked(type: str, logical_id: str, members: Members, working: _Working) -> Asked:
    """With what it refers to put in. CannotChange."""
    resolver = working.stack.resolver(working.known)
    properties = resolver.value(members["Properties"], ("Resources", logical_id, "Properties"))
    if resolver.mistakes or not is_known(properties):
        raise CannotChange("; ".join(resolver.mistakes) or "refers to what is not made")
    scope = working.context.scope
    name = physical_name(type, logical_id, working.stack.name, scope)
    return Asked(logical_id, name, properties, working.reach)
