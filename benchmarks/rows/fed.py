"""Messages that wait in a queue for a Python function: how many a second, beside MiniStack."""

from __future__ import annotations

import time

from benchmarks.client import Address
from benchmarks.emulator import Emulator
from benchmarks.figures import in_turns
from benchmarks.functions import Functions, client_of
from benchmarks.ministack import VERSION, ministack
from benchmarks.rows.queues import BODY
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns
from benchmarks.waiting import wait_for

MESSAGES, BATCH, BLOCKS = 10_000, 10, 3
LIMIT_S = 300.0
COUNTS = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]


def fed(_stage: Stage) -> list[Verdict]:
    """Functions as processes on both sides, which is MiniStack's own way."""
    with Emulator("--engine", "process") as emulator, ministack() as (address, _):
        ours, theirs = Fed(emulator.address), Fed(address)
        ours.rate()
        theirs.rate()
        turns = in_turns(ours.rate, theirs.rate, BLOCKS)
    what = f"SQS to a function, batches of {BATCH}, process"
    return [of_turns(what, "messages/s", turns, f"MiniStack {VERSION}", 5, at_least=True)]


class Fed:
    """A queue and a function that does nothing with what is in it."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._functions, self._queues = client_of(self._address.url, "lambda"), client_of(self._address.url, "sqs")
        Functions(address.url).create(["fed"], "app.noop")
        self._url = self._queues.create_queue(QueueName="fed", Attributes={"VisibilityTimeout": "120"})["QueueUrl"]
        self._arn = self._attributes(["QueueArn"])["QueueArn"]

    def rate(self) -> float:
        """Messages a second, from the mapping on that is made when all of them wait."""
        for _ in range(MESSAGES // 10):
            entries = [{"Id": str(number), "MessageBody": BODY} for number in range(10)]
            self._queues.send_message_batch(QueueUrl=self._url, Entries=entries)
        begun_s = time.perf_counter()
        wanted = {"EventSourceArn": self._arn, "FunctionName": "fed", "BatchSize": BATCH}
        uuid = self._functions.create_event_source_mapping(**wanted)["UUID"]
        wait_for(self._is_empty, "an empty queue", LIMIT_S)
        took_s = time.perf_counter() - begun_s
        wait_for(lambda: self._state(uuid) == "Enabled", "the mapping to be Enabled")
        self._functions.delete_event_source_mapping(UUID=uuid)
        wait_for(lambda: self._state(uuid) is None, "the mapping to be gone")
        return MESSAGES / took_s

    def _is_empty(self) -> bool:
        """Of messages in flight too."""
        return set(self._attributes(COUNTS).values()) == {"0"}

    def _attributes(self, names: list[str]) -> dict[str, str]:
        return dict(self._queues.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)["Attributes"])

    def _state(self, uuid: str) -> str | None:
        found = self._functions.list_event_source_mappings(FunctionName="fed")["EventSourceMappings"]
        return next((str(one["State"]) for one in found if one["UUID"] == uuid), None)
