"""A queue on the loop: which messages are visible, delayed or in flight. No I/O and no clock; time is handed in."""

from __future__ import annotations

import heapq
import json
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import inf
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.services.sqs.attributes import DEFAULTS, FIFO_DEFAULTS
from lambda_emu.services.sqs.fifo import Attempts, GroupOrder, Seen
from lambda_emu.services.sqs.message import Message, MessageState


class QueueRecord(Struct, frozen=True, dict=True):
    """What a queue is. attributes: those that somebody set. Times: epoch seconds that are shown."""

    id: int
    scope: Scope
    name: str
    attributes: Mapping[str, str]
    tags: Mapping[str, str]
    created_s: int
    modified_s: int

    @property
    def is_fifo(self) -> bool:
        return self.name.endswith(".fifo")

    @cached_property
    def arn(self) -> str:
        return arn_of(self.scope, self.name)

    @cached_property
    def settings(self) -> Mapping[str, str]:
        """All attributes that can be set and have a value."""
        defaults = {**DEFAULTS, **FIFO_DEFAULTS} if self.is_fifo else dict(DEFAULTS)
        if self.attributes.get("KmsMasterKeyId"):
            defaults["SqsManagedSseEnabled"] = "false"
        return {name: value for name, value in {**defaults, **self.attributes}.items() if value}

    @cached_property
    def redrive(self) -> tuple[str, int] | None:
        """The dead letter queue's ARN, and how often a message may be received before."""
        policy = self.settings.get("RedrivePolicy")
        if policy is None:
            return None
        read = json.loads(policy)
        return read["deadLetterTargetArn"], read["maxReceiveCount"]

    def takes_from(self, arn: str) -> bool:
        """Whether the queue of that ARN may send its dead letters here."""
        policy = json.loads(self.settings.get("RedriveAllowPolicy", "{}"))
        permission = policy.get("redrivePermission", "allowAll")
        return permission == "allowAll" or (permission == "byQueue" and arn in policy["sourceQueueArns"])

    def number(self, attribute: str) -> int:
        return int(self.settings[attribute])

    def changed(self, attributes: Mapping[str, str], now_s: float) -> QueueRecord:
        return replace(self, attributes={**self.attributes, **attributes}, modified_s=int(now_s))


def arn_of(scope: Scope, name: str) -> str:
    return scope.arn(name, "sqs")


class Order(Protocol):
    """Which message is next. The queue tells it of each that comes, becomes visible, or leaves."""

    def add(self, message: Message) -> None: ...
    def ripen(self, message: Message) -> None: ...
    def land(self, message: Message) -> None: ...
    def remove(self, message: Message) -> None: ...
    def next(self) -> Message | None: ...
    def following(self, message: Message) -> Message | None: ...
    def take(self, message: Message) -> None: ...


class SentOrder:
    """A standard queue's: the oldest first. Most come in their order, and need no heap."""

    def __init__(self, messages: Mapping[int, Message]) -> None:
        self._messages = messages
        self._line: deque[int] = deque()  # each is larger than the one before
        self._others: list[int] = []  # a heap; of both some are out of date

    def add(self, message: Message) -> None:
        if message.state is MessageState.VISIBLE:
            self.ripen(message)

    def ripen(self, message: Message) -> None:
        if not self._line or message.number > self._line[-1]:
            self._line.append(message.number)
        else:
            heapq.heappush(self._others, message.number)

    land = ripen

    def remove(self, message: Message) -> None:
        """It is passed over when its turn comes."""

    def next(self) -> Message | None:
        line, others = self._line, self._others
        while line or others:
            is_other = others and not (line and line[0] < others[0])
            found = self._messages.get(others[0] if is_other else line[0])
            if found is not None and found.state is MessageState.VISIBLE:
                return found
            if is_other:
                heapq.heappop(others)
            else:
                line.popleft()
        return None

    def following(self, message: Message) -> Message | None:
        return self.next()

    def take(self, message: Message) -> None:
        """The first goes into flight."""
        line = self._line
        if line and line[0] == message.number:
            line.popleft()
        else:
            heapq.heappop(self._others)


OUT_OF_DATE = 1_000
"""So many times may be kept of messages that are gone, beside as many as there are others."""


