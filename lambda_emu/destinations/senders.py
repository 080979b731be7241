"""How a message gets to its target: our own queues and functions in process, all else by AWS's API."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from lambda_emu.arn import Scope, Target, parse_function_name, scope_in
from lambda_emu.clock import Clock
from lambda_emu.destinations.delivery import Delivery
from lambda_emu.destinations.failures import BUSY, DENIED, MISSING, Failure, NotDelivered, Undeliverable, Unreached, has
from lambda_emu.destinations.requests import TargetRequest, message_members, request_of
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import AccessDenied
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.request import FutureReply, InvocationType, Invoke, InvokeRequest, trace_header
from lambda_emu.invoke.rules import permission_command
from lambda_emu.services.clients import Call

if TYPE_CHECKING:
    from lambda_emu.services.sqs.errors import SqsError
    from lambda_emu.services.sqs.fifo import SentMessage
    from lambda_emu.services.sqs.late import LateQueues

PRINCIPAL = "Principal"
"""Of the options of a delivery to a function: the service that runs it; the others are what its policy may ask for."""
CALLS = Workers("deliveries to other services", 32, 4096)
LONG_BYTES = 64 * 1024
NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"
NOT_SERVED = 501
THERE_BEFORE = ("ExecutionAlreadyExists", "ResourceAlreadyExistsException")
"""It has the name of its message, or is what a message needs."""


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
        from lambda_emu.services.sqs.operations.sending import make_draft  # here: many servers never need it

        queues = self._queues.opened
        if queues is None:
            queues = await self._loop.work(CALLS, self._queues.open)
        queue = queues.find_arn(delivery.target)
        if queue is None:
            raise NotDelivered("The specified queue does not exist.", NO_QUEUE)
        if queue.record.is_fifo and not delivery.options:
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


def event_for(delivery: Delivery, body: bytes, clock: Clock) -> InvokeRequest:
    """What a function is asked. ValueError: the target is none."""
    written = parse_function_name(delivery.target)
    scope = Scope(written.account or "", written.region or "")  # an ARN has both
    target = Target(scope.function(written.name), written.qualifier)
    account, source = delivery.function.account, dict(delivery.options)
    return InvokeRequest(
        clock.new_id(),
        target,
        body,
        InvocationType.EVENT,
        source.pop(PRINCIPAL, None if written.account == account else account),
        trace_header(delivery.trace, clock, target),
        source=source,
    )


def _who_may(request: InvokeRequest) -> str:
    """Lambda itself says nothing to others of a function that they may not run."""
    said = f"there is no such function, or its policy does not let {request.principal} run it"
    source_arn = request.source.get("aws:SourceArn")
    if request.principal is None or source_arn is None:
        return said
    return f"{said}; this lets it: {permission_command(request.target, request.principal, source_arn)}"


class FunctionSender:
    """Functions get it as an asynchronous event."""

    most = 32

    def __init__(self, invoke: Invoke, loop: Loop, clock: Clock) -> None:
        self.began: Callable[[Delivery, InvokeRequest], None] = _ignore
        """Told of each event that is about to be given to a function."""
        self._invoke = invoke
        self._loop = loop
        self._clock = clock

    async def send(self, delivery: Delivery, body: bytes) -> None:
        try:
            request = event_for(delivery, body, self._clock)
        except ValueError as mistake:
            raise Undeliverable(str(mistake), "ValidationException") from mistake
        reply = FutureReply(self._loop.asyncio.create_future())
        self.began(delivery, request)
        self._invoke(request, reply)
        error = await reply.future
        if not isinstance(error, LambdaError):
            return
        text = error.text or _who_may(request)
        is_final = error.status < 500 and error.status not in (404, 409, 429) and not isinstance(error, AccessDenied)
        raise Undeliverable(text, error.code) if is_final else NotDelivered(text, error.code)


def _ignore(delivery: Delivery, request: InvokeRequest) -> None:
    """Where nobody wants to know."""


class ClientSender:
    """Queues, topics and buckets of whoever serves them, on threads that may block."""

    most = 4

    def __init__(self, call: Call, loop: Loop) -> None:
        self._call = call
        self._loop = loop

    async def send(self, delivery: Delivery, body: bytes) -> None:
        await self._loop.work(CALLS, self._send, delivery, body)

    def _send(self, delivery: Delivery, body: bytes) -> None:
        self._ask(delivery, request_of(delivery, body))

    def _ask(self, delivery: Delivery, asked: TargetRequest) -> None:
        """Undeliverable, NotDelivered."""
        from botocore.exceptions import (  # here: many servers never need them
            BotoCoreError,
            ClientError,
            ParamValidationError,
            ReadTimeoutError,
        )

        region = scope_in(delivery.target).region or delivery.function.region
        account = delivery.function.account
        try:
            answer = self._call(
                asked.service, asked.operation, asked.members, account=account, region=region, trace=delivery.trace
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in THERE_BEFORE:
                return
            raise _verdict(error) from error
        except ParamValidationError as error:
            raise Undeliverable(str(error), "ValidationException") from error
        except ConnectionError as error:  # of our own port, whoever serves the service
            is_silent = isinstance(error.__cause__, ReadTimeoutError)
            raise (NotDelivered if is_silent else Unreached)(
                str(error), "Timeout" if is_silent else "Connection"
            ) from error
        except BotoCoreError as error:
            raise NotDelivered(str(error), type(error).__name__) from error
        if answer.get("FailedEntryCount"):
            raise _verdict_of_entry(answer["Entries"][0])


def _verdict(error: Any) -> Failure:
    """Whether another time might help, by a ClientError: what is not there may come, and who is busy may not be."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    said = error.response.get("Error", {})
    code = said.get("Code", "")
    may_come = has(code, MISSING) or has(code, DENIED) or has(code, BUSY)
    is_passing = (status >= 500 and status != NOT_SERVED) or status in (404, 429) or may_come
    return (NotDelivered if is_passing else Undeliverable)(said.get("Message") or code, code)


def _verdict_of_entry(entry: Mapping[str, Any]) -> Failure:
    """Of PutEvents, which takes some and refuses others."""
    code = str(entry.get("ErrorCode", ""))
    is_passing = code.startswith("Internal") or has(code, BUSY) or has(code, DENIED)
    return (NotDelivered if is_passing else Undeliverable)(str(entry.get("ErrorMessage", code)), code)
