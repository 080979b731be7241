"""Event source mappings: which queue, stream or topic is polled for which function. docs/contract/events.md#mappings.

Sources that are polled here must be there; of the others it is not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.mapped import check_limit, mapping_at
from lambda_emu.api.operations import Result, operation
from lambda_emu.api.paging import cut_page
from lambda_emu.arn import LATEST, Scope, Target
from lambda_emu.errors.resources import ResourceMissing
from lambda_emu.model import quotas
from lambda_emu.model.function.tags import new_tags
from lambda_emu.model.mappings import settings as mapping_settings
from lambda_emu.model.mappings.duplicates import check_unique
from lambda_emu.model.mappings.mapping import EventSourceMapping, MappingState
from lambda_emu.model.mappings.refusals import (
    MappedFunctionNotFound,
)
from lambda_emu.model.mappings.sources import POLLED, RULES, SourceKind, kind_of
from lambda_emu.store.transaction import Transaction

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import (
        CreateEventSourceMappingRequestTypeDef,
        DeleteEventSourceMappingRequestTypeDef,
        GetEventSourceMappingRequestTypeDef,
        ListEventSourceMappingsRequestTypeDef,
        UpdateEventSourceMappingRequestTypeDef,
    )


@operation("CreateEventSourceMapping")
def create_event_source_mapping(req: CreateEventSourceMappingRequestTypeDef, context: RequestContext) -> Result:
    """What the request says by itself is checked first, then the function, then whether there is such a mapping."""
    mapping = _new_mapping(req, context)
    target = _target(context, req["FunctionName"])
    scope = target.id.scope
    _check_source(context, mapping, target)

    def work(transaction: Transaction) -> None:
        _check_function(transaction, context, scope, target, mapping.kind)
        check_unique(mapping, _current(transaction, context, scope, mapping.last_modified_s))
        transaction.put(context.store.mappings, scope, mapping.uuid, mapping)

    context.store.write(work)
    return _show(mapping, context)


@operation("GetEventSourceMapping")
def get_event_source_mapping(req: GetEventSourceMappingRequestTypeDef, context: RequestContext) -> Result:
    uuid = req["UUID"]
    mapping = context.store.mappings.get(_scope_of(context, uuid), uuid)
    return _show(_check_present(mapping, context, context.clock.now_s()), context)


@operation("UpdateEventSourceMapping")
def update_event_source_mapping(req: UpdateEventSourceMappingRequestTypeDef, context: RequestContext) -> Result:
    """Without FunctionName the function is not looked at: it may be gone, which a mapping survives."""
    uuid, now_s = req["UUID"], context.clock.now_s()
    scope = _scope_of(context, uuid)
    target = _target(context, req["FunctionName"]) if "FunctionName" in req else None
    found = context.store.mappings.get(scope, uuid)
    if found is not None and target is not None:
        _check_source(context, found, target)

    def work(transaction: Transaction) -> EventSourceMapping:
        before = _check_present(transaction.get(context.store.mappings, scope, uuid), context, now_s)
        after = before.update(req.get("Enabled", before.enabled), now_s)
        settings = mapping_settings.update_settings(before.kind, before.settings, req)
        after = replace(after, settings=MappingProxyType(settings))
        if target is not None:
            _check_function(transaction, context, scope, target, after.kind)
            after = replace(after, function_arn=target.arn)
            check_unique(after, _current(transaction, context, scope, now_s))
        transaction.put(context.store.mappings, scope, uuid, after)
        return after

    return _show(context.store.write(work), context)


@operation("DeleteEventSourceMapping")
def delete_event_source_mapping(req: DeleteEventSourceMappingRequestTypeDef, context: RequestContext) -> Result:
    uuid, now_s = req["UUID"], context.clock.now_s()
    scope = _scope_of(context, uuid)

    def work(transaction: Transaction) -> EventSourceMapping:
        mapping = _check_present(transaction.get(context.store.mappings, scope, uuid), context, now_s).delete(now_s)
        transaction.put(context.store.mappings, scope, uuid, mapping)
        return mapping

    return _show(context.store.write(work), context)


@operation("ListEventSourceMappings")
def list_event_source_mappings(req: ListEventSourceMappingsRequestTypeDef, context: RequestContext) -> Result:
    """A function's mappings are those made with the same qualifier; $LATEST and none are one."""
    source, scope, function_arn = req.get("EventSourceArn"), context.scope, None
    if "FunctionName" in req:
        target = context.target(req["FunctionName"])
        scope, function_arn = target.id.scope, target.arn.removesuffix(f":{LATEST}")
    now_s = context.clock.now_s()
    current = (mapping_at(mapping, context, now_s) for mapping in context.store.mappings.all(scope))
    chosen = [
        mapping
        for mapping in current
        if mapping is not None and source in (None, mapping.source_arn) and function_arn in (None, mapping.unqualified)
    ]
    size = min(req.get("MaxItems", quotas.MAPPINGS_PER_PAGE), quotas.MAPPINGS_PER_PAGE)
    found, marker = cut_page(chosen, lambda mapping: mapping.uuid, req.get("Marker"), size)
    return {"EventSourceMappings": [_show(mapping, context) for mapping in found], "NextMarker": marker}


