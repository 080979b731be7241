"""What S3 tells of its objects, with all members of AWS's record. docs/contract/events.md#pushed-events."""

from __future__ import annotations

import json
import logging
import re
import time
from base64 import b32encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from threading import Lock, local
from typing import Any
from urllib.parse import quote_plus

from lambda_emu.services.child.program import current_request
from lambda_emu.services.child.program.front import Front, FrontError, FrontGone, Invoker
from lambda_emu.services.child.program.patches import s3_events
from lambda_emu.services.child.program.state.moment import stamp

log = logging.getLogger(__name__)

MARKER_CREATED = "s3:ObjectRemoved:DeleteMarkerCreated"
REMOVED = "s3:ObjectRemoved:Delete"
PRINCIPAL = "s3.amazonaws.com"
SNS_SUBJECT = "Amazon S3 Notification"
Deliver = Callable[[str, Any], None]


_RULE = re.compile(rb"<Name>\s*(prefix|suffix)\s*</Name>", re.IGNORECASE)


def replace_notifications(front: Front) -> None:
    """All of moto's models call them by the module, so that ours take their place for all."""
    from moto.s3 import notifications

    sender = NotificationSender(front)
    _tell_of_removals(sender)
    _check_targets(sender)
    _read_rules()
    s3_events.show_configuration()
    notifications.send_event = sender.send  # type: ignore[assignment]
    notifications.send_test_event = _send_nothing  # type: ignore[assignment]  # `NotificationSender.refused` does


def _tell_of_removals(sender: NotificationSender) -> None:
    from moto.s3 import models

    delete, set_marker = models.S3Backend.delete_object, models.S3Backend._set_delete_marker

    def set_and_tell(self: Any, bucket_name: str, key_name: str) -> Any:
        """moto tells nobody of delete markers."""
        marker, bucket = set_marker(self, bucket_name, key_name), self.get_bucket(bucket_name)
        sender.send(bucket.account_id, MARKER_CREATED, bucket, marker)
        return marker

    def delete_and_tell(
        self: Any, bucket_name: str, key_name: str, version_id: Any = None, bypass: bool = False
    ) -> Any:
        """moto tells of the last version of an object alone, as if it were the latest."""
        bucket = self.get_bucket(bucket_name)
        if version_id is None or not bucket.is_versioned:
            return delete(self, bucket_name, key_name, version_id, bypass)
        there = [key for key in bucket.keys.getlist(key_name, []) if str(key.version_id) == str(version_id)]
        with sender.silence():
            answer = delete(self, bucket_name, key_name, version_id, bypass)
        if there:
            sender.send(bucket.account_id, REMOVED, bucket, there[0])
        return answer

    models.S3Backend.delete_object = delete_and_tell  # type: ignore[method-assign]
    models.S3Backend._set_delete_marker = set_and_tell  # type: ignore[method-assign]


def _check_targets(sender: NotificationSender) -> None:
    """When they are set."""
    from moto.s3 import models

    set_targets = models.FakeBucket.set_notification_configuration

    def check_and_set(self: Any, wanted: Any) -> None:
        before = self.notification_configuration
        set_targets(self, wanted)
        if self.notification_configuration is not None and not current_request.skips_validation():
            refused = sender.refused(self)
            if refused:
                self.notification_configuration = before
                raise _unreachable(refused)

    models.FakeBucket.set_notification_configuration = check_and_set  # type: ignore[assignment]


def _read_rules() -> None:
    """moto knows the names of filters in lower case alone."""
    from moto.s3 import responses

    read_targets = responses.S3Response._notification_config_from_body

    def read_any_case(self: Any) -> Any:
        self.body = _RULE.sub(_in_lower_case, _bytes(self.body))
        return read_targets(self)

    responses.S3Response._notification_config_from_body = read_any_case  # type: ignore[method-assign]


