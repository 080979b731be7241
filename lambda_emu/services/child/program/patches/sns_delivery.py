"""How SNS delivers a message: to functions, queues, delivery streams and URLs. docs/contract/events.md#pushed-events.

moto keeps topics, subscriptions and filter policies, and decides who has a message.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lambda_emu.arn import scope_in
from lambda_emu.services.child.program.front import Front, FrontError, FrontGone, Invoker
from lambda_emu.services.child.program.outbox import Outbox
from lambda_emu.services.child.program.patches.sns_fifo import FifoPlace, Topics
from lambda_emu.services.child.program.patches.sns_filters import replace_filters, wants
from lambda_emu.services.child.program.patches.sns_urls import Urls, replace_confirmation, url_headers
from lambda_emu.services.child.program.state.moment import stamp

log = logging.getLogger(__name__)

KEY_BITS = 2048
PRINCIPAL = "sns.amazonaws.com"
PEOPLE = ("sms", "email", "email-json", "application")

Attributes = dict[str, Any]
kept_in: Path | None = None
"""Where what was sent is remembered; None: nowhere. Set before delivery is replaced."""
outbox = Outbox()
"""What people would have been sent; nobody is. Set as that."""


@cache
def replace_delivery(front: Front) -> None:
    """Whoever needs it says so; it is done once."""
    from moto.sns import models

    delivery = SnsDelivery(front)
    topics = Topics(kept_in)

    def publish(self: Any, message: str, message_id: str, subject: str | None = None, **more: Any) -> None:
        attributes, structure = more.get("message_attributes"), more.get("message_structure")
        if self.attributes.get("PendingConfirmation") is True or not wants(self.attributes, attributes, message):
            return
        if structure == "json":
            message = self._parse_message_structure(message, self.protocol)
        delivery.deliver(SnsMessage(self, message, message_id, subject, attributes or {}, more.get("order")))

    def publish_all(self: Any, message: str, **more: Any) -> str:
        return topics.publish(self, message, **more)

    models.Subscription.publish = publish  # type: ignore[assignment]
    models.Topic.publish = publish_all  # type: ignore[assignment]
    models.SNSBackend.publish = _keeping_texts(models.SNSBackend.publish)  # type: ignore[method-assign]
    replace_confirmation(front)
    replace_filters()


def _keeping_texts(publish: Any) -> Any:
    def keeping(self: Any, message: str, arn: str | None, phone_number: str | None = None, **more: Any) -> str:
        message_id: str = publish(self, message, arn, phone_number, **more)
        if phone_number:
            self.sms_messages.clear()  # it keeps all of them
            self.sms_message_objects.clear()
            outbox.add({"to": phone_number, "by": "sms", "message": message, "id": message_id})
        return message_id

    return keeping


def topic_backend(arn: str) -> Any:
    """moto's of the account and region that the topic is in."""
    from moto.sns.models import sns_backends

    scope = scope_in(arn)
    return sns_backends[scope.account][scope.region]


class SnsMessage:
    """A message on its way to one subscription."""

    def __init__(
        self,
        subscription: Any,
        message: str,
        message_id: str,
        subject: str | None,
        attributes: Attributes,
        order: FifoPlace | None = None,
    ) -> None:
        self.subscription = subscription
        self.message = message
        self.message_id = message_id
        self.subject = subject
        self.attributes = attributes
        self.order = order
        self.timestamp = stamp()

    @property
    def topic_arn(self) -> str:
        return str(self.subscription.topic.arn)

    @property
    def is_raw(self) -> bool:
        return str(self.subscription.attributes.get("RawMessageDelivery", False)).lower() == "true"

    def notification(self, url_case: str) -> dict[str, Any]:
        """url_case: `Url` for functions, `URL` for all others."""
        region = scope_in(self.topic_arn).region
        host = f"https://sns.{region}.amazonaws.com"
        told: dict[str, Any] = {"Type": "Notification", "MessageId": self.message_id, "TopicArn": self.topic_arn}
        if self.order is not None:
            told["SequenceNumber"] = self.order.sequence
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


class SnsDelivery:
    """All are told before Publish is answered but URLs, which are afterwards. Who publishes may hear of FrontGone."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._urls: Urls[SnsMessage] = Urls(self.give_up)

    def deliver(self, sent: SnsMessage) -> None:
        protocol, endpoint = sent.subscription.protocol, sent.subscription.endpoint
        try:
            if protocol == "lambda":
                self._front.send_event(endpoint, event_of(sent), Invoker(PRINCIPAL, sent.topic_arn))
            elif protocol == "sqs":
                self._send_to_queue(sent, endpoint)
            elif protocol == "firehose":
                self._front.put_record(endpoint, record_of(sent))
            elif protocol in ("http", "https"):
                self._urls.post(endpoint, headers_of(sent), body_of(sent), sent)
            elif protocol in PEOPLE:
                outbox.add(_for_people(sent))
        except FrontGone:
            raise
        except FrontError as error:
            self.give_up(sent, error)
        except Exception as error:
            log.exception("a message of SNS")
            self.give_up(sent, error)

    def give_up(self, sent: SnsMessage, problem: object) -> None:
        """Its subscription's dead letter queue has it, if there is one."""
        endpoint, why = sent.subscription.endpoint, str(problem)
        log.warning("SNS could not notify %s", why if why.startswith(endpoint) else f"{endpoint}: {why}")
        try:
            queue = json.loads(sent.subscription.attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn")
            if queue:
                self._send_to_queue(sent, queue)
        except (FrontError, ValueError, AttributeError) as error:
            log.warning("nor its dead letter queue: %s", error)

    def _send_to_queue(self, sent: SnsMessage, arn: str) -> None:
        attributes = None
        if sent.is_raw:
            attributes = {name: _for_queue(value) for name, value in sent.attributes.items()} or None
        order = sent.order if arn.endswith(".fifo") else None
        self._front.send_message(
            arn,
            body_of(sent),
            Invoker(PRINCIPAL, sent.topic_arn),
            MessageAttributes=attributes,
            MessageGroupId=order and order.group,
            MessageDeduplicationId=order and order.deduplication,
        )
        self._front.policies.look(arn, PRINCIPAL, sent.topic_arn)


def body_of(sent: SnsMessage) -> str:
    """As queues and URLs have it."""
    return sent.message if sent.is_raw else json.dumps(sent.notification("URL"))


def record_of(sent: SnsMessage) -> str:
    """As delivery streams have it: nobody signs what lies in a bucket."""
    if sent.is_raw:
        return sent.message
    told = sent.notification("URL")
    signed = ("SignatureVersion", "Signature", "SigningCertURL")
    return json.dumps({name: value for name, value in told.items() if name not in signed}) + "\n"


def event_of(sent: SnsMessage) -> dict[str, Any]:
    """As functions have it."""
    told = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": sent.subscription.arn,
        "Sns": sent.notification("Url"),
    }
    return {"Records": [told]}


def headers_of(sent: SnsMessage) -> dict[str, str]:
    """Of what is posted to a URL."""
    told = {"x-amz-sns-message-id": sent.message_id, "x-amz-sns-subscription-arn": sent.subscription.arn}
    if sent.is_raw:
        told["x-amz-sns-rawdelivery"] = "true"
    return {**url_headers("Notification", sent.topic_arn), **told}


def _for_people(sent: SnsMessage) -> dict[str, Any]:
    subscription = sent.subscription
    told = {"to": subscription.endpoint, "by": subscription.protocol, "message": sent.message, "id": sent.message_id}
    return {**told, "subject": sent.subject, "topic": sent.topic_arn}


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