class Queue:
    """Its record with its messages. Whoever changes one's state does so here."""

    def __init__(self, record: QueueRecord) -> None:
        self.record = record
        self.seen = Seen()
        self.purged_s: float | None = None
        self._hold({})

    def _hold(self, messages: dict[int, Message]) -> None:
        """These are its messages, and none of them is known to its order yet."""
        self.messages = messages
        self.attempts = Attempts(messages)
        self.counts: Counter[MessageState] = Counter()
        self._order: Order = GroupOrder(messages) if self.record.is_fifo else SentOrder(messages)
        # Delayed and in flight: when, and who together, of whom some are out of date. The number tells them apart.
        self._due: list[tuple[float, int, list[int]]] = []
        self._last_due_s: dict[str | None, float] = {}  # of delayed messages, by group

    def purge(self, last: int) -> dict[int, Message]:
        """Forget the messages up to that number. Returns them, by number, for whoever ends them bit by bit."""
        gone = self.messages
        kept = {number: message for number, message in gone.items() if number > last}
        self._hold({})
        for number, message in kept.items():
            del gone[number]
            self._accept(message)
        return gone

    def delayed_until_s(self, group: str | None, due_s: float) -> float:
        """When a message may be visible: in a FIFO queue none overtakes one of its group that is delayed longer."""
        return due_s if group is None else max(due_s, self._last_due_s.get(group, 0.0))

    def add(self, message: Message, now_s: float) -> None:
        """One that was sent, moved here, or found at the start; its state is as its figures say."""
        is_due = message.due_s <= now_s
        was_received = message.receives > message.before
        message.state = (
            MessageState.VISIBLE if is_due else MessageState.IN_FLIGHT if was_received else MessageState.DELAYED
        )
        self._accept(message)

    def _accept(self, message: Message) -> None:
        """It is in its state already."""
        self.messages[message.number] = message
        self.counts[message.state] += 1
        if message.state is not MessageState.VISIBLE:
            heapq.heappush(self._due, (message.due_s, message.number, [message.number]))
            if message.state is MessageState.DELAYED and message.group is not None:
                self._last_due_s[message.group] = message.due_s
        self._order.add(message)

    def ripen(self, now_s: float) -> None:
        """What is due by now is visible."""
        while self._due and self._due[0][0] <= now_s:
            due_s, _, numbers = heapq.heappop(self._due)
            for number in numbers:
                if self._is_due(due_s, number):
                    self._show(self.messages[number])

    def next_due_s(self, before_s: float = inf) -> float | None:
        """When something becomes visible; None: nothing does before then. It may be too early, never too late."""
        while self._due and self._due[0][0] < before_s:
            due_s, _, numbers = self._due[0]
            if self.messages.keys().isdisjoint(numbers):
                numbers.clear()
            while numbers and not self._is_due(due_s, numbers[-1]):
                numbers.pop()
            if numbers:
                return due_s
            heapq.heappop(self._due)
        return None

    def _is_due(self, due_s: float, number: int) -> bool:
        """Whether that is still when this message becomes visible."""
        message = self.messages.get(number)
        return message is not None and message.due_s == due_s and message.state is not MessageState.VISIBLE

    def has_visible(self) -> bool:
        """Whether anything may be received now."""
        return self._order.next() is not None

    def visible(self) -> Iterator[Message]:
        """What may be received now, one after the other: each is to be taken or removed before the next is asked for.

        Of a FIFO queue those of a group follow each other, though the first of them was taken.
        """
        order = self._order
        found = order.next()
        while found is not None:
            yield found
            found = (order.following(found) if found.state is MessageState.IN_FLIGHT else None) or order.next()

    def take(self, message: Message) -> None:
        """Receive one that is visible: it is in flight, and `hide` is to say until when."""
        self._order.take(message)
        message.state = MessageState.IN_FLIGHT

    def hide(self, taken: Sequence[Message], shown_s: float, now_s: float, due_s: float) -> None:
        """What was just taken. shown_s: what the time is said to be; due_s: when it is visible again."""
        self.counts[MessageState.VISIBLE] -= len(taken)
        self.counts[MessageState.IN_FLIGHT] += len(taken)
        for message in taken:
            message.receives += 1
            message.taken_s = now_s
            message.due_s = due_s
            if message.first_s is None:
                message.first_s = shown_s
        self._wait(taken, due_s)

    def untake(self, message: Message) -> None:
        """Nobody got it after all."""
        if message.number in self.messages and message.state is MessageState.IN_FLIGHT:
            message.receives -= 1
            self._show(message)

    def put_off(self, message: Message, due_s: float, now_s: float) -> None:
        """Change when one in flight is visible again; one that is already stays so."""
        if message.state is not MessageState.IN_FLIGHT:
            return
        if due_s <= now_s:
            self._show(message)
        else:
            message.due_s = due_s
            self._wait([message], due_s)

    def remove(self, numbers: Sequence[int]) -> list[Message]:
        """Those of them that it had."""
        messages = self.messages
        removed = [messages.pop(number) for number in numbers if number in messages]
        for message in removed:
            self.counts[message.state] -= 1
            self._order.remove(message)
        return removed

    def _wait(self, messages: Sequence[Message], due_s: float) -> None:
        numbers = [message.number for message in messages]
        if numbers:
            heapq.heappush(self._due, (due_s, numbers[0], numbers))
        hidden = self.counts[MessageState.IN_FLIGHT] + self.counts[MessageState.DELAYED]
        if len(self._due) > OUT_OF_DATE + 2 * hidden:
            self._due = [entry for entry in self._due if any(self._is_due(entry[0], number) for number in entry[2])]
            heapq.heapify(self._due)

    def _show(self, message: Message) -> None:
        was = message.state
        self._turn(message, MessageState.VISIBLE)
        if was is MessageState.IN_FLIGHT:
            self._order.land(message)
            return
        if self._last_due_s.get(message.group) == message.due_s:
            del self._last_due_s[message.group]
        self._order.ripen(message)

    def _turn(self, message: Message, state: MessageState) -> None:
        self.counts[message.state] -= 1
        self.counts[state] += 1
        message.state = state
