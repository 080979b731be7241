"""ReceiveMessage, and what is done to a message in flight: it is deleted, or its timeout changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lambda_emu.services.sqs.errors import (
    InvalidHandle,
    InvalidValue,
    MissingMember,
    NotInFlight,
    SqsError,
    UnknownAttribute,
)
from lambda_emu.services.sqs.message import (
    Attributes,
    Handle,
    Message,
    MessageState,
    Received,
    md5_of_attributes,
)
from lambda_emu.services.sqs.operations.batches import check_entries, failed, tell
from lambda_emu.services.sqs.polls import Poll
from lambda_emu.services.sqs.queue import Queue
from lambda_emu.services.sqs.queues import Queues
from lambda_emu.services.sqs.request import ID, WRONG_QUEUE, QueueRequest
from lambda_emu.services.sqs.wire.members import Members

MOST_MESSAGES, MOST_WAIT_S, MOST_VISIBILITY_S = 10, 20, 43_200
SYSTEM = frozenset(
    {
        "All",
        "SenderId",
        "SentTimestamp",
        "ApproximateReceiveCount",
        "ApproximateFirstReceiveTimestamp",
        "SequenceNumber",
        "MessageDeduplicationId",
        "MessageGroupId",
        "AWSTraceHeader",
        "DeadLetterQueueSourceArn",
    }
)


def receive_message(asked: QueueRequest, queues: Queues) -> None:
    """Nobody waits in a thread: a poll is kept until a message is visible or its time is over."""
    queue, members = asked.queue(queues), asked.members
    limit = _number(members, "MaxNumberOfMessages", 1, MOST_MESSAGES, 1, "Must be between 1 and 10, if provided.")
    wait_s = _number(members, "WaitTimeSeconds", 0, MOST_WAIT_S, None, "Must be >= 0 and <= 20, if provided.")
    visibility_s = _number(
        members, "VisibilityTimeout", 0, MOST_VISIBILITY_S, None, "Must be >= 0 and <= 43200, if provided."
    )
    attempt = _attempt(members, queue)
    named = {*members.get("AttributeNames", ()), *members.get("MessageSystemAttributeNames", ())}
    for name in named - SYSTEM:
        raise UnknownAttribute(name)

    def deliver(error: SqsError | None, found: Sequence[Received]) -> None:
        if error is not None:
            asked.fail(error)
            return
        wanted = members.get("MessageAttributeNames", ())
        shown = [_shown(one, named, wanted, is_fifo=queue.record.is_fifo) for one in found]
        asked.answer({"Messages": shown} if shown else None)

    if wait_s is None:
        wait_s = queue.record.number("ReceiveMessageWaitTimeSeconds")
    if visibility_s is None:
        visibility_s = queue.record.number("VisibilityTimeout")
    poll = Poll(limit or 1, visibility_s, deliver, asked.is_open, attempt=attempt)
    queues.receive(queue, poll, wait_s)


def delete_message(asked: QueueRequest, queues: Queues) -> None:
    queue = _ripe(asked, queues)
    message = find_to_delete(asked.required("ReceiptHandle"), queue, queues)
    queues.delete(queue, [] if message is None else [message.number], asked.told)


def delete_message_batch(asked: QueueRequest, queues: Queues) -> None:
    def delete(queue: Queue, found: Sequence[tuple[Message, float]], told: Callable[[SqsError | None], None]) -> None:
        queues.delete(queue, [message.number for message, _ in found], told)

    def find(entry: Members, queue: Queue) -> tuple[Message, float] | None:
        message = find_to_delete(_handle(entry), queue, queues)
        return None if message is None else (message, 0.0)

    _batch("DeleteMessageBatch", asked, queues, find, delete)


def change_message_visibility(asked: QueueRequest, queues: Queues) -> None:
    queue = _ripe(asked, queues)
    queues.change_visibility(queue, [_change(asked.members, queue, queues, asked.clock.steady_s())], asked.told)


def change_message_visibility_batch(asked: QueueRequest, queues: Queues) -> None:
    def find(entry: Members, queue: Queue) -> tuple[Message, float]:
        return _change(entry, queue, queues, asked.clock.steady_s())

    _batch("ChangeMessageVisibilityBatch", asked, queues, find, queues.change_visibility)


def _batch(
    operation: str,
    asked: QueueRequest,
    queues: Queues,
    find: Callable[[Members, Queue], tuple[Message, float] | None],
    act: Callable[[Queue, Sequence[tuple[Message, float]], Callable[[SqsError | None], None]], None],
) -> None:
    """find: whom an entry is about; None: he is gone, which is right. act: on all of them at once."""
    queue = _ripe(asked, queues)
    done: list[Mapping[str, Any]] = []
    wrong: list[Mapping[str, Any]] = []
    about: list[tuple[Message, float]] = []
    for entry in check_entries(operation, asked.members):
        try:
            found = find(entry, queue)
        except SqsError as error:
            wrong.append(failed(entry["Id"], error))
            continue
        done.append({"Id": entry["Id"]})
        if found is not None:
            about.append(found)

    def told(error: SqsError | None) -> None:
        if error is not None:
            asked.fail(error)
        else:
            tell(asked, done, wrong)

    act(queue, about, told)


def _ripe(asked: QueueRequest, queues: Queues) -> Queue:
    """The queue as it stands now: what is visible again is nobody's."""
    queue = asked.queue(queues)
    queues.ripen(queue)
    return queue


