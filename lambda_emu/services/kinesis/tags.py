"""Tags and policies of streams and of their consumers. Policies are kept, and not looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from lambda_emu.services.kinesis.errors import InvalidArgument, NoSuchResource
from lambda_emu.services.kinesis.members import (
    AddTags,
    ListTags,
    OfResource,
    PutPolicy,
    RemoveTags,
    TagResource,
    UntagResource,
)
from lambda_emu.services.kinesis.request import CONSUMER_ARN, KinesisRequest, consumer_of, stream_of
from lambda_emu.services.kinesis.stream import Consumer, Stream, StreamRecord
from lambda_emu.services.kinesis.streams import Streams
from lambda_emu.services.tags import tag_list, without

MOST_TAGS = 50
TAGS_AT_ONCE = 50
_ALLOWED = re.compile(r"[\w\s./=+\-@:]*")


def check_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    """All that a stream is to have. InvalidArgument."""
    if any(not _ALLOWED.fullmatch(text) for pair in tags.items() for text in pair):
        raise InvalidArgument(
            "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, "
            "_ . / = + - % @ :."
        )
    if any(not 1 <= len(key) <= 128 or len(value) > 256 for key, value in tags.items()):
        raise InvalidArgument("Keys of tags have 1 to 128 characters, values 256 at most.")  # (?)
    if len(tags) > MOST_TAGS:
        raise InvalidArgument(f"A resource cannot have more than {MOST_TAGS} tags.")  # (?)
    return tags


def add_tags(request: KinesisRequest, streams: Streams) -> None:
    asked: AddTags = request.asked
    stream = request.stream(streams)
    tags = check_tags({**stream.record.tags, **(asked.tags or {})})
    streams.change(stream, replace(stream.record, tags=tags), request.told)


def remove_tags(request: KinesisRequest, streams: Streams) -> None:
    asked: RemoveTags = request.asked
    stream = request.stream(streams)
    tags = without(stream.record.tags, asked.tag_keys or ())
    streams.change(stream, replace(stream.record, tags=tags), request.told)


def list_tags(request: KinesisRequest, streams: Streams) -> None:
    asked: ListTags = request.asked
    after = asked.exclusive_start_tag_key or ""
    left = sorted(pair for pair in request.stream(streams).record.tags.items() if pair[0] > after)
    page = left[: asked.limit or TAGS_AT_ONCE]
    request.answer({"Tags": tag_list(dict(page)), "HasMoreTags": len(left) > len(page)})


def tag_resource(request: KinesisRequest, streams: Streams) -> None:
    asked: TagResource = request.asked
    _change(request, streams, lambda owner: replace(owner, tags=check_tags({**owner.tags, **(asked.tags or {})})))


def untag_resource(request: KinesisRequest, streams: Streams) -> None:
    asked: UntagResource = request.asked
    _change(request, streams, lambda owner: replace(owner, tags=without(owner.tags, asked.tag_keys or ())))


def list_resource_tags(request: KinesisRequest, streams: Streams) -> None:
    _, owner = _owner(request, streams)
    request.answer({"Tags": tag_list(owner.tags)})


def put_policy(request: KinesisRequest, streams: Streams) -> None:
    asked: PutPolicy = request.asked
    try:
        is_policy = isinstance(json.loads(asked.policy or ""), dict)
    except (ValueError, RecursionError):
        is_policy = False
    if not is_policy:
        raise InvalidArgument("The policy is not a JSON object.")  # (?)
    _change(request, streams, lambda owner: replace(owner, policy=asked.policy))


def get_policy(request: KinesisRequest, streams: Streams) -> None:
    asked: OfResource = request.asked
    _, owner = _owner(request, streams)
    if owner.policy is None:
        raise NoSuchResource(asked.resource_arn or "")
    request.answer({"Policy": owner.policy})


def delete_policy(request: KinesisRequest, streams: Streams) -> None:
    _, owner = _owner(request, streams)
    if owner.policy is None:
        raise NoSuchResource(request.asked.resource_arn)
    _change(request, streams, lambda owner: replace(owner, policy=None))


def _owner(request: KinesisRequest, streams: Streams) -> tuple[Stream, StreamRecord | Consumer]:
    """KinesisError."""
    arn = request.asked.resource_arn
    if CONSUMER_ARN.fullmatch(arn):
        return consumer_of(streams, arn)
    stream = stream_of(streams, arn)
    return stream, stream.record


def _change(request: KinesisRequest, streams: Streams, change: Callable[[Any], Any]) -> None:
    stream, owner = _owner(request, streams)
    changed = change(owner)
    if isinstance(owner, Consumer):
        consumers = [changed if one is owner else one for one in stream.record.consumers]
        changed = stream.with_consumers(consumers)
    streams.change(stream, changed, request.told)
