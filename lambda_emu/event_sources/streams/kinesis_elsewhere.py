"""Streams of Kinesis that somebody else serves. A consumer of one is read as the stream is, by GetRecords."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lambda_emu.event_sources.poller import Record
from lambda_emu.event_sources.streams.calling import Asking
from lambda_emu.event_sources.streams.kinesis import KinesisRecords, stream_arn
from lambda_emu.event_sources.streams.reading import AFTER, AT_TIMESTAMP, Page, Position, ShardInfo
from lambda_emu.services.clients import Call

MOST = 10_000


class KinesisStream(Asking):
    """calling.StreamApi. An iterator is told with its shard, which no record names."""

    def __init__(self, arn: str, role: str, call: Call) -> None:
        super().__init__("kinesis", arn, call)
        self._name = stream_arn(arn).rpartition("/")[2]
        self._records = KinesisRecords(arn, role)

    def shards(self) -> list[ShardInfo]:
        found: list[ShardInfo] = []
        more: dict[str, Any] = {}
        while True:
            described = self.ask("DescribeStream", {"StreamName": self._name, **more})["StreamDescription"]
            shards = described.get("Shards", ())
            found += map(_info, shards)
            if not described.get("HasMoreShards") or not shards:
                ids = {shard.id for shard in found}  # a parent that is not kept any more is waited for by nobody
                return [one._replace(parents=tuple(ids.intersection(one.parents))) for one in found]
            more = {"ExclusiveStartShardId": shards[-1]["ShardId"]}

    def iterator(self, shard: str, position: Position) -> str:
        kind = "AFTER_SEQUENCE_NUMBER" if position.kind == AFTER else position.kind
        wanted: dict[str, Any] = {"StreamName": self._name, "ShardId": shard, "ShardIteratorType": kind}
        if position.kind == AFTER:
            wanted["StartingSequenceNumber"] = position.text
        if position.kind == AT_TIMESTAMP:
            wanted["Timestamp"] = float(position.text)
        return f"{shard} {self.ask('GetShardIterator', wanted)['ShardIterator']}"

    def page(self, iterator: str, limit: int) -> Page:
        shard, _, place = iterator.partition(" ")
        answer = self.ask("GetRecords", {"ShardIterator": place, "Limit": min(limit, MOST)})
        following = answer.get("NextShardIterator")
        records = [self._record(shard, one) for one in answer.get("Records", ())]
        return Page(records, None if following is None else f"{shard} {following}")

    def _record(self, shard: str, found: Mapping[str, Any]) -> Record:
        at: datetime = found["ApproximateArrivalTimestamp"]
        return self._records.make(shard, found["SequenceNumber"], found["PartitionKey"], found["Data"], at.timestamp())


def _info(shard: Mapping[str, Any]) -> ShardInfo:
    parents = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
    ended = "EndingSequenceNumber" in shard.get("SequenceNumberRange", {})
    return ShardInfo(shard["ShardId"], tuple(parent for parent in parents if parent), ended)
