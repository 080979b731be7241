"""SQS beside Lambda on one port, for callers outside and for functions."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from boto_rig import client_at
from own import QUICKER, OwnLam, own_emulator
from waiting import eventually

SENDS = """
import json, os
from urllib.request import Request, urlopen

def handler(event, context):
    body = json.dumps({"QueueUrl": event["queue"], "MessageBody": event["message"]}).encode()
    headers = {"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"}
    with urlopen(Request(os.environ["AWS_ENDPOINT_URL"], body, headers), timeout=10) as answer:
        return json.load(answer)
"""


def queues_of(lam: OwnLam) -> Any:
    return client_at(lam.url, "sqs", lam.emulator.scope.account)


@pytest.fixture(params=QUICKER)
def lam(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnLam]:
    """An emulator of one's own."""
    with own_emulator(tmp_path, request.param) as lam:
        yield lam


def test_a_function_sends_to_a_queue_that_was_made_outside_until_a_reset(lam: OwnLam) -> None:
    emulator = lam.emulator
    queues = queues_of(lam)
    url = queues.create_queue(QueueName="jobs")["QueueUrl"]
    lam.create("sends", SENDS)

    lam.invoke("sends", {"queue": url, "message": "hello"})
    [got] = queues.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    token = {"X-Lambda-Emu-Token": emulator.token}
    with urlopen(Request(f"{emulator.url}/_lambda-emu/reset", headers=token, method="POST"), timeout=30):
        pass

    assert got["Body"] == "hello"
    assert "QueueUrls" not in queues.list_queues()


def test_a_server_that_stops_answers_who_waits_and_keeps_every_message(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as threads:
        with own_emulator(tmp_path, "process", grace_s=30) as lam:
            queues, scope = queues_of(lam), lam.emulator.scope
            empty, jobs = (queues.create_queue(QueueName=name)["QueueUrl"] for name in ("empty", "jobs"))
            for body in ("taken", "left"):
                queues.send_message(QueueUrl=jobs, MessageBody=body)
            [taken] = queues.receive_message(QueueUrl=jobs, VisibilityTimeout=900)["Messages"]
            waiting = threads.submit(queues.receive_message, QueueUrl=empty, WaitTimeSeconds=20)
            arn = f"arn:aws:sqs:{scope.region}:{scope.account}:empty"
            eventually(
                lambda: lam.emulator.loop.ask(lambda: lam.emulator.around.queues.open().is_awaited(arn), 5),
                "it to wait",
            )

        assert waiting.done()
        assert "Messages" not in waiting.result()
    with own_emulator(tmp_path, "process") as lam:
        queues = queues_of(lam)
        jobs = queues.get_queue_url(QueueName="jobs")["QueueUrl"]
        queues.delete_message(QueueUrl=jobs, ReceiptHandle=taken["ReceiptHandle"])
        [left] = queues.receive_message(QueueUrl=jobs, MaxNumberOfMessages=10)["Messages"]
        counts = queues.get_queue_attributes(QueueUrl=jobs, AttributeNames=["All"])["Attributes"]

    assert (taken["Body"], left["Body"]) == ("taken", "left")
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "1"
