"""Event source mappings: messages that wait in a queue beside direct invocations of the same batches, and idle ones."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.client import BadAnswer, Connection, invocation
from benchmarks.crowd import rate
from benchmarks.emulator import Emulator
from benchmarks.figures import in_turns
from benchmarks.functions import client_of
from benchmarks.machine import footprint
from benchmarks.messages import request
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns
from benchmarks.waiting import wait_for

MESSAGES, BATCH, AT_ONCE = 60_000, 10, 5
SHORTEST_LOOK_S, LONGEST_LOOK_S = 0.002, 0.1
BLOCKS = 8
MAPPINGS = 1_000
IDLE_S = 20.0
BODY = json.dumps({"order": 12345, "items": ["a", "b", "c"]})
_COUNTS = re.compile(rb':"([0-9]+)"')


def sources(_stage: Stage) -> list[Verdict]:
    """As processes, so that the engine's own work is not what is measured."""
    with Emulator("--engine", "process") as emulator:
        return [_rate(emulator), *_idle(emulator)]


def _rate(emulator: Emulator) -> Verdict:
    emulator.functions.create(["batches"], "app.noop")
    queue = _Queue(emulator, "batches")
    uuid = queue.map("batches", Enabled=False, ScalingConfig={"MaximumConcurrency": AT_ONCE})
    direct_request = invocation(emulator.address, "batches", _event(queue.arn))

    def polled() -> float:
        queue.wait_for(uuid, "Disabled")
        queue.fill(MESSAGES)
        begun_s = time.perf_counter()
        queue.functions.update_event_source_mapping(UUID=uuid, Enabled=True)
        queue.wait_until_empty()
        took_s = time.perf_counter() - begun_s
        queue.wait_for(uuid, "Enabled")
        queue.functions.update_event_source_mapping(UUID=uuid, Enabled=False)
        return MESSAGES / took_s

    def direct() -> float:
        return BATCH * rate(emulator.address, direct_request, AT_ONCE, MESSAGES // BATCH // AT_ONCE)

    polled()
    direct()
    what = f"SQS to a function, batches of {BATCH}, process sandbox"
    return of_turns(what, "messages/s", in_turns(polled, direct, BLOCKS), "invoked directly", 0.85, at_least=True)


def _idle(emulator: Emulator) -> list[Verdict]:
    before_mb, before = footprint(emulator.pid).rss_mb, share_of_a_core(emulator.pid)
    for number in range(MAPPINGS):
        _Queue(emulator, f"idle-{number}").map("batches")
    share = share_of_a_core(emulator.pid) - before
    held_mb = footprint(emulator.pid).rss_mb - before_mb
    return [
        Verdict(f"{MAPPINGS} idle mappings", share * 100, "% of a core", 1.0, "1 %", 1.0),
        Verdict(f"{MAPPINGS} idle mappings, with their queues", held_mb, "MB", 30.0, "30 KB each", 1.0),
    ]


def share_of_a_core(pid: int) -> float:
    """What a process takes of one while nobody asks it anything."""
    time.sleep(2.0)
    begun = _cpu_s(pid), time.perf_counter()
    time.sleep(IDLE_S)
    return (_cpu_s(pid) - begun[0]) / (time.perf_counter() - begun[1])


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _event(arn: str) -> bytes:
    """A batch as the poller makes it."""
    record = {
        "messageId": str(uuid4()),
        "receiptHandle": "MSAxNzMyNjY0MDAwMDAwMDAwIDEgMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw",
        "body": BODY,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1732664000000",
            "SenderId": "000000000000",
            "ApproximateFirstReceiveTimestamp": "1732664000001",
        },
        "messageAttributes": {},
        "md5OfBody": "0" * 32,
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": "us-east-1",
    }
    return json.dumps({"Records": [record] * BATCH}, separators=(",", ":")).encode()


class _Queue:
    def __init__(self, emulator: Emulator, name: str) -> None:
        self._address = emulator.address
        self.functions: Any = _client(emulator, "lambda")
        self._queues: Any = _client(emulator, "sqs")
        self._url = self._queues.create_queue(QueueName=name)["QueueUrl"]
        self.arn = self._attributes("QueueArn")["QueueArn"]

    def map(self, function: str, **wanted: Any) -> str:
        made = self.functions.create_event_source_mapping(EventSourceArn=self.arn, FunctionName=function, **wanted)
        return str(made["UUID"])

    def wait_for(self, uuid: str, state: str) -> None:
        wait_for(lambda: self.functions.get_event_source_mapping(UUID=uuid)["State"] == state, state)

    def fill(self, messages: int) -> None:
        entries = [{"Id": str(number), "MessageBody": BODY} for number in range(10)]
        send = request(self._address, "SendMessageBatch", {"QueueUrl": self._url, "Entries": entries})
        with Connection(self._address) as connection:
            for _ in range(messages // 10):
                _answer(connection, send)

    def wait_until_empty(self) -> None:
        """Of messages in flight too. Asks when half of what is left should be gone: what asks takes of who answers."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        count = request(self._address, "GetQueueAttributes", {"QueueUrl": self._url, "AttributeNames": names})
        begun_s = time.perf_counter()
        with Connection(self._address) as connection:
            while left := sum(map(int, _COUNTS.findall(_answer(connection, count)))):
                per_message_s = (time.perf_counter() - begun_s) / max(MESSAGES - left, 1)
                time.sleep(min(max(left * per_message_s / 2, SHORTEST_LOOK_S), LONGEST_LOOK_S))

    def _attributes(self, *names: str) -> dict[str, str]:
        return dict(self._queues.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)["Attributes"])


def _answer(connection: Connection, request: bytes) -> bytes:
    answer = connection.call(request)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise BadAnswer(answer.decode(errors="replace"))
    return answer


_made: dict[tuple[str, str], Any] = {}


def _client(emulator: Emulator, service: str) -> Any:
    key = emulator.address.url, service
    if key not in _made:
        _made[key] = client_of(emulator.address.url, service)
    return _made[key]
