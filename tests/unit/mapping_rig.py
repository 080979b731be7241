"""An event source mapping of each kind that would pass, and a clock that a test lets run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api_rig import ACCOUNT, REGION, Api, shown

from lambda_emu.clock import Clock
from lambda_emu.model.mappings.mapping import TRANSITION_S

SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:s"


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


QUEUE, STREAM = arn("sqs", "q"), arn("kinesis", "stream/s")

# By kind: the members that such a mapping needs at least.
PASSING: Mapping[str, Mapping[str, Any]] = {
    "sqs": {"EventSourceArn": QUEUE},
    "sqs-fifo": {"EventSourceArn": arn("sqs", "q.fifo")},
    "kinesis": {"EventSourceArn": STREAM, "StartingPosition": "LATEST"},
    "dynamodb": {
        "EventSourceArn": arn("dynamodb", "table/t/stream/2026-01-01T00:00:00.000"),
        "StartingPosition": "TRIM_HORIZON",
    },
    "msk": {"EventSourceArn": arn("kafka", "cluster/c/1"), "StartingPosition": "LATEST", "Topics": ["topic"]},
    "kafka": {
        "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka:1000"]}},
        "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": SECRET}],
        "Topics": ["topic"],
    },
    "mq": {
        "EventSourceArn": arn("mq", "broker:b:b-1"),
        "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": SECRET}],
        "Queues": ["queue"],
    },
    "documentdb": {
        "EventSourceArn": arn("rds", "cluster:d"),
        "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": SECRET}],
        "DocumentDBEventSourceConfig": {"DatabaseName": "db"},
        "StartingPosition": "LATEST",
    },
}


class HandClock(Clock):
    """Time stands still until a test lets it pass."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 1_700_000_000.0

    def now_s(self) -> float:
        return self._now_s

    def arrive(self) -> None:
        """Every mapping that is on its way to a state arrives there."""
        self._now_s += TRANSITION_S


def create(api: Api, kind: str = "sqs", **wanted: Any) -> dict[str, Any]:
    return shown(api.client.create_event_source_mapping(**({"FunctionName": "f", **PASSING[kind]} | wanted)))


def get(api: Api, uuid: str) -> dict[str, Any]:
    return shown(api.client.get_event_source_mapping(UUID=uuid))


def listed(api: Api, **wanted: Any) -> list[str]:
    return [each["UUID"] for each in api.client.list_event_source_mappings(**wanted)["EventSourceMappings"]]
