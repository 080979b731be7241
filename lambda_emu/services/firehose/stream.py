"""A delivery stream as it is kept, and the buffers where its records wait."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from msgspec import Struct, field

from lambda_emu.arn import Scope

DIRECT, KINESIS = "DirectPut", "KinesisStreamAsSource"


class Buffer(StrEnum):
    """Where a record waits: for the function, for S3 as it is to be delivered, as an error, or as it came."""

    RAW = "raw"
    OUT = "out"
    FAILED = "failed"
    BACKUP = "backup"


class Waiting(NamedTuple):
    """Those of a buffer. partition: the keys of theirs, as JSON; empty where objects are not partitioned. Of errors it
    is their type; empty: what a function could not transform."""

    buffer: Buffer
    partition: str = ""


class Source(Struct, frozen=True):
    """A Kinesis stream that is read. begun_s: records that came since then."""

    arn: str
    role: str
    begun_s: float


class StreamRecord(Struct, frozen=True):
    """id: no other has or had it. destination: as `destination.Description`. encryption: as AWS shows it."""

    id: int
    account: str
    region: str
    name: str
    created_s: float
    destination: Mapping[str, Any]
    version: int = 1
    updated_s: float | None = None
    source: Source | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    encryption: Mapping[str, Any] = field(default_factory=lambda: {"Status": "DISABLED"})

    @property
    def scope(self) -> Scope:
        return Scope(self.account, self.region)

    @property
    def kind(self) -> str:
        return DIRECT if self.source is None else KINESIS

    @property
    def arn(self) -> str:
        return self.scope.arn(f"deliverystream/{self.name}", "firehose")
