"""Asynchronous events among the work that must still happen, from acceptance until they are settled."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lambda_emu.arn import FunctionId
from lambda_emu.store.work import Told, WorkItem, WorkTable

EVENT = "event"
"""The kind."""

Taken = Callable[[BaseException | None, Sequence["QueuedEvent"]], None]


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """An event that was accepted. qualifier, invoked_arn: as the caller named the function. Times: epoch seconds.

    payload: None where it is on disk only.
    """

    request_id: str
    function: FunctionId
    qualifier: str | None
    invoked_arn: str
    payload: bytes | None
    trace_id: str | None
    accepted_s: float
    attempts: int
    due_s: float
    tenant_id: str | None = None


class EventQueue:
    """The events of the table; what it does with work it does with them."""

    def __init__(self, work: WorkTable) -> None:
        self._work = work

    def recover(self, now_s: float, longest_s: float, done: Told) -> None:
        """As `WorkTable.recover`."""
        self._work.recover(EVENT, now_s, longest_s, done)

    def put(self, event: QueuedEvent, done: Told) -> None:
        """Keep an event that whoever puts it runs at once: it counts as taken."""
        self._work.add(_work(event), done, running=True)

    def next_due_s(self) -> float | None:
        """When the first event that does not run is due; None when none waits."""
        return self._work.next_due_s(EVENT)

    def take(self, now_s: float, limit: int, done: Taken) -> None:
        """As `WorkTable.take`."""
        self._work.take(EVENT, now_s, limit, lambda error, found: done(error, [_event(work) for work in found]))

    def payload(self, request_id: str) -> bytes | None:
        """What an event brings to its function; None if it was forgotten meanwhile. sqlite3.Error."""
        return self._work.payload(request_id)

    def put_off(self, request_id: str, attempts: int, due_s: float, done: Told) -> None:
        """It does not run any more, and is due later; does not wait."""
        self._work.put_off(request_id, attempts, due_s, done)

    def hasten(self, request_id: str, due_s: float, done: Told) -> None:
        """It is due earlier, unless it runs already; does not wait."""
        self._work.hasten(request_id, due_s, done)

    def finish(self, request_id: str, done: Told, then: Sequence[WorkItem] = ()) -> None:
        """Forget an event that is settled and keep what follows from it, both or neither; does not wait."""
        self._work.finish(request_id, done, then)

    def find_unsettled(self) -> Sequence[QueuedEvent]:
        """All there are, running or not, without their payloads; for who looks on."""
        return [_event(work) for work in self._work.all(EVENT)]


def _work(event: QueuedEvent) -> WorkItem:
    id = event.function
    named = [id.account, id.region, id.name, id.partition, event.qualifier, event.invoked_arn]
    record = json.dumps([*named, event.trace_id, event.tenant_id])
    return WorkItem(
        event.request_id, EVENT, event.due_s, record, event.attempts, event.accepted_s, payload=event.payload
    )


def _event(work: WorkItem) -> QueuedEvent:
    """An event as it was put; what its record is too old to have is left at its default."""
    account, region, name, partition, qualifier, invoked_arn, trace_id, *later = json.loads(work.record)
    id = FunctionId(account, region, name, partition)
    return QueuedEvent(
        work.id, id, qualifier, invoked_arn, None, trace_id, work.created_s, work.attempts, work.due_s, *later
    )
