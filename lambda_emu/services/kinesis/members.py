"""What each operation is asked: its members by type. What they may be, services.shapes has from the model."""

from __future__ import annotations

from msgspec import Struct


def _wire_name(name: str) -> str:
    """`stream_arn` is StreamARN on the wire."""
    return "".join("ARN" if part == "arn" else part.capitalize() for part in name.split("_"))


class Members(Struct, rename=_wire_name, omit_defaults=True):
    """None: not given."""


class OfStream(Members):
    stream_name: str | None = None
    stream_arn: str | None = None
    stream_id: str | None = None


class ShardFilter(Members):
    type: str | None = None
    shard_id: str | None = None
    timestamp: float | None = None


class StartingPosition(Members):
    type: str | None = None
    sequence_number: str | None = None
    timestamp: float | None = None


class StreamModeDetails(Members):
    stream_mode: str | None = None


class Entry(Members):
    data: bytes | None = None
    partition_key: str | None = None
    explicit_hash_key: str | None = None


class CreateStream(Members):
    stream_name: str | None = None
    shard_count: int | None = None
    stream_mode_details: StreamModeDetails | None = None
    tags: dict[str, str] | None = None
    warm_throughput_mi_bps: int | None = None
    max_record_size_in_ki_b: int | None = None
    record_distribution_strategy: str | None = None


class DescribeStream(OfStream):
    limit: int | None = None
    exclusive_start_shard_id: str | None = None


class DeleteStream(OfStream):
    enforce_consumer_deletion: bool | None = None


class ListStreams(Members):
    limit: int | None = None
    exclusive_start_stream_name: str | None = None
    next_token: str | None = None


class ListShards(OfStream):
    next_token: str | None = None
    exclusive_start_shard_id: str | None = None
    max_results: int | None = None
    stream_creation_timestamp: float | None = None
    shard_filter: ShardFilter | None = None


class PutRecord(OfStream):
    data: bytes | None = None
    partition_key: str | None = None
    explicit_hash_key: str | None = None
    sequence_number_for_ordering: str | None = None


class PutRecords(OfStream):
    records: list[Entry] | None = None


class GetShardIterator(OfStream):
    shard_id: str | None = None
    shard_iterator_type: str | None = None
    starting_sequence_number: str | None = None
    timestamp: float | None = None


class GetRecords(OfStream):
    shard_iterator: str | None = None
    limit: int | None = None


class SplitShard(OfStream):
    shard_to_split: str | None = None
    new_starting_hash_key: str | None = None


class MergeShards(OfStream):
    shard_to_merge: str | None = None
    adjacent_shard_to_merge: str | None = None


class UpdateShardCount(OfStream):
    target_shard_count: int | None = None
    scaling_type: str | None = None


class UpdateStreamMode(OfStream):
    stream_mode_details: StreamModeDetails | None = None
    warm_throughput_mi_bps: int | None = None


class RetentionPeriod(OfStream):
    retention_period_hours: int | None = None


class UpdateMaxRecordSize(OfStream):
    max_record_size_in_ki_b: int | None = None


class UpdateWarmThroughput(OfStream):
    warm_throughput_mi_bps: int | None = None


class UpdateDistribution(OfStream):
    record_distribution_strategy: str | None = None


class Monitoring(OfStream):
    shard_level_metrics: list[str] | None = None


class Encryption(OfStream):
    encryption_type: str | None = None
    key_id: str | None = None


class AddTags(OfStream):
    tags: dict[str, str] | None = None


class RemoveTags(OfStream):
    tag_keys: list[str] | None = None


class ListTags(OfStream):
    exclusive_start_tag_key: str | None = None
    limit: int | None = None


class OfResource(Members):
    resource_arn: str | None = None
    stream_id: str | None = None


class TagResource(OfResource):
    tags: dict[str, str] | None = None


class UntagResource(OfResource):
    tag_keys: list[str] | None = None


class PutPolicy(OfResource):
    policy: str | None = None


class RegisterConsumer(OfStream):
    consumer_name: str | None = None
    tags: dict[str, str] | None = None


class OfConsumer(OfStream):
    consumer_name: str | None = None
    consumer_arn: str | None = None


class ListConsumers(OfStream):
    next_token: str | None = None
    max_results: int | None = None
    stream_creation_timestamp: float | None = None


class SubscribeToShard(Members):
    consumer_arn: str | None = None
    stream_id: str | None = None
    shard_id: str | None = None
    starting_position: StartingPosition | None = None


class Nothing(Members):
    """Of operations about the whole account."""
