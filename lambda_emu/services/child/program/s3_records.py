"""What S3 tells of its objects, with all members of AWS's record. docs/contract/events.md#pushed-events."""

from __future__ import annotations

import json
import logging
import time
from base64 import b32encode
from collections.abc import Callable
from hashlib import sha256
from threading import Lock
from typing import Any
from urllib.parse import quote_plus

from lambda_emu.services.child.program import asked
from lambda_emu.services.child.program.front import Front, FrontError

log = logging.getLogger(__name__)

MARKER_CREATED = "s3:ObjectRemoved:DeleteMarkerCreated"
SNS_SUBJECT = "Amazon S3 Notification"


def replace_notifications(front: Front) -> None:
    """All of moto's models call them by the module, so that ours take their place for all."""
    from moto.s3 import models, notifications

    sender = Sender(front)
    set_marker = models.S3Backend._set_delete_marker

    def set_and_tell(self: Any, bucket_name: str, key_name: str) -> Any:
        """moto tells nobody of delete markers."""
        marker, bucket = set_marker(self, bucket_name, key_name), self.get_bucket(bucket_name)
        sender.send(bucket.account_id, MARKER_CREATED, bucket, marker)
        return marker

    models.S3Backend._set_delete_marker = set_and_tell  # type: ignore[method-assign]
    notifications.send_event = sender.send  # type: ignore[assignment]
    notifications._send_sqs_message = sender.send_to_queue
    notifications._send_sns_message = sender.send_to_topic


class Sender:
    """Before a change is answered, who wants to hear of it has its event; who cannot be told holds nothing up."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._sequence = Sequence()

    def send(self, account: str, event_name: Any, bucket: Any, key: Any) -> None:
        """Called by moto when an object has changed."""
        told = bucket.notification_configuration
        if told is None or key is None:
            return
        name, sequencer = str(getattr(event_name, "value", event_name)), self._sequence.next()
        for wanted, deliver in [
            *((one, self._send_to_function) for one in told.cloud_function),
            *((one, self._send_to_queue_of) for one in told.queue),
            *((one, self._send_to_topic_of) for one in told.topic),
        ]:
            if wanted.matches(name, key.name):
                event = {"Records": [record(name, bucket, key, wanted.id, account, sequencer)]}
                _try(deliver, wanted.arn, event)

    def send_to_queue(self, account_id: str, event_body: Any, queue_name: str, region_name: str) -> None:
        """As moto calls it for test events."""
        _try(self._send_to_queue_of, f"arn:aws:sqs:{region_name}:{account_id}:{queue_name}", event_body)

    def send_to_topic(self, account_id: str, event_body: Any, topic_arn: str, region_name: str) -> None:
        _try(self._send_to_topic_of, topic_arn, event_body)

    def _send_to_function(self, arn: str, event: Any) -> None:
        self._front.send_event(arn, event)

    def _send_to_queue_of(self, arn: str, event: Any) -> None:
        self._front.send_message(arn, json.dumps(event))

    def _send_to_topic_of(self, arn: str, event: Any) -> None:
        from lambda_emu.services.child.program.sns_delivery import replace_delivery, topic_backend

        replace_delivery(self._front)
        topic_backend(arn).publish(message=json.dumps(event), arn=arn, subject=SNS_SUBJECT)


class Sequence:
    """Hex digits that are greater for each later change of a key, also after a restart."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = Lock()  # guards _last, for a moment

    def next(self) -> str:
        with self._lock:
            self._last = max(self._last + 1, time.time_ns())
            return f"{self._last:018X}"


def record(event_name: str, bucket: Any, key: Any, configuration: str, account: str, sequencer: str) -> dict[str, Any]:
    """One change of one object. What is removed has neither size nor tag."""
    from moto.core.utils import iso_8601_datetime_with_milliseconds

    described: dict[str, Any] = {"key": quote_plus(key.name, safe="/*")}
    if "ObjectRemoved" not in event_name:
        described |= {"size": key.size, "eTag": key.etag.replace('"', "")}
    if bucket.is_versioned and key.version_id not in (None, "null"):
        described["versionId"] = key.version_id
    described["sequencer"] = sequencer
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": bucket.region_name,
        "eventTime": iso_8601_datetime_with_milliseconds(),
        "eventName": event_name.removeprefix("s3:"),
        "userIdentity": {"principalId": asked.principal()},
        "requestParameters": {"sourceIPAddress": asked.peer()},
        "responseElements": asked.request_ids(),
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration,
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": {"principalId": _owner(account)},
                "arn": bucket.arn,
            },
            "object": described,
        },
    }


def _owner(account: str) -> str:
    """The form of Amazon's customer numbers."""
    return "A" + b32encode(sha256(account.encode()).digest()).decode()[:13]


def _try(deliver: Callable[[str, Any], None], arn: str, event: Any) -> None:
    """On AWS nobody who changes an object hears of it either."""
    try:
        deliver(arn, event)
    except FrontError as error:
        log.warning("S3 could not notify %s", error)
    except Exception:
        log.exception("S3 could not notify %s", arn)
