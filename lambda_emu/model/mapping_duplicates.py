"""No two mappings bring the same source to the same function. Contract: events.md 5.1, its errors."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_emu.errors import KafkaMappingExists, MappingExists, QueueMappingExists, StreamMappingExists
from lambda_emu.model.event_source_mapping import EventSourceMapping
from lambda_emu.model.event_sources import BOOTSTRAP_SERVERS, Kind


def check_unique(mapping: EventSourceMapping, others: Iterable[EventSourceMapping]) -> None:
    """Raises MappingExists, in the words of the kind, if another one of `others` does the same already."""
    for other in others:
        if other.uuid != mapping.uuid and _sources(other) == _sources(mapping):
            raise _already(mapping, other.uuid)


def _sources(mapping: EventSourceMapping) -> tuple[str, str | None, list[str], list[str]]:
    """What makes two mappings the same. Of self-managed clusters the addresses count, in any order."""
    topics: list[str] = mapping.settings.get("Topics", [])
    return mapping.unqualified, mapping.source_arn, sorted(bootstrap_servers(mapping)), topics


def bootstrap_servers(mapping: EventSourceMapping) -> list[str]:
    """Of a self-managed cluster; of other sources there are none."""
    endpoints = mapping.settings.get("SelfManagedEventSource", {}).get("Endpoints", {})
    servers: list[str] = endpoints.get(BOOTSTRAP_SERVERS, [])
    return servers


def _already(mapping: EventSourceMapping, uuid: str) -> MappingExists:
    source = mapping.source_arn or ",".join(bootstrap_servers(mapping))
    function = mapping.function_arn.rpartition(":function:")[2]
    if mapping.kind in (Kind.SQS, Kind.SQS_FIFO):
        return QueueMappingExists(source, function, uuid)
    if mapping.kind in (Kind.MSK, Kind.KAFKA):
        return KafkaMappingExists(source, mapping.function_arn, ",".join(mapping.settings["Topics"]), uuid)
    return StreamMappingExists(source, function, uuid)
