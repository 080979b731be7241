"""A queue that somebody else serves: long polls on a few threads, which all mappings share."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from lambda_emu.arn import scope_in
from lambda_emu.event_sources.poller import Record, SourceUnavailable
from lambda_emu.event_sources.sqs.message import Messages, shown
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.services.clients import Call

POLLS = Workers("polls of queues that are served elsewhere", 8, 2000)
CALLS = Workers("calls of queues that are served elsewhere", 8, 4000)
"""Apart from polls, which wait for long."""
LONGEST_S, SHORTEST_S = 20, 1
MOST_AT_ONCE = 10
LATE_S = 1.0
"""So much later than asked for a poll may end."""


class QueueElsewhere:
    """event_sources.sqs.poller.Transport. While others wait for a thread, nobody waits long for messages."""

    def __init__(self, arn: str, call: Call, loop: Loop) -> None:
        self._arn = arn
        self._messages = Messages(arn)
        self._call = call
        self._loop = loop
        self._url: str | None = None
        self._polling: asyncio.Task[Sequence[Record]] | None = None  # outlasts who was interrupted
        self._interrupted: asyncio.Future[None] = loop.asyncio.create_future()

    async def receive(self, limit: int, wait_s: float) -> Sequence[Record]:
        """A poll that is out still is waited for first, so that nobody has two."""
        if self._polling is None:
            self._polling = self._loop.asyncio.create_task(self._poll(limit, wait_s))
        self._interrupted = self._loop.asyncio.create_future()
        either: set[asyncio.Future[Any]] = {self._polling, self._interrupted}
        await asyncio.wait(either, timeout=wait_s + LATE_S, return_when=asyncio.FIRST_COMPLETED)
        if not self._polling.done():
            return ()
        polling, self._polling = self._polling, None
        return await polling

    def interrupt(self) -> None:
        if not self._interrupted.done():
            self._interrupted.set_result(None)

    def close(self) -> None:
        """What a poll that is out still brings is given back."""
        if self._polling is not None:
            self._polling.add_done_callback(self._give_back)

    async def _poll(self, limit: int, wait_s: float) -> Sequence[Record]:
        wanted: dict[str, Any] = {
            "MaxNumberOfMessages": min(limit, MOST_AT_ONCE),
            "WaitTimeSeconds": min(ceil(wait_s), self._longest_s()),
            "MessageAttributeNames": ["All"],
            "MessageSystemAttributeNames": ["All"],
        }
        answer = await self._ask(POLLS, "ReceiveMessage", wanted)
        return [self._record(one) for one in answer.get("Messages", ())]

    def _give_back(self, polling: asyncio.Task[Sequence[Record]]) -> None:
        if polling is self._polling and not polling.cancelled() and polling.exception() is None and polling.result():
            self._loop.spawn(self.release(polling.result()), "messages that nobody waits for any more")

    async def delete(self, records: Sequence[Record]) -> None:
        await self._batches("DeleteMessageBatch", records, {})

    async def release(self, records: Sequence[Record]) -> None:
        await self._batches("ChangeMessageVisibilityBatch", records, {"VisibilityTimeout": 0})

    async def _batches(self, operation: str, records: Sequence[Record], more: Mapping[str, Any]) -> None:
        for at in range(0, len(records), MOST_AT_ONCE):
            some = records[at : at + MOST_AT_ONCE]
            entries = [{"Id": str(n), "ReceiptHandle": one.place, **more} for n, one in enumerate(some)]
            await self._ask(CALLS, operation, {"Entries": entries})

    def _record(self, one: Mapping[str, Any]) -> Record:
        given = {name: _attribute(value) for name, value in one.get("MessageAttributes", {}).items()}
        attributes = given and shown(given, one.get("MD5OfMessageAttributes"))
        id, handle, body, md5 = one["MessageId"], one["ReceiptHandle"], one["Body"], one["MD5OfBody"]
        return self._messages.record(id, handle, body, md5, one.get("Attributes", {}), handle, attributes)

    async def _ask(self, workers: Workers, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return await self._loop.work(workers, self._do, operation, parameters)
        except (Full, Closed) as error:
            raise SourceUnavailable(str(error)) from None

    def _do(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """On a worker. Whatever goes wrong is tried again later."""
        try:
            if self._url is None:
                self._url = queue_url(self._call, self._arn)
            scope, given = scope_in(self._arn), {"QueueUrl": self._url, **parameters}
            return self._call("sqs", operation, given, account=scope.account, region=scope.region)
        except Exception as error:  # botocore's, whose classes are not imported here
            self._url = None
            raise SourceUnavailable(f"{operation} of {self._arn}: {error}") from error

    def _longest_s(self) -> int:
        """Half of the threads may be had for long; who comes when they are gone shares the others, a moment each."""
        return LONGEST_S if self._loop.count_unfinished(POLLS) < POLLS.threads // 2 else SHORTEST_S


def queue_url(call: Call, arn: str) -> str:
    """Blocks; raises what `call` raises."""
    scope = scope_in(arn)
    name = arn.rpartition(":")[2]
    found: str = call("sqs", "GetQueueUrl", {"QueueName": name}, account=scope.account, region=scope.region)["QueueUrl"]
    return found


def visibility_s(call: Call, arn: str) -> int:
    """As `queue_url`."""
    scope = scope_in(arn)
    wanted = {"QueueUrl": queue_url(call, arn), "AttributeNames": ["VisibilityTimeout"]}
    answer = call("sqs", "GetQueueAttributes", wanted, account=scope.account, region=scope.region)
    return int(answer.get("Attributes", {}).get("VisibilityTimeout", 30))


def _attribute(value: Mapping[str, Any]) -> Mapping[str, Any]:
    if "BinaryValue" not in value:
        return value
    return {"DataType": value["DataType"], "BinaryValue": b64encode(value["BinaryValue"]).decode()}
