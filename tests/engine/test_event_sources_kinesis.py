"""Streams of Kinesis as event sources: what is theirs alone. docs/contract/events.md#polling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from own import OwnLam
from queue_rig import PRINTS, Invocations, shared
from services_rig import sdk
from waiting import Eventually

__all__ = ["shared"]


@pytest.fixture
def lam(shared: OwnLam) -> Iterator[OwnLam]:
    yield shared
    for made in shared.client.list_event_source_mappings()["EventSourceMappings"]:
        if made["State"] in ("Enabled", "Disabled"):
            shared.client.delete_event_source_mapping(UUID=made["UUID"])


@pytest.fixture
def kinesis(lam: OwnLam) -> Any:
    return sdk(lam, "kinesis", "test")


def arn_of(kinesis: Any, name: str) -> str:
    return str(kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"])


def map_to(lam: OwnLam, arn: str, function: str, **wanted: Any) -> str:
    wanted = {"StartingPosition": "TRIM_HORIZON", **wanted}
    return str(lam.client.create_event_source_mapping(EventSourceArn=arn, FunctionName=function, **wanted)["UUID"])


def test_each_record_comes_to_the_function_as_on_aws(lam: OwnLam, kinesis: Any, eventually: Eventually) -> None:
    name = lam.create("kinesis-shape", PRINTS)
    kinesis.create_stream(StreamName="shape", ShardCount=1)
    put = kinesis.put_record(StreamName="shape", Data=b"\x00one", PartitionKey="key")
    arn = arn_of(kinesis, "shape")

    map_to(lam, arn, name)

    [record] = eventually(Invocations(lam, name).records, "the record")
    assert isinstance(record["kinesis"].pop("approximateArrivalTimestamp"), float)
    assert record == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "key",
            "sequenceNumber": put["SequenceNumber"],
            "data": "AG9uZQ==",
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{put['ShardId']}:{put['SequenceNumber']}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": lam.role,
        "awsRegion": "us-east-1",
        "eventSourceARN": arn,
    }
