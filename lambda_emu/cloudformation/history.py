"""Writes down what happens to a stack while somebody works on it: its events, and what is its status by that."""

from __future__ import annotations

import json
from collections.abc import Callable

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.records import Gone, events_of, put, put_event
from lambda_emu.cloudformation.topics import ToldEvent, nobody
from lambda_emu.model.stacks import DELETED, StackEvent, StackRecord
from lambda_emu.store.transaction import Transaction
from lambda_emu.templates.deploying.happened import STACK, Happened

MOST_REASON = 1024
MOST_PROPERTIES = 4096
"""Characters of what an event tells."""

Edit = Callable[[StackRecord], StackRecord]


class History:
    """Of one stack, during one request. token: of that request. tell: who else is told of each event."""

    def __init__(
        self, context: RequestContext, record: StackRecord, token: str | None = None, tell: ToldEvent = nobody
    ) -> None:
        self.record = record
        self._context = context
        self._token = token
        self._tell = tell
        last = next(iter(events_of(context, record.id)), None)
        self._next = 0 if last is None else last.number + 1

    def of_other(self, record: StackRecord) -> History:
        """Of a stack within it."""
        return History(self._context, record, self._token, self._tell)

    def check(self) -> None:
        """That the stack is not forgotten. Gone."""
        context, record = self._context, self.record
        found = context.store.stacks.get(context.scope, record.name)
        if found is None or found.id != record.id:
            raise Gone(record.id)

    def told(self, happened: Happened) -> None:
        """Of a step, whose event alone is written."""
        event = self._event(
            happened.logical_id,
            happened.kind,
            happened.status,
            happened.physical_id,
            happened.reason,
            happened.properties,
        )
        self._context.store.write(lambda transaction: put_event(transaction, self._context, event))
        self._tell(event, self.record)

    def stack(self, status: str, reason: str | None = None, edit: Edit = lambda record: record) -> None:
        """A step of the stack itself. edit: what else becomes of its record with it. Gone."""
        context, now_s = self._context, self._context.clock.now_s()
        reason = None if reason is None else reason[:MOST_REASON]
        event = self._event(self.record.name, STACK, status, self.record.id, reason, None)

        def work(transaction: Transaction) -> StackRecord:
            found = transaction.get(context.store.stacks, context.scope, self.record.name)
            if found is None or found.id != self.record.id:
                raise Gone(self.record.id)
            after = replace(edit(found), status=status, reason=reason)
            if status == DELETED:
                after = replace(after, deleted_s=now_s, outputs=())
            put(transaction, context, after)
            put_event(transaction, context, event)
            return after

        self.record = context.store.write(work)
        self._tell(event, self.record)

    def _event(
        self, logical_id: str, kind: str, status: str, identifier: str, reason: str | None, properties: object
    ) -> StackEvent:
        clock, record = self._context.clock, self.record
        number, self._next = self._next, self._next + 1
        said = None if not properties else json.dumps(properties, default=str)[:MOST_PROPERTIES]
        id = clock.new_id() if kind == STACK else f"{logical_id}-{status}-{clock.now_s() * 1000:.0f}"
        return StackEvent(
            record.name,
            record.id,
            number,
            id,
            clock.now_s(),
            logical_id,
            identifier,
            kind,
            status,
            None if reason is None else reason[:MOST_REASON],
            said,
            self._token,
        )
