"""What is done to streams: they are created, described, listed, changed, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from lambda_emu.services.kinesis.errors import InUse, InvalidArgument, LimitExceeded, NotForMode
from lambda_emu.services.kinesis.members import (
    CreateStream,
    DeleteStream,
    DescribeStream,
    Encryption,
    ListStreams,
    Monitoring,
    RetentionPeriod,
    UpdateDistribution,
    UpdateMaxRecordSize,
    UpdateStreamMode,
    UpdateWarmThroughput,
)
from lambda_emu.services.kinesis.request import KinesisRequest, shard_of
from lambda_emu.services.kinesis.reshaping import first_shards, open_shards
from lambda_emu.services.kinesis.stream import Shard, Stream, StreamRecord
from lambda_emu.services.kinesis.streams import Streams
from lambda_emu.services.kinesis.tags import check_tags
from lambda_emu.services.kinesis.tokens import ListToken, read_token

METRICS = (
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
)
ON_DEMAND = "ON_DEMAND"
SHARDS_ON_DEMAND = 4
MOST_SHARDS = 10_000
LEAST_HOURS, MOST_HOURS = 24, 8760
NAMES_AT_ONCE = 100
SHARDS_AT_ONCE = 100


def create_stream(request: KinesisRequest, streams: Streams) -> None:
    """It is active when this is answered."""
    asked: CreateStream = request.asked
    name, scope = asked.stream_name or "", request.scope
    details = asked.stream_mode_details
    mode = "PROVISIONED" if details is None or details.stream_mode is None else details.stream_mode
    if mode == ON_DEMAND and asked.shard_count is not None:
        raise NotForMode("ShardCount cannot be given for a stream in ON_DEMAND mode.")  # (?)
    count = SHARDS_ON_DEMAND if mode == ON_DEMAND else asked.shard_count
    if count is None:
        raise NotForMode("ShardCount must be given for a stream in PROVISIONED mode.")  # (?)
    if streams.knows(scope, name):
        raise InUse(f"Stream {name} under account {scope.account} already exists.")
    check_shards(streams, request, count)
    created_ms = streams.creation_ms(scope, name)
    record = StreamRecord(
        scope.account,
        scope.region,
        name,
        created_ms,
        first_shards(count, created_ms, streams.next_shard_id),
        mode,
        tags=check_tags(asked.tags or {}),
        most_kib=asked.max_record_size_in_ki_b or 1024,
        warm_mibps=asked.warm_throughput_mi_bps,
        distribution=asked.record_distribution_strategy,
    )
    streams.create(record, request.told)


def delete_stream(request: KinesisRequest, streams: Streams) -> None:
    asked: DeleteStream = request.asked
    stream = request.stream(streams)
    if stream.record.consumers and not asked.enforce_consumer_deletion:
        name, account = stream.record.name, stream.record.account
        raise InUse(f"Stream {name} under account {account} has consumers registered to it.")  # (?)
    streams.delete(stream, request.told)


def describe_stream(request: KinesisRequest, streams: Streams) -> None:
    asked: DescribeStream = request.asked
    stream = request.stream(streams)
    after = -1
    if asked.exclusive_start_shard_id is not None:
        after = shard_of(stream, asked.exclusive_start_shard_id).record.index
    left = [one for one in stream.shards if one.record.index > after]
    page = left[: asked.limit or SHARDS_AT_ONCE]
    shards = {"Shards": [shown_shard(one) for one in page], "HasMoreShards": len(left) > len(page)}
    request.answer({"StreamDescription": _described(stream.record) | shards})


def describe_stream_summary(request: KinesisRequest, streams: Streams) -> None:
    record = request.stream(streams).record
    told: dict[str, Any] = {
        "OpenShardCount": len(open_shards(record)),
        "ConsumerCount": len(record.consumers),
        "MaxRecordSizeInKiB": record.most_kib,
    }
    if record.warm_mibps is not None:
        told["WarmThroughput"] = _warm(record.warm_mibps)
    if record.distribution is not None:
        told["RecordDistributionStrategy"] = record.distribution
    request.answer({"StreamDescriptionSummary": _described(record) | told})


def list_streams(request: KinesisRequest, streams: Streams) -> None:
    asked: ListStreams = request.asked
    after = asked.exclusive_start_stream_name or ""
    if asked.next_token is not None:
        after = read_token(asked.next_token, request.now_ms).after
    left = [one.record for one in streams.all(request.scope) if one.record.name > after]
    page = left[: asked.limit or NAMES_AT_ONCE]
    answer: dict[str, Any] = {
        "StreamNames": [one.name for one in page],
        "HasMoreStreams": len(left) > len(page),
        "StreamSummaries": [_identity(one) for one in page],
    }
    if len(left) > len(page):
        scope = request.scope
        answer["NextToken"] = str(ListToken(scope.account, scope.region, "", page[-1].name, request.now_ms))
    request.answer(answer)


def increase_retention(request: KinesisRequest, streams: Streams) -> None:
    stream, hours = _retention(request, streams)
    if hours < stream.record.retention_h:
        raise InvalidArgument(_retention_text(stream.record, hours, "shorter", "Decrease"))
    streams.change(stream, replace(stream.record, retention_h=hours), request.told)


def decrease_retention(request: KinesisRequest, streams: Streams) -> None:
    stream, hours = _retention(request, streams)
    if hours > stream.record.retention_h:
        raise InvalidArgument(_retention_text(stream.record, hours, "longer", "Increase"))
    streams.change(stream, replace(stream.record, retention_h=hours), request.told)


def start_encryption(request: KinesisRequest, streams: Streams) -> None:
    """It is told, and nothing is encrypted."""
    asked: Encryption = request.asked
    if asked.encryption_type != "KMS":
        raise InvalidArgument("EncryptionType must be KMS to start encryption.")  # (?)
    stream = request.stream(streams)
    streams.change(stream, replace(stream.record, key_id=asked.key_id), request.told)


def stop_encryption(request: KinesisRequest, streams: Streams) -> None:
    stream = request.stream(streams)
    streams.change(stream, replace(stream.record, key_id=None), request.told)


def enable_monitoring(request: KinesisRequest, streams: Streams) -> None:
    """It is told; no metrics of shards are made."""
    _monitor(request, streams, wanted=True)


def disable_monitoring(request: KinesisRequest, streams: Streams) -> None:
    _monitor(request, streams, wanted=False)


def update_mode(request: KinesisRequest, streams: Streams) -> None:
    """The stream keeps its shards."""
    asked: UpdateStreamMode = request.asked
    stream = request.stream(streams)
    details = asked.stream_mode_details
    mode = stream.record.mode if details is None or details.stream_mode is None else details.stream_mode
    warm = stream.record.warm_mibps if asked.warm_throughput_mi_bps is None else asked.warm_throughput_mi_bps
    streams.change(stream, replace(stream.record, mode=mode, warm_mibps=warm), request.told)


def update_most_size(request: KinesisRequest, streams: Streams) -> None:
    asked: UpdateMaxRecordSize = request.asked
    stream = request.stream(streams)
    streams.change(stream, replace(stream.record, most_kib=asked.max_record_size_in_ki_b or 1024), request.told)


def update_warm_throughput(request: KinesisRequest, streams: Streams) -> None:
    """It is told; a stream takes what comes."""
    asked: UpdateWarmThroughput = request.asked
    stream = request.stream(streams)
    record, warm = stream.record, asked.warm_throughput_mi_bps or 0
    if record.mode != ON_DEMAND:
        raise NotForMode("Warm throughput is for streams in ON_DEMAND mode.")  # (?)
    answer = {"StreamARN": record.arn, "StreamName": record.name, "WarmThroughput": _warm(warm)}
    streams.change(stream, replace(record, warm_mibps=warm), request.teller(answer))


def update_distribution(request: KinesisRequest, streams: Streams) -> None:
    asked: UpdateDistribution = request.asked
    stream = request.stream(streams)
    changed = replace(stream.record, distribution=asked.record_distribution_strategy)
    streams.change(stream, changed, request.told)


def describe_limits(request: KinesisRequest, streams: Streams) -> None:
    all_ = [one.record for one in streams.all(request.scope)]
    request.answer(
        {
            "ShardLimit": MOST_SHARDS,
            "OpenShardCount": sum(len(open_shards(one)) for one in all_ if one.mode != ON_DEMAND),
            "OnDemandStreamCount": sum(one.mode == ON_DEMAND for one in all_),
            "OnDemandStreamCountLimit": 50,
        }
    )


def describe_account(request: KinesisRequest, streams: Streams) -> None:  # noqa: ARG001 - as every operation
    request.answer({"MinimumThroughputBillingCommitment": {"Status": "DISABLED"}})


def shown_shard(shard: Shard) -> dict[str, Any]:
    record = shard.record
    numbers = {"StartingSequenceNumber": shard.first_sequence}
    if (last := shard.last_sequence) is not None:
        numbers["EndingSequenceNumber"] = last
    told: dict[str, Any] = {"ShardId": record.name}
    for name, parent in zip(("ParentShardId", "AdjacentParentShardId"), record.parents, strict=False):
        told[name] = f"shardId-{parent:012d}"
    keys = {"StartingHashKey": record.first, "EndingHashKey": record.last}
    return told | {"HashKeyRange": keys, "SequenceNumberRange": numbers}


def check_shards(streams: Streams, request: KinesisRequest, more: int) -> None:
    """Whether there may be so many more. LimitExceeded."""
    count = sum(len(one.open_shards) for one in streams.all(request.scope))
    if count + more > MOST_SHARDS:
        raise LimitExceeded(
            f"This request would exceed the shard limit for the account {request.scope.account} in "
            f"{request.scope.region}. Current shard count for the account: {count}. Limit: {MOST_SHARDS}. Number of "
            f"additional shards that would have resulted from this request: {more}. Refer to the AWS Service Limits "
            "page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to "
            "request higher limits."
        )


def _identity(record: StreamRecord) -> dict[str, Any]:
    return {
        "StreamName": record.name,
        "StreamARN": record.arn,
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": record.mode},
        "StreamCreationTimestamp": record.created_ms / 1000,
    }


def _described(record: StreamRecord) -> dict[str, Any]:
    encryption = {"EncryptionType": "NONE"}
    if record.key_id is not None:
        encryption = {"EncryptionType": "KMS", "KeyId": record.key_id}
    monitoring = {"ShardLevelMetrics": record.metrics}
    return (
        _identity(record)
        | {"RetentionPeriodHours": record.retention_h, "EnhancedMonitoring": [monitoring]}
        | encryption
    )


def _warm(mibps: int) -> dict[str, int]:
    return {"TargetMiBps": mibps, "CurrentMiBps": mibps}


def _retention(request: KinesisRequest, streams: Streams) -> tuple[Stream, int]:
    """KinesisError."""
    asked: RetentionPeriod = request.asked
    stream, hours = request.stream(streams), asked.retention_period_hours or 0
    said = f"allowed retention period is {{}} hours. Requested retention period ({hours} hours) is too"
    if hours < LEAST_HOURS:
        raise InvalidArgument(f"Minimum {said.format(LEAST_HOURS)} short.")
    if hours > MOST_HOURS:
        raise InvalidArgument(f"Maximum {said.format(MOST_HOURS)} long.")
    return stream, hours


def _retention_text(record: StreamRecord, hours: int, how: str, instead: str) -> str:
    return (
        f"Requested retention period ({hours} hours) for stream {record.name} can not be {how} than existing retention "
        f"period ({record.retention_h} hours). Use {instead}RetentionPeriod API."
    )


def _monitor(request: KinesisRequest, streams: Streams, *, wanted: bool) -> None:
    asked: Monitoring = request.asked
    stream = request.stream(streams)
    record, named = stream.record, _metrics(asked.shard_level_metrics or [])
    kept = named.union(record.metrics) if wanted else frozenset(record.metrics) - named
    desired = tuple(one for one in METRICS if one in kept)
    answer = {
        "StreamName": record.name,
        "StreamARN": record.arn,
        "CurrentShardLevelMetrics": record.metrics,
        "DesiredShardLevelMetrics": desired,
    }
    streams.change(stream, replace(record, metrics=desired), request.teller(answer))


def _metrics(names: Sequence[str]) -> frozenset[str]:
    """InvalidArgument."""
    for name in names:
        if name != "ALL" and name not in METRICS:
            raise InvalidArgument(f"{name[:128]} is not a metric of shards.")  # (?)
    return frozenset(METRICS if "ALL" in names else names)
