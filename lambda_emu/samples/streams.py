"""Of streams and tables: docs/contract/events.md#events-of-pollers."""

from __future__ import annotations

from typing import Any

from lambda_emu.event_sources.streams.dynamodb import record_of
from lambda_emu.event_sources.streams.kinesis import KinesisRecords
from lambda_emu.samples.sample import SampleRequest, Samples
from lambda_emu.samples.values import iam_role

KINESIS, DYNAMODB = Samples("kinesis"), Samples("dynamodb")
SAMPLES = (KINESIS, DYNAMODB)

SHARD = "shardId-000000000000"
SEQUENCE = "49545115243490985018280067714973144582180062593244200961"
NUMBER = "4421584500000000017450439091"


@KINESIS.add(
    "records",
    "A batch of one record of a stream.",
    data="Hello from Kinesis",
    partition_key="customer-1",
    stream="clicks",
)
def records(asked: SampleRequest) -> bytes:
    makes = KinesisRecords(asked.scope.arn(f"stream/{asked['stream']}", "kinesis"), iam_role(asked))
    made = makes.make(SHARD, SEQUENCE, asked["partition-key"], asked["data"].encode(), round(asked.now_s, 3))
    return b'{"Records":[%b]}' % made.json


KEYS = '{"id": {"S": "photo-1"}}'
NEW = '{"id": {"S": "photo-1"}, "owner": {"S": "Ada"}, "likes": {"N": "2"}}'
OLD = '{"id": {"S": "photo-1"}, "owner": {"S": "Ada"}, "likes": {"N": "1"}}'


@DYNAMODB.add("insert", "An item that was put into a table.", table="photos", keys=KEYS, new_image=NEW)
def insert(asked: SampleRequest) -> bytes:
    return _change(asked, "INSERT", ("new-image",))


@DYNAMODB.add("modify", "An item that was changed.", table="photos", keys=KEYS, new_image=NEW, old_image=OLD)
def modify(asked: SampleRequest) -> bytes:
    return _change(asked, "MODIFY", ("new-image", "old-image"))


@DYNAMODB.add("remove", "An item that was deleted.", table="photos", keys=KEYS, old_image=OLD)
def remove(asked: SampleRequest) -> bytes:
    return _change(asked, "REMOVE", ("old-image",))


_IMAGES = {"new-image": "NewImage", "old-image": "OldImage"}


def _change(asked: SampleRequest, name: str, images: tuple[str, ...]) -> bytes:
    """As GetRecords tells it, and Lambda tells on."""
    change: dict[str, Any] = {"ApproximateCreationDateTime": asked.now_s, "Keys": asked.object("keys")}
    change |= {_IMAGES[image]: asked.object(image) for image in images}
    change |= {"SequenceNumber": NUMBER, "SizeBytes": sum(len(asked[one]) for one in ("keys", *images))}
    found = {
        "eventID": asked.clock.new_token()[:32],
        "eventName": name,
        "eventVersion": "1.1",
        "dynamodb": change | {"StreamViewType": "NEW_AND_OLD_IMAGES"},
    }
    arn = asked.scope.arn(f"table/{asked['table']}/stream/2024-01-01T00:00:00.000", "dynamodb")
    return b'{"Records":[%b]}' % record_of(found, arn).json
