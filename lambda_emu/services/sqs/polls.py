"""Whoever waits for messages: woken by one that comes, by a timer when one is due, or by the end of his time.

Listeners wait without asking for anything yet: they are told that there is something to ask for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from math import inf

from lambda_emu.clock import Clock, Timer
from lambda_emu.services.sqs.attributes import MOST_BYTES
from lambda_emu.services.sqs.errors import SqsError
from lambda_emu.services.sqs.message import Received
from lambda_emu.services.sqs.queue import Queue

Deliver = Callable[[SqsError | None, Sequence[Received]], None]


class Poll:
    """Somebody who wants messages. deliver: called once, on the loop; nothing: there were none in time.

    limit: so many at most. visibility_s: how long they are his. wanted: whether he is still there. most_bytes: so
    large together at most, unless it is one. attempt: of a FIFO queue, the name by which he may ask again.
    """

    __slots__ = ("attempt", "deliver", "limit", "most_bytes", "timer", "visibility_s", "wanted")

    def __init__(
        self,
        limit: int,
        visibility_s: float,
        deliver: Deliver,
        wanted: Callable[[], bool],
        most_bytes: int = MOST_BYTES,
        attempt: str | None = None,
    ) -> None:
        self.attempt = attempt
        self.limit = limit
        self.most_bytes = most_bytes
        self.visibility_s = visibility_s
        self.deliver = deliver
        self.wanted = wanted
        self.timer: Timer | None = None

    def end(self) -> None:
        """Its time does not run any more."""
        if self.timer is not None:
            self.timer.cancel()


class Polls:
    """Those that wait, by queue, first come first served. serve: whether there was something for one."""

    def __init__(self, clock: Clock, serve: Callable[[Queue, Poll], bool]) -> None:
        self._clock = clock
        self._serve = serve
        self._closed = False
        self._waiting: dict[int, deque[Poll]] = {}
        self._timers: dict[int, tuple[float, Timer]] = {}
        self._listeners: dict[str, list[Callable[[], None]]] = {}  # by ARN, whether or not there is such a queue

    def listen(self, arn: str, told: Callable[[], None]) -> Callable[[], None]:
        """As `Queues.listen`."""
        of_queue = self._listeners.setdefault(arn, [])
        of_queue.append(told)

        def stop() -> None:
            of_queue.remove(told)
            if not of_queue:
                del self._listeners[arn]

        return stop

    def wait(self, queue: Queue, poll: Poll, wait_s: float) -> None:
        """Serve it now or, at the latest, tell it in so many seconds that nothing came."""
        if self.is_awaited(queue):
            self.wake(queue)
        if not self.is_awaited(queue) and self._serve(queue, poll):
            if queue.record.arn in self._listeners:
                self._set_timer(queue)
            return
        if wait_s <= 0 or self._closed:
            poll.deliver(None, ())
            return
        poll.timer = self._clock.call_later(wait_s, lambda: self._give_up(queue, poll))
        self._waiting.setdefault(queue.record.id, deque()).append(poll)
        self._set_timer(queue)

    def wake(self, queue: Queue) -> None:
        """Something may be visible: whoever waits for it gets it, and who listens hears of what is left."""
        waiting = self._waiting.get(queue.record.id)
        listeners = self._listeners.get(queue.record.arn) if self._listeners else None
        if not waiting and not listeners:
            return
        queue.ripen(self._clock.steady_s())
        while waiting:
            poll = waiting.popleft()  # whoever is served may ask again at once
            if poll.wanted() and not self._serve(queue, poll):
                waiting.appendleft(poll)
                break
            poll.end()
        if listeners and queue.has_visible():
            for told in tuple(listeners):
                told()
        self._set_timer(queue)

    def end(self, queue: Queue, error: SqsError | None) -> None:
        """The queue is no more."""
        self._stop_timer(queue.record.id)
        for poll in self._waiting.pop(queue.record.id, ()):
            poll.end()
            poll.deliver(error, ())

    def is_awaited(self, queue: Queue) -> bool:
        """Whether somebody waits for its messages."""
        return bool(self._waiting.get(queue.record.id))

    def close(self) -> None:
        """From now on nobody waits."""
        self._closed = True

    def _give_up(self, queue: Queue, poll: Poll) -> None:
        waiting = self._waiting.get(queue.record.id)
        if waiting is not None and poll in waiting:
            waiting.remove(poll)
            poll.deliver(None, ())
            self._set_timer(queue)

    def _set_timer(self, queue: Queue) -> None:
        """Be woken when the next message becomes visible, if anybody cares. Too early does no harm."""
        id = queue.record.id
        if not self.is_awaited(queue) and queue.record.arn not in self._listeners:
            self._stop_timer(id)
            return
        due_s = queue.next_due_s(self._timers[id][0] if id in self._timers else inf)
        if due_s is None:
            return
        self._stop_timer(id)

        def ring() -> None:
            del self._timers[id]
            self.wake(queue)

        self._timers[id] = due_s, self._clock.call_later(max(due_s - self._clock.steady_s(), 0.0), ring)

    def _stop_timer(self, id: int) -> None:
        _, timer = self._timers.pop(id, (0.0, None))
        if timer is not None:
            timer.cancel()
