"""A queue that somebody else serves: long polls on a few threads, which all mappings share."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, Protocol

from lambda_emu.event_sources.poller import SourceUnavailable
from lambda_emu.event_sources.sqs.message import QueueMessage
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop

POLLS = Workers("polls of queues that are served elsewhere", 8, 2000)
CALLS = Workers("calls of queues that are served elsewhere", 8, 4000)
"""Apart from polls, which wait for long."""
LONGEST_S, SHORTEST_S = 20, 1
MOST_AT_ONCE = 10


class Call(Protocol):
    """services.clients.Clients.call. Blocks; raises botocore's ClientError, or ConnectionError."""

    def __call__(
        self, service: str, operation: str, parameters: Mapping[str, Any], *, account: str, region: str
    ) -> dict[str, Any]: ...


class QueueElsewhere:
    """event_sources.sqs.poller.Transport. While others wait for a thread, nobody waits long for messages."""

    def __init__(self, arn: str, call: Call, loop: Loop) -> None:
        self._arn = arn
        self._call = call
        self._loop = loop
        self._url: str | None = None
        self._waiting: asyncio.Future[Sequence[QueueMessage]] | None = None

    async def receive(self, limit: int, wait_s: float) -> Sequence[QueueMessage]:
        """One that is interrupted is finished behind the scenes, and what it brings given back."""
        wanted: dict[str, Any] = {
            "MaxNumberOfMessages": min(limit, MOST_AT_ONCE),
            "WaitTimeSeconds": min(ceil(wait_s), self._longest_s()),
            "MessageAttributeNames": ["All"],
            "MessageSystemAttributeNames": ["All"],
        }
        polling = asyncio.ensure_future(self._ask(POLLS, "ReceiveMessage", wanted))
        waiting: asyncio.Future[Sequence[QueueMessage]] = self._loop.asyncio.create_future()
        self._waiting = waiting

        def done(task: asyncio.Future[dict[str, Any]]) -> None:
            error = task.exception()
            if waiting.done():
                if error is None and (late := _messages(task.result())):
                    self._loop.spawn(self.release(late), "messages that nobody waits for any more")
            elif error is not None:
                waiting.set_exception(error)
            else:
                waiting.set_result(_messages(task.result()))

        polling.add_done_callback(done)
        try:
            return await waiting
        finally:
            self._waiting = None

    def interrupt(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(())

    def close(self) -> None: ...

    async def delete(self, messages: Sequence[QueueMessage]) -> None:
        await self._batches("DeleteMessageBatch", messages, {})

    async def release(self, messages: Sequence[QueueMessage]) -> None:
        await self._batches("ChangeMessageVisibilityBatch", messages, {"VisibilityTimeout": 0})

    async def _batches(self, operation: str, messages: Sequence[QueueMessage], more: Mapping[str, Any]) -> None:
        for at in range(0, len(messages), MOST_AT_ONCE):
            some = messages[at : at + MOST_AT_ONCE]
            entries = [{"Id": str(n), "ReceiptHandle": one.handle, **more} for n, one in enumerate(some)]
            await self._ask(CALLS, operation, {"Entries": entries})

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
            account, region = _place(self._arn)
            return self._call("sqs", operation, {"QueueUrl": self._url, **parameters}, account=account, region=region)
        except Exception as error:  # botocore's, whose classes are not imported here
            self._url = None
            raise SourceUnavailable(f"{operation} of {self._arn}: {error}") from error

    def _longest_s(self) -> int:
        """Fair to all: who polls when no thread is free has each thread for a moment."""
        return LONGEST_S if self._loop.count_unfinished(POLLS) < POLLS.threads else SHORTEST_S


def queue_url(call: Call, arn: str) -> str:
    """Blocks; raises what `call` raises."""
    account, region = _place(arn)
    name = arn.rpartition(":")[2]
    found: str = call("sqs", "GetQueueUrl", {"QueueName": name}, account=account, region=region)["QueueUrl"]
    return found


def visibility_s(call: Call, arn: str) -> int:
    """As `queue_url`."""
    account, region = _place(arn)
    wanted = {"QueueUrl": queue_url(call, arn), "AttributeNames": ["VisibilityTimeout"]}
    answer = call("sqs", "GetQueueAttributes", wanted, account=account, region=region)
    return int(answer.get("Attributes", {}).get("VisibilityTimeout", 30))


def _place(arn: str) -> tuple[str, str]:
    """Account and region."""
    region, account = arn.split(":")[3:5]
    return account, region


def _messages(answer: Mapping[str, Any]) -> list[QueueMessage]:
    return [
        QueueMessage(
            one["MessageId"],
            one["ReceiptHandle"],
            one["Body"],
            one["MD5OfBody"],
            one.get("Attributes", {}),
            {name: _attribute(value) for name, value in one.get("MessageAttributes", {}).items()},
            one.get("MD5OfMessageAttributes"),
        )
        for one in answer.get("Messages", ())
    ]


def _attribute(value: Mapping[str, Any]) -> Mapping[str, Any]:
    if "BinaryValue" not in value:
        return value
    return {"DataType": value["DataType"], "BinaryValue": b64encode(value["BinaryValue"]).decode()}
