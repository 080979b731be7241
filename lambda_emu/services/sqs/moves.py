"""Runs message move tasks: some messages at a time, each time in one commit with how far the task is."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from lambda_emu.clock import Clock, Timer
from lambda_emu.services.sqs import table
from lambda_emu.services.sqs.directory import Directory
from lambda_emu.services.sqs.errors import NoSuchQueue, SqsError
from lambda_emu.services.sqs.move_task import CANCELLED, COMPLETED, FAILED, RUNNING, MoveTask
from lambda_emu.services.sqs.queue import Queue
from lambda_emu.services.sqs.table import Move

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Messages that are moved by one commit, where no rate says less."""
STEPS_A_SECOND = 10
KEPT = 10
"""Tasks of a queue that can be listed."""
NO_SOURCE = "CouldNotDetermineMessageSource"

Done = Callable[[SqsError | None], None]
"""Called on the loop after the commit, or with why there was none."""
Write = Callable[[Callable[[sqlite3.Connection], object], Done], None]


class MoveTasks:
    """On the loop. write: as `Queues` writes; wake: tells that a queue may have something visible."""

    def __init__(self, directory: Directory, clock: Clock, write: Write, wake: Callable[[Queue], None]) -> None:
        self._directory = directory
        self._clock = clock
        self._write = write
        self._wake = wake
        self._tasks: dict[str, MoveTask] = {}  # by id, the oldest first
        self._timers: dict[str, Timer] = {}
        self._closed = False

    def of(self, arn: str) -> Sequence[MoveTask]:
        """A queue's, the youngest first."""
        return [task for task in reversed(self._tasks.values()) if task.source == arn]

    def find(self, id: str) -> MoveTask | None:
        return self._tasks.get(id)

    def start(self, task: MoveTask, told: Done) -> None:
        """The answer follows the commit, and the first message the answer."""
        forgotten = self.of(task.source)[KEPT - 1 :]
        for one in forgotten:
            del self._tasks[one.id]
        self._tasks[task.id] = task

        def started(error: SqsError | None) -> None:
            if error is not None:
                self._tasks.pop(task.id, None)
            told(error)
            self._step(task.id)

        self._write(lambda connection: table.put_task(connection, task, forgotten), started)

    def cancel(self, task: MoveTask, told: Done) -> None:
        self._end(replace(task, status=CANCELLED), told)

    def forget(self, arn: str) -> None:
        """Those of a queue that is no more. Their rows go with it."""
        for task in self.of(arn):
            del self._tasks[task.id]
            self._stop_timer(task.id)

    def take_over(self, tasks: Iterable[MoveTask]) -> None:
        """What an earlier run left; what ran goes on."""
        self._tasks = {task.id: task for task in tasks}
        for id in list(self._tasks):
            self._step(id)

    def close(self) -> None:
        """No timer is left; what runs goes on in the next run."""
        self._closed = True
        for id in list(self._timers):
            self._stop_timer(id)

    def _step(self, id: str) -> None:
        """Move some, then see to the next some."""
        task = self._tasks.get(id)
        if task is None or task.status != RUNNING or self._closed:
            return
        source = self._directory.find_arn(task.source)
        assert source is not None, "forgotten with its queue"
        limit = AT_ONCE if task.rate is None else -(-task.rate // STEPS_A_SECOND)
        moves, targets, ending = self._take(task, source, limit)
        task = replace(ending, moved=task.moved + len(moves))
        self._tasks[id] = task

        def step(connection: sqlite3.Connection) -> None:
            table.move(connection, moves)
            table.put_task(connection, task)

        def moved(error: SqsError | None) -> None:
            if error is not None:
                self._fail(id, error)
            elif task.rate is None or self._closed:
                self._step(id)
            else:
                self._timers[id] = self._clock.call_later(limit / task.rate, lambda: self._step(id))

        self._write(step, moved)
        for target in targets:
            self._wake(target)

    def _take(self, task: MoveTask, source: Queue, limit: int) -> tuple[list[Move], Sequence[Queue], MoveTask]:
        """Moves, where to, and the task: as it is, or ended."""
        moves: list[Move] = []
        targets: dict[int, Queue] = {}
        source.ripen(self._clock.steady_s())
        for message in source.visible():
            if message.number > task.number:
                break
            if len(moves) >= limit:
                return moves, list(targets.values()), task
            arn = task.destination or message.source
            target = None if arn is None else self._directory.find_arn(arn)
            if target is None:
                reason = NO_SOURCE if arn is None else NoSuchQueue.query_code
                return moves, list(targets.values()), replace(task, status=FAILED, reason=reason)
            moves.append(self._directory.revive(message, source, target))
            targets[target.record.id] = target
        return moves, list(targets.values()), replace(task, status=COMPLETED)

    def _end(self, task: MoveTask, told: Done) -> None:
        self._tasks[task.id] = task
        self._stop_timer(task.id)
        self._write(lambda connection: table.put_task(connection, task), told)

    def _fail(self, id: str, error: SqsError) -> None:
        """What could not be written is moved again after a restart."""
        log.error("a message move task could not be written and stops")
        if id in self._tasks:
            self._tasks[id] = replace(self._tasks[id], status=FAILED, reason=error.query_code)

    def _stop_timer(self, id: str) -> None:
        timer = self._timers.pop(id, None)
        if timer is not None:
            timer.cancel()
