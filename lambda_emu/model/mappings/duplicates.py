"""No two mappings bring the same source to the same function. docs/contract/events.md#refusals-of-mappings."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_emu.model.mappings.mapping import EventSourceMapping
from lambda_emu.model.mappings.refusals import (
    KafkaMappingExists,
    MappingExists,
    QueueMappingExists,
    StreamMappingExists,
)
from lambda_emu.model.mappings.sources import BOOTSTRAP_SERVERS, SourceKind


def check_unique(mapping: EventSourceMapping, others: Iterable[EventSourceMapping]) -> None:
    """Raises MappingExists, in the words of the kind, if another one of `others` does the same already."""
    for other in others:
        if other.uuid != mapping.uuid and _same(mapping, other):
            raise _already(mapping, other.uuid)


def _same(one: EventSourceMapping, other: EventSourceMapping) -> bool:
    """Self-managed clusters are one if they share an address, whatever the consumer group."""
    if _sources(one) != _sources(other):
        return False
    return one.kind is not SourceKind.KAFKA or not set(bootstrap_servers(one)).isdisjoint(bootstrap_servers(other))


def _sources(mapping: EventSourceMapping) -> tuple[str, SourceKind, str | None, list[str]]:
    topics: list[str] = mapping.settings.get("Topics", [])
    return mapping.unqualified, mapping.kind, mapping.source_arn, topics


def bootstrap_servers(mapping: EventSourceMapping) -> list[str]:
    """Of a self-managed cluster; of other sources there are none."""
    endpoints = mapping.settings.get("SelfManagedEventSource", {}).get("Endpoints", {})
    servers: list[str] = endpoints.get(BOOTSTRAP_SERVERS, [])
    return servers


def _already(mapping: EventSourceMapping, uuid: str) -> MappingExists:
    source = mapping.source_arn or ",".join(bootstrap_servers(mapping))
    function = mapping.function_arn.rpartition(":function:")[2]
    if mapping.kind in (SourceKind.SQS, SourceKind.SQS_FIFO):
        return QueueMappingExists(source, function, uuid)
    if mapping.kind in (SourceKind.MSK, SourceKind.KAFKA):
        return KafkaMappingExists(source, mapping.function_arn, ",".join(mapping.settings["Topics"]), uuid)
    return StreamMappingExists(source, function, uuid)
