"""What would become of the resources of a stack, as change sets tell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.errors import Invalid
from lambda_emu.cloudformation.reading import complaints
from lambda_emu.model.stack_resource import StackResource
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
from lambda_emu.templates.deploying.exports import Importing
from lambda_emu.templates.elsewhere import Elsewhere, Named
from lambda_emu.templates.kinds.kind import Kind
from lambda_emu.templates.kinds.table import KINDS, kind_of
from lambda_emu.templates.replaced import replacing
from lambda_emu.templates.stack import Stack, is_kept, wanted

REPLACES = {"Always": "True", "Conditionally": "Conditional"}
WORDS = {Action.CREATE: "Add", Action.UPDATE: "Modify", Action.REMOVE: "Remove"}


def check_order(stack: Stack, context: RequestContext) -> None:
    """What AWS refuses before it begins. Imports are looked at as it goes on. Invalid."""
    _compared(stack, context, Named())


def changes_of(stack: Stack, context: RequestContext) -> list[Mapping[str, Any]]:
    """In the order of the logical ids. Invalid for what cannot be made."""
    records, found = _compared(stack, context, Importing(stack.name, context))
    declared = stack.template.section("Resources")
    told = [_told(change, records.get(change.key.name)) for change in found if change.action is not Action.LEAVE]
    left = [change for change in found if change.action is Action.LEAVE]
    told += [_told_policy(one) for one in left if is_kept(declared[one.key.name]) != records[one.key.name].keeps]
    return sorted(told, key=lambda one: str(one["ResourceChange"]["LogicalResourceId"]))


def _compared(
    stack: Stack, context: RequestContext, imported: Elsewhere
) -> tuple[dict[str, StackResource], list[ResourceChange]]:
    """What there is of it, by logical id, and what becomes of that. Invalid."""
    records = {
        one.logical_id: one for one in context.store.stack_resources.all(context.scope) if one.stack == stack.name
    }
    types = {resource["Type"] for resource in stack.template.section("Resources").values()}
    types |= {one.kind for one in records.values()}
    kinds = {name: kind_of(name) for name in (*sorted(types - KINDS.keys()), *(one for one in KINDS if one in types))}
    present = [Present(ResourceKey(one.kind, name), one.shown, one.identifier, "") for name, one in records.items()]
    renewed = {name for name, kind in kinds.items() if kind.renews}
    try:
        desired = wanted(stack, _none, kinds, imported)
        return records, difference(desired, present, Order(tuple(kinds), renewed, another=replacing(kinds)))
    except NeedsItself as error:
        circle = ", ".join(sorted({key.name for key in error.circle}))
        raise Invalid(f"Circular dependency between resources: [{circle}]") from None
    except ProjectError as error:
        raise Invalid(f"Template error: {complaints(error)}") from None


def _none(path: Path, place: str) -> Any:
    raise ProjectError([f"{place}: {path} is no place in S3"])


def _told(change: ResourceChange, record: StackResource | None) -> Mapping[str, Any]:
    more: dict[str, Any] = {}
    if change.action is Action.UPDATE and change.desired is not None and record is not None:
        details = [*_details(change.desired, record, kind_of(record.kind))]
        recreates = {str(one["Target"]["RequiresRecreation"]) for one in details}
        replacement = next((word for one, word in REPLACES.items() if one in recreates), "False")
        more = {"Replacement": replacement, "Scope": ["Properties"], "Details": details}
    if change.action is Action.REMOVE:
        more = {"PolicyAction": "Retain" if record is not None and record.keeps else "Delete"}
    resource = {
        "Action": WORDS[change.action],
        "LogicalResourceId": change.key.name,
        "PhysicalResourceId": None if change.present is None else change.present.identifier,
        "ResourceType": change.key.kind,
        "Scope": [],
        "Details": [],
        **more,
    }
    return {"Type": "Resource", "ResourceChange": {name: one for name, one in resource.items() if one is not None}}


def _told_policy(change: ResourceChange) -> Mapping[str, Any]:
    """Whether it goes with its stack, of what is else left alone."""
    target = {"Attribute": "DeletionPolicy", "RequiresRecreation": "Never"}
    detail = {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}
    resource = {
        "Action": "Modify",
        "LogicalResourceId": change.key.name,
        "PhysicalResourceId": None if change.present is None else change.present.identifier,
        "ResourceType": change.key.kind,
        "Replacement": "False",
        "Scope": ["DeletionPolicy"],
        "Details": [detail],
    }
    return {"Type": "Resource", "ResourceChange": resource}


def _recreates(kind: Kind, property: str) -> str:
    if kind.update is None or property in kind.fixed:
        return "Always"
    return "Conditionally" if kind.renews else "Never"


def _details(desired: Resource, record: StackResource, kind: Kind) -> Iterator[Mapping[str, Any]]:
    """Each property that is another, and those that refer to what changes."""
    now, before = desired.shown.get("Properties") or {}, record.shown.get("Properties") or {}
    changed = sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))
    for name in changed or ["*"]:
        recreates = _recreates(kind, name)
        target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreates}
        if not changed:
            target = {"Attribute": "Properties", "RequiresRecreation": recreates}
        source = "DirectModification" if changed else "ResourceReference"
        yield {"Target": target, "Evaluation": "Static" if changed else "Dynamic", "ChangeSource": source}
