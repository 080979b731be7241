"""Every queue by its id, its name and its ARN; the numbers of messages; and what of contents is in memory."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.services.sqs.attributes import QUEUE_ARN
from lambda_emu.services.sqs.errors import NoSuchQueue
from lambda_emu.services.sqs.fifo import DEDUPLICATION_S, SentMessage
from lambda_emu.services.sqs.message import SOURCE, Content, Message, Row
from lambda_emu.services.sqs.queue import Queue, QueueRecord
from lambda_emu.services.sqs.table import Move, SavedQueues

LONGEST_S = 43_200.0
HELD_BYTES = 64 << 20
"""Of contents, over all queues; what is beyond is read from disk when it is received."""


class Directory:
    """On the loop; `find` and `find_arn` from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queues: dict[int, Queue] = {}
        self._names: dict[tuple[Scope, str], Queue] = {}
        self._arns: dict[str, Queue] = {}
        self._number = 0
        self._held_bytes = 0

    def all(self) -> Sequence[Queue]:
        return list(self._queues.values())

    def has(self, queue: Queue) -> bool:
        """Whether it was not deleted meanwhile."""
        return self._queues.get(queue.record.id) is queue

    def find(self, scope: Scope, name: str) -> Queue:
        """NoSuchQueue."""
        found = self._names.get((scope, name))
        if found is None:
            raise NoSuchQueue
        return found

    def knows(self, scope: Scope, name: str) -> bool:
        return (scope, name) in self._names

    def find_arn(self, arn: str) -> Queue | None:
        found = self._arns.get(arn)
        if found is not None:
            return found
        named = QUEUE_ARN.fullmatch(arn)  # of whichever partition
        return None if named is None else self._names.get((Scope(named[2], named[1]), named[3]))

    def names(self, scope: Scope, prefix: str = "") -> Sequence[str]:
        return sorted(name for its, name in self._names if its == scope and name.startswith(prefix))

    def sources(self, queue: Queue) -> Sequence[QueueRecord]:
        """Queues whose dead letters come here."""
        records = (one.record for one in self._queues.values())
        arn = queue.record.arn
        return sorted((one for one in records if one.redrive and one.redrive[0] == arn), key=lambda one: one.name)

    def add(self, queue: Queue) -> None:
        record = queue.record
        self._queues[record.id] = self._names[(record.scope, record.name)] = self._arns[record.arn] = queue

    def remove(self, queue: Queue) -> None:
        """It is no queue any more. Its messages are to be purged."""
        record = queue.record
        self._queues.pop(record.id, None)
        self._names.pop((record.scope, record.name), None)
        self._arns.pop(record.arn, None)

    def next_number(self) -> int:
        """Of microseconds, so that numbers grow from run to run, whatever is left of an earlier one."""
        self._number = max(self._number + 1, int(self._clock.now_s() * 1_000_000))
        return self._number

    # -- messages ---------------------------------------------------------------------------------

    def keep(self, queue: Queue, message: Message, row: Row) -> None:
        """A message that was sent is the queue's."""
        if self._held_bytes + message.size <= HELD_BYTES:
            self._held_bytes += message.size
            message.row = row
        queue.add(message, self._clock.steady_s())

    def drop(self, queue: Queue, numbers: Sequence[int]) -> None:
        """They are nobody's any more."""
        for message in queue.remove(numbers):
            self.let_go(message)

    def let_go(self, message: Message) -> None:
        """It left its queue in a purge."""
        if message.row is not None:
            self._held_bytes -= message.size

    def bury(self, message: Message, queue: Queue, dead: Queue) -> Move:
        """Take a dead letter to its queue. It stays the message it was, with its count of receives."""
        message.before = message.receives
        message.source = queue.record.arn
        return self._move(message, queue, dead)

    def revive(self, message: Message, dead: Queue, target: Queue) -> Move:
        """Take a dead letter to a queue where it is a new message."""
        message.id = self._clock.new_id()
        message.sent_s, message.first_s = self._clock.now_s(), None
        message.receives = message.before = 0
        message.source = None
        return self._move(message, dead, target)

    def _move(self, message: Message, queue: Queue, target: Queue) -> Move:
        """Now; the row is to follow."""
        number, now_s = message.number, self._clock.steady_s()
        queue.remove([number])
        message.number = self.next_number()
        message.due_s = now_s + target.record.number("DelaySeconds")
        if message.row is not None:
            message.row = _with_source(message.row, message.source)
        target.add(message, now_s)
        return Move.of(number, target.record.id, message)

    # -- the start --------------------------------------------------------------------------------

    def take_over(self, left: SavedQueues) -> None:
        """What is due later than anything can be was written before the machine's clock went back."""
        now_s = self._clock.steady_s()
        self._number = left.last_number
        for record in left.queues:
            self.add(Queue(record))
            self._number = max(self._number, record.id)
        for queue_id, key, until_s, id, number in left.seen:
            if queue_id in self._queues and until_s > now_s:
                sent, last_s = SentMessage(id, number), now_s + DEDUPLICATION_S
                self._queues[queue_id].seen.add(key, sent, min(until_s, last_s))
        for queue_id, message in left.messages:
            if queue_id in self._queues:
                message.due_s = min(message.due_s, now_s + LONGEST_S)
                message.taken_s = now_s
                self._queues[queue_id].add(message, now_s)


def _with_source(row: Row, source: str | None) -> Row:
    content = Content.of_row(*row)
    system = {name: value for name, value in content.system.items() if name != SOURCE}
    return replace(content, system=system if source is None else {**system, SOURCE: source}).row()
