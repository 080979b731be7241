"""Streams of DynamoDB as event sources: what is theirs alone. docs/contract/events.md#polling."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from own import OwnLam
from queue_rig import PRINTS, Invocations, shared
from stream_rig import TableStreams, streams_of
from waiting import Eventually

__all__ = ["shared"]


@pytest.fixture
def lam(shared: OwnLam) -> OwnLam:
    return shared


@pytest.fixture
def tables(lam: OwnLam) -> Iterator[TableStreams]:
    with streams_of("dynamodb", lam) as tables:
        assert isinstance(tables, TableStreams)
        yield tables


def test_each_change_comes_to_the_function_as_on_aws_and_in_order(
    lam: OwnLam, tables: TableStreams, eventually: Eventually
) -> None:
    name = lam.create("stream-shape", PRINTS)
    arn = tables.create("shape")
    tables.put("shape", "a", n=1)
    uuid = tables.map(arn, name)
    assert tables.mapping(uuid)["LastProcessingResult"] == "No records processed"

    tables.client.put_item(TableName="shape", Item={"id": {"S": "a"}, "raw": {"B": b"\x00\x01"}})
    tables.client.delete_item(TableName="shape", Key={"id": {"S": "a"}})

    told = Invocations(lam, name)
    eventually(lambda: len(told.records()) == 3, "three changes")
    first, second, third = told.records()
    assert [first["eventName"], second["eventName"], third["eventName"]] == ["INSERT", "MODIFY", "REMOVE"]
    change = first.pop("dynamodb")
    assert first == {
        "eventID": first["eventID"],
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": arn,
    }
    assert isinstance(change.pop("ApproximateCreationDateTime"), int)
    assert change.pop("SizeBytes") > 0
    assert change.pop("SequenceNumber").isdigit()
    images = {"Keys": {"id": {"S": "a"}}, "NewImage": {"id": {"S": "a"}, "n": {"N": "1"}}}
    assert change == {**images, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert second["dynamodb"]["NewImage"]["raw"] == {"B": "AAE="}
    eventually(lambda: tables.mapping(uuid)["LastProcessingResult"] == "OK", "the result to be told")


def test_what_time_to_live_removes_is_told_in_the_name_of_dynamodb(
    lam: OwnLam, tables: TableStreams, eventually: Eventually
) -> None:
    name = lam.create("stream-expiry", PRINTS)
    arn = tables.create("expiry")
    spent = {"Enabled": True, "AttributeName": "end"}
    tables.client.update_time_to_live(TableName="expiry", TimeToLiveSpecification=spent)
    tables.map(arn, name)
    tables.client.put_item(TableName="expiry", Item={"id": {"S": "a"}, "end": {"N": str(int(time.time()) - 60)}})

    told = Invocations(lam, name)
    eventually(lambda: len(told.records()) == 2, "the removal")
    removal = told.records()[1]
    assert removal["eventName"] == "REMOVE"
    assert removal["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