def _new_mapping(req: CreateEventSourceMappingRequestTypeDef, context: RequestContext) -> EventSourceMapping:
    """The mapping, if what the request says by itself is right. A disabled one is so at once."""
    kind = kind_of(req.get("EventSourceArn"), req.get("SelfManagedEventSource"))
    uuid, now_s = context.clock.new_id(), context.clock.now_s()
    settings = mapping_settings.new_settings(kind, req, uuid, now_s)
    enabled, tags = req.get("Enabled", True), new_tags(req.get("Tags", {}))
    return EventSourceMapping(
        uuid=uuid,
        kind=kind,
        function_arn=_target(context, req["FunctionName"]).arn,
        state=MappingState.CREATING if enabled else MappingState.DISABLED,
        enabled=enabled,
        last_modified_s=now_s,
        source_arn=req.get("EventSourceArn"),
        settings=MappingProxyType(settings),
        last_result="No records processed" if RULES[kind].tells_result else None,
        tags=tags,
    )


def _target(context: RequestContext, name: str) -> Target:
    """The function a mapping is for. A whole ARN loses $LATEST, shorter forms keep it."""
    target = context.target(name)
    return Target(target.id) if name.startswith("arn:") and target.qualifier == LATEST else target


def _scope_of(context: RequestContext, uuid: str) -> Scope:
    """Where this mapping is kept: of callers who name no account or region, in any."""
    if context.anonymous:
        for scope, mapping in context.store.mappings.everywhere():
            if mapping.uuid == uuid:
                return scope
    return context.scope


def _check_present(mapping: EventSourceMapping | None, context: RequestContext, now_s: float) -> EventSourceMapping:
    current = None if mapping is None else mapping_at(mapping, context, now_s)
    if current is None:
        raise ResourceMissing
    return current


def _current(
    transaction: Transaction, context: RequestContext, scope: Scope, now_s: float
) -> Sequence[EventSourceMapping]:
    """All mappings that there are, in whichever state. Those whose deletion is over are cleared away."""
    found = []
    for mapping in transaction.all(context.store.mappings, scope):
        if mapping.state is MappingState.DELETING and mapping_at(mapping, context, now_s) is None:
            transaction.put(context.store.mappings, scope, mapping.uuid, None)
        else:
            found.append(mapping)
    return found


def _check_function(
    transaction: Transaction, context: RequestContext, scope: Scope, target: Target, kind: SourceKind
) -> None:
    """The function, and the version or alias, must be there, and not run for longer than the source allows."""
    function = transaction.get(context.store.functions, scope, target.id.name) if target.id.scope == scope else None
    version = None if function is None else function.version(target.qualifier)
    if version is None:
        raise MappedFunctionNotFound
    check_limit(kind, version.timeout_s)


def _check_source(context: RequestContext, mapping: EventSourceMapping, target: Target) -> None:
    """Before the writer is asked, since the source may be far away. Of a missing function that one speaks."""
    function = context.store.function(target.id)
    version = None if function is None else function.version(target.qualifier)
    if version is not None and mapping.kind in POLLED:
        context.sources.check(replace(mapping, function_arn=target.arn), version.timeout_s)


def _show(mapping: EventSourceMapping, context: RequestContext) -> Result:
    """EventSourceMappingConfiguration. Tags are not in it."""
    result = mapping.last_result and (context.sources.last_result(mapping.uuid) or mapping.last_result)
    timestamp_s = mapping.settings.get("StartingPositionTimestamp")
    return {
        **mapping.settings,
        "UUID": mapping.uuid,
        "EventSourceMappingArn": mapping.arn,
        "EventSourceArn": mapping.source_arn,
        "FunctionArn": mapping.function_arn,
        "State": mapping.state.value,
        "StateTransitionReason": RULES[mapping.kind].transition_reason,
        "LastProcessingResult": result,
        "LastModified": _time(mapping.last_modified_s),
        "StartingPositionTimestamp": None if timestamp_s is None else _time(timestamp_s),
    }


def _time(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
