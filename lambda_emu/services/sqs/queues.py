"""Queues as anybody in this process uses them, on the loop: send, receive, delete. HTTP is one of its callers.

SQLite is the truth, and what is told follows its commit. Memory has what is visible, delayed and in flight, so that a
receive looks nothing up; contents are in it too while there is room.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.http.loop import Loop
from lambda_emu.services.journal.commits import Commits
from lambda_emu.services.journal.journal import Journal
from lambda_emu.services.sqs import table
from lambda_emu.services.sqs.changes import KEEPING, Change
from lambda_emu.services.sqs.directory import Directory
from lambda_emu.services.sqs.errors import NoSuchQueue, SqsError, SqsFailure, TooManyInFlight
from lambda_emu.services.sqs.fifo import DEDUPLICATION_S, SentMessage
from lambda_emu.services.sqs.message import Draft, Handle, Message, MessageState, Row, as_received
from lambda_emu.services.sqs.moves import Done, MoveTasks
from lambda_emu.services.sqs.polls import Poll, Polls
from lambda_emu.services.sqs.queue import Queue, QueueRecord
from lambda_emu.services.sqs.table import MessageRow, Move, SavedQueues, SeenRow
from lambda_emu.store import Store

log = logging.getLogger(__name__)

MOST_IN_FLIGHT = 120_000
LOOKED_AT = 1_000
"""So many messages at most are passed to a dead letter queue, or found too old, by one receive."""
LET_GO = 500


class Queues:
    """All queues of all accounts. Everything runs on the loop but `open`, which makes one."""

    def __init__(self, store: Store, loop: Loop, clock: Clock, journal: Journal | None) -> None:
        """Use `late.LateQueues`."""
        self._loop = loop
        self._clock = clock
        self._commits = Commits(KEEPING, store, loop, clock, journal)
        self.directory = Directory(clock)
        self._polls = Polls(clock, self._serve)
        self.moves = MoveTasks(self.directory, clock, self._write, self._polls.wake)

    def take_over(self, left: SavedQueues) -> None:
        """What an earlier run left; before anybody asks."""
        self.directory.take_over(left)
        self.moves.take_over(left.tasks)

    def close(self) -> None:
        """Nobody waits any more, and no timer is left. All else goes on."""
        self._polls.close()
        self.moves.close()
        self._commits.close()
        for queue in self.directory.all():
            self._polls.end(queue, None)

    # -- queues -----------------------------------------------------------------------------------

    def find(self, scope: Scope, name: str) -> Queue:
        """NoSuchQueue. From any thread."""
        return self.directory.find(scope, name)

    def find_arn(self, arn: str) -> Queue | None:
        """From any thread."""
        return self.directory.find_arn(arn)

    def create(self, scope: Scope, name: str, attributes: dict[str, str], tags: dict[str, str], told: Done) -> Queue:
        """One that is not there yet."""
        now_s = int(self._clock.now_s())
        queue = Queue(QueueRecord(self.directory.next_number(), scope, name, attributes, tags, now_s, now_s))
        self.directory.add(queue)

        def undo(error: SqsError | None) -> None:
            if error is not None:
                self._forget(queue)
            told(error)

        self._write(partial(table.put_queue, record=queue.record), undo)
        return queue

    def change(self, queue: Queue, record: QueueRecord, told: Done) -> None:
        """Make its record this one."""
        before, queue.record = queue.record, record

        def undo(error: SqsError | None) -> None:
            if error is not None and queue.record is record:
                queue.record = before
            told(error)

        self._write(partial(table.put_queue, record=record), undo)

    def delete_queue(self, queue: Queue, told: Done) -> None:
        """What is left of its messages on disk goes bit by bit."""
        record = queue.record

        def deleted(error: SqsError | None) -> None:
            told(error)
            self._purge_rows(record.id, table.LAST, lambda _: None)

        self._forget(queue)
        self._write(partial(table.delete_queue, id=record.id, arn=record.arn), deleted)

    def purge(self, queue: Queue, told: Done) -> None:
        """Forget the messages that it has now."""
        queue.purged_s = self._clock.monotonic_s()
        last = self.directory.next_number()

        def purged(error: SqsError | None) -> None:
            if error is None:
                self._let_go(queue.purge(last))
            told(error)
            self._polls.wake(queue)  # groups are free

        self._purge_rows(queue.record.id, last, purged)

    def _purge_rows(self, id: int, last: int, told: Done) -> None:
        """Some at a time, so that others' commits come between."""

        def purged(error: SqsError | None, are_left: bool) -> None:
            if error is None and are_left:
                self._purge_rows(id, last, told)
            else:
                told(error)

        self._commits.post(partial(table.purge, id=id, last=last), purged)

    def _let_go(self, gone: dict[int, Message]) -> None:
        """Messages that were purged: some in each turn of the loop, for the loop has other things to do."""
        for _ in range(min(LET_GO, len(gone))):
            self.directory.let_go(gone.popitem()[1])
        if gone:
            self._loop.asyncio.call_soon(self._let_go, gone)

    def clear(self) -> None:
        """Forget every queue of every account."""
        for queue in self.directory.all():
            self._forget(queue)
        self._write(table.clear, lambda _: None)

    def empty(self, account: str, told: Callable[[], object]) -> None:
        """Forget the queues of one account."""
        for queue in self.directory.all():
            if queue.record.scope.account == account:
                self.delete_queue(queue, lambda _: None)
        told()

    # -- messages ---------------------------------------------------------------------------------

    def send(
        self, queue: Queue, drafts: Sequence[Draft], told: Callable[[SqsError | None, Sequence[SentMessage]], None]
    ) -> None:
        """All of them or none. A duplicate is answered what the first was, and after it."""
        now_s, record = self._clock.steady_s(), queue.record
        sent: list[SentMessage] = []
        new: list[tuple[Message, Row]] = []
        rows: list[MessageRow] = []
        seen: list[SeenRow] = []
        for draft in drafts:
            known = None if draft.key is None else queue.seen.find(draft.key, now_s)
            if known is not None:
                sent.append(known)
                continue
            message = self._new_message(queue, draft, now_s)
            content = draft.content.row()
            new.append((message, content))
            rows.append(message.as_new(record.id, content))
            sent.append(SentMessage(message.id, message.number))
            if draft.key is not None:
                until_s = now_s + DEDUPLICATION_S
                seen.append((record.id, draft.key, until_s, message.id, message.number))
                queue.seen.add(draft.key, sent[-1], until_s)

        def kept(error: SqsError | None, _: object) -> None:
            for row in seen if error is not None else ():
                queue.seen.forget(row[1])
            if error is None and self.directory.has(queue):
                for message, content in new:
                    self.directory.keep(queue, message, content)
            if error is None and any(map(queue.seen.was_lost, sent)):
                error = SqsFailure()  # what it repeats could not be kept
            told(error, sent)
            self._polls.wake(queue)

        self._commits.put(Change(rows, seen), kept, ordered=record.is_fifo)

    def receive(self, queue: Queue, poll: Poll, wait_s: float) -> None:
        """Hand out what is visible; if nothing is, wait for it so long. TooManyInFlight.

        An attempt that is made again gets what it got, while all of that is still in flight as it was.
        """
        now_s = self._clock.steady_s()
        queue.ripen(now_s)
        if queue.counts[MessageState.IN_FLIGHT] >= MOST_IN_FLIGHT and not queue.record.is_fifo:
            raise TooManyInFlight(MOST_IN_FLIGHT)
        again = () if poll.attempt is None else queue.attempts.find(poll.attempt, now_s)
        if not again:
            self._polls.wait(queue, poll, wait_s)
            return
        for message in again:
            queue.put_off(message, now_s + poll.visibility_s, now_s)
        queue.attempts.add(poll.attempt or "", again, now_s)
        self._hand_out(queue, poll, again)

    def is_awaited(self, arn: str) -> bool:
        """Whether a client waits for messages of the queue."""
        queue = self.find_arn(arn)
        return queue is not None and self._polls.is_awaited(queue)

    def listen(self, arn: str, told: Callable[[], None]) -> Callable[[], None]:
        """Call `told` on the loop whenever the queue of this ARN may have something to receive; returns what ends that.

        That is: when a message was sent, moved here or became visible again, or a group of a FIFO queue is free, and
        nobody who waits took it; and soon after now, if something is there. So a source is woken, fetches until it
        gets nothing, and waits to be woken again; between them nothing runs but one timer of the queue while messages
        are delayed or in flight. It may be told for nothing, and often: a flag that it sets does. It hears of a queue
        that is created later as well, and may receive at once. It must not raise.
        """
        stop = self._polls.listen(arn, told)
        queue = self.find_arn(arn)
        if queue is not None:
            self._loop.asyncio.call_soon(self._polls.wake, queue)
        return stop

    def ripen(self, queue: Queue) -> None:
        """What is due is visible; whoever waits for it has it first."""
        queue.ripen(self._clock.steady_s())
        self._polls.wake(queue)

    def delete(self, queue: Queue, numbers: Sequence[int], told: Done) -> None:
        """A message that goes keeps nobody waiting, but for others of its group, or where too many are in flight."""

        def deleted(error: SqsError | None, _: object) -> None:
            if error is None:
                self.directory.drop(queue, numbers)
            told(error)
            if frees:
                self._polls.wake(queue)

        frees = queue.record.is_fifo or queue.counts[MessageState.IN_FLIGHT] >= MOST_IN_FLIGHT
        self._commits.put(Change(gone=numbers), deleted)

    def change_visibility(self, queue: Queue, changes: Sequence[tuple[Message, float]], told: Done) -> None:
        """Messages in flight, and in how many seconds each is visible again."""
        now_s = self._clock.steady_s()
        marks = []
        for message, visibility_s in changes:
            queue.put_off(message, now_s + visibility_s, now_s)
            marks.append((now_s + visibility_s, message.receives, message.first_s, message.number))

        def changed(error: SqsError | None, _: object) -> None:
            told(error)
            self._polls.wake(queue)

        self._commits.put(Change(marks=marks), changed)

    def message_of(self, queue: Queue, handle: Handle) -> Message | None:
        """None: it is not there any more."""
        message = queue.messages.get(handle.number)
        return message if message is not None and message.id == handle.message_id else None

    # -- receiving --------------------------------------------------------------------------------

    def _serve(self, queue: Queue, poll: Poll) -> bool:
        """Whether there was something for it: then it hears of it after the commit."""
        taken, moves, old = self._take(queue, poll)
        if moves or old:
            self._write(partial(table.clear_away, moves=moves, old=old), _log_failure)
        if not taken:
            return False
        if poll.attempt is not None:
            queue.attempts.add(poll.attempt, taken, self._clock.steady_s())
        self._hand_out(queue, poll, taken)
        return True

    def _hand_out(self, queue: Queue, poll: Poll, taken: Sequence[Message]) -> None:
        """Messages in flight, to whom they are from now on.

        Of a FIFO queue when that is kept: a crash may not free a group that somebody works on. Others need not wait for
        it: where there is no journal they may be received once more after a crash, as AWS has it too.
        """
        marks = [(one.due_s, one.receives, one.first_s, one.number) for one in taken]
        absent = [one.number for one in taken if one.row is None]
        change = Change(marks=marks)

        def marked(error: SqsError | None, found: dict[int, Row] | None) -> None:
            if error is None:
                poll.deliver(None, as_received(queue.record.id, taken, marks, found or {}))
                return
            for message in taken:
                queue.untake(message)
            poll.deliver(error, ())
            self._polls.wake(queue)

        if queue.record.is_fifo and not absent:
            self._commits.put(change, marked)
            return
        self._commits.put(change, _ignore, awaited=False)
        if absent:
            self._commits.post(partial(table.contents, numbers=absent), marked)
        else:
            marked(None, {})

    def _take(self, queue: Queue, poll: Poll) -> tuple[list[Message], list[Move], list[int]]:
        """What goes to who asks, what to the dead letter queue, and what was kept too long."""
        now_s, shown_s = self._clock.steady_s(), self._clock.now_s()
        oldest_s = shown_s - queue.record.number("MessageRetentionPeriod")
        redrive = queue.record.redrive
        dead = None if redrive is None else self.directory.find_arn(redrive[0])
        taken: list[Message] = []
        moves: list[Move] = []
        old: list[int] = []
        size, most = 0, min(poll.limit, MOST_IN_FLIGHT - queue.counts[MessageState.IN_FLIGHT])
        for message in queue.visible():
            if len(taken) >= most or len(moves) + len(old) >= LOOKED_AT:
                break
            if message.sent_s < oldest_s:
                old.append(message.number)
                self.directory.drop(queue, [message.number])
            elif redrive and dead and message.receives - message.before >= redrive[1]:
                moves.append(self.directory.bury(message, queue, dead))
            elif taken and size + message.size > poll.most_bytes:
                break
            else:
                size += message.size
                queue.take(message)
                taken.append(message)
        queue.hide(taken, shown_s, now_s, now_s + poll.visibility_s)
        if poll.visibility_s <= 0:
            queue.ripen(now_s)
        if moves and dead:
            self._loop.asyncio.call_soon(self._polls.wake, dead)
        return taken, moves, old

    def _new_message(self, queue: Queue, draft: Draft, now_s: float) -> Message:
        delay_s = queue.record.number("DelaySeconds") if draft.delay_s is None else draft.delay_s
        group = (draft.group or "") if queue.record.is_fifo else None
        due_s = queue.delayed_until_s(group, now_s + delay_s)
        sent_s = self._clock.now_s()
        message = Message(self.directory.next_number(), self._clock.new_id(), group, sent_s, due_s, draft.size)
        message.md5 = draft.md5
        return message

    def _forget(self, queue: Queue) -> None:
        """It is no queue any more."""
        self.directory.remove(queue)
        self._let_go(queue.purge(table.LAST))
        self.moves.forget(queue.record.arn)
        self._polls.end(queue, NoSuchQueue())

    def _write(self, step: Callable[[sqlite3.Connection], object], told: Done) -> None:
        self._commits.post(step, lambda error, _: told(error))


def _ignore(error: SqsError | None, result: object) -> None:
    """Nobody waits for it; what could not be written has been logged."""


def _log_failure(error: SqsError | None) -> None:
    if error is not None:
        log.error("messages of a dead letter queue could not be written; they are moved again after a restart")
