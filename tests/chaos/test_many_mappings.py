"""A thousand event source mappings beside each other: little for any, and each has its messages."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest
from own import Served, served
from services_rig import sdk
from test_stopping import cpu_s
from waiting import eventually

MAPPINGS, SPOKEN_TO = 1_000, 100
KEPT_KB = 64
"""A server may have so much more of memory for each queue with its mapping."""
REST_S, REST_SHARE = 5.0, 0.1
"""While nothing happens it uses at most so much of a core, for so long."""
PRINTS = "def handler(event, context): print('GOT', *(record['body'] for record in event['Records']))"


def sqs(lam: Served) -> Any:
    return sdk(lam, "sqs", "000000000000")


def threads(lam: Served) -> int:
    return len(list(Path(f"/proc/{lam.process.pid}/task").iterdir()))


def resident_kb(lam: Served) -> int:
    return int(Path(f"/proc/{lam.process.pid}/statm").read_text().split()[1]) * 4


def rests(lam: Served) -> bool:
    """Whether it has little to do for a while; what it still did when it was last asked is over some time."""
    before_s = cpu_s(lam.process)
    Event().wait(REST_S)
    return cpu_s(lam.process) - before_s <= REST_SHARE * REST_S


def left(client: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return sum(map(int, client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()))


@pytest.mark.slow
def test_each_of_a_thousand_mappings_has_its_messages_in_no_thread_little_memory_and_no_time(tmp_path: Path) -> None:
    with served(tmp_path, "process") as lam:
        lam.create("told", PRINTS)
        client = sqs(lam)
        urls = []
        for number in range(MAPPINGS):
            urls.append(client.create_queue(QueueName=f"queue-{number}")["QueueUrl"])
            arn = f"arn:aws:sqs:us-east-1:000000000000:queue-{number}"
            lam.client.create_event_source_mapping(EventSourceArn=arn, FunctionName="told")
            if number == 0:
                client.send_message(QueueUrl=urls[0], MessageBody="first")
                eventually(lambda: left(client, urls[0]) == 0, "the first message")
                lam.client.list_functions()  # what is imported only now is there before
                before, before_kb = threads(lam), resident_kb(lam)
        for url in urls[:: MAPPINGS // SPOKEN_TO]:
            client.send_message(QueueUrl=url, MessageBody="hello")

        eventually(lambda: not any(left(client, url) for url in urls[:: MAPPINGS // SPOKEN_TO]), "all of them")
        assert threads(lam) <= before + 2  # a worker more of the API's may be there by now
        assert resident_kb(lam) - before_kb <= MAPPINGS * KEPT_KB
        eventually(lambda: rests(lam), "it to rest")

    with served(tmp_path, "process") as lam:
        client = sqs(lam)
        client.send_message(QueueUrl=client.get_queue_url(QueueName="queue-999")["QueueUrl"], MessageBody="again")
        eventually(lambda: left(client, f"{lam.url}/000000000000/queue-999") == 0, "a message after a restart")
