"""What FIFO queues add: order within a group, one message of a group at a time, and each message once."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Mapping, Sequence

from msgspec import Struct

from lambda_emu.services.sqs.message import Message, MessageState

DEDUPLICATION_S = 300.0
MOST_ATTEMPTS = 10_000
"""That are remembered; beyond them the oldest is not."""
MOST_LOST = 1_000
"""Duplicates wait for the commit of what they repeat, which is soon known."""


class _Group:
    """waiting: numbers of its messages that are not in flight; flying: how many are."""

    __slots__ = ("flying", "waiting")

    def __init__(self) -> None:
        self.waiting: list[int] = []
        self.flying = 0


class GroupOrder:
    """Which message is next: the oldest of a group none of whose messages is in flight."""

    def __init__(self, messages: Mapping[int, Message]) -> None:
        self._messages = messages
        self._groups: dict[str, _Group] = {}
        self._free: list[tuple[int, str]] = []  # the first message of each group that is free; some are out of date

    def add(self, message: Message) -> None:
        """It is the queue's now, whatever its state."""
        group = self._groups.setdefault(message.group or "", _Group())
        if message.state is MessageState.IN_FLIGHT:
            group.flying += 1
        else:
            heapq.heappush(group.waiting, message.number)
            if group.waiting[0] == message.number:
                self._offer(message.group or "")

    def ripen(self, message: Message) -> None:
        """A delayed one became visible."""
        self._offer(message.group or "")

    def land(self, message: Message) -> None:
        """One in flight is visible again."""
        group = self._groups[message.group or ""]
        group.flying -= 1
        heapq.heappush(group.waiting, message.number)
        self._offer(message.group or "")

    def remove(self, message: Message) -> None:
        """It left the queue, from wherever it stood."""
        name = message.group or ""
        group = self._groups[name]
        if message.state is MessageState.IN_FLIGHT:
            group.flying -= 1
        self._offer(name)

    def next(self) -> Message | None:
        """The one to be received next."""
        while self._free:
            number, name = self._free[0]
            group = self._groups.get(name)
            if group is not None and not group.flying and self._first(group) == number:
                return self._messages[number]
            heapq.heappop(self._free)
        return None

    def following(self, message: Message) -> Message | None:
        """The next of its group, which whoever just took that one may have as well."""
        number = self._first(self._groups[message.group or ""])
        return None if number is None else self._messages[number]

    def take(self, message: Message) -> None:
        """The first of its group goes into flight."""
        group = self._groups[message.group or ""]
        heapq.heappop(group.waiting)
        group.flying += 1

    def _first(self, group: _Group) -> int | None:
        """The number of its first message, if that is visible."""
        while group.waiting and group.waiting[0] not in self._messages:
            heapq.heappop(group.waiting)
        if not group.waiting:
            return None
        first = self._messages[group.waiting[0]]
        return first.number if first.state is MessageState.VISIBLE else None

    def _offer(self, name: str) -> None:
        group = self._groups[name]
        if group.flying:
            return
        number = self._first(group)
        if number is not None:
            heapq.heappush(self._free, (number, name))
        elif not group.waiting:
            del self._groups[name]


class SentMessage(Struct, frozen=True):
    """A message that was accepted: what a duplicate is answered too."""

    id: str
    number: int


class Seen:
    """What was sent within five minutes, by its deduplication id. Outlives the messages, and a restart."""

    def __init__(self) -> None:
        self._sent: dict[str, tuple[float, SentMessage]] = {}
        self._until: deque[tuple[float, str]] = deque()
        self._lost: deque[SentMessage] = deque(maxlen=MOST_LOST)

    def find(self, key: str, now_s: float) -> SentMessage | None:
        while self._until and self._until[0][0] <= now_s:
            until_s, old = self._until.popleft()
            if old in self._sent and self._sent[old][0] == until_s:
                del self._sent[old]
        found = self._sent.get(key)
        return None if found is None else found[1]

    def add(self, key: str, sent: SentMessage, until_s: float) -> None:
        self._sent[key] = until_s, sent
        self._until.append((until_s, key))

    def forget(self, key: str) -> None:
        """It was not accepted after all."""
        found = self._sent.pop(key, None)
        if found is not None:
            self._lost.append(found[1])

    def was_lost(self, sent: SentMessage) -> bool:
        """Whether one that was found has been forgotten since."""
        return sent in self._lost


class Attempts:
    """What receives with a ReceiveRequestAttemptId got in the last five minutes. A restart forgets them."""

    def __init__(self, messages: Mapping[int, Message]) -> None:
        """messages: those that the queue has."""
        self._messages = messages
        self._got: dict[str, tuple[float, Sequence[tuple[Message, int, float]]]] = {}  # the oldest first

    def add(self, attempt: str, messages: Sequence[Message], now_s: float) -> None:
        """Messages that were just taken."""
        self._forget_old(now_s)
        self._got.pop(attempt, None)
        self._got[attempt] = now_s + DEDUPLICATION_S, [(one, one.receives, one.due_s) for one in messages]

    def find(self, attempt: str, now_s: float) -> Sequence[Message]:
        """What it got, if all of it is in flight as it was; () else."""
        self._forget_old(now_s)
        _, got = self._got.get(attempt, (0.0, ()))
        is_same = all(
            one.number in self._messages
            and (one.state, one.receives, one.due_s) == (MessageState.IN_FLIGHT, receives, due_s)
            for one, receives, due_s in got
        )
        return [one for one, _, _ in got] if is_same else ()

    def _forget_old(self, now_s: float) -> None:
        while self._got:
            oldest = next(iter(self._got))
            if self._got[oldest][0] > now_s and len(self._got) < MOST_ATTEMPTS:
                return
            del self._got[oldest]
