"""Asynchronous events among the work that must still happen, from acceptance until they are settled."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from msgspec import Struct

from lambda_emu.arn import FunctionId
from lambda_emu.store.work import Done, WorkItem, WorkTable

EVENT = "event"
"""The kind."""

Taken = Callable[[BaseException | None, Sequence["QueuedEvent"]], None]


class LastAnswer(Struct, frozen=True):
    """What the last attempt at an event came to, for who is told when it is given up.

    status: 200 if it was run, else of the refusal. version: that ran; None: none did. text: the function's answer,
    None where it is too long to be kept; of a refusal its words.
    """

    status: int
    version: str | None
    text: str | None


class QueuedEvent(Struct, frozen=True):
    """An event that was accepted. qualifier, invoked_arn: as the caller named the function. Times: epoch seconds.

    payload: None where it is on disk only. last: None before the first attempt, and where nobody is to be told.
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
    last: LastAnswer | None = None

    @property
    def record(self) -> str:
        """What of it is no column of the table."""
        id, last = self.function, self.last
        named = [id.account, id.region, id.name, id.partition, self.qualifier, self.invoked_arn]
        later = [self.tenant_id] if last is None else [self.tenant_id, [last.status, last.version, last.text]]
        return json.dumps([*named, self.trace_id, *later])


class EventQueue:
    """The events of the table; what it does with work it does with them."""

    def __init__(self, work: WorkTable) -> None:
        self._work = work

    def recover(self, now_s: float, longest_s: float, done: Done) -> None:
        """As `WorkTable.recover`."""
        self._work.recover(EVENT, now_s, longest_s, done)

    def put(self, event: QueuedEvent, done: Done) -> None:
        """Keep an event that whoever puts it runs at once: it counts as taken."""
        self._work.add(work_of_event(event), done)

    def next_due_s(self) -> float | None:
        """When the first event that does not run is due; None when none waits."""
        return self._work.next_due_s(EVENT)

    def take(self, now_s: float, limit: int, done: Taken) -> None:
        """As `WorkTable.take`."""
        self._work.take(EVENT, now_s, limit, lambda error, found: done(error, [_event(work) for work in found]))

    def payload(self, request_id: str) -> bytes | None:
        """What an event brings to its function; None if it was forgotten meanwhile. sqlite3.Error."""
        return self._work.payload(request_id)

    def put_off(self, request_id: str, attempts: int, due_s: float, done: Done, record: str | None = None) -> None:
        """It does not run any more, and is due later; does not wait. record: of the event from now on."""
        self._work.put_off(request_id, attempts, due_s, done, record)

    def hasten(self, request_id: str, due_s: float, done: Done) -> None:
        """It is due earlier, unless it runs already; does not wait."""
        self._work.hasten(request_id, due_s, done)

    def finish(self, request_id: str, done: Done, then: Sequence[WorkItem] = ()) -> None:
        """Forget an event that is settled and keep what follows from it, both or neither; does not wait."""
        self._work.finish(request_id, done, then)

    def find_unsettled(self) -> Sequence[QueuedEvent]:
        """All there are, running or not, without their payloads; for who looks on."""
        return [_event(work) for work in self._work.all(EVENT)]


def work_of_event(event: QueuedEvent) -> WorkItem:
    """As it is kept by who runs it at once."""
    return WorkItem(
        event.request_id,
        EVENT,
        event.due_s,
        event.record,
        event.attempts,
        event.accepted_s,
        payload=event.payload,
        running=True,
    )


def _event(work: WorkItem) -> QueuedEvent:
    """An event as it was put; what its record is too old to have is left at its default."""
    account, region, name, partition, qualifier, invoked_arn, trace_id, *later = json.loads(work.record)
    tenant_id, last = (*later, None, None)[:2]
    return QueuedEvent(
        work.id,
        FunctionId(account, region, name, partition),
        qualifier,
        invoked_arn,
        None,
        trace_id,
        work.created_s,
        work.attempts,
        work.due_s,
        tenant_id,
        None if last is None else LastAnswer(*last),
    )
