"""SQS over a real store, served to real clients, at a time that a test moves. As a program: until it is killed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from api_rig import signed
from boto_rig import client_at
from ground_rig import ACCOUNT, REGION, ground_in, run_until_killed

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock, SteppingClock
from lambda_emu.gateway.callers import Callers
from lambda_emu.http.loop import Loop
from lambda_emu.services.sqs.late import LateQueues
from lambda_emu.services.sqs.queues import Queues
from lambda_emu.services.sqs.service import QueueService
from lambda_emu.services.sqs.serving import QueueServer

ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:"
NAMESPACE = "{http://queue.amazonaws.com/doc/2012-11-05/}"


@dataclass(frozen=True)
class Sqs:
    """A served SQS. client: boto3's. clock: moved by the test."""

    port: int
    client: Any
    clock: SteppingClock
    queues: Queues
    loop: Loop

    def create(self, name: str, **attributes: str) -> str:
        """Its URL."""
        if name.endswith(".fifo"):
            attributes = {"FifoQueue": "true", **attributes}
        url: str = self.client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def send(self, url: str, *bodies: str, **wanted: Any) -> None:
        for body in bodies:
            self.client.send_message(QueueUrl=url, MessageBody=body, **wanted)

    def receive(self, url: str, most: int = 10, **wanted: Any) -> list[dict[str, Any]]:
        got = self.client.receive_message(QueueUrl=url, MaxNumberOfMessages=most, **wanted)
        return list(got.get("Messages", []))

    def bodies(self, url: str, most: int = 10, **wanted: Any) -> list[str]:
        return [message["Body"] for message in self.receive(url, most, **wanted)]

    def delete(self, url: str, *messages: dict[str, Any]) -> None:
        for message in messages:
            self.client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def settle(self) -> None:
        """What was begun is on disk, and who waited for that has set his timers: what is asked for now comes after."""
        self.create(f"after-{uuid4().hex}")

    def attributes(self, url: str, *names: str) -> dict[str, str]:
        got = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=list(names or ("All",)))
        return dict(got.get("Attributes", {}))

    def query(self, path: str = "/", **fields: str) -> ElementTree.Element:
        """What the query form answers; HTTPError. A queue's path says itself whose it is, and is not signed."""
        data = urlencode({"Version": "2012-11-05", **fields}).encode()
        headers = {"Authorization": signed(ACCOUNT).replace("/lambda/", "/sqs/")} if path == "/" else {}
        with urlopen(Request(f"http://127.0.0.1:{self.port}{path}", data, headers), timeout=10) as answer:
            return ElementTree.fromstring(answer.read())


def client_of(port: int, account: str = ACCOUNT, region: str = REGION) -> Any:
    return client_at(f"http://127.0.0.1:{port}", "sqs", account, region)


@contextmanager
def serving(folder: Path, clock: Clock | None = None, callers: Callers | None = None) -> Iterator[Sqs]:
    """Until the block ends."""
    moved: Any = clock or SteppingClock(stands=True)
    with ground_in(folder, moved) as ground:
        queues = LateQueues(ground.store, ground.loop, moved).open()
        service = QueueService(lambda: QueueServer(queues, moved, Scope(ACCOUNT, REGION), ground.url))
        with ground.serve(service, "sqs", queues.close, callers) as client:
            yield Sqs(ground.port, client, moved, queues, ground.loop)


@pytest.fixture
def sqs(tmp_path: Path) -> Iterator[Sqs]:
    """An empty account of one's own."""
    with serving(tmp_path) as sqs:
        yield sqs


if __name__ == "__main__":
    with serving(Path(sys.argv[1]), Clock()) as served:
        run_until_killed(f"http://127.0.0.1:{served.port}")
