"""SQS beside Lambda on one port, for callers outside and for functions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from own import ENGINES, OwnLam, own_emulator
from sqs_rig import client_of

SENDS = """
import json, os
from urllib.request import Request, urlopen

def handler(event, context):
    body = json.dumps({"QueueUrl": event["queue"], "MessageBody": event["message"]}).encode()
    headers = {"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"}
    with urlopen(Request(os.environ["AWS_ENDPOINT_URL"], body, headers), timeout=10) as answer:
        return json.load(answer)
"""


@pytest.fixture(params=ENGINES)
def lam(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnLam]:
    """An emulator of one's own."""
    with own_emulator(tmp_path, request.param) as lam:
        yield lam


def test_a_function_sends_to_a_queue_that_was_made_outside_until_a_reset(lam: OwnLam) -> None:
    emulator = lam.emulator
    queues = client_of(int(emulator.url.rpartition(":")[2]), emulator.scope.account)
    url = queues.create_queue(QueueName="jobs")["QueueUrl"]
    lam.create("sends", SENDS)

    lam.invoke("sends", {"queue": url, "message": "hello"})
    [got] = queues.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    token = {"X-Lambda-Emu-Token": emulator.token}
    with urlopen(Request(f"{emulator.url}/_lambda-emu/reset", headers=token, method="POST"), timeout=30):
        pass

    assert got["Body"] == "hello"
    assert "QueueUrls" not in queues.list_queues()
