"""Delivery streams are made, shown, listed, changed and deleted; their tags, and what is said of their encryption."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from lambda_emu.errors.base import LambdaError
from lambda_emu.services.firehose import destination
from lambda_emu.services.firehose.errors import (
    DeliveryStreamExists,
    NoKinesisSource,
    NoSuchDestination,
    NotServed,
    OtherVersion,
    SourceNotOfType,
    TagsInvalid,
    TooManyDeliveryStreams,
)
from lambda_emu.services.firehose.request import FirehoseRequest
from lambda_emu.services.firehose.stream import DIRECT, KINESIS, Source, StreamRecord
from lambda_emu.services.firehose.streams import DeliveryStreams
from lambda_emu.services.tags import without

MOST_STREAMS = 5_000
"""AWS's quota can be raised that far."""
MOST_TAGS = 50
PAGE, TAGS_PAGE = 10, 50
_OTHER_SOURCES = ("MSKSourceConfiguration", "DatabaseSourceConfiguration")


def create_delivery_stream(request: FirehoseRequest, streams: DeliveryStreams) -> None:
    members, scope = request.members, request.scope
    wanted = destination.created(members)
    _check_source(members)
    tags = _tags({}, members.get("Tags", []))
    if streams.knows(scope, request.name):
        raise DeliveryStreamExists(request.name, scope.account)
    if len(streams.all(scope)) >= MOST_STREAMS:
        raise TooManyDeliveryStreams(MOST_STREAMS)
    now_s = request.clock.now_s()
    id, source = streams.next_id(), _source(members, now_s)
    record = StreamRecord(id, scope.account, scope.region, request.name, now_s, wanted, source=source, tags=tags)
    key = members.get("DeliveryStreamEncryptionConfigurationInput")
    if key is not None:
        record = replace(record, encryption=_encryption(key))
    streams.create(record, _telling(request, {"DeliveryStreamARN": record.arn}))


def delete_delivery_stream(request: FirehoseRequest, streams: DeliveryStreams) -> None:
    streams.delete(request.stream(streams), request.done)


def describe_delivery_stream(request: FirehoseRequest, streams: DeliveryStreams) -> None:
    record = request.stream(streams).record
    shown = {
        "DeliveryStreamName": record.name,
        "DeliveryStreamARN": record.arn,
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamEncryptionConfiguration": record.encryption,
        "DeliveryStreamType": record.kind,
        "VersionId": str(record.version),
        "CreateTimestamp": record.created_s,
        "Destinations": [destination.shown(record.destination)],
        "HasMoreDestinations": False,
    }
    if record.source is not None:
        shown["Source"] = {
            "KinesisStreamSourceDescription": {
                "KinesisStreamARN": record.source.arn,
                "RoleARN": record.source.role,
                "DeliveryStartTimestamp": record.source.begun_s,
            }
        }
    if record.updated_s is not None:
        shown["LastUpdateTimestamp"] = record.updated_s
    request.answer({"DeliveryStreamDescription": shown})


def list_delivery_streams(request: FirehoseRequest, streams: DeliveryStreams) -> None:
    members = request.members
    after, most, kind = (
        members.get("ExclusiveStartDeliveryStreamName", ""),
        members.get("Limit", PAGE),
        members.get("DeliveryStreamType"),
    )
    names = [one.name for one in streams.all(request.scope) if one.name > after and kind in (None, one.kind)]
    request.answer({"DeliveryStreamNames": names[:most], "HasMoreDeliveryStreams": len(names) > most})


def update_destination(request: FirehoseRequest, streams: DeliveryStreams) -> None:
    members, stream = request.members, request.stream(streams)
    record = stream.record
    if members["CurrentDeliveryStreamVersionId"] != str(record.version):
        raise OtherVersion(record.name, record.version, members["CurrentDeliveryStreamVersionId"])
    if members["DestinationId"] != destination.ID:
        raise NoSuchDestination(members["DestinationId"])
    wanted = destination.updated(record.destination, members)
    if wanted == record.destination:
        request.answer()
        return
    now_s = request.clock.now_s()
    changed = replace(record, destination=wanted, version=record.version + 1, updated_s=now_s)
    streams.change(stream, changed, request.done)


def start_delivery_stream_encryption(request: FirehoseRequest, streams: DeliveryStreams) -> None:
    stream = request.stream(streams)
    key = request.members.get("DeliveryStreamEncryptionConfigurationInput", {"KeyType": "AWS_OWNED_CMK"})
    streams.change(stream, replace(stream.record, encryption=_encryption(key)), request.done)


def stop_delivery_stream_encryption(request: FirehoseRequest, streams: DeliveryStreams) -> None:
    stream = request.stream(streams)
    streams.change(stream, replace(stream.record, encryption={"Status": "DISABLED"}), request.done)


def tag_delivery_stream(request: FirehoseRequest, streams: DeliveryStreams) -> None:
    stream = request.stream(streams)
    tags = _tags(stream.record.tags, request.members["Tags"])
    streams.change(stream, replace(stream.record, tags=tags), request.done)


def untag_delivery_stream(request: FirehoseRequest, streams: DeliveryStreams) -> None:
    stream = request.stream(streams)
    tags = without(stream.record.tags, request.members["TagKeys"])
    streams.change(stream, replace(stream.record, tags=tags), request.done)


def list_tags_for_delivery_stream(request: FirehoseRequest, streams: DeliveryStreams) -> None:
    tags = request.stream(streams).record.tags
    after, most = request.members.get("ExclusiveStartTagKey", ""), request.members.get("Limit", TAGS_PAGE)
    keys = sorted(key for key in tags if key > after)
    page = [{"Key": key, "Value": tags[key]} for key in keys[:most]]
    request.answer({"Tags": page, "HasMoreTags": len(keys) > most})


# -- inside -------------------------------------------------------------------------------------------


def _telling(request: FirehoseRequest, result: Mapping[str, Any]) -> Callable[[LambdaError | None], None]:
    return lambda error: request.told(error, result if error is None else None)


def _check_source(members: Mapping[str, Any]) -> None:
    """FirehoseError."""
    kind, source = members.get("DeliveryStreamType", DIRECT), members.get("KinesisStreamSourceConfiguration")
    for name in _OTHER_SOURCES:
        if name in members:
            raise NotServed(name, f"the types {DIRECT} and {KINESIS} are")
    if kind not in (DIRECT, KINESIS):
        raise NotServed(f"delivery streams of type {kind}", f"{DIRECT} and {KINESIS} are")
    if source is not None and kind != KINESIS:
        raise SourceNotOfType
    if kind == KINESIS and source is None:
        raise NoKinesisSource


def _source(members: Mapping[str, Any], now_s: float) -> Source | None:
    given = members.get("KinesisStreamSourceConfiguration")
    return None if given is None else Source(given["KinesisStreamARN"], given["RoleARN"], now_s)


def _tags(before: Mapping[str, str], given: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """FirehoseError."""
    tags = {**before, **{one["Key"]: one.get("Value", "") for one in given}}
    if len(tags) > MOST_TAGS:
        raise TagsInvalid(f"A delivery stream has at most {MOST_TAGS} tags.")
    return tags


def _encryption(key: Mapping[str, Any]) -> dict[str, Any]:
    return {"Status": "ENABLED", **key}
