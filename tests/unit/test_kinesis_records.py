"""Records of streams over the wire: where they go, in which order they come, and where readers begin and end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import md5
from pathlib import Path
from sys import getrefcount
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import ClientError
from kinesis_rig import ARN, Kinesis, kinesis, serving, texts_of
from waiting import eventually

from lambda_emu.services.kinesis.rates import Rates
from lambda_emu.services.kinesis.serving import PAGES
from lambda_emu.services.kinesis.stream import Record, Shard, ShardRecord

__all__ = ["kinesis"]
HALF = 1 << 127


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_what_is_put_is_read_in_its_order(kinesis: Kinesis) -> None:
    kinesis.create("s")

    numbers = kinesis.put("s", "one", "two", "three")

    page = kinesis.read(kinesis.iterator("s"))
    assert texts_of(page) == ["one", "two", "three"]
    assert [one["SequenceNumber"] for one in page["Records"]] == numbers
    assert sorted(map(int, numbers)) == list(map(int, numbers))
    assert all(number.startswith("49") and len(number) == 56 for number in numbers)
    assert page["MillisBehindLatest"] == 0
    assert texts_of(kinesis.read(page["NextShardIterator"])) == []


def test_a_key_says_its_shard_by_its_md5(kinesis: Kinesis) -> None:
    kinesis.create("s", 2)

    for key in ("a", "b", "c", "d"):
        told = kinesis.client.put_record(StreamName="s", Data=b"x", PartitionKey=key)
        upper = int(md5(key.encode()).hexdigest(), 16) >= HALF
        assert told["ShardId"] == f"shardId-{int(upper):012d}"


def test_an_explicit_hash_key_goes_before_the_partition_key(kinesis: Kinesis) -> None:
    kinesis.create("s", 2)

    places = [
        kinesis.client.put_record(StreamName="s", Data=b"x", PartitionKey="a", ExplicitHashKey=str(key))["ShardId"]
        for key in (0, HALF - 1, HALF, 2 * HALF - 1)
    ]

    assert [place[-1] for place in places] == ["0", "0", "1", "1"]
    with pytest.raises(ClientError) as refused:
        kinesis.client.put_record(StreamName="s", Data=b"x", PartitionKey="a", ExplicitHashKey=str(2 * HALF))
    assert code_of(refused) == "InvalidArgumentException"


def test_many_are_put_at_once_each_to_its_shard(kinesis: Kinesis) -> None:
    kinesis.create("s", 3)
    entries = [{"Data": str(at).encode(), "PartitionKey": str(at)} for at in range(500)]

    told = kinesis.client.put_records(StreamName="s", Records=entries)

    assert told["FailedRecordCount"] == 0
    for shard in range(3):
        mine = [str(at) for at, one in enumerate(told["Records"]) if one["ShardId"].endswith(str(shard))]
        assert mine
        assert kinesis.texts("s", shard=shard) == mine


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("AT_SEQUENCE_NUMBER", ["two", "three"]),
        ("AFTER_SEQUENCE_NUMBER", ["three"]),
        ("LATEST", []),
        ("TRIM_HORIZON", ["one", "two", "three"]),
    ],
)
def test_a_reader_begins_where_it_says(kinesis: Kinesis, kind: str, expected: list[str]) -> None:
    kinesis.create("s")
    numbers = kinesis.put("s", "one", "two", "three")

    wanted: dict[str, Any] = {"StartingSequenceNumber": numbers[1]} if kind.endswith("SEQUENCE_NUMBER") else {}

    assert kinesis.texts("s", kind, **wanted) == expected


def test_a_reader_begins_at_a_time(kinesis: Kinesis) -> None:
    kinesis.create("s")
    kinesis.put("s", "early")
    kinesis.clock.advance(10)
    now_s = kinesis.clock.now_s()
    kinesis.put("s", "late")

    assert kinesis.texts("s", "AT_TIMESTAMP", Timestamp=now_s - 5) == ["late"]
    assert kinesis.texts("s", "AT_TIMESTAMP", Timestamp=now_s - 20) == ["early", "late"]


def test_a_reader_hears_how_far_it_is_behind(kinesis: Kinesis) -> None:
    kinesis.create("s")
    kinesis.put("s", "one", "two")
    kinesis.clock.advance(7)

    page = kinesis.read(kinesis.iterator("s"), Limit=1)

    assert page["MillisBehindLatest"] == pytest.approx(7000, abs=1)
    assert kinesis.read(page["NextShardIterator"])["MillisBehindLatest"] == 0


def test_an_iterator_is_too_old_after_five_minutes(kinesis: Kinesis) -> None:
    kinesis.create("s")
    iterator = kinesis.iterator("s")
    kinesis.clock.advance(299)
    kinesis.read(iterator)

    kinesis.clock.advance(2)

    with pytest.raises(ClientError) as refused:
        kinesis.read(iterator)
    assert code_of(refused) == "ExpiredIteratorException"
    with pytest.raises(ClientError) as refused:
        kinesis.read("AAAAAAAAAAE" + iterator[11:-4] + "AAAA")
    assert code_of(refused) == "InvalidArgumentException"


@pytest.mark.parametrize("hours", [24, 48])
def test_records_are_kept_as_long_as_their_stream_says(kinesis: Kinesis, hours: int) -> None:
    kinesis.create("s")
    if hours > 24:
        kinesis.client.increase_stream_retention_period(StreamName="s", RetentionPeriodHours=hours)
    kinesis.put("s", "old")
    kinesis.clock.advance(hours * 3600 - 10)
    assert kinesis.texts("s") == ["old"]

    kinesis.clock.advance(20)

    assert kinesis.texts("s") == []
    kinesis.put("s", "new")
    assert kinesis.texts("s") == ["new"]


def test_a_split_shard_ends_and_names_its_children(kinesis: Kinesis) -> None:
    kinesis.create("s")
    kinesis.put("s", "before")

    kinesis.client.split_shard(StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(HALF))
    kinesis.put("s", "after")

    page = kinesis.read(kinesis.iterator("s"))
    assert texts_of(page) == ["before"]
    assert "NextShardIterator" not in page
    assert [one["ShardId"][-1] for one in page["ChildShards"]] == ["1", "2"]
    assert [one["ParentShards"] for one in page["ChildShards"]] == [["shardId-000000000000"]] * 2
    assert kinesis.texts("s", shard=1) + kinesis.texts("s", shard=2) == ["after"]
    ended, *children = kinesis.shards("s")
    last = int(ended["SequenceNumberRange"]["EndingSequenceNumber"])
    assert all(int(one["SequenceNumberRange"]["StartingSequenceNumber"]) > last for one in children)
    assert [one["HashKeyRange"]["StartingHashKey"] for one in children] == ["0", str(HALF)]


def test_merged_shards_end_in_one(kinesis: Kinesis) -> None:
    kinesis.create("s", 2)

    first, second = "shardId-000000000000", "shardId-000000000001"
    kinesis.client.merge_shards(StreamName="s", ShardToMerge=first, AdjacentShardToMerge=second)

    child = kinesis.shards("s")[2]
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (first, second)
    assert child["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(2 * HALF - 1)}
    assert [one["ShardId"] for one in kinesis.read(kinesis.iterator("s"))["ChildShards"]] == [child["ShardId"]]


@pytest.mark.parametrize(("count", "target"), [(1, 2), (2, 1), (2, 3), (5, 3), (4, 8), (7, 4), (3, 3)])
def test_a_stream_gets_as_many_shards_of_one_size_as_are_wanted(kinesis: Kinesis, count: int, target: int) -> None:
    kinesis.create("s", count)

    told = kinesis.client.update_shard_count(StreamName="s", TargetShardCount=target, ScalingType="UNIFORM_SCALING")

    assert (told["CurrentShardCount"], told["TargetShardCount"]) == (count, target)
    there = kinesis.shards("s", ShardFilter={"Type": "AT_LATEST"})
    firsts = sorted(int(one["HashKeyRange"]["StartingHashKey"]) for one in there)
    assert firsts == [(1 << 128) // target * at for at in range(target)]


def test_what_was_answered_is_there_after_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path) as kinesis:
        kinesis.create("s", 2)
        kinesis.put("s", "one")
        large = kinesis.client.put_record(StreamName="s", Data=b"x" * 1_000_000, PartitionKey="k")
        numbers = kinesis.put("s", "two")
        shard = int(large["ShardId"][-1])
        iterator = kinesis.iterator("s", shard=shard)
        clock = kinesis.clock

    clock_s = clock.now_s()
    with serving(tmp_path) as kinesis:
        kinesis.clock.advance(max(clock_s - kinesis.clock.now_s(), 0))
        page = kinesis.read(iterator)
        assert [len(one["Data"]) for one in page["Records"]] == [3, 1_000_000, 3]
        assert page["Records"][2]["SequenceNumber"] == numbers[0]
        (new,) = kinesis.put("s", "three")
        assert int(new) > int(numbers[0])
        assert texts_of(kinesis.read(page["NextShardIterator"])) == ["three"]


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) + 1])
def test_a_record_has_a_mebibyte_at_most(kinesis: Kinesis, size: int) -> None:
    kinesis.create("s")
    data = b"x" * (size - 1)
    if size <= 1 << 20:
        kinesis.client.put_record(StreamName="s", Data=data, PartitionKey="k")
        assert len(kinesis.read(kinesis.iterator("s"))["Records"][0]["Data"]) == size - 1
        return
    with pytest.raises(ClientError) as refused:
        kinesis.client.put_record(StreamName="s", Data=data, PartitionKey="k")
    assert code_of(refused) == "ValidationException"
    kinesis.client.update_max_record_size(StreamARN=ARN + "s", MaxRecordSizeInKiB=10_240)
    kinesis.client.put_record(StreamName="s", Data=data, PartitionKey="k")


def test_a_page_ends_at_ten_mebibytes(kinesis: Kinesis) -> None:
    kinesis.create("s")
    for _ in range(12):
        kinesis.client.put_record(StreamName="s", Data=b"x" * 1_000_000, PartitionKey="k")

    page = kinesis.read(kinesis.iterator("s"))

    assert len(page["Records"]) == 10
    assert len(kinesis.read(page["NextShardIterator"])["Records"]) == 2


def test_a_shard_that_is_to_refuse_what_is_too_much_refuses_that_alone(kinesis: Kinesis) -> None:
    kinesis.create("s", 2)
    kinesis.streams.rates = Rates(kinesis.clock)
    for _ in range(2):
        entries = [{"Data": b"x", "PartitionKey": "a", "ExplicitHashKey": "0"}] * 500
        assert kinesis.client.put_records(StreamName="s", Records=entries)["FailedRecordCount"] == 0

    both = [{"Data": b"x", "PartitionKey": "a", "ExplicitHashKey": str(key)} for key in (0, HALF)]
    told = kinesis.client.put_records(StreamName="s", Records=both)

    code = "ProvisionedThroughputExceededException"
    assert (told["FailedRecordCount"], told["Records"][0]["ErrorCode"]) == (1, code)
    assert told["Records"][1]["ShardId"] == "shardId-000000000001"
    with pytest.raises(ClientError) as refused:
        kinesis.client.put_record(StreamName="s", **both[0])
    assert code_of(refused) == code
    kinesis.clock.advance(1)
    kinesis.client.put_record(StreamName="s", **both[0])


@pytest.mark.parametrize("count", [1, 10_000])
def test_a_long_page_is_written_by_a_worker_and_a_short_one_at_once(kinesis: Kinesis, count: int) -> None:
    kinesis.create("s")
    for at in range(0, count, 500):
        entries = [{"Data": f"{number}".encode(), "PartitionKey": "k"} for number in range(at, min(at + 500, count))]
        kinesis.client.put_records(StreamName="s", Records=entries)
    enough = Event()
    busy = [kinesis.loop.ask(lambda: kinesis.loop.work(PAGES, enough.wait, 60), 10) for _ in range(PAGES.threads)]

    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(kinesis.texts, "s")
        if count == 1:
            assert asked.result(30) == ["0"]
        kinesis.put("s", "meanwhile")
        was_answered = asked.done()
        enough.set()
        texts = asked.result(30)

    assert was_answered == (count == 1)
    assert texts[:count] == [str(number) for number in range(count)]
    eventually(lambda: all(one.done() for one in busy), "the workers")


def test_a_record_that_is_on_disk_alone_takes_no_memory() -> None:
    shard = Shard(ShardRecord(1, 0, "0", "1", 0))
    data = b"x" * 1000
    others = getrefcount(data)

    shard.keep(Record(1, 0, "k", data))
    shard.let_go()

    assert getrefcount(data) == others
