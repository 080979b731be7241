"""Makes there be what a project declares. What did not change is left alone, environments and all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.operations import load
from lambda_emu.api.recent_changes import RecentChanges
from lambda_emu.arn import FunctionId
from lambda_emu.errors.base import LambdaError
from lambda_emu.project.declarations import Project, ProjectError
from lambda_emu.project.desired import make_resources
from lambda_emu.project.kinds import KINDS, ORDER, find_all
from lambda_emu.project.resources import Action, Change, NeedsItself, ResourceKey, difference, resolve

ORIGIN = "project"


def deploy(project: Project, context: RequestContext) -> list[Change]:
    """Create, change and remove what earlier deployments made, so that what is declared remains; what was done.

    New and changed functions are Pending: the caller activates them. What was made through the API stays as it is.
    Raises ProjectError: before anything changes for code that cannot be used and names that the API has taken; for a
    change that is refused after all others that do not need it.
    """
    context = replace(context, origin=ORIGIN, activator=_Later(), changes=RecentChanges(context.clock))
    present = find_all(context)
    own = [one for one in present if one.origin == ORIGIN]
    resources = make_resources(project, context, {one.key for one in present if one.origin != ORIGIN})
    try:
        changes = difference(resources, own, ORDER)
    except NeedsItself as error:
        places = {resource.key: resource.place for resource in resources}
        raise ProjectError([f"{places[error.circle[0]]}: {error}"]) from error
    _make(changes, context, {one.key: one.identifier for one in own})
    return changes


class _Later:
    """Activates nothing."""

    def activate(self, id: FunctionId) -> None:
        pass


def _make(changes: Sequence[Change], context: RequestContext, identifiers: dict[ResourceKey, str]) -> None:
    """One after the other. What needs one that failed is left out, and the first of them told."""
    mistakes: list[str] = []
    failed: set[ResourceKey] = set()
    for change in changes:
        if change.action is Action.LEAVE:
            continue
        if change.desired is not None and change.desired.needs & failed:
            failed.add(change.key)
            continue
        try:
            _make_one(change, context, identifiers)
        except LambdaError as error:
            failed.add(change.key)
            place = change.desired.place if change.desired is not None else f"{change.key.kind} {change.key.name}"
            mistakes.append(f"{place}: {error}")
    if mistakes:
        raise ProjectError(mistakes)


def _make_one(change: Change, context: RequestContext, identifiers: dict[ResourceKey, str]) -> None:
    key, present = change.key, change.present
    kind = KINDS[key.kind]
    load(kind.family)
    if change.desired is not None:
        members = resolve(change.desired.members, identifiers)
        if present is None:
            identifiers[key] = kind.create(key.name, members, context)
        else:
            identifiers[key] = kind.update(present, members, context)
    elif present is not None:
        kind.remove(present, context)
