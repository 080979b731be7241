"""Message move tasks as they are asked for: started, cancelled, listed."""

from __future__ import annotations

from lambda_emu.services.sqs.errors import (
    InvalidTaskHandle,
    InvalidTexts,
    InvalidValue,
    NoSource,
    NoTask,
    SqsError,
)
from lambda_emu.services.sqs.message import MessageState
from lambda_emu.services.sqs.move_task import RUNNING, MoveTask, parse_handle
from lambda_emu.services.sqs.moves import KEPT
from lambda_emu.services.sqs.queue import Queue
from lambda_emu.services.sqs.queues import Queues
from lambda_emu.services.sqs.request import QueueRequest

MOST_A_SECOND = 500


def start_message_move_task(asked: QueueRequest, queues: Queues) -> None:
    source = _named(asked, queues, "SourceArn")
    if not queues.directory.sources(source):
        raise InvalidTexts("Source queue must be configured as a Dead Letter Queue.")
    destination = _named(asked, queues, "DestinationArn") if asked.members.get("DestinationArn") else None
    _check_destination(source, destination)
    rate: int | None = asked.members.get("MaxNumberOfMessagesPerSecond")
    if rate is not None and not 1 <= rate <= MOST_A_SECOND:
        reason = f"Must be between 1 and {MOST_A_SECOND}."  # (?)
        raise InvalidValue(rate, "MaxNumberOfMessagesPerSecond", reason)
    arn = source.record.arn
    if any(task.status == RUNNING for task in queues.moves.of(arn)):
        raise InvalidTexts(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
        )
    queues.ripen(source)
    task = MoveTask(
        queues.directory.next_number(),
        asked.clock.new_id(),
        arn,
        None if destination is None else destination.record.arn,
        rate,
        int(asked.clock.now_s() * 1000),
        source.counts[MessageState.VISIBLE],
    )

    def told(error: SqsError | None) -> None:
        if error is not None:
            asked.fail(error)
        else:
            asked.answer({"TaskHandle": task.handle})

    queues.moves.start(task, told)


def cancel_message_move_task(asked: QueueRequest, queues: Queues) -> None:
    """It stops at once; what was moved stays where it is."""
    named = parse_handle(asked.required("TaskHandle"))
    if named is None:
        raise InvalidTaskHandle
    id, arn = named
    if queues.find_arn(arn) is None:
        raise NoSource("SourceArn")
    task = queues.moves.find(id)
    if task is None or task.source != arn or task.status != RUNNING:
        raise NoTask
    moved = task.moved

    def told(error: SqsError | None) -> None:
        if error is not None:
            asked.fail(error)
        else:
            asked.answer({"ApproximateNumberOfMessagesMoved": moved})

    queues.moves.cancel(task, told)


def list_message_move_tasks(asked: QueueRequest, queues: Queues) -> None:
    source = _named(asked, queues, "SourceArn")
    most: int = asked.members.get("MaxResults", 1)
    if not 1 <= most <= KEPT:
        raise InvalidValue(most, "MaxResults", f"Must be between 1 and {KEPT}.")  # (?)
    asked.answer({"Results": [task.entry() for task in queues.moves.of(source.record.arn)[:most]]})


def _named(asked: QueueRequest, queues: Queues, member: str) -> Queue:
    """The queue of the caller's account whose ARN is given."""
    queue = queues.find_arn(asked.required(member))
    if queue is None or queue.record.scope != asked.scope:
        raise NoSource(member)
    return queue


def _check_destination(source: Queue, destination: Queue | None) -> None:
    """Our own texts. (?)"""
    if destination is source:
        raise InvalidTexts("Source queue and destination queue must not be the same.")
    if destination is not None and destination.record.is_fifo != source.record.is_fifo:
        raise InvalidTexts("Source queue and destination queue must be of the same type.")
