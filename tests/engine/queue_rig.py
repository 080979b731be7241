"""Queues beside functions that are polled for: what a test does with both, by boto3 over the server's port."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from boto_rig import client_at
from lam import Lam
from own import OwnLam, own_emulator
from waiting import eventually

# What each function of these tests prints: its event, one line an invocation, so that a test reads it in the log.
PRINTS = """
import json
def handler(event, context):
    print("GOT " + json.dumps(event))
"""


class Queues:
    """SQS of a running emulator, and what was made in it for one test."""

    def __init__(self, lam: Lam, url: str, access_key: str = "test", region: str = "us-east-1") -> None:
        self.lam = lam
        self.client = client_at(url, "sqs", access_key, region)
        self._mappings: list[str] = []
        self._urls: list[str] = []

    def create(self, name: str, **attributes: str) -> tuple[str, str]:
        """A queue's URL and ARN."""
        if name.endswith(".fifo"):
            attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", **attributes}
        url = self.client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self._urls.append(url)
        return url, self.attributes(url)["QueueArn"]

    def attributes(self, url: str) -> dict[str, str]:
        return dict(self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])

    def left(self, url: str) -> int:
        """Messages of any state, at one moment."""
        found = self.attributes(url)
        return sum(int(found[f"ApproximateNumberOfMessages{state}"]) for state in ("", "NotVisible", "Delayed"))

    def wait_until_taken(self, url: str, count: int) -> None:
        """Until so many messages in flight are with who took them: what is acknowledged later came after that."""

        def are_taken() -> bool:
            return self.attributes(url)["ApproximateNumberOfMessagesNotVisible"] == str(count)

        eventually(are_taken, f"{count} messages to be taken")
        self.send(self.create("afterwards")[0], "x")

    def send(self, url: str, *bodies: str, **wanted: Any) -> None:
        for at in range(0, len(bodies), 10):
            entries = [{"Id": str(n), "MessageBody": body, **wanted} for n, body in enumerate(bodies[at : at + 10])]
            answer = self.client.send_message_batch(QueueUrl=url, Entries=entries)
            assert not answer.get("Failed"), answer

    def map(self, arn: str, function: str, **wanted: Any) -> str:
        """A mapping's UUID."""
        made = self.lam.client.create_event_source_mapping(EventSourceArn=arn, FunctionName=function, **wanted)
        assert made["State"] == ("Creating" if wanted.get("Enabled", True) else "Disabled")
        self._mappings.append(made["UUID"])
        return str(made["UUID"])

    def state(self, uuid: str) -> str:
        try:
            return str(self.lam.client.get_event_source_mapping(UUID=uuid)["State"])
        except self.lam.client.exceptions.ResourceNotFoundException:
            return "gone"

    def wait_for(self, uuid: str, *states: str) -> str:
        """Until a mapping is in one of these states; `gone` is one."""
        return eventually(lambda: next((one for one in states if one == self.state(uuid)), ""), f"one of {states}")

    def forget(self) -> None:
        """What was made here stays."""
        self._mappings.clear()
        self._urls.clear()

    def close(self) -> None:
        for uuid in self._mappings:
            self.wait_for(uuid, "Enabled", "Disabled", "gone")
            try:
                self.lam.client.delete_event_source_mapping(UUID=uuid)
            except self.lam.client.exceptions.ResourceNotFoundException:
                continue  # the test removed it itself
        for url in self._urls:
            try:
                self.client.delete_queue(QueueUrl=url)
            except self.client.exceptions.QueueDoesNotExist:
                continue
        self.client.close()


@contextmanager
def queues_of(lam: Lam, url: str, access_key: str = "test", region: str = "us-east-1") -> Iterator[Queues]:
    """They and their mappings go in the end."""
    queues = Queues(lam, url, access_key, region)
    try:
        yield queues
    finally:
        queues.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    """One engine is enough: no source of events knows which one runs the function."""
    with own_emulator(tmp_path_factory.mktemp("project"), "process") as lam:
        yield lam


@pytest.fixture
def queues(lam: Lam) -> Iterator[Queues]:
    with queues_of(lam, lam.url) as queues:
        yield queues


class Invocations:
    """What a function of PRINTS was given, by its log."""

    def __init__(self, lam: Lam, name: str) -> None:
        self._lam = lam
        self._name = name

    def events(self) -> list[Any]:
        lines = [line.rstrip() for line in self._lam.own_events(self._name)]
        return [json.loads(line.removeprefix("GOT ")) for line in lines if line.startswith("GOT ")]

    def records(self) -> list[Any]:
        """Of all events, in their order."""
        return [record for event in self.events() for record in event["Records"]]

    def bodies(self) -> list[str]:
        return [record["body"] for record in self.records()]

    def batches(self) -> list[list[str]]:
        return [[record["body"] for record in event["Records"]] for event in self.events()]
