"""What each operation is asked: its members by type, and what the model allows of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import fields

from lambda_emu.services.kinesis.errors import Invalid


def _wire_name(name: str) -> str:
    """`stream_arn` is StreamARN on the wire."""
    return "".join("ARN" if part == "arn" else part.capitalize() for part in name.split("_"))


class Asked(Struct, rename=_wire_name, omit_defaults=True):
    """None: not given."""


class OfStream(Asked):
    stream_name: str | None = None
    stream_arn: str | None = None
    stream_id: str | None = None


class ShardFilter(Asked):
    type: str | None = None
    shard_id: str | None = None
    timestamp: float | None = None


class StartingPosition(Asked):
    type: str | None = None
    sequence_number: str | None = None
    timestamp: float | None = None


class StreamModeDetails(Asked):
    stream_mode: str | None = None


class Entry(Asked):
    data: bytes | None = None
    partition_key: str | None = None
    explicit_hash_key: str | None = None


class CreateStream(Asked):
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


class ListStreams(Asked):
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


class OfResource(Asked):
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


class SubscribeToShard(Asked):
    consumer_arn: str | None = None
    stream_id: str | None = None
    shard_id: str | None = None
    starting_position: StartingPosition | None = None


class Nothing(Asked):
    """Of operations about the whole account."""


# -- what the model allows ------------------------------------------------------------------------


class _Rule(Struct, frozen=True):
    """least, most: of a number, or of how long anything else is."""

    least: int | None = None
    most: int | None = None
    pattern: str | None = None
    values: tuple[str, ...] = ()

    def faults(self, value: Any, where: str) -> Iterator[str]:
        what = "value" if isinstance(value, int) else "length"
        size = value if isinstance(value, int) else len(value)
        said = f"Value {_shown(value)} at '{where}' failed to satisfy constraint: Member must "
        if self.most is not None and size > self.most:
            yield f"{said}have {what} less than or equal to {self.most}"
        if self.least is not None and size < self.least:
            yield f"{said}have {what} greater than or equal to {self.least}"
        if self.pattern is not None and not re.fullmatch(self.pattern, value, re.ASCII):
            yield f"{said}satisfy regular expression pattern: {self.pattern}"
        if self.values and value not in self.values:
            yield f"{said}satisfy enum value set: [{', '.join(self.values)}]"


def _shown(value: Any) -> str:
    """As AWS's own words have it, and never too long."""
    if isinstance(value, bytes):
        return f"'java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]'"
    if isinstance(value, dict):
        text = "{" + ", ".join(f"{key}={one}" for key, one in value.items()) + "}"
    elif isinstance(value, list):
        text = "[" + ", ".join(one if isinstance(one, str) else "..." for one in value) + "]"
    else:
        text = str(value)
    return f"'{text[:1024]}'"


