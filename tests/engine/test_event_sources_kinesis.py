"""Streams of Kinesis as event sources: what is theirs alone. docs/contract/events.md#polling."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import pytest
from own import OwnLam, own_emulator
from queue_rig import PRINTS, Invocations, shared
from services_rig import sdk
from stream_rig import DOES, KinesisStreams, passing, streams_of
from waiting import Eventually

__all__ = ["shared"]


@pytest.fixture
def lam(shared: OwnLam) -> OwnLam:
    return shared


@pytest.fixture
def streams(lam: OwnLam) -> Iterator[KinesisStreams]:
    with streams_of("kinesis", lam) as streams:
        assert isinstance(streams, KinesisStreams)
        yield streams


def put(streams: KinesisStreams, name: str, *texts: str) -> None:
    for text in texts:
        streams.client.put_record(StreamName=name, Data=text.encode(), PartitionKey="k")


def texts(told: Invocations) -> list[str]:
    return [b64decode(record["kinesis"]["data"]).decode() for record in told.records()]


def test_each_record_comes_to_the_function_as_on_aws(
    lam: OwnLam, streams: KinesisStreams, eventually: Eventually
) -> None:
    name = lam.create("kinesis-shape", PRINTS)
    arn = streams.create("shape")
    put = streams.client.put_record(StreamName="shape", Data=b"\x00one", PartitionKey="key")

    streams.map(arn, name)

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


def test_a_consumer_is_a_source_of_its_own_beside_the_stream(
    lam: OwnLam, streams: KinesisStreams, eventually: Eventually
) -> None:
    by_stream, by_consumer = lam.create("kinesis-whole", PRINTS), lam.create("kinesis-consumer", DOES)
    arn = streams.create("consumed")
    streams.put("consumed", "a")
    consumer = streams.client.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    streams.map(arn, by_stream)
    streams.map(consumer, by_consumer)

    streams.put("consumed", "b")

    for function, source in ((by_stream, arn), (by_consumer, consumer)):
        told = Invocations(lam, function)
        eventually(lambda told=told: len(told.records()) == 2, "both")  # type: ignore[misc]
        assert streams.ids(told.records()) == ["a", "b"]
        assert {record["eventSourceARN"] for record in told.records()} == {source}
    with pytest.raises(lam.client.exceptions.InvalidParameterValueException, match=f"Stream not found: {arn}/consumer"):
        streams.map(f"{arn}/consumer/none:1", by_stream)


def test_a_mapping_begins_at_a_time(lam: OwnLam, streams: KinesisStreams, eventually: Eventually) -> None:
    name = lam.create("kinesis-time", PRINTS)
    arn = streams.create("time")
    streams.put("time", "before")
    lam.pass_time(60)
    then_s = lam.now_s() - 1
    streams.put("time", "after")

    streams.map(arn, name, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=then_s)

    told = Invocations(lam, name)
    eventually(told.records, "the later one")
    assert streams.ids(told.records()) == ["after"]


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ({"data": ["plain"]}, ["plain"]),
        ({"data": {"n": [1]}}, ['{"n": 1}']),
        ({"partitionKey": ["k"]}, ["plain", '{"n": 1}', "end"]),
    ],
    ids=["text", "json", "beside the data"],
)
def test_data_is_filtered_as_text_or_as_json(
    lam: OwnLam, streams: KinesisStreams, pattern: Any, wanted: list[str], eventually: Eventually
) -> None:
    name = lam.create(f"kinesis-filter-{len(wanted)}-{wanted[0][:1].strip('{')}", PRINTS)
    stream = f"filter-{name}"
    put(streams, streams.create(stream).rpartition("/")[2], "plain", '{"n": 1}')
    filters = [{"Pattern": json.dumps(pattern)}, {"Pattern": json.dumps({"data": ["end"]})}]
    streams.map(streams.arn(stream), name, FilterCriteria={"Filters": filters})

    put(streams, stream, "end")

    told = Invocations(lam, name)
    eventually(lambda: "end" in texts(told), "the last")
    assert [text for text in texts(told) if text != "end"] == [text for text in wanted if text != "end"]


def test_a_bucket_is_told_of_records_with_their_data(
    lam: OwnLam, streams: KinesisStreams, eventually: Eventually
) -> None:
    name = lam.create("kinesis-bucket", DOES)
    s3 = sdk(lam, "s3", "test")
    s3.create_bucket(Bucket="given-up")
    arn = streams.create("bucket")
    streams.put("bucket", "fail")
    uuid = streams.map(
        arn,
        name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::given-up"}},
    )

    listed = eventually(passing(lam, lambda: s3.list_objects_v2(Bucket="given-up").get("Contents")), "the record")

    assert listed[0]["Key"].startswith(f"aws/lambda/{uuid}/shardId-000000000000/")
    told = json.loads(s3.get_object(Bucket="given-up", Key=listed[0]["Key"])["Body"].read())
    assert (told["KinesisBatchInfo"]["batchSize"], told["KinesisBatchInfo"]["streamArn"]) == (1, arn)
    assert streams.ids(json.loads(told["payload"])["Records"]) == ["fail"]


def test_a_key_keeps_its_order_while_shards_are_split_and_merged(
    lam: OwnLam, streams: KinesisStreams, eventually: Eventually
) -> None:
    name = lam.create("kinesis-reshaped", PRINTS)
    streams.map(streams.create("reshaped"), name, ParallelizationFactor=2, BatchSize=3)
    keys = [f"key-{number}" for number in range(6)]

    for n, count in enumerate((2, 4, 2, 1, 2)):
        streams.put("reshaped", *keys, n=n)
        streams.client.update_shard_count(StreamName="reshaped", TargetShardCount=count, ScalingType="UNIFORM_SCALING")

    told = Invocations(lam, name)
    eventually(lambda: len(told.records()) >= 30, "all of them")
    found: dict[str, list[int]] = {}
    for record in told.records():
        id, n, _ = streams.read(record)
        found.setdefault(id, []).append(n)
    assert found == {key: [0, 1, 2, 3, 4] for key in keys}


def test_a_stream_that_is_made_anew_is_read_from_its_beginning(
    lam: OwnLam, streams: KinesisStreams, eventually: Eventually
) -> None:
    name = lam.create("kinesis-anew", PRINTS)
    arn = streams.create("anew")
    streams.map(arn, name)
    streams.put("anew", "a", "b")
    told = Invocations(lam, name)
    eventually(lambda: len(told.records()) == 2, "both")

    streams.client.delete_stream(StreamName="anew")
    lam.pass_time(5)
    streams.client.create_stream(StreamName="anew", ShardCount=2)
    for key in ("c", "d", "e", "f"):
        streams.put("anew", key)

    eventually(passing(lam, lambda: len(told.records()) >= 6), "those of the new one")
    assert sorted(streams.ids(told.records())) == ["a", "b", "c", "d", "e", "f"]


def test_accounts_have_streams_of_their_own_and_a_reset_leaves_none(tmp_path: Any) -> None:
    with own_emulator(tmp_path, "process", stems=0) as lam:
        ours, theirs = sdk(lam, "kinesis", "111111111111"), sdk(lam, "kinesis", "222222222222")
        ours.create_stream(StreamName="s", ShardCount=1)

        assert (ours.list_streams()["StreamNames"], theirs.list_streams()["StreamNames"]) == (["s"], [])
        lam.emulator.reset()
        assert ours.list_streams()["StreamNames"] == []


@pytest.mark.parametrize("limits", [True, False])
def test_a_shard_refuses_what_is_too_much_where_the_server_is_told_to(tmp_path: Any, limits: bool) -> None:
    """Twelve seconds' worth at once."""
    with own_emulator(tmp_path, "process", stems=0, shard_limits=limits) as lam:
        kinesis = sdk(lam, "kinesis")
        kinesis.create_stream(StreamName="s", ShardCount=1)
        entries = [{"Data": b"x", "PartitionKey": "k"}] * 500
        answers = [kinesis.put_records(StreamName="s", Records=entries) for _ in range(24)]

    refused = [one["ErrorCode"] for answer in answers for one in answer["Records"] if "ErrorCode" in one]
    assert set(refused) == ({"ProvisionedThroughputExceededException"} if limits else set())
    assert len(refused) <= 11_000
