"""What the store remembers of stacks: a record for each resource, from when it is made until it is gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from msgspec import convert
from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.model.function.function import Artifact
from lambda_emu.model.stack_resource import StackResource
from lambda_emu.templates.deploying.happened import STACK
from lambda_emu.templates.kinds.functions import PLACED
from lambda_emu.templates.kinds.kind import Made
from lambda_emu.templates.kinds.table import in_order
from lambda_emu.templates.stack import CODE


def resources_of(stack: str, context: RequestContext) -> dict[str, StackResource]:
    """By their logical id."""
    return {one.logical_id: one for one in all_resources(context) if one.stack == stack}


def all_resources(context: RequestContext) -> Iterator[StackResource]:
    return iter([*context.store.stack_resources.all(context.scope)])


def name_of(id: str) -> str:
    """The stack's, in its ARN."""
    return id.split("/")[1] if "/" in id else id


def nested_in(context: RequestContext) -> set[str]:
    """The names of stacks that are nested in others."""
    return {name_of(one.identifier) for one in all_resources(context) if one.kind == STACK}


def below(stack: str, context: RequestContext) -> list[str]:
    """The names of a stack and of those within it, however deep."""
    found = [stack]
    for name in found:
        within = {name_of(one.identifier) for one in resources_of(name, context).values() if one.kind == STACK}
        found.extend(sorted(within - {*found}))
    return found


def remember(record: StackResource, context: RequestContext) -> None:
    table, scope = context.store.stack_resources, context.scope
    context.store.write(lambda transaction: transaction.put(table, scope, record.key, record))


def remember_if_there(before: StackResource, after: StackResource, context: RequestContext) -> None:
    """Unless something else is recorded by now."""
    if recorded(before, context) == before:
        remember(after, context)


def forget(record: StackResource, context: RequestContext) -> None:
    """Unless something else has its place by now."""
    table, scope = context.store.stack_resources, context.scope
    found = table.get(scope, record.key)
    if found is not None and (found.kind, found.identifier) == (record.kind, record.identifier):
        context.store.write(lambda transaction: transaction.put(table, scope, record.key, None))


def recorded(record: StackResource, context: RequestContext) -> StackResource | None:
    """What has its place by now."""
    return context.store.stack_resources.get(context.scope, record.key)


def made_of(record: StackResource) -> Made:
    return Made(record.identifier, record.attributes)


def properties_of(record: StackResource, moved: Mapping[str, str]) -> dict[str, Any]:
    """What it was made by. moved: identifiers of others that were made anew since, by what they were."""
    found: dict[str, Any] = _moved(record.properties, moved)
    code = found.get(CODE.get(record.kind, ""))
    if isinstance(code, dict) and isinstance(code.get(PLACED), dict):
        code[PLACED] = convert(code[PLACED], Artifact)
    return found


def _moved(value: Any, moved: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _moved(member, moved) for name, member in value.items()}
    if isinstance(value, list):
        return [_moved(item, moved) for item in value]
    return moved.get(value, value) if isinstance(value, str) else value


def half_made(record: StackResource) -> StackResource:
    """One that the next deployment is to change, whatever it wants."""
    return replace(record, shown={})


def put_back(stack: str, context: RequestContext) -> None:
    """Have in its place again what was replaced since the stack was last as it should be; what replaced it is to go."""
    for one in resources_of(stack, context).values():
        if one.to_go is not None:
            remember(_first_of(one), context)


def _first_of(record: StackResource) -> StackResource:
    later = []
    while record.to_go is not None:
        later.append(record)
        record = record.to_go
    to_go: StackResource | None = None
    for one in later:
        to_go = replace(one, to_go=to_go)
    return replace(record, to_go=to_go)


def from_first_to_go(records: Iterable[StackResource]) -> list[StackResource]:
    """What needs others goes before them."""
    records = [*records]
    kinds = in_order({one.kind for one in records})
    by_kind = sorted(records, key=lambda one: kinds.index(one.kind))
    there = {one.logical_id: one for one in by_kind}
    try:
        order = [*TopologicalSorter({id: needs(one) & there.keys() for id, one in there.items()}).static_order()]
    except CycleError:  # of records of several deployments
        order = [*there]
    return [there[id] for id in reversed(order)]


def needs(record: StackResource) -> Collection[str] | Any:
    """The logical ids of what it refers to."""
    return set(record.shown.get("Uses") or ())