METRICS = (
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
)
_NAME = _Rule(1, 128, "[a-zA-Z0-9_.-]+")
_ARN = _Rule(1, 2048, r"arn:aws.*:kinesis:.*:\d{12}:stream/\S+")
_HASH_KEY = _Rule(pattern=r"0|([1-9]\d{0,38})")
_SEQUENCE = _Rule(pattern=r"0|([1-9]\d{0,128})")
_TOKEN = _Rule(1, 1_048_576)
_POSITIONS = "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"
_FILTERS = "AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST", "AT_TIMESTAMP", "FROM_TIMESTAMP"
_RULES: Mapping[str, _Rule] = {
    "stream_name": _NAME,
    "exclusive_start_stream_name": _NAME,
    "stream_arn": _ARN,
    "resource_arn": _Rule(1, 2048, r"arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel|queue)/\S+"),
    "consumer_arn": _Rule(
        1, 2048, r"(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+"
    ),
    "consumer_name": _NAME,
    "shard_id": _NAME,
    "exclusive_start_shard_id": _NAME,
    "shard_to_split": _NAME,
    "shard_to_merge": _NAME,
    "adjacent_shard_to_merge": _NAME,
    "new_starting_hash_key": _HASH_KEY,
    "explicit_hash_key": _HASH_KEY,
    "starting_sequence_number": _SEQUENCE,
    "sequence_number": _SEQUENCE,
    "sequence_number_for_ordering": _SEQUENCE,
    "partition_key": _Rule(1, 256),
    "data": _Rule(0, 10_485_760),
    "records": _Rule(1, 500),
    "shard_iterator": _Rule(1, 512),
    "shard_iterator_type": _Rule(values=_POSITIONS),
    "next_token": _TOKEN,
    "limit": _Rule(1, 10_000),
    "max_results": _Rule(1, 10_000),
    "shard_count": _Rule(1),
    "target_shard_count": _Rule(1),
    "scaling_type": _Rule(values=("UNIFORM_SCALING",)),
    "stream_mode": _Rule(values=("PROVISIONED", "ON_DEMAND")),
    "max_record_size_in_ki_b": _Rule(1024, 10_240),
    "record_distribution_strategy": _Rule(values=("AUTO", "USER_PARTITION_KEY")),
    "shard_level_metrics": _Rule(1, 7),
    "encryption_type": _Rule(values=("NONE", "KMS")),
    "key_id": _Rule(1, 2048),
    "tag_keys": _Rule(1, 50),
    "exclusive_start_tag_key": _Rule(1, 128),
}
_OPTIONAL = frozenset(
    {
        "stream_name", "stream_arn", "stream_id", "exclusive_start_shard_id", "limit", "next_token", "max_results",
        "partition_key", "exclusive_start_stream_name", "stream_creation_timestamp", "shard_filter",
        "shard_count", "timestamp",
        "stream_mode_details", "tags", "warm_throughput_mi_bps", "max_record_size_in_ki_b", "explicit_hash_key",
        "record_distribution_strategy", "sequence_number_for_ordering", "starting_sequence_number", "sequence_number",
        "enforce_consumer_deletion", "consumer_name", "consumer_arn", "exclusive_start_tag_key",
    }
)  # fmt: skip
_REQUIRED_OF: Mapping[type, frozenset[str]] = {
    CreateStream: frozenset({"stream_name"}),
    RegisterConsumer: frozenset({"stream_arn", "consumer_name"}),
    ListConsumers: frozenset({"stream_arn"}),
    SubscribeToShard: frozenset({"consumer_arn"}),
    AddTags: frozenset({"tags"}),
    TagResource: frozenset({"tags"}),
    UpdateStreamMode: frozenset({"stream_arn", "stream_mode_details"}),
    UpdateMaxRecordSize: frozenset({"max_record_size_in_ki_b"}),
    UpdateWarmThroughput: frozenset({"warm_throughput_mi_bps"}),
    UpdateDistribution: frozenset({"record_distribution_strategy"}),
}
_OPTIONAL_OF: Mapping[type, frozenset[str]] = {ShardFilter: frozenset({"shard_id"})}
_VALUES_OF: Mapping[type, Mapping[str, _Rule]] = {
    ShardFilter: {"type": _Rule(values=_FILTERS)},
    StartingPosition: {"type": _Rule(values=_POSITIONS)},
}


class _Member(Struct, frozen=True):
    name: str
    where: str
    required: bool
    rule: _Rule | None


@cache
def _members(kind: type[Asked]) -> tuple[_Member, ...]:
    required = _REQUIRED_OF.get(kind, frozenset())
    optional = (_OPTIONAL | _OPTIONAL_OF.get(kind, frozenset())) - required
    own = _VALUES_OF.get(kind, {})
    return tuple(
        _Member(
            one.name,
            one.encode_name[0].lower() + one.encode_name[1:],
            one.name not in optional,
            own.get(one.name) or _RULES.get(one.name),
        )
        for one in fields(kind)
    )


def check(asked: Asked) -> None:
    """Invalid."""
    faults = list(_faults(asked, ""))
    if faults:
        raise Invalid(faults[:10])


def _faults(asked: Asked, within: str) -> Iterator[str]:
    for member in _members(type(asked)):
        value = getattr(asked, member.name)
        if value is None:
            if member.required:
                where = within + member.where
                yield f"Value null at '{where}' failed to satisfy constraint: Member must not be null"
            continue
        if member.rule is not None:
            yield from member.rule.faults(value, within + member.where)
        if isinstance(value, Asked):
            yield from _faults(value, f"{within}{member.where}.")
        elif isinstance(value, list) and value and isinstance(value[0], Asked):
            for at, one in enumerate(value[:501], 1):
                yield from _faults(one, f"{within}{member.where}.{at}.member.")