def find_to_delete(text: str, queue: Queue, queues: Queues) -> Message | None:
    """None: it is deleted already. Of a FIFO queue only who still has it may delete it. SqsError."""
    handle = _parse(text, queue)
    message = queues.message_of(queue, handle)
    if message is not None and queue.record.is_fifo and not _holds(handle, message):
        raise InvalidValue(text, "ReceiptHandle", "The receipt handle has expired.")
    return message


def _change(members: Members, queue: Queue, queues: Queues, now_s: float) -> tuple[Message, float]:
    text = _handle(members)
    timeout_s = members.get("VisibilityTimeout")
    if timeout_s is None:
        raise MissingMember("VisibilityTimeout")
    if not 0 <= timeout_s <= MOST_VISIBILITY_S:
        raise InvalidValue(timeout_s, "VisibilityTimeout", "VisibilityTimeout must be an integer between 0 and 43200.")
    message = find_held(text, queue, queues)
    _check_total(message, timeout_s, now_s)
    return message, timeout_s


def _check_total(message: Message, timeout_s: float, now_s: float) -> None:
    """From its receive on nobody has a message longer than twelve hours, however often he asks."""
    if int(now_s - message.taken_s) + timeout_s > MOST_VISIBILITY_S:
        reason = f"Total VisibilityTimeout for the message is beyond the limit [{MOST_VISIBILITY_S} seconds]"
        raise InvalidValue(int(timeout_s), "VisibilityTimeout", reason)


def find_held(text: str, queue: Queue, queues: Queues) -> Message:
    """A message in flight, asked for by whoever has it. SqsError."""
    handle = _parse(text, queue)
    message = queues.message_of(queue, handle)
    if message is None:
        reason = "Message does not exist or is not available for visibility timeout change."
        raise InvalidValue(text, "ReceiptHandle", reason)
    if not _holds(handle, message):
        raise NotInFlight
    return message


def _holds(handle: Handle, message: Message) -> bool:
    """Whether nobody else may have got it since."""
    return message.state is MessageState.IN_FLIGHT and message.receives == handle.receives


def _handle(members: Members) -> str:
    text: str = members.get("ReceiptHandle", "")
    if not text:
        raise MissingMember("ReceiptHandle")
    return text


def _parse(text: str, queue: Queue) -> Handle:
    handle = Handle.parse(text)
    if handle is None or handle.queue_id != queue.record.id:
        raise InvalidHandle(text)
    return handle


def _attempt(members: Members, queue: Queue) -> str | None:
    """By which a receive may be asked for again; of FIFO queues only."""
    attempt: str | None = members.get("ReceiveRequestAttemptId")
    if attempt is None:
        return None
    if not queue.record.is_fifo:
        raise InvalidValue(attempt[:1024], "ReceiveRequestAttemptId", WRONG_QUEUE)
    if not ID.fullmatch(attempt):
        reason = "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length."
        raise InvalidValue(attempt[:1024], "ReceiveRequestAttemptId", reason)
    return attempt


def _number(members: Members, name: str, least: int, most: int, default: int | None, reason: str) -> int | None:
    value: int | None = members.get(name, default)
    if value is not None and not least <= value <= most:
        raise InvalidValue(value, name, reason)
    return value


def _shown(one: Received, system: set[str], wanted: Sequence[str], *, is_fifo: bool) -> dict[str, Any]:
    """A message as it is told: of its attributes those that were asked for."""
    content = one.content
    shown: dict[str, Any] = {
        "MessageId": one.id,
        "ReceiptHandle": one.handle,
        "MD5OfBody": one.md5,
        "Body": content.body,
    }
    if system:
        told = one.system(is_fifo=is_fifo)
        shown["Attributes"] = told if "All" in system else {name: told[name] for name in told if name in system}
    attributes = _wanted(content.attributes, wanted)
    if attributes:
        shown["MD5OfMessageAttributes"] = md5_of_attributes(attributes)
        shown["MessageAttributes"] = attributes
    return shown


def _wanted(attributes: Attributes, names: Sequence[str]) -> Attributes:
    """By name, by `prefix.*`, or all."""
    if not attributes or not names:
        return {}
    if "All" in names or ".*" in names:
        return attributes
    begins = tuple(name[:-2] for name in names if name.endswith(".*"))
    return {name: value for name, value in attributes.items() if name in names or (begins and name.startswith(begins))}
