"""Delivers what is due, each target by a lane of its own, so that a slow or absent one holds up nobody else.

A lane is there while its target has deliveries. It takes no more of them from the table than it may have under way, so
memory holds few whatever waits on disk. When a delivery fails the lane rests, longer each time, and then tries one;
when that succeeds all go on. How long each is tried and who hears of one that is given up says its policy, `retries`.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from lambda_emu.arn import service_in
from lambda_emu.clock import Clock, Timer
from lambda_emu.destinations.delivery import (
    KIND,
    NOT_COUNTED,
    Delivery,
    dead_letter,
    delivery_of,
    put,
    record_of,
    targets_of,
    work_of,
)
from lambda_emu.destinations.failures import End, Failure, NotDelivered, Undeliverable, Unreached
from lambda_emu.destinations.leave import Free, Leave
from lambda_emu.destinations.retries import LONGEST_REST_S, MESSAGE_CHARACTERS, rest_s
from lambda_emu.destinations.senders import Absent, Sender
from lambda_emu.http.executors import Closed, Full, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.dispatcher import Dispatcher
from lambda_emu.invoke.ending import Count, count_nothing
from lambda_emu.notices import Repeats
from lambda_emu.store import Done, Store, WorkItem, WorkTable

log = logging.getLogger(__name__)

READS = Workers("reads of what is to be delivered", 2, 8192)
LEAST_REST_S = 0.001


class Outbox:
    """senders: by the service that a target's ARN names. On the loop but for `enqueue`."""

    def __init__(self, store: Store, loop: Loop, clock: Clock, senders: Mapping[str, Sender]) -> None:
        self.count: Count = count_nothing
        self.given_up = Repeats()
        self.leave: Leave = Free()
        self._store = store
        self._loop = loop
        self._clock = clock
        self._senders = senders
        self._lanes: dict[str, TargetLane] = {}
        self._stopped = False

    def start(self) -> None:
        """Begin with what an earlier run left."""
        for kind in self._store.work.left_kinds:
            if kind.startswith(KIND):
                self._lane(kind.removeprefix(KIND)).start()

    def stop(self) -> None:
        """Begin no delivery any more; what is not done stays in the table."""
        self._stopped = True
        self.forget()

    def forget(self) -> None:
        """All work was forgotten."""
        for lane in self._lanes.values():
            lane.stop()
        self._lanes.clear()

    def enqueue(self, work: Sequence[WorkItem], told: Callable[[BaseException | None], None]) -> None:
        """Keep deliveries (`delivery.work_of`) and deliver them. From any thread; does not wait.

        told: on the loop, when they are on disk and so will reach their targets at least once, or with what kept them
        from there. Who writes something else in the same transaction puts them there by `delivery.put`, or by the
        `then` of what they follow from, and calls `wake` after the commit.
        """

        def done(error: BaseException | None, _: object) -> None:
            self._loop.post(self._kept, work, error, told)

        self._store.post(partial(put, work=work), done)

    def wake(self, work: Sequence[WorkItem]) -> None:
        """These were committed."""
        for target in targets_of(work):
            self._lane(target).look()

    def admit(self, target: str) -> TargetLane | None:
        """Where a delivery may begin as soon as it is kept, marked as running; it counts as begun from now on."""
        lane = self._lane(target)
        return lane if lane.admit() else None

    def _kept(self, work: Sequence[WorkItem], error: BaseException | None, told: Done) -> None:
        if error is None:
            self.wake(work)
        told(error)

    def _lane(self, target: str) -> TargetLane:
        lane = self._lanes.get(target)
        if lane is None or lane.stopped:
            lane = TargetLane(target, self._store.work, self._loop, self._clock, self._sender(target), self)
            if self._stopped:
                lane.stop()
            self._lanes[target] = lane
        return lane

    def _sender(self, target: str) -> Sender:
        service = service_in(target)
        return self._senders.get(service) or Absent(service)

    def drop(self, lane: TargetLane) -> None:
        """It has nothing to do."""
        lane.stop()
        if self._lanes.get(lane.target) is lane:  # after `forget` another may be in its place
            del self._lanes[lane.target]


