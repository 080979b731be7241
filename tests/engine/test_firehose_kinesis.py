"""Delivery streams that read a stream of Kinesis. docs/contract/events.md#firehose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_rig import refused
from boto_rig import client_at
from own import OwnLam, own_emulator, served
from services_rig import sdk
from waiting import Eventually, eventually

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/firehose"
SOURCE = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/k"
TELLS = """
import json
def handler(event, context):
    print("GOT " + json.dumps(event))
    return {"records": [{"recordId": one["recordId"], "result": "Ok", "data": one["data"]} for one in event["records"]]}
"""


class Account:
    """Kinesis, S3 and Firehose of a server, with a bucket `logs` and a stream `k`."""

    def __init__(self, lam: Any, kinesis: Any = None) -> None:
        self.kinesis = kinesis or sdk(lam, "kinesis", ACCOUNT)
        self.firehose = sdk(lam, "firehose", ACCOUNT)
        self.s3 = sdk(lam, "s3", ACCOUNT)

    def prepare(self, shards: int = 1) -> None:
        self.kinesis.create_stream(StreamName="k", ShardCount=shards)
        self.s3.create_bucket(Bucket="logs")

    def create(self, **destination: Any) -> None:
        wanted = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::logs", "BufferingHints": {"IntervalInSeconds": 0}}
        self.firehose.create_delivery_stream(
            DeliveryStreamName="s",
            DeliveryStreamType="KinesisStreamAsSource",
            KinesisStreamSourceConfiguration={"KinesisStreamARN": SOURCE, "RoleARN": ROLE},
            ExtendedS3DestinationConfiguration=wanted | destination,
        )

    def put(self, *texts: str, key: str = "a") -> list[str]:
        """Their sequence numbers."""
        return [
            self.kinesis.put_record(StreamName="k", Data=f"{text} ".encode(), PartitionKey=key)["SequenceNumber"]
            for text in texts
        ]

    def delivered(self) -> list[str]:
        """The texts of all objects."""
        keys = [one["Key"] for one in self.s3.list_objects_v2(Bucket="logs").get("Contents", [])]
        bodies = [self.s3.get_object(Bucket="logs", Key=key)["Body"].read().decode() for key in keys]
        return sorted(text for body in bodies for text in body.split())


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("project"), "process") as lam:
        yield lam


@pytest.fixture
def account(lam: OwnLam) -> Iterator[Account]:
    yield Account(lam)
    lam.emulator.reset()


def test_what_comes_to_the_source_since_it_was_made_is_delivered(account: Account, eventually: Eventually) -> None:
    account.prepare()
    account.put("before")
    account.create()
    account.put("a", "b")

    eventually(lambda: account.delivered() == ["a", "b"], "both records")

    source = account.firehose.describe_delivery_stream(DeliveryStreamName="s")["DeliveryStreamDescription"]["Source"]
    told = source["KinesisStreamSourceDescription"]
    assert told.pop("DeliveryStartTimestamp")
    assert told == {"KinesisStreamARN": SOURCE, "RoleARN": ROLE}


def test_nobody_else_may_put_to_it(account: Account) -> None:
    account.prepare()
    account.create()

    text = "This operation is not permitted on KinesisStreamAsSource delivery stream type."
    with refused("InvalidArgumentException", text):
        account.firehose.put_record(DeliveryStreamName="s", Record={"Data": b"x"})


def test_a_function_is_told_where_records_lay(lam: OwnLam, account: Account, eventually: Eventually) -> None:
    lam.create("told", TELLS)
    arn = lam.client.get_function(FunctionName="told")["Configuration"]["FunctionArn"]
    named = {"LambdaArn": arn, "BufferIntervalInSeconds": "0"}
    parameters = [{"ParameterName": name, "ParameterValue": value} for name, value in named.items()]
    account.prepare()
    account.create(
        ProcessingConfiguration={"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}
    )
    [sequence] = account.put("x", key="k1")
    eventually(lambda: account.delivered() == ["x"], "the record")

    [event] = [json.loads(line.removeprefix("GOT ")) for line in lam.own_events("told") if line.startswith("GOT ")]
    assert event["sourceKinesisStreamArn"] == SOURCE
    [record] = event["records"]
    assert record["recordId"] == sequence + "000000"
    assert record["kinesisRecordMetadata"] == {
        "sequenceNumber": sequence,
        "subsequenceNumber": 0,
        "partitionKey": "k1",
        "shardId": "shardId-000000000000",
        "approximateArrivalTimestamp": record["approximateArrivalTimestamp"],
    }


def test_children_of_a_shard_follow_it(account: Account, eventually: Eventually) -> None:
    account.prepare()
    account.create()
    first = [f"first{number}" for number in range(20)]
    account.put(*first)
    half = str(1 << 127)
    account.kinesis.split_shard(StreamName="k", ShardToSplit="shardId-000000000000", NewStartingHashKey=half)
    second = [f"second{number}" for number in range(20)]
    account.put(*second)

    eventually(lambda: len(account.delivered()) == 40, "all records")

    assert account.delivered() == sorted(first + second)


def test_a_source_that_is_made_later_is_read(lam: OwnLam, account: Account, eventually: Eventually) -> None:
    account.create()
    account.prepare()
    account.put("x")

    def found() -> bool:
        lam.pass_time(30)
        return account.delivered() == ["x"]

    eventually(found, "the record")


def test_a_kill_loses_nothing_and_reading_goes_on(tmp_path: Path) -> None:
    with served(tmp_path, "process") as lam:
        account = Account(lam)
        account.prepare(2)
        account.create(BufferingHints={"IntervalInSeconds": 1})
        account.put(*(f"a{number}" for number in range(50)))
        lam.process.kill()
        lam.process.wait(10)

    with served(tmp_path, "process") as lam:
        account = Account(lam)
        account.put(*(f"b{number}" for number in range(50)), key="other")
        wanted = {f"{life}{number}" for life in "ab" for number in range(50)}
        eventually(lambda: set(account.delivered()) == wanted, "all records")


def test_a_source_that_somebody_else_serves_is_read(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    with own_emulator(tmp_path, "process", stems=0) as theirs:
        kinesis = client_at(theirs.url, "kinesis", ACCOUNT)
        with own_emulator(ours, "process", stems=0, service=f"kinesis={theirs.url}") as lam:
            account = Account(lam, kinesis)
            account.prepare()
            account.create()
            account.put("x", "y")

            def found() -> bool:
                lam.pass_time(1)
                return account.delivered() == ["x", "y"]

            eventually(found, "both records")
