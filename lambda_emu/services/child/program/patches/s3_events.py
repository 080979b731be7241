"""What S3 tells EventBridge of objects, of buckets that are told to. docs/contract/events.md#pushed-events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lambda_emu.services.child.program import current_request

CREATED, DELETED = "s3:ObjectCreated:", "s3:ObjectRemoved:"
_TYPES: Mapping[str, str] = {
    CREATED: "Object Created",
    DELETED: "Object Deleted",
    "s3:ObjectTagging:Put": "Object Tags Added",
    "s3:ObjectTagging:Delete": "Object Tags Deleted",
    "s3:ObjectAcl:Put": "Object ACL Updated",
    "s3:ObjectRestore:Post": "Object Restore Initiated",
    "s3:ObjectRestore:Completed": "Object Restore Completed",
}
"""By how the names of notifications begin."""
_END = re.compile(rb"(?:/>|(?<=>)</NotificationConfiguration>)\s*\Z")
_SHOWN = b"<EventBridgeConfiguration/></NotificationConfiguration>"
_REASONS: Mapping[str, str] = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
}


def entry(event_name: str, bucket: Any, key: Any, sequencer: str) -> tuple[str, str, dict[str, Any]] | None:
    """Type, resource and detail; None: EventBridge does not hear of it."""
    type = next((told for begin, told in _TYPES.items() if event_name.startswith(begin)), None)
    if type is None:
        return None
    described: dict[str, Any] = {"key": key.name}
    if not event_name.startswith(DELETED):
        described |= {"size": key.size, "etag": key.etag.replace('"', "")}
    if bucket.is_versioned and key.version_id not in (None, "null"):
        described["version-id"] = key.version_id
    described["sequencer"] = sequencer
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": described,
        "request-id": current_request.request_ids()["x-amz-request-id"],
        "requester": current_request.principal().removeprefix("AWS:"),
        "source-ip-address": current_request.peer(),
    }
    if event_name.startswith(CREATED):
        detail["reason"] = _REASONS.get(event_name, "PutObject")
    if event_name.startswith(DELETED):
        is_marker = event_name.endswith("DeleteMarkerCreated")
        detail["reason"] = "DeleteObject"
        detail["deletion-type"] = "Delete Marker Created" if is_marker else "Permanently Deleted"
    return type, bucket.arn, detail


def show_configuration() -> None:
    """moto keeps that a bucket tells EventBridge, and leaves it out of what it shows."""
    from moto.s3 import responses

    show = responses.S3Response.get_bucket_notification

    def show_all(self: Any) -> Any:
        status, headers, body = show(self)
        told = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if told is not None and told.event_bridge is not None:
            text: bytes = body.encode() if isinstance(body, str) else body
            begin = text[: _END.search(text).start()]  # type: ignore[union-attr]
            body = begin + (b"" if begin.endswith(b">") else b">") + _SHOWN
        return status, headers, body

    responses.S3Response.get_bucket_notification = show_all  # type: ignore[method-assign]
