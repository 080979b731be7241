"""Streams of Kinesis over the wire: they are created, described, listed, changed, tagged, deleted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from api_rig import refused
from boto_rig import client_at
from ground_rig import ACCOUNT
from kinesis_rig import ARN, Kinesis, kinesis

__all__ = ["kinesis"]
HALF = 1 << 127
NOT_FOUND = f"Stream absent under account {ACCOUNT} not found."


def test_a_stream_is_described_as_it_was_created(kinesis: Kinesis) -> None:
    kinesis.create("s", 2, Tags={"team": "a"})

    told = kinesis.client.describe_stream(StreamName="s")["StreamDescription"]
    summary = kinesis.client.describe_stream_summary(StreamARN=ARN + "s")["StreamDescriptionSummary"]

    assert (told["StreamName"], told["StreamARN"], told["StreamStatus"]) == ("s", ARN + "s", "ACTIVE")
    assert (told["RetentionPeriodHours"], told["EncryptionType"], told["HasMoreShards"]) == (24, "NONE", False)
    assert told["StreamCreationTimestamp"].timestamp() == pytest.approx(kinesis.clock.now_s(), abs=1)
    assert [one["HashKeyRange"] for one in told["Shards"]] == [
        {"StartingHashKey": "0", "EndingHashKey": str(HALF - 1)},
        {"StartingHashKey": str(HALF), "EndingHashKey": str(2 * HALF - 1)},
    ]
    assert (summary["OpenShardCount"], summary["ConsumerCount"], summary["MaxRecordSizeInKiB"]) == (2, 0, 1024)
    assert kinesis.client.list_tags_for_stream(StreamName="s")["Tags"] == [{"Key": "team", "Value": "a"}]


def test_waiters_see_streams_come_and_go(kinesis: Kinesis) -> None:
    kinesis.create("s")
    kinesis.client.get_waiter("stream_exists").wait(StreamName="s", WaiterConfig={"MaxAttempts": 1})

    kinesis.client.delete_stream(StreamName="s")

    kinesis.client.get_waiter("stream_not_exists").wait(StreamName="s", WaiterConfig={"MaxAttempts": 1})


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        ("describe_stream", {}),
        ("delete_stream", {}),
        ("put_record", {"Data": b"", "PartitionKey": "k"}),
        ("put_records", {"Records": [{"Data": b"", "PartitionKey": "k"}]}),
        ("get_shard_iterator", {"ShardId": "shardId-000000000000", "ShardIteratorType": "LATEST"}),
        ("list_shards", {}),
        ("list_tags_for_stream", {}),
    ],
)
def test_what_names_no_stream_is_told_so(kinesis: Kinesis, operation: str, wanted: dict[str, Any]) -> None:
    with refused("ResourceNotFoundException", NOT_FOUND):
        getattr(kinesis.client, operation)(StreamName="absent", **wanted)


def test_a_stream_is_created_once_and_is_of_its_account_and_region(kinesis: Kinesis) -> None:
    kinesis.create("s")
    with refused("ResourceInUseException", f"Stream s under account {ACCOUNT} already exists."):
        kinesis.create("s")
    other = client_at(f"http://127.0.0.1:{kinesis.port}", "kinesis", "999999999999")
    far = client_at(f"http://127.0.0.1:{kinesis.port}", "kinesis", ACCOUNT, "eu-west-1")

    assert [one.list_streams()["StreamNames"] for one in (kinesis.client, other, far)] == [["s"], [], []]


def test_streams_are_listed_by_the_page(kinesis: Kinesis) -> None:
    names = [f"s{at}" for at in range(5)]
    for name in names:
        kinesis.create(name)

    pages = list(kinesis.client.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 2}))

    assert [name for page in pages for name in page["StreamNames"]] == names
    assert [page["HasMoreStreams"] for page in pages] == [True, True, False]


def test_shards_are_listed_by_the_page_and_by_what_they_are(kinesis: Kinesis) -> None:
    kinesis.create("s", 2)
    kinesis.clock.advance(10)
    before_s = kinesis.clock.now_s()
    kinesis.clock.advance(10)
    kinesis.client.update_shard_count(StreamName="s", TargetShardCount=4, ScalingType="UNIFORM_SCALING")

    def listed(**filter_: Any) -> list[int]:
        return [int(one["ShardId"][-2:]) for one in kinesis.shards("s", ShardFilter=filter_)]

    first = kinesis.client.list_shards(StreamName="s", MaxResults=4)
    rest = kinesis.client.list_shards(NextToken=first["NextToken"])
    assert [int(one["ShardId"][-2:]) for page in (first, rest) for one in page["Shards"]] == [0, 1, 2, 3, 4, 5]
    assert listed(Type="AT_LATEST") == [2, 3, 4, 5]
    assert listed(Type="AT_TRIM_HORIZON") == [0, 1]
    assert listed(Type="FROM_TRIM_HORIZON") == [0, 1, 2, 3, 4, 5]
    assert listed(Type="AT_TIMESTAMP", Timestamp=before_s) == [0, 1]
    assert listed(Type="FROM_TIMESTAMP", Timestamp=kinesis.clock.now_s()) == [0, 1, 2, 3, 4, 5]
    assert listed(Type="AFTER_SHARD_ID", ShardId="shardId-000000000003") == [4, 5]


def test_a_closed_shard_goes_with_its_records(kinesis: Kinesis) -> None:
    kinesis.create("s", 2)
    first, second = "shardId-000000000000", "shardId-000000000001"
    kinesis.client.merge_shards(StreamName="s", ShardToMerge=first, AdjacentShardToMerge=second)
    kinesis.clock.advance(25 * 3600)

    kinesis.put("s", "one")

    assert [one["ShardId"][-1] for one in kinesis.shards("s")] == ["2"]
    assert kinesis.texts("s", shard=2) == ["one"]


RANGE = "{} allowed retention period is {} hours. Requested retention period ({} hours) is too {}."
ORDER = (
    "Requested retention period ({} hours) for stream s can not be {} than existing retention period (48 hours). "
    "Use {}RetentionPeriod API."
)


@pytest.mark.parametrize(
    ("hours", "how", "text"),
    [
        (23, "increase", RANGE.format("Minimum", 24, 23, "short")),
        (8761, "increase", RANGE.format("Maximum", 8760, 8761, "long")),
        (24, "increase", ORDER.format(24, "shorter", "Decrease")),
        (72, "decrease", ORDER.format(72, "longer", "Increase")),
    ],
)
def test_retention_is_refused_where_it_cannot_be(kinesis: Kinesis, hours: int, how: str, text: str) -> None:
    kinesis.create("s")
    kinesis.client.increase_stream_retention_period(StreamName="s", RetentionPeriodHours=48)

    with refused("InvalidArgumentException", text):
        getattr(kinesis.client, f"{how}_stream_retention_period")(StreamName="s", RetentionPeriodHours=hours)


def test_what_has_no_effect_is_told_as_it_was_set(kinesis: Kinesis) -> None:
    kinesis.client.create_stream(StreamName="s", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    arn = ARN + "s"

    kinesis.client.start_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    enabled = kinesis.client.enable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["IncomingBytes"])
    kinesis.client.update_stream_warm_throughput(StreamARN=arn, WarmThroughputMiBps=100)

    told = kinesis.client.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert (told["StreamModeDetails"], told["OpenShardCount"]) == ({"StreamMode": "ON_DEMAND"}, 4)
    assert (told["EncryptionType"], told["KeyId"]) == ("KMS", "alias/aws/kinesis")
    assert (enabled["CurrentShardLevelMetrics"], enabled["DesiredShardLevelMetrics"]) == ([], ["IncomingBytes"])
    assert told["WarmThroughput"] == {"TargetMiBps": 100, "CurrentMiBps": 100}
    put = kinesis.client.put_record(StreamName="s", Data=b"x", PartitionKey="k")
    assert put["EncryptionType"] == "KMS"
    kinesis.client.stop_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    kinesis.client.disable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["ALL"])
    kinesis.client.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "PROVISIONED"})
    told = kinesis.client.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert (told["EncryptionType"], told["EnhancedMonitoring"]) == ("NONE", [{"ShardLevelMetrics": []}])
    limits = kinesis.client.describe_limits()
    assert (limits["OpenShardCount"], limits["OnDemandStreamCount"]) == (4, 0)


@pytest.mark.parametrize("of", ["stream", "consumer"])
def test_streams_and_consumers_have_tags_and_policies(kinesis: Kinesis, of: str) -> None:
    arn = kinesis.create("s")
    if of == "consumer":
        arn = kinesis.client.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    kinesis.client.tag_resource(ResourceARN=arn, Tags={"a": "1", "b": "2"})
    kinesis.client.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert kinesis.client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})

    kinesis.client.put_resource_policy(ResourceARN=arn, Policy=policy)

    assert kinesis.client.get_resource_policy(ResourceARN=arn)["Policy"] == policy
    kinesis.client.delete_resource_policy(ResourceARN=arn)
    with refused("ResourceNotFoundException", f"Resource {arn} not found."):
        kinesis.client.get_resource_policy(ResourceARN=arn)


def test_tags_of_a_stream_come_by_the_page(kinesis: Kinesis) -> None:
    kinesis.create("s")
    kinesis.client.add_tags_to_stream(StreamName="s", Tags=dict.fromkeys("abc", "v"))

    page = kinesis.client.list_tags_for_stream(StreamName="s", Limit=2)
    rest = kinesis.client.list_tags_for_stream(StreamName="s", ExclusiveStartTagKey="b")

    assert ([one["Key"] for one in page["Tags"]], page["HasMoreTags"]) == (["a", "b"], True)
    assert ([one["Key"] for one in rest["Tags"]], rest["HasMoreTags"]) == (["c"], False)
    kinesis.client.remove_tags_from_stream(StreamName="s", TagKeys=["a", "b"])
    assert [one["Key"] for one in kinesis.client.list_tags_for_stream(StreamName="s")["Tags"]] == ["c"]


def test_consumers_are_registered_listed_and_gone(kinesis: Kinesis) -> None:
    arn = kinesis.create("s")
    for name in ("b", "a"):
        kinesis.client.register_stream_consumer(StreamARN=arn, ConsumerName=name)

    listed = kinesis.client.list_stream_consumers(StreamARN=arn)["Consumers"]
    told = kinesis.client.describe_stream_consumer(StreamARN=arn, ConsumerName="a")["ConsumerDescription"]

    assert [one["ConsumerName"] for one in listed] == ["a", "b"]
    assert (told["ConsumerARN"], told["StreamARN"]) == (listed[0]["ConsumerARN"], arn)
    with refused("ResourceInUseException", f"Stream s under account {ACCOUNT} has consumers registered to it."):
        kinesis.client.delete_stream(StreamName="s")
    kinesis.client.deregister_stream_consumer(ConsumerARN=told["ConsumerARN"])
    left = kinesis.client.list_stream_consumers(StreamARN=arn)["Consumers"]
    assert [one["ConsumerName"] for one in left] == ["b"]


@pytest.mark.parametrize(
    ("operation", "wanted", "code", "text"),
    [
        ("CreateStream", {"StreamName": "a b", "ShardCount": 0}, "ValidationException",
         "2 validation errors detected: Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy "
         "regular expression pattern: [a-zA-Z0-9_.-]+; Value '0' at 'shardCount' failed to satisfy constraint: Member "
         "must have value greater than or equal to 1"),
        ("GetShardIterator", {"StreamName": "s"}, "ValidationException",
         "2 validation errors detected: Value null at 'shardId' failed to satisfy constraint: Member must not be null; "
         "Value null at 'shardIteratorType' failed to satisfy constraint: Member must not be null"),
        ("PutRecords", {"StreamName": "s", "Records": [{"Data": "", "PartitionKey": ""}]}, "ValidationException",
         "1 validation error detected: Value '' at 'records.1.member.partitionKey' failed to satisfy constraint: "
         "Member must have length greater than or equal to 1"),
        ("PutRecord", {"StreamName": "s", "Data": "!", "PartitionKey": "k"}, "SerializationException", None),
        ("PutRecord", {"StreamName": 1, "Data": "", "PartitionKey": "k"}, "SerializationException", None),
        ("CreateChannel", {}, "UnknownOperationException", None),
        ("GetRecords", {"ShardIterator": "x"}, "InvalidArgumentException", "Invalid ShardIterator."),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_the_services_words(
    kinesis: Kinesis, operation: str, wanted: dict[str, Any], code: str, text: str | None
) -> None:
    kinesis.create("s")

    status, body = kinesis.ask(operation, json.dumps(wanted).encode())

    told = json.loads(body)
    assert (status, told["__type"]) == (400, code)
    assert text is None or told["message"] == text


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"\xff", b'{"StreamName": "\xff"}', b"[" * 100_000],
    ids=["open", "list", "bytes", "bytes in a text", "deep"],
)
def test_what_cannot_be_read_is_refused_in_either_form(kinesis: Kinesis, body: bytes) -> None:
    for kind in ("application/x-amz-json-1.1", "application/x-amz-cbor-1.1"):
        assert kinesis.ask("PutRecord", body, kind)[0] == 400
