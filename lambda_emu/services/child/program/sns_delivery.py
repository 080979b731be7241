"""How SNS delivers a message to a subscription: to functions, queues and URLs. docs/contract/events.md#pushed-events.

moto keeps topics, subscriptions and filter policies, and decides who has a message.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any
from urllib.parse import quote

from lambda_emu.services.child.program.front import Front, FrontError

log = logging.getLogger(__name__)

KEY_BITS = 2048
URL_THREADS = 4
URL_LIMIT_S = 15.0
URL_TRIES = 3
MOST_WAITING = 1000
WAIT_S = 1.0
"""Before the second try, and twice that before the third."""

Attributes = dict[str, Any]


@cache
def replace_delivery(front: Front) -> None:
    """Whoever needs it says so; it is done once."""
    from moto.sns import models

    delivery = Delivery(front)

    def publish(self: Any, message: str, message_id: str, subject: str | None = None, **more: Any) -> None:
        attributes, structure = more.get("message_attributes"), more.get("message_structure")
        matcher = self._filter_policy_matcher
        if matcher is not None and not matcher.matches(attributes, message):
            return
        if structure == "json":
            message = self._parse_message_structure(message, self.protocol)
        sent = Sent(self, message, message_id, subject, attributes or {})
        delivery.deliver(sent, more.get("group_id"), more.get("deduplication_id"))

    models.Subscription.publish = publish  # type: ignore[assignment]


def topic_backend(arn: str) -> Any:
    """moto's of the account and region that the topic is in."""
    from moto.sns.models import sns_backends

    region, account = arn.split(":")[3:5]
    return sns_backends[account][region]


class Sent:
    """A message on its way to one subscription."""

    def __init__(
        self, subscription: Any, message: str, message_id: str, subject: str | None, attributes: Attributes
    ) -> None:
        from moto.core.utils import iso_8601_datetime_with_milliseconds

        self.subscription = subscription
        self.message = message
        self.message_id = message_id
        self.subject = subject
        self.attributes = attributes
        self.timestamp = iso_8601_datetime_with_milliseconds()

    @property
    def topic_arn(self) -> str:
        return str(self.subscription.topic.arn)

    @property
    def is_raw(self) -> bool:
        return str(self.subscription.attributes.get("RawMessageDelivery", False)).lower() == "true"

    def notification(self, url_case: str) -> dict[str, Any]:
        """url_case: `Url` for functions, `URL` for all others."""
        region = self.topic_arn.split(":")[3]
        host = f"https://sns.{region}.amazonaws.com"
        told: dict[str, Any] = {"Type": "Notification", "MessageId": self.message_id, "TopicArn": self.topic_arn}
        if self.subject or url_case == "Url":
            told["Subject"] = self.subject
        told |= {
            "Message": self.message,
            "Timestamp": self.timestamp,
            "SignatureVersion": "1",
            "Signature": self._signature(),
            f"SigningCert{url_case}": f"{host}/SimpleNotificationService-lambda-emu.pem",
            f"Unsubscribe{url_case}": f"{host}/?Action=Unsubscribe&SubscriptionArn={quote(self.subscription.arn)}",
        }
        if self.attributes or url_case == "Url":
            told["MessageAttributes"] = {name: _as_text(value) for name, value in self.attributes.items()}
        return told

    def _signature(self) -> str:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        members = {
            "Message": self.message,
            "MessageId": self.message_id,
            "Subject": self.subject,
            "Timestamp": self.timestamp,
            "TopicArn": self.topic_arn,
            "Type": "Notification",
        }
        text = "".join(f"{name}\n{value}\n" for name, value in members.items() if value)
        signed: bytes = _key().sign(text.encode(), padding.PKCS1v15(), hashes.SHA1())
        return base64.b64encode(signed).decode()


class Delivery:
    """To functions and queues before Publish is answered; to URLs afterwards, on threads of its own."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._urls = ThreadPoolExecutor(URL_THREADS, thread_name_prefix="SNS to URLs")
        self._room = threading.Semaphore(MOST_WAITING)

    def deliver(self, sent: Sent, group: str | None, deduplication: str | None) -> None:
        """Who publishes does not hear that somebody could not be told."""
        protocol, endpoint = sent.subscription.protocol, sent.subscription.endpoint
        try:
            if protocol == "lambda":
                self._front.send_event(endpoint, _event(sent))
            elif protocol == "sqs":
                self._send_to_queue(sent, group, deduplication)
            elif protocol in ("http", "https"):
                self._send_to_url(sent)
        except FrontError as error:
            log.warning("SNS could not notify %s", error)
        except Exception:
            log.exception("SNS could not notify %s", endpoint)

    def _send_to_url(self, sent: Sent) -> None:
        if self._room.acquire(blocking=False):
            self._urls.submit(_post, sent).add_done_callback(lambda _: self._room.release())
        else:
            log.warning("SNS could not notify %s: %d wait already", sent.subscription.endpoint, MOST_WAITING)

    def _send_to_queue(self, sent: Sent, group: str | None, deduplication: str | None) -> None:
        body, attributes = sent.message, None
        if sent.is_raw:
            attributes = {name: _for_queue(value) for name, value in sent.attributes.items()} or None
        else:
            body = json.dumps(sent.notification("URL"))
        self._front.send_message(
            sent.subscription.endpoint,
            body,
            MessageAttributes=attributes,
            MessageGroupId=group,
            MessageDeduplicationId=deduplication,
        )


def _event(sent: Sent) -> dict[str, Any]:
    told = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": sent.subscription.arn,
        "Sns": sent.notification("Url"),
    }
    return {"Records": [told]}


def _post(sent: Sent) -> None:
    """On a thread for URLs: tried a few times, and then told in the log."""
    import requests  # moto has it

    subscription = sent.subscription
    headers = {
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": "Amazon Simple Notification Service Agent",
        "x-amz-sns-message-type": "Notification",
        "x-amz-sns-message-id": sent.message_id,
        "x-amz-sns-topic-arn": sent.topic_arn,
        "x-amz-sns-subscription-arn": subscription.arn,
    }
    if sent.is_raw:
        headers["x-amz-sns-rawdelivery"] = "true"
    body = sent.message if sent.is_raw else json.dumps(sent.notification("URL"))
    problem: object = None
    for attempt in range(URL_TRIES):
        if attempt:
            threading.Event().wait(WAIT_S * attempt)
        try:
            answer = requests.post(subscription.endpoint, body.encode(), headers=headers, timeout=URL_LIMIT_S)
        except requests.RequestException as error:
            problem = error
            continue
        problem = answer.status_code
        if answer.status_code < 500:
            return
    log.warning("SNS could not notify %s: %s", subscription.endpoint, problem)


def _as_text(attribute: Mapping[str, Any]) -> dict[str, Any]:
    value = attribute["Value"]
    if isinstance(value, bytes):
        value = base64.b64encode(value).decode()
    return {"Type": attribute["Type"], "Value": value if isinstance(value, str) else str(value)}


def _for_queue(attribute: Mapping[str, Any]) -> dict[str, Any]:
    text = _as_text(attribute)
    member = "BinaryValue" if text["Type"].startswith("Binary") else "StringValue"
    return {"DataType": text["Type"], member: text["Value"]}


@cache
def _key() -> Any:
    """One for the child's life, and no certificate: where we say that it is, nobody finds ours."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