class NotificationSender:
    """Before a change is answered, who wants to hear of it has its event; who cannot be told holds nothing up."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._sequence = Sequence()
        self._here = local()

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Nothing that this thread does is told until the block ends."""
        self._here.is_silent = True
        try:
            yield
        finally:
            self._here.is_silent = False

    def send(self, account: str, event_name: Any, bucket: Any, key: Any) -> None:
        """Called by moto when an object has changed."""
        if getattr(self._here, "is_silent", False):
            return
        told, name = bucket.notification_configuration, str(getattr(event_name, "value", event_name))
        if told is None or key is None or not _is_told(name):
            return
        sequencer = self._sequence.next()
        for wanted, deliver in self._targets(told):
            if wanted.matches(name, key.name):
                event = {"Records": [record(name, bucket, key, wanted.id, account, sequencer)]}
                current_request.tell(partial(_try, deliver, wanted.arn, event))
        told_bus = None if told.event_bridge is None else s3_events.entry(name, bucket, key, sequencer)
        if told_bus is not None:
            bus = f"arn:{bucket.partition}:events:{bucket.region_name}:{account}:event-bus/default"
            current_request.tell(partial(_try, self._put_event, bus, told_bus))

    def refused(self, bucket: Any) -> list[str]:
        """The targets that are not there, as S3 finds out: queues and topics get a test event."""
        time_text, ids = stamp(), current_request.request_ids()
        event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": time_text, "Bucket": bucket.name}
        event |= {"RequestId": ids["x-amz-request-id"], "HostId": ids["x-amz-id-2"]}
        found = {}
        for wanted, deliver in self._targets(bucket.notification_configuration):
            found[wanted.arn] = self._find if deliver == self._send_to_function else deliver
        return [arn for arn, reach in found.items() if not _reached(reach, arn, event)]

    def _targets(self, told: Any) -> list[tuple[Any, Deliver]]:
        return [
            *((one, self._send_to_function) for one in told.cloud_function),
            *((one, self._send_to_queue) for one in told.queue),
            *((one, self._send_to_topic) for one in told.topic),
        ]

    def _find(self, arn: str, _: Any) -> None:
        self._front.find_function(arn)

    def _send_to_function(self, arn: str, event: Any) -> None:
        self._front.send_event(arn, event, Invoker(PRINCIPAL, _bucket_arn(event)))

    def _send_to_queue(self, arn: str, event: Any) -> None:
        self._front.send_message(arn, json.dumps(event), Invoker(PRINCIPAL, _bucket_arn(event)))
        self._front.policies.look(arn, PRINCIPAL, _bucket_arn(event))

    def _put_event(self, bus: str, told: Any) -> None:
        type, resource, detail = told
        self._front.put_event(bus, "aws.s3", type, [resource], json.dumps(detail))

    def _send_to_topic(self, arn: str, event: Any) -> None:
        from lambda_emu.services.child.program.patches.sns_delivery import replace_delivery, topic_backend

        replace_delivery(self._front)
        topic_backend(arn).publish(message=json.dumps(event), arn=arn, subject=SNS_SUBJECT)


def _send_nothing(**_: object) -> None:
    """In place of moto's."""


def _in_lower_case(rule: re.Match[bytes]) -> bytes:
    return b"<Name>%b</Name>" % rule[1].lower()


def _is_told(name: str) -> bool:
    """moto also says what it does inside of another operation, which S3 does not."""
    if name == "s3:ObjectTagging:Put":
        return current_request.has("tagging")
    return not (name in ("s3:ObjectCreated:Put", "s3:ObjectCreated:Post") and current_request.has("uploadId"))


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
        "eventTime": stamp(),
        "eventName": event_name.removeprefix("s3:"),
        "userIdentity": {"principalId": current_request.principal()},
        "requestParameters": {"sourceIPAddress": current_request.peer()},
        "responseElements": current_request.request_ids(),
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


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _unreachable(arns: list[str]) -> Exception:
    from moto.s3.exceptions import InvalidArgumentError

    text = "Unable to validate the following destination configurations"
    return InvalidArgumentError(text, arns[0], "The destination does not exist")


def _reached(deliver: Deliver, arn: str, event: Any) -> bool:
    from moto.core.exceptions import ServiceException

    try:
        deliver(arn, event)
    except FrontGone:
        raise
    except (FrontError, ServiceException) as error:
        log.info("S3 cannot notify %s", error)
        return False
    return True


def _try(deliver: Deliver, arn: str, event: Any) -> None:
    """On AWS nobody who changes an object hears of it either. FrontGone."""
    try:
        deliver(arn, event)
    except FrontGone:
        raise
    except FrontError as error:
        log.warning("S3 could not notify %s", error)
    except Exception:
        log.exception("S3 could not notify %s", arn)


def _bucket_arn(event: Any) -> str:
    records = event.get("Records")
    return f"arn:aws:s3:::{records[0]['s3']['bucket']['name'] if records else event['Bucket']}"
