"""How a message gets to its target: our own queues and functions in process, all else by AWS's API."""

from __future__ import annotations

import json
from asyncio import Future
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from lambda_emu.arn import Scope, Target, parse_function_name, scope_in
from lambda_emu.clock import Clock
from lambda_emu.destinations.delivery import Delivery
from lambda_emu.destinations.failures import BUSY, DENIED, MISSING, Failure, NotDelivered, Undeliverable, has
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import AccessDenied
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.request import FutureReply, InvocationType, Invoke, InvokeRequest, trace_header
from lambda_emu.services.clients import Call

if TYPE_CHECKING:
    from lambda_emu.services.sqs.errors import SqsError
    from lambda_emu.services.sqs.fifo import SentMessage
    from lambda_emu.services.sqs.late import LateQueues

CALLS = Workers("deliveries to other services", 32, 4096)
LONG_BYTES = 64 * 1024
MOST_TRACE_CHARACTERS = 500
"""Of PutEvents."""
NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"
TRACE = "AWSTraceHeader"


class Sender(Protocol):
    """For targets of one service. most: so many deliveries to one target may be under way."""

    most: int

    async def send(self, delivery: Delivery, body: bytes) -> None:
        """Returns when the target has it. Undeliverable, NotDelivered."""


class Absent:
    """For a service that is not served."""

    most = 1

    def __init__(self, what: str) -> None:
        self._what = what

    async def send(self, delivery: Delivery, body: bytes) -> None:
        raise Undeliverable(f"{self._what} is not served yet")


class QueueSender:
    """Our own queues."""

    most = 32

    def __init__(self, queues: LateQueues, loop: Loop) -> None:
        self._queues = queues
        self._loop = loop

    async def send(self, delivery: Delivery, body: bytes) -> None:
        from lambda_emu.services.sqs.sending import make_draft  # here: many servers never need it

        queues = self._queues.opened
        if queues is None:
            queues = await self._loop.work(CALLS, self._queues.open)
        queue = queues.find_arn(delivery.target)
        if queue is None:
            raise NotDelivered("The specified queue does not exist.", NO_QUEUE)
        if queue.record.is_fifo:
            raise Undeliverable("FIFO queues take no results")
        members = message_members(delivery, body)
        make = partial(make_draft, members, queue.record, delivery.function.scope)
        try:
            draft = make() if len(body) <= LONG_BYTES else await self._loop.work(CALLS, make)
        except LambdaError as error:
            raise Undeliverable(error.text or error.code, error.code) from error
        sent: Future[LambdaError | None] = self._loop.asyncio.create_future()

        def told(error: SqsError | None, _: Sequence[SentMessage]) -> None:
            if not sent.done():
                sent.set_result(error)

        queues.send(queue, [draft], told)
        if (refusal := await sent) is not None:
            raise NotDelivered(refusal.text or refusal.code, refusal.code)


class FunctionSender:
    """Functions get it as an asynchronous event."""

    most = 32

    def __init__(self, invoke: Invoke, loop: Loop, clock: Clock) -> None:
        self._invoke = invoke
        self._loop = loop
        self._clock = clock

    async def send(self, delivery: Delivery, body: bytes) -> None:
        try:
            written = parse_function_name(delivery.target)
        except ValueError as mistake:
            raise Undeliverable(str(mistake), "ValidationException") from mistake
        scope = Scope(written.account or "", written.region or "")  # an ARN has both
        target = Target(scope.function(written.name), written.qualifier)
        account = delivery.function.account
        request = InvokeRequest(
            self._clock.new_id(),
            target,
            body,
            InvocationType.EVENT,
            None if written.account == account else account,
            trace_header(delivery.trace, self._clock, target),
        )
        reply = FutureReply(self._loop.asyncio.create_future())
        self._invoke(request, reply)
        error = await reply.future
        if not isinstance(error, LambdaError):
            return
        text = f"{error.code}: {error.text or ''}"
        is_final = error.status < 500 and error.status not in (404, 409, 429) and not isinstance(error, AccessDenied)
        raise Undeliverable(text, error.code) if is_final else NotDelivered(text, error.code)


