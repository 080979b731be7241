"""One request as an operation sees it, and the stream that it names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.http.stream import Source
from lambda_emu.http.stream import Stream as HttpStream
from lambda_emu.services.kinesis.errors import InvalidArgument, KinesisError, NoSuchConsumer, NoSuchShard
from lambda_emu.services.kinesis.members import OfStream
from lambda_emu.services.kinesis.stream import Consumer, Shard, Stream
from lambda_emu.services.kinesis.streams import Streams

STREAM_ARN = re.compile(r"arn:(aws[a-z-]*):kinesis:([a-z0-9-]+):(\d{12}):stream/([a-zA-Z0-9_.-]{1,128})", re.ASCII)
CONSUMER_ARN = re.compile(STREAM_ARN.pattern + r"/consumer/([a-zA-Z0-9_.-]{1,128}):(\d{1,12})", re.ASCII)
_SHARD = re.compile(r"(?:shardId-)?0*(\d{1,10})", re.ASCII)


class Form(Protocol):
    """One of the two on the wire. content_type: of its answers; encode: members of one."""

    @property
    def content_type(self) -> str: ...

    @property
    def encode(self) -> Callable[[Mapping[str, Any]], bytes]: ...


class KinesisRequest(Struct, frozen=True):
    """asked: its members, checked. answer, answer_page, fail: one of them, once; or begin, whose answer is in pieces.

    answer_page: with what a worker makes, Records and more, since that takes its time.

    scope: of the caller. form: what it is answered in.
    """

    asked: Any
    scope: Scope
    clock: Clock
    form: Form
    answer: Callable[[Mapping[str, Any] | None], None]
    answer_page: Callable[[Callable[[], Mapping[str, Any]]], None]
    fail: Callable[[LambdaError], None]
    begin: Callable[[str, Source], HttpStream]

    @property
    def now_ms(self) -> int:
        return int(self.clock.now_s() * 1000)

    def stream(self, streams: Streams) -> Stream:
        """The one that it names, by its ARN or by its name. KinesisError."""
        asked: OfStream = self.asked
        if asked.stream_arn is None:
            if asked.stream_name is None:
                raise InvalidArgument("Either StreamName or StreamARN must be given.")  # (?)
            return streams.find(self.scope, asked.stream_name)
        stream = stream_of(streams, asked.stream_arn)
        if asked.stream_name not in (None, stream.record.name):
            raise InvalidArgument(f"StreamARN {asked.stream_arn} is not that of stream {asked.stream_name}.")  # (?)
        return stream

    def told(self, error: KinesisError | None) -> None:
        """Answer without a result, after a commit."""
        if error is not None:
            self.fail(error)
        else:
            self.answer(None)

    def teller(self, result: Mapping[str, Any]) -> Callable[[KinesisError | None], None]:
        """Answer with this result, after a commit."""

        def told(error: KinesisError | None) -> None:
            if error is not None:
                self.fail(error)
            else:
                self.answer(result)

        return told


def stream_of(streams: Streams, arn: str) -> Stream:
    """KinesisError."""
    named = STREAM_ARN.fullmatch(arn)
    if named is None:
        raise InvalidArgument(f"{arn[:1024]} is not the ARN of a stream.")  # (?)
    return streams.find(Scope(named[3], named[2]), named[4])


def consumer_of(streams: Streams, arn: str) -> tuple[Stream, Consumer]:
    """KinesisError."""
    named = CONSUMER_ARN.fullmatch(arn)
    if named is None:
        raise InvalidArgument(f"{arn[:1024]} is not the ARN of a consumer.")  # (?)
    stream = streams.find(Scope(named[3], named[2]), named[4])
    found = next((one for one in stream.record.consumers if stream.record.consumer_arn(one) == arn), None)
    if found is None:
        raise NoSuchConsumer(arn, named[3])
    return stream, found


def shard_of(stream: Stream, name: str) -> Shard:
    """By its name, or by the number in it. NoSuchShard."""
    named = _SHARD.fullmatch(name)
    found = None if named is None else stream.find(int(named[1]))
    if found is None:
        raise NoSuchShard(name, stream.record.name, stream.record.account)
    return found
