"""ListShards, SplitShard, MergeShards, UpdateShardCount."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.services.kinesis.control import check_shards, shown_shard
from lambda_emu.services.kinesis.errors import InvalidArgument, LimitExceeded, NotForMode
from lambda_emu.services.kinesis.members import ListShards, MergeShards, ShardFilter, SplitShard, UpdateShardCount
from lambda_emu.services.kinesis.request import KinesisRequest, shard_of
from lambda_emu.services.kinesis.reshaping import merge, open_shards, scale, split
from lambda_emu.services.kinesis.stream import ShardRecord, Stream
from lambda_emu.services.kinesis.streams import Streams
from lambda_emu.services.kinesis.tokens import ListToken, read_token

SHARDS_AT_ONCE = 1000


def split_shard(request: KinesisRequest, streams: Streams) -> None:
    asked: SplitShard = request.asked
    stream = request.stream(streams)
    shard = shard_of(stream, asked.shard_to_split or "").record
    key = int(asked.new_starting_hash_key or 0)
    _check_open(stream, shard)
    check_shards(streams, request, 1)
    changed = split(stream.record, shard, key, request.now_ms, streams.next_shard_id)
    streams.change(stream, changed, request.told)


def merge_shards(request: KinesisRequest, streams: Streams) -> None:
    asked: MergeShards = request.asked
    stream = request.stream(streams)
    one = shard_of(stream, asked.shard_to_merge or "").record
    other = shard_of(stream, asked.adjacent_shard_to_merge or "").record
    changed = merge(stream.record, one, other, request.now_ms, streams.next_shard_id)
    streams.change(stream, changed, request.told)


def update_shard_count(request: KinesisRequest, streams: Streams) -> None:
    asked: UpdateShardCount = request.asked
    stream = request.stream(streams)
    record, target = stream.record, asked.target_shard_count or 1
    count = len(open_shards(record))
    if record.mode == "ON_DEMAND":
        raise NotForMode("The shards of a stream in ON_DEMAND mode are not for its user to count.")  # (?)
    counts = f"Current open shard count: {count}, Target shard count: {target}"
    if target > count * 2:
        said = "UpdateShardCount cannot scale up over double your current open shard count."
        raise LimitExceeded(f"{said} {counts}")
    if target * 2 < count:
        said = "UpdateShardCount cannot scale down below half your current open shard count."
        raise LimitExceeded(f"{said} {counts}")
    check_shards(streams, request, target - count)
    answer = {
        "StreamName": record.name,
        "StreamARN": record.arn,
        "CurrentShardCount": count,
        "TargetShardCount": target,
    }
    streams.change(stream, scale(record, target, request.now_ms, streams.next_shard_id), request.teller(answer))


def list_shards(request: KinesisRequest, streams: Streams) -> None:
    asked: ListShards = request.asked
    if asked.next_token is not None:
        if asked.stream_name is not None or asked.exclusive_start_shard_id is not None:
            raise InvalidArgument("NextToken and StreamName cannot be provided together.")
        token = read_token(asked.next_token, request.now_ms)
        stream = streams.find(Scope(token.account, token.region), token.stream)
        after, wanted = int(token.after), _wanted_ids(token.filter)
    else:
        stream, after = request.stream(streams), -1
        if asked.exclusive_start_shard_id is not None:
            after = shard_of(stream, asked.exclusive_start_shard_id).record.index
        wanted = _wanted(stream, asked.shard_filter, request.now_ms)
    left = [one for one in stream.shards if one.record.index > after and wanted(one.record)]
    page = left[: asked.max_results or SHARDS_AT_ONCE]
    answer: dict[str, Any] = {"Shards": [shown_shard(one) for one in page]}
    if len(left) > len(page):
        record, rest = stream.record, ",".join(str(one.record.index) for one in left[len(page) :])
        last = str(page[-1].record.index)
        answer["NextToken"] = str(ListToken(record.account, record.region, record.name, last, request.now_ms, rest))
    request.answer(answer)


def _wanted_ids(listed: str) -> Callable[[ShardRecord], bool]:
    """What is left of a list, as its token says."""
    ids = frozenset(listed.split(","))
    return lambda shard: str(shard.index) in ids


def _wanted(stream: Stream, filter_: ShardFilter | None, now_ms: int) -> Callable[[ShardRecord], bool]:
    """InvalidArgument."""
    if filter_ is None:
        return lambda _: True
    kind, oldest_ms = filter_.type or "", stream.oldest_ms(now_ms)
    if kind == "AFTER_SHARD_ID":
        if filter_.shard_id is None:
            raise InvalidArgument("A ShardFilter of the type AFTER_SHARD_ID needs a ShardId.")  # (?)
        after = shard_of(stream, filter_.shard_id).record.index
        return lambda shard: shard.index > after
    if kind == "AT_LATEST":
        return lambda shard: shard.closed_ms is None
    at_ms = oldest_ms
    if kind.endswith("_TIMESTAMP"):
        if filter_.timestamp is None:
            raise InvalidArgument(f"A ShardFilter of the type {kind} needs a Timestamp.")  # (?)
        at_ms = max(int(filter_.timestamp * 1000), oldest_ms)
    if kind.startswith("FROM_"):
        return lambda shard: shard.closed_ms is None or shard.closed_ms >= at_ms
    begun_ms = max(at_ms, stream.record.created_ms)
    return lambda shard: (
        _began_ms(stream, shard) <= begun_ms and (shard.closed_ms is None or shard.closed_ms > begun_ms)
    )


def _began_ms(stream: Stream, shard: ShardRecord) -> int:
    """When a shard was opened: when its parents were closed."""
    closed = [one.closed_ms for one in stream.record.shards if one.index in shard.parents and one.closed_ms is not None]
    return max(closed, default=stream.record.created_ms)


def _check_open(stream: Stream, shard: ShardRecord) -> None:
    """InvalidArgument."""
    if shard.closed_ms is not None:
        raise InvalidArgument(
            f"Shard {shard.name} in stream {stream.record.name} under account {stream.record.account} has already been "
            "merged or split, and thus is not eligible for merging or splitting."
        )