class ClientSender:
    """Queues, topics and buckets of whoever serves them, on threads that may block."""

    most = 4

    def __init__(self, call: Call, loop: Loop) -> None:
        self._call = call
        self._loop = loop

    async def send(self, delivery: Delivery, body: bytes) -> None:
        await self._loop.work(CALLS, self._send, delivery, body)

    def _send(self, delivery: Delivery, body: bytes) -> None:
        if delivery.target.endswith(".fifo"):
            raise Undeliverable("FIFO queues and topics take no results")
        from botocore.exceptions import BotoCoreError, ClientError  # here: many servers never need it

        operation, parameters = REQUESTS[delivery.service](delivery, body)
        region = scope_in(delivery.target).region or delivery.function.region
        account = delivery.function.account
        try:
            answer = self._call(
                delivery.service, operation, parameters, account=account, region=region, trace=delivery.trace
            )
        except ClientError as error:
            raise _verdict(error) from error
        except (ConnectionError, BotoCoreError) as error:
            raise NotDelivered(str(error), type(error).__name__) from error
        if answer.get("FailedEntryCount"):
            raise NotDelivered(str(answer.get("Entries")), "FailedEntry")


def _verdict(error: Any) -> Failure:
    """Whether another time might help, by a ClientError: what is not there may come, and who is busy may not be."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    code = error.response.get("Error", {}).get("Code", "")
    may_come = has(code, MISSING) or has(code, DENIED) or has(code, BUSY)
    kind = NotDelivered if status >= 500 or status in (404, 429) or may_come else Undeliverable
    return kind(str(error), code)


def message_members(delivery: Delivery, body: bytes) -> dict[str, Any]:
    """Of SendMessage."""
    members: dict[str, Any] = {"MessageBody": _text(body)}
    if delivery.attributes:
        members["MessageAttributes"] = _attributes(delivery)
    if delivery.trace is not None:
        members["MessageSystemAttributes"] = {TRACE: {"DataType": "String", "StringValue": delivery.trace}}
    return members


def _send_message(delivery: Delivery, body: bytes) -> tuple[str, dict[str, Any]]:
    """QueueUrl: the name is enough for us; others know queues by their path."""
    account, name = delivery.target.split(":")[4:6]
    return "SendMessage", {"QueueUrl": f"http://localhost/{account}/{name}", **message_members(delivery, body)}


def _publish(delivery: Delivery, body: bytes) -> tuple[str, dict[str, Any]]:
    members: dict[str, Any] = {"TopicArn": delivery.target, "Message": _text(body)}
    if delivery.attributes:
        members["MessageAttributes"] = _attributes(delivery)
    return "Publish", members


def _put_object(delivery: Delivery, body: bytes) -> tuple[str, dict[str, Any]]:
    bucket = delivery.target.split(":", 5)[5].partition("/")[0]
    members = {"Bucket": bucket, "Key": delivery.key or delivery.id, "Body": body, "ContentType": "application/json"}
    return "PutObject", members


def _put_events(delivery: Delivery, body: bytes) -> tuple[str, dict[str, Any]]:
    """An event that a rule can find by how it ended. docs/contract/invoke.md#destinations."""
    context = json.loads(body)["requestContext"]
    outcome = "Success" if context["condition"] == "Success" else "Failure"
    entry = {
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {outcome}",
        "Resources": [delivery.target, context["functionArn"]],
        "Detail": _text(body),
        "EventBusName": delivery.target,
    }
    traced = {} if delivery.trace is None else {"TraceHeader": delivery.trace[:MOST_TRACE_CHARACTERS]}
    return "PutEvents", {"Entries": [entry | traced]}


REQUESTS: Mapping[str, Callable[[Delivery, bytes], tuple[str, dict[str, Any]]]] = {
    "sqs": _send_message,
    "sns": _publish,
    "s3": _put_object,
    "events": _put_events,
}


def _attributes(delivery: Delivery) -> dict[str, dict[str, str]]:
    return {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in delivery.attributes.items()}


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
