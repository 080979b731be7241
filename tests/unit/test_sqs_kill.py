"""What SQS acknowledged outlives the death of its server; what cannot be kept is not acknowledged."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import sqs_rig
from api_rig import refused
from botocore.exceptions import BotoCoreError, ClientError
from ground_rig import served_apart
from sqs_rig import Sqs, serving
from store_rig import files_end_at

from lambda_emu.services.journal.commits import LATER_S
from lambda_emu.services.journal.journal import HALF_BYTES

MESSAGES, THREADS = 1_000, 8


def test_every_message_that_was_acknowledged_outlives_a_kill_and_no_deleted_one_comes_back(tmp_path: Path) -> None:
    with served_apart(sqs_rig, "sqs", tmp_path) as (client, server):
        url = client.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
        acknowledged: list[str] = []
        perhaps: list[str] = []
        deleted: list[str] = []
        enough, killed = threading.Event(), threading.Event()

        def send(number: int) -> None:
            try:
                client.send_message(QueueUrl=url, MessageBody=str(number))
                acknowledged.append(str(number))
                if number % 10 == 0:
                    delete_some()
            except (BotoCoreError, ClientError):
                if not killed.is_set():
                    raise
            if len(acknowledged) >= MESSAGES * 3 // 4:
                enough.set()

        def delete_some() -> None:
            for one in client.receive_message(QueueUrl=url, MaxNumberOfMessages=3).get("Messages", []):
                perhaps.append(one["Body"])  # it may be deleted though nobody could say so any more
                client.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
                deleted.append(one["Body"])

        with ThreadPoolExecutor(THREADS) as threads:
            sending = [threads.submit(send, number) for number in range(MESSAGES)]
            assert enough.wait(60)
            killed.set()
            os.kill(server.pid, signal.SIGKILL)
            for one in sending:
                one.result()

    with served_apart(sqs_rig, "sqs", tmp_path) as (client, _):
        url = client.get_queue_url(QueueName="jobs")["QueueUrl"]
        found: set[str] = set()
        while got := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=300).get(
            "Messages"
        ):
            found |= {one["Body"] for one in got}

    assert len(deleted) > 10
    assert len(perhaps) - len(deleted) <= THREADS
    assert set(acknowledged) - set(perhaps) - found == set()
    assert found & set(deleted) == set()


def test_what_a_full_disk_cannot_keep_is_refused_and_can_be_sent_again(tmp_path: Path) -> None:
    """When the server began there was no room for the journal either."""
    wanted = {"MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    with ExitStack() as stack:
        with files_end_at(HALF_BYTES):
            sqs = stack.enter_context(serving(tmp_path))
        url = sqs.create("jobs.fifo")
        with files_end_at(0), refused("InternalFailure"):
            sqs.client.send_message(QueueUrl=url, **wanted)
        sqs.client.send_message(QueueUrl=url, **wanted)
        with files_end_at(0), refused("InternalFailure"):
            sqs.receive(url)

        [got] = sqs.receive(url, MessageSystemAttributeNames=["ApproximateReceiveCount"])
    assert (got["Body"], got["Attributes"]) == ("x", {"ApproximateReceiveCount": "1"})


def test_what_there_is_room_for_in_the_journal_is_kept_though_the_disk_is_full(tmp_path: Path) -> None:
    with serving(tmp_path) as sqs:
        url = sqs.create("jobs.fifo", ContentBasedDeduplication="true")
        with files_end_at(0):
            sqs.send(url, "first", "second", MessageGroupId="g")
            [first] = sqs.receive(url, 1)
            sqs.clock.advance(LATER_S)
            sqs.delete(url, first)

    with serving(tmp_path) as sqs:
        assert sqs.bodies(url_of(sqs, "jobs.fifo")) == ["second"]


def url_of(sqs: Sqs, name: str) -> str:
    url: str = sqs.client.get_queue_url(QueueName=name)["QueueUrl"]
    return url
