"""Makes there be what a project declares. What did not change is left alone, environments and all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.operations import load
from lambda_emu.api.recent_changes import RecentChanges
from lambda_emu.arn import FunctionId
from lambda_emu.errors.base import LambdaError
from lambda_emu.project.declarations import Project, ProjectError
from lambda_emu.project.desired import make_resources
from lambda_emu.project.kinds import KINDS, Reached, ResourceKind
from lambda_emu.project.resources import (
    Action,
    CannotChange,
    NeedsItself,
    Order,
    Present,
    Resource,
    ResourceChange,
    ResourceKey,
    difference,
    resolve,
)

ORIGIN = "project"


class NothingRuns:
    """Stands for the activator where the caller activates later, all at once."""

    def why_not(self, id: FunctionId) -> None:
        """Nobody has tried."""

    def activate(self, id: FunctionId) -> None:
        pass


def deploy(project: Project, context: RequestContext) -> list[ResourceChange]:
    """Create, change and remove what earlier deployments made, so that what is declared remains; what was done.

    New and changed functions are Pending: the caller activates them. What was made through the API stays as it is.
    Raises ProjectError: before anything changes for code that cannot be used and names that the API has taken; for a
    change that is refused after all others that do not need it.
    """
    context = replace(context, origin=ORIGIN, activator=NothingRuns(), changes=RecentChanges(context.clock.machine))
    present = find_all(context, KINDS)
    resources = make_resources(project, context, {one.key for one in present if one.origin != ORIGIN})
    return apply(resources, [one for one in present if one.origin == ORIGIN], context, KINDS)


def find_all(context: RequestContext, kinds: Mapping[str, ResourceKind[RequestContext]]) -> list[Present]:
    """Whatever there is of these kinds in the account and region, whoever made it."""
    return [present for kind in kinds.values() for present in kind.find(context)]


def apply(
    resources: Sequence[Resource],
    present: Sequence[Present],
    context: Reached,
    kinds: Mapping[str, ResourceKind[Reached]],
) -> list[ResourceChange]:
    """Make what is present what is wanted, and return what was done. ProjectError, each mistake with its place."""
    order = Order(
        kinds=tuple(kinds),
        renewed={name for name, kind in kinds.items() if kind.renews},
        shares={name for name, kind in kinds.items() if kind.shares},
    )
    try:
        changes = difference(resources, present, order)
    except NeedsItself as error:
        places = {resource.key: resource.place for resource in resources}
        raise ProjectError([f"{places[error.circle[0]]}: {error}"]) from error
    _make([change for change in changes if change.action is not Action.LEAVE], present, context, kinds)
    return changes


def _make(
    changes: Sequence[ResourceChange],
    present: Sequence[Present],
    context: Reached,
    kinds: Mapping[str, ResourceKind[Reached]],
) -> None:
    """One after the other. What needs one that failed is left out, and the first of them told."""
    mistakes: list[str] = []
    failed: set[ResourceKey] = set()
    identifiers = {one.key: one.identifier for one in present}
    for change in changes:
        if change.desired is not None and change.desired.needs & failed:
            failed.add(change.key)
            continue
        try:
            _make_one(change, context, kinds[change.key.kind], identifiers)
        except (LambdaError, CannotChange) as error:
            failed.add(change.key)
            place = change.desired.place if change.desired is not None else f"{change.key.kind} {change.key.name}"
            hint = error.hint if isinstance(error, LambdaError) else None
            mistakes.append(f"{place}: {error} {hint}" if hint else f"{place}: {error}")
    if mistakes:
        raise ProjectError(mistakes)


def _make_one(
    change: ResourceChange, context: Reached, kind: ResourceKind[Reached], identifiers: dict[ResourceKey, str]
) -> None:
    if kind.family:
        load(kind.family)
    if change.desired is not None:
        members = resolve(change.desired.members, identifiers)
        if change.present is None:
            identifiers[change.key] = kind.create(change.key.name, members, context)
        else:
            identifiers[change.key] = kind.update(change.present, members, context)
    elif change.present is not None:
        kind.remove(change.present, context)
