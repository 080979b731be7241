"""SQS for the other rooms of this process: what it does over HTTP, on the loop and without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.services.sqs.attributes import MOST_BYTES
from lambda_emu.services.sqs.errors import NoSuchQueue, SqsError, UnknownSqsOperation
from lambda_emu.services.sqs.message import MessageState, Received
from lambda_emu.services.sqs.moves import Done
from lambda_emu.services.sqs.operations.by_name import OPERATIONS
from lambda_emu.services.sqs.operations.receiving import find_held, find_to_delete
from lambda_emu.services.sqs.polls import Deliver, Poll
from lambda_emu.services.sqs.queue import Queue, QueueRecord
from lambda_emu.services.sqs.queues import Queues
from lambda_emu.services.sqs.request import QueueRequest
from lambda_emu.services.sqs.wire import members

Failed = Sequence[tuple[str, SqsError]]
"""Receipt handles for which nothing was done, each with the reason."""


class LocalQueues:
    """Queues by their ARNs. On the loop; `record` from any thread.

    What is told follows the commit: an SqsError, or None. Its `query_code` is what Lambda's own errors name.
    """

    def __init__(self, queues: Queues, clock: Clock) -> None:
        self._queues = queues
        self._clock = clock

    def record(self, arn: str) -> QueueRecord | None:
        """Its `settings` (VisibilityTimeout and all else), `is_fifo`, `redrive`; None: there is no such queue."""
        queue = self._queues.find_arn(arn)
        return None if queue is None else queue.record

    def listen(self, arn: str, told: Callable[[], None]) -> Callable[[], None]:
        """As `Queues.listen`: `told` is called when there may be something to receive, until the answer is called."""
        return self._queues.listen(arn, told)

    def receive(
        self,
        arn: str,
        limit: int,
        deliver: Deliver,
        *,
        visibility_s: float | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """Deliver what is visible now, `limit` messages at most, of any number; nothing: ().

        visibility_s: None: the queue's. most_bytes: of bodies and attributes together. What has been received too
        often goes to the dead letter queue on the way, as for every consumer. SqsError is delivered, not raised.
        """
        try:
            queue = self._found(arn)
            if visibility_s is None:
                visibility_s = queue.record.number("VisibilityTimeout")
            self._queues.receive(queue, Poll(limit, visibility_s, deliver, lambda: True, most_bytes), 0.0)
        except SqsError as error:
            deliver(error, ())

    def delete(self, arn: str, handles: Sequence[str], told: Callable[[SqsError | None, Failed], None]) -> None:
        """Delete messages by their receipt handles, any number in one commit. One that is gone is deleted too."""

        def act(queue: Queue, done: Done, failed: list[tuple[str, SqsError]]) -> None:
            numbers = []
            for handle in handles:
                try:
                    message = find_to_delete(handle, queue, self._queues)
                except SqsError as error:
                    failed.append((handle, error))
                    continue
                if message is not None:
                    numbers.append(message.number)
            self._queues.delete(queue, numbers, done)

        self._settle(arn, act, told)

    def delete_received(self, arn: str, received: Sequence[Received], told: Callable[[SqsError | None], None]) -> None:
        """As `delete`, of what somebody got here; what he has no more is left alone."""

        queue = self._queues.find_arn(arn)
        if queue is None:
            told(NoSuchQueue())
            return
        if queue.record.is_fifo:
            self._queues.ripen(queue)  # what is visible again is nobody's
            received = [one for one in received if _is_his(one, queue)]
        self._queues.delete(queue, [one.number for one in received if one.number in queue.messages], told)

    def change_visibility(
        self, arn: str, handles: Sequence[str], visibility_s: float, told: Callable[[SqsError | None, Failed], None]
    ) -> None:
        """Make messages in flight visible in so many seconds from now, any number in one commit; 0: at once."""

        def act(queue: Queue, done: Done, failed: list[tuple[str, SqsError]]) -> None:
            changes = []
            for handle in handles:
                try:
                    changes.append((find_held(handle, queue, self._queues), visibility_s))
                except SqsError as error:
                    failed.append((handle, error))
            self._queues.change_visibility(queue, changes, done)

        self._settle(arn, act, told)

    def call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        scope: Scope,
        told: Callable[[LambdaError | None, Mapping[str, Any]], None],
    ) -> None:
        """Any operation with AWS's members, checked as over HTTP. scope: of the caller, which is the SenderId.

        QueueUrl is read by its path. AWSTraceHeader goes into MessageSystemAttributes. Values of binary attributes are
        base64, as in JSON.
        """

        def answer(result: Mapping[str, Any] | None) -> None:
            told(None, result or {})

        def fail(error: LambdaError) -> None:
            told(error, {})

        try:
            if operation not in OPERATIONS:
                raise UnknownSqsOperation(operation)
            given = members.check(operation, parameters)
            asked = QueueRequest(given, scope, "http://localhost", self._clock, answer, fail, lambda: True)
            OPERATIONS[operation](asked, self._queues)
        except LambdaError as error:
            fail(error)

    def _settle(
        self,
        arn: str,
        act: Callable[[Queue, Done, list[tuple[str, SqsError]]], None],
        told: Callable[[SqsError | None, Failed], None],
    ) -> None:
        failed: list[tuple[str, SqsError]] = []
        try:
            queue = self._found(arn)
            self._queues.ripen(queue)  # what is visible again is nobody's
            act(queue, lambda error: told(error, failed), failed)
        except SqsError as error:
            told(error, ())

    def _found(self, arn: str) -> Queue:
        queue = self._queues.find_arn(arn)
        if queue is None:
            raise NoSuchQueue
        return queue


def _is_his(one: Received, queue: Queue) -> bool:
    """Whether nobody else can have this message of a FIFO queue: then he may delete it."""
    message = queue.messages.get(one.number)
    return message is not None and message.state is MessageState.IN_FLIGHT and message.receives == one.receives
