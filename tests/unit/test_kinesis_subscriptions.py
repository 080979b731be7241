"""SubscribeToShard: records come as they are put, until five minutes are over or the shard is."""

from __future__ import annotations

import threading
from queue import Queue
from typing import Any

import pytest
from botocore.exceptions import ClientError
from kinesis_rig import ARN, Kinesis, kinesis, texts_of

__all__ = ["kinesis"]
WAIT_S = 20


class Reading:
    """What a subscription is sent, event by event; None: it has ended."""

    def __init__(self, kinesis: Kinesis, consumer: str, kind: str = "TRIM_HORIZON", **wanted: Any) -> None:
        position = {"Type": kind, **wanted}
        answer = kinesis.client.subscribe_to_shard(
            ConsumerARN=consumer, ShardId="shardId-000000000000", StartingPosition=position
        )
        self.events: Queue[Any] = Queue()
        self._stream = answer["EventStream"]
        threading.Thread(target=self._read, daemon=True).start()

    def next(self) -> Any:
        return self.events.get(timeout=WAIT_S)

    def texts(self, count: int) -> list[str]:
        found: list[str] = []
        while len(found) < count:
            found += texts_of(self.next())
        return found

    def _read(self) -> None:
        try:
            for one in self._stream:
                self.events.put(one["SubscribeToShardEvent"])
            self.events.put(None)
        except Exception as error:  # noqa: BLE001 - handed to the test
            self.events.put(error)


def register(kinesis: Kinesis, name: str = "c") -> str:
    return str(
        kinesis.client.register_stream_consumer(StreamARN=ARN + "s", ConsumerName=name)["Consumer"]["ConsumerARN"]
    )


def test_a_subscriber_is_sent_what_is_there_and_what_comes(kinesis: Kinesis) -> None:
    kinesis.create("s")
    kinesis.put("s", "one", "two")
    reading = Reading(kinesis, register(kinesis))
    assert reading.texts(2) == ["one", "two"]

    kinesis.put("s", "three")

    assert reading.texts(1) == ["three"]


def test_two_consumers_are_each_sent_everything(kinesis: Kinesis) -> None:
    kinesis.create("s")
    readings = [Reading(kinesis, register(kinesis, name), "LATEST") for name in ("a", "b")]

    kinesis.put("s", "one", "two")

    assert [reading.texts(2) for reading in readings] == [["one", "two"]] * 2


def test_a_subscription_ends_after_five_minutes_and_can_be_gone_on_with(kinesis: Kinesis) -> None:
    kinesis.create("s")
    consumer = register(kinesis)
    reading = Reading(kinesis, consumer)
    kinesis.put("s", "one")
    first = reading.next()
    assert texts_of(first) == ["one"]

    kinesis.clock.advance(301)

    while (event := reading.next()) is not None:
        assert event["Records"] == []
    kinesis.put("s", "two")
    after = Reading(kinesis, consumer, "AFTER_SEQUENCE_NUMBER", SequenceNumber=first["ContinuationSequenceNumber"])
    assert after.texts(1) == ["two"]


def test_an_idle_subscriber_hears_that_nothing_came(kinesis: Kinesis) -> None:
    kinesis.create("s")
    reading = Reading(kinesis, register(kinesis))

    kinesis.clock.advance(6)

    event = reading.next()
    assert (event["Records"], event["MillisBehindLatest"]) == ([], 0)


def test_a_subscription_ends_with_its_shard(kinesis: Kinesis) -> None:
    kinesis.create("s")
    reading = Reading(kinesis, register(kinesis))
    kinesis.put("s", "last")

    kinesis.client.split_shard(StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(1 << 127))

    assert reading.texts(1) == ["last"]
    event = reading.next()
    assert [one["ShardId"][-1] for one in event["ChildShards"]] == ["1", "2"]
    assert reading.next() is None


def test_a_second_subscriber_takes_over_after_five_seconds_and_not_before(kinesis: Kinesis) -> None:
    kinesis.create("s")
    consumer = register(kinesis)
    first = Reading(kinesis, consumer)
    with pytest.raises(ClientError) as refused:
        Reading(kinesis, consumer)
    assert refused.value.response["Error"]["Code"] == "ResourceInUseException"
    kinesis.clock.advance(6)

    second = Reading(kinesis, consumer)

    while (event := first.next()) is not None:
        assert event["Records"] == []
    kinesis.put("s", "one")
    assert second.texts(1) == ["one"]


@pytest.mark.parametrize("gone", ["stream", "consumer"])
def test_a_subscription_to_what_is_deleted_ends_with_its_error(kinesis: Kinesis, gone: str) -> None:
    kinesis.create("s")
    consumer = register(kinesis)
    reading = Reading(kinesis, consumer)

    if gone == "stream":
        kinesis.client.delete_stream(StreamName="s", EnforceConsumerDeletion=True)
    else:
        kinesis.client.deregister_stream_consumer(ConsumerARN=consumer)

    assert "ResourceNotFoundException" in str(reading.next())
