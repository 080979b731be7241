"""Consumers that are registered to a stream, each of which reads on its own by SubscribeToShard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lambda_emu.services.kinesis.errors import InUse, InvalidArgument, LimitExceeded, NoSuchConsumer
from lambda_emu.services.kinesis.members import ListConsumers, OfConsumer, RegisterConsumer
from lambda_emu.services.kinesis.request import KinesisRequest, consumer_of
from lambda_emu.services.kinesis.stream import Consumer, Stream
from lambda_emu.services.kinesis.streams import Streams
from lambda_emu.services.kinesis.tags import check_tags
from lambda_emu.services.kinesis.tokens import ListToken, read_token

MOST_CONSUMERS = 50
CONSUMERS_AT_ONCE = 100


def register_consumer(request: KinesisRequest, streams: Streams) -> None:
    """It is active when this is answered."""
    asked: RegisterConsumer = request.asked
    stream = request.stream(streams)
    record, name = stream.record, asked.consumer_name or ""
    if any(one.name == name for one in record.consumers):
        raise InUse(f"Consumer {name} under stream {record.name} already exists.")  # (?)
    if len(record.consumers) >= MOST_CONSUMERS:
        raise LimitExceeded(f"Stream {record.name} has {MOST_CONSUMERS} consumers, as many as it may.")  # (?)
    consumer = Consumer(name, request.now_ms // 1000, check_tags(asked.tags or {}))
    changed = stream.with_consumers([*record.consumers, consumer])
    streams.change(stream, changed, request.teller({"Consumer": _shown(stream, consumer)}))


def deregister_consumer(request: KinesisRequest, streams: Streams) -> None:
    stream, consumer = _named(request, streams)
    left = [one for one in stream.record.consumers if one is not consumer]
    streams.change(stream, stream.with_consumers(left), request.told)


def describe_consumer(request: KinesisRequest, streams: Streams) -> None:
    stream, consumer = _named(request, streams)
    request.answer({"ConsumerDescription": _shown(stream, consumer) | {"StreamARN": stream.record.arn}})


def list_consumers(request: KinesisRequest, streams: Streams) -> None:
    asked: ListConsumers = request.asked
    stream = request.stream(streams)
    after = "" if asked.next_token is None else read_token(asked.next_token, request.now_ms).after
    ordered: Sequence[Consumer] = sorted(stream.record.consumers, key=lambda one: one.name)
    left = [one for one in ordered if one.name > after]
    page = left[: asked.max_results or CONSUMERS_AT_ONCE]
    answer: dict[str, Any] = {"Consumers": [_shown(stream, one) for one in page]}
    if len(left) > len(page):
        record = stream.record
        answer["NextToken"] = str(ListToken(record.account, record.region, record.name, page[-1].name, request.now_ms))
    request.answer(answer)


def _named(request: KinesisRequest, streams: Streams) -> tuple[Stream, Consumer]:
    """KinesisError."""
    asked: OfConsumer = request.asked
    if asked.consumer_arn is not None:
        return consumer_of(streams, asked.consumer_arn)
    if asked.consumer_name is None:
        raise InvalidArgument("Either a ConsumerARN or a StreamARN and a ConsumerName must be given.")  # (?)
    stream = request.stream(streams)
    found = next((one for one in stream.record.consumers if one.name == asked.consumer_name), None)
    if found is None:
        raise NoSuchConsumer(asked.consumer_name, stream.record.account)
    return stream, found


def _shown(stream: Stream, consumer: Consumer) -> dict[str, Any]:
    return {
        "ConsumerName": consumer.name,
        "ConsumerARN": stream.record.consumer_arn(consumer),
        "ConsumerStatus": "ACTIVE",
        "ConsumerCreationTimestamp": consumer.created_s,
    }
