"""Of objects in buckets: docs/contract/events.md#pushed-events."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from lambda_emu.samples.sample import SampleRequest, Samples
from lambda_emu.services.child.program import current_request
from lambda_emu.services.child.program.patches import s3_events
from lambda_emu.services.child.program.patches.s3_records import Sequence, record

S3 = Samples("s3")
SAMPLES = (S3,)
ETAG = "d41d8cd98f00b204e9800998ecf8427e"

_CREATED = {"bucket": "photos", "key": "in/cat.jpg", "size": "1024", "etag": ETAG, "version_id": ""}
_REMOVED = {"bucket": "photos", "key": "in/cat.jpg", "version_id": ""}


@S3.add("put", "An object that was put into a bucket.", **_CREATED)
def put(asked: SampleRequest) -> dict[str, Any]:
    return _event(asked, "s3:ObjectCreated:Put")


@S3.add("post", "One that a form of a web page has posted.", **_CREATED)
def post(asked: SampleRequest) -> dict[str, Any]:
    return _event(asked, "s3:ObjectCreated:Post")


@S3.add("copy", "One that was copied.", **_CREATED)
def copy(asked: SampleRequest) -> dict[str, Any]:
    return _event(asked, "s3:ObjectCreated:Copy")


@S3.add("multipart-upload", "One that came in parts.", **_CREATED)
def multipart_upload(asked: SampleRequest) -> dict[str, Any]:
    return _event(asked, "s3:ObjectCreated:CompleteMultipartUpload")


@S3.add("delete", "One that was deleted.", **_REMOVED)
def delete(asked: SampleRequest) -> dict[str, Any]:
    return _event(asked, "s3:ObjectRemoved:Delete")


@S3.add(
    "delete-marker",
    "One of a bucket with versions, which has a marker now.",
    **{**_REMOVED, "version_id": "3HL4kqtJlcpXroDTDm"},
)
def delete_marker(asked: SampleRequest) -> dict[str, Any]:
    return _event(asked, "s3:ObjectRemoved:DeleteMarkerCreated")


@S3.add("object-created", "What EventBridge is told of one that was put.", **_CREATED)
def object_created(asked: SampleRequest) -> bytes:
    return _on_bus(asked, "s3:ObjectCreated:Put")


@S3.add("object-deleted", "What EventBridge is told of one that was deleted.", **_REMOVED)
def object_deleted(asked: SampleRequest) -> bytes:
    return _on_bus(asked, "s3:ObjectRemoved:Delete")


def _event(asked: SampleRequest, name: str) -> dict[str, Any]:
    bucket, key = _told(asked)
    with current_request.asking(_environ(asked)):
        return {"Records": [record(name, bucket, key, "on-photos", asked.scope.account, Sequence().next())]}


def _on_bus(asked: SampleRequest, name: str) -> bytes:
    from lambda_emu.samples.buses import event_on_bus

    bucket, key = _told(asked)
    with current_request.asking(_environ(asked)):
        told = s3_events.entry(name, bucket, key, Sequence().next())
    assert told is not None, "EventBridge hears of these"
    type, resource, detail = told
    return event_on_bus(asked, "aws.s3", type, detail, [resource])


def _told(asked: SampleRequest) -> tuple[Any, Any]:
    """As moto has them."""
    name, members = asked["bucket"], asked.members
    version = asked["version-id"] or None
    bucket = SimpleNamespace(
        name=name,
        arn=f"arn:{asked.scope.partition}:s3:::{name}",
        region_name=asked.scope.region,
        is_versioned=bool(version),
    )
    size = asked.whole("size") if "size" in members else 0
    return bucket, SimpleNamespace(name=asked["key"], size=size, etag=members.get("etag", ""), version_id=version)


def _environ(asked: SampleRequest) -> dict[str, Any]:
    return {current_request.REQUEST_ID: asked.clock.new_id(), current_request.ACCOUNT: asked.scope.account}
