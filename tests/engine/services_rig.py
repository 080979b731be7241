"""boto3's clients of all services at one port, and queues to hear by what happened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from boto_rig import client_at
from own import OwnLam, own_emulator

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    """A module's own, with all services of that account, and functions as processes."""
    with own_emulator(tmp_path_factory.mktemp("project"), "process", stems=0, account=ACCOUNT) as lam:
        yield lam


def sdk(lam: Any, service: str, account: str = ACCOUNT, **settings: Any) -> Any:
    """boto3's client of a service at the port of Lambda. account: or any key. settings: more of its Config."""
    return client_at(lam.url, service, account, **settings)


def create_table(dynamodb: Any, name: str, view: str = "NEW_AND_OLD_IMAGES") -> Any:
    """A table of items by their id, with a stream of such images; returns its description."""
    return dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
    )["TableDescription"]


def emptied(sqs: Any, queue: str) -> Iterator[Any]:
    """What is in the messages of a queue, until there are no more; each page is gone once all of it was looked at."""
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        yield from (json.loads(message["Body"]) for message in messages)
        entries = [{"Id": str(at), "ReceiptHandle": one["ReceiptHandle"]} for at, one in enumerate(messages)]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)


class Inbox:
    """A queue of its own, by which a test hears what was sent."""

    def __init__(self, lam: Any, name: str, **attributes: str) -> None:
        self.sqs = sdk(lam, "sqs")
        self.url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self.arn = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]

    def next(self, wait_s: int = 10) -> Any:
        """The next message, which is deleted; None: none came."""
        found = self.sqs.receive_message(
            QueueUrl=self.url, WaitTimeSeconds=wait_s, MessageAttributeNames=["All"], AttributeNames=["All"]
        ).get("Messages")
        if not found:
            return None
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=found[0]["ReceiptHandle"])
        return found[0]

    def bodies(self, count: int) -> list[str]:
        """The next messages, and that there are no more of them."""
        bodies = [self.next()["Body"] for _ in range(count)]
        assert self.next(0) is None
        return bodies