class TargetLane:
    """The deliveries to one target."""

    def __init__(self, target: str, work: WorkTable, loop: Loop, clock: Clock, sender: Sender, outbox: Outbox) -> None:
        self.target = target
        self._loop = loop
        self._clock = clock
        self._sender = sender
        self._outbox = outbox
        self._failures = 0  # in a row, one a rest
        self._rest: Timer | None = None
        self._queue = queue = TargetQueue(KIND + target, work)
        self._dispatcher = Dispatcher(queue, loop, clock, self._take, partial(outbox.drop, self))
        self._dispatcher.most = sender.most
        self.look = self._dispatcher.look

    @property
    def stopped(self) -> bool:
        return self._dispatcher.stopped

    def start(self) -> None:
        self._dispatcher.start(LONGEST_REST_S)

    def stop(self) -> None:
        self._dispatcher.stop()
        if self._rest is not None:
            self._rest.cancel()

    def admit(self) -> bool:
        """Those that wait in the table come first, and one that fails rests."""
        if self._failures or not self._dispatcher.lets_in:
            return False
        self._dispatcher.begin()
        return True

    def begin(self, delivery: Delivery, payload: bytes) -> None:
        """One that was admitted was committed. After a stop it is left to a later run."""
        if not self.stopped:
            self._loop.spawn(self._deliver(delivery, payload), "a delivery")

    def forgo(self) -> None:
        """One that was admitted could not be kept."""
        self._dispatcher.drop()

    async def _take(self, delivery: Delivery) -> None:
        self._loop.spawn(self._deliver(delivery, None), "a delivery")

    async def _deliver(self, delivery: Delivery, payload: bytes | None) -> None:
        """Whatever comes of it is written down, unless we are about to end. payload: None: it is to be read."""
        if self._clock.steady_s() - delivery.created_s >= delivery.policy.most_age_s:
            code, text = delivery.last or ("Timeout", "nobody could try it earlier")
            why = f"it was tried {delivery.attempts} times, and is too old"
            self._give_up(delivery, Failure(text, code), End.AGE, max(delivery.attempts - 1, 0), why)
            return
        try:
            if payload is not None:
                body = delivery.body(payload)
            elif (found := await self._loop.work(READS, self._queue.body, delivery)) is not None:
                body = found
            else:  # all work was forgotten meanwhile
                self._dispatcher.drop()
                return
            if not self._outbox.leave.at_once(delivery):
                await self._outbox.leave.check(delivery)
            await self._sender.send(delivery, body)
        except Closed:
            log.debug("%s is delivered by a later run", delivery.id)
        except Exception as error:  # noqa: BLE001 - told there
            self._fail(delivery, error)
        else:
            self._go_on()
            self._dispatcher.finish(delivery.id)

    def _fail(self, delivery: Delivery, error: Exception) -> None:
        """What fails on our side is none of its attempts."""
        if isinstance(error, sqlite3.Error | Full | Unreached):
            self._put_off(delivery, NotDelivered(str(error)), delivery.attempts)
            return
        if delivery.metric != NOT_COUNTED:
            self._outbox.count(delivery.metric, delivery.function)
        if not isinstance(error, Failure):
            log.error("a delivery to %s failed", self.target, exc_info=error)
            error = NotDelivered(str(error), type(error).__name__)
        end = End.FINAL if isinstance(error, Undeliverable) else delivery.policy.end_of(error, delivery.attempts)
        if end is None:
            self._put_off(delivery, error, delivery.attempts + 1)
        else:
            self._give_up(delivery, error, end, delivery.attempts, error)

    def _give_up(self, delivery: Delivery, failure: Failure, end: End, retries: int, why: object) -> None:
        """why: for the log. What tells of it, and its end, are one transaction."""
        letter = dead_letter(delivery, failure, end, retries, self._clock.new_id())
        told = "" if letter is None else f"; its dead letter goes to {letter.target}"
        count = self._outbox.given_up.count((self.target, delivery.function, failure.code))
        if count is not None:
            told += "" if count < 10 else f"; that was the {count}th, and the {count * 10}th will be told next"
            about, of = delivery.about, delivery.function.name
            log.warning("%s of %s is not delivered to %s: %s%s", about, of, self.target, why, told)
        brought_by = delivery.brought_by or delivery.id
        then = [] if letter is None else [work_of(letter, self._clock.steady_s(), brought_by=brought_by)]
        self._dispatcher.finish(delivery.id, then, partial(self._outbox.wake, then))

    def _put_off(self, delivery: Delivery, failure: Failure, attempts: int) -> None:
        """Rest, if none of those under way has us rest already. None waits beyond its age."""
        now_s = self._clock.steady_s()
        left_s = max(delivery.created_s + delivery.policy.most_age_s - now_s, LEAST_REST_S)
        if self._rest is None:
            if not self._failures:
                told = "%s of %s could not be delivered to %s, which is tried again for %d s: %s"
                log.warning(told, delivery.about, delivery.function.name, self.target, left_s, failure)
            self._dispatcher.most = 0
            self._rest = self._clock.call_later(min(rest_s(self._failures), left_s), self._try_one)
            self._failures += 1
        again_s = now_s + min(rest_s(delivery.attempts), left_s)  # one that alone fails comes seldom
        record = None
        if delivery.policy.dead_letters is not None:
            record = record_of(replace(delivery, last=(failure.code, str(failure)[:MESSAGE_CHARACTERS])))
        self._dispatcher.put_off(delivery.id, attempts, again_s, record)

    def _try_one(self) -> None:
        self._rest = None
        self._dispatcher.most = 1
        self.look()

    def _go_on(self) -> None:
        """The target takes deliveries."""
        if not self._failures:
            return
        log.warning("results are delivered to %s again", self.target)
        self._failures = 0
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        self._dispatcher.most = self._sender.most
        self.look()


class TargetQueue:
    """dispatcher.WorkQueue of one target's deliveries, which are a kind of work of their own."""

    def __init__(self, kind: str, work: WorkTable) -> None:
        self._kind = kind
        self._work = work
        self.put_off = work.put_off
        self.hasten = work.hasten
        self.finish = work.finish
        self.payload = work.payload

    def recover(self, now_s: float, longest_s: float, done: Done) -> None:
        self._work.recover(self._kind, now_s, longest_s, done)

    def next_due_s(self) -> float | None:
        return self._work.next_due_s(self._kind)

    def take(self, now_s: float, limit: int, done: Callable[[BaseException | None, Sequence[Delivery]], None]) -> None:
        self._work.take(self._kind, now_s, limit, lambda error, found: done(error, [delivery_of(one) for one in found]))

    def body(self, delivery: Delivery) -> bytes | None:
        """On a worker: what is sent; None if it was forgotten. sqlite3.Error."""
        payload = self._work.payload(delivery.id)
        return None if payload is None else delivery.body(payload)
