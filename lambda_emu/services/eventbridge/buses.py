"""The buses and rules of a server: in memory on the loop, on disk before anybody is told."""

from __future__ import annotations

import logging
import sqlite3
from asyncio import Future
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.http.executors import Closed, Workers
from lambda_emu.http.loop import Loop
from lambda_emu.services.eventbridge import archive_table
from lambda_emu.services.eventbridge.delivery import MANY, Deliveries, Prepared
from lambda_emu.services.eventbridge.directory import Directory
from lambda_emu.services.eventbridge.errors import NotKept
from lambda_emu.services.eventbridge.event import Envelope
from lambda_emu.services.eventbridge.kept import Change, KeptChange
from lambda_emu.services.eventbridge.matching import Arrival, Wanted, find_wanted
from lambda_emu.services.eventbridge.records import Bus, Record, Rule
from lambda_emu.services.json_wire import Told
from lambda_emu.store import Store

log = logging.getLogger(__name__)

Also = Callable[[sqlite3.Connection], None]
"""What is written with something else, in one transaction."""
T = TypeVar("T")

LOOKS = Workers("large events for rules", 1, 1024)
LARGE_BYTES = 8 * 1024
MOST_UNWANTED, MOST_NAMED = 1000, 10
"""Kinds of events that no rule wants, and rules, that the log has."""


class Buses:
    """Brings events to rules, and changes what is in the directory, one change after the other. On the loop.

    look: told when another rule may be due next, by the timetable.
    """

    def __init__(
        self, store: Store, loop: Loop, clock: Clock, deliveries: Deliveries, look: Callable[[], None]
    ) -> None:
        self._store = store
        self._loop = loop
        self._clock = clock
        self._deliveries = deliveries
        self._look = look
        self.directory = Directory(clock.now_s())
        self._waiting: deque[Callable[[], Awaitable[None]]] = deque()
        self._is_taken = False  # one of those is under way
        self._unwanted: set[tuple[str, str, str]] = set()  # kinds of events of which that was told
        self.is_closed = False

    def read(self, step: Callable[[sqlite3.Connection], T], told: Callable[[LambdaError | None, T], None]) -> None:
        """What is on disk, by a step of the store's writer."""

        def read(error: BaseException | None, found: Any) -> None:
            self._loop.post(told, None if error is None else NotKept(), found)

        self._store.post(step, read)

    def ask(self, step: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """The same. NotKept."""
        asked: Future[T] = self._loop.asyncio.create_future()
        self.read(step, lambda error, found: asked.set_result(found) if error is None else asked.set_exception(error))
        return asked

    # -- events -----------------------------------------------------------------------------------

    def put(self, arrivals: Sequence[Arrival], told: Callable[[LambdaError | None], None]) -> None:
        """Told when what rules and archives want of them is on disk.

        Large ones are looked at beside the loop, while no rule changes; what is for many is made there.
        """
        if sum(len(each.event.detail) for each in arrivals) > LARGE_BYTES:

            async def look() -> None:
                told(await self.put_alone(arrivals))

            self.alone(look)
            return
        wanted = self._find(arrivals)
        if len(wanted.handovers) <= MANY:
            self._write(wanted, self._deliveries.prepare(wanted.handovers), told)
            return

        async def make() -> None:
            told(await self._make_and_write(wanted))

        self._loop.spawn(make(), "what many rules want")

    async def put_alone(self, arrivals: Sequence[Arrival], also: Also | None = None) -> LambdaError | None:
        """For who is alone. also: is written with what is wanted of them."""
        try:
            wanted = await self._loop.work(LOOKS, self._find, arrivals)
        except Exception:
            log.exception("events could not be looked at")
            return NotKept()
        return await self._make_and_write(wanted, also)

    async def _make_and_write(self, wanted: Wanted, also: Also | None = None) -> LambdaError | None:
        prepared = self._deliveries.prepare(wanted.handovers)
        try:
            await self._loop.work(LOOKS, prepared.make)
        except Exception:
            log.exception("what rules want of events could not be made")
            prepared.kept(NotKept())
            return NotKept()
        kept: Future[LambdaError | None] = self._loop.asyncio.create_future()
        self._write(wanted, prepared, kept.set_result, also)
        return await kept

    def _find(self, arrivals: Sequence[Arrival]) -> Wanted:
        wanted = Wanted()
        for each in arrivals:
            if not find_wanted(each, self.directory, self._clock.new_id, wanted) and each.event.replay is None:
                self.tell_unwanted(each.event, each.bus.arn, partial(self._why_unwanted, each.bus))
        return wanted

    def _why_unwanted(self, bus: Bus) -> str:
        rules = self.directory.rules(bus)
        if not rules:
            return f"bus {bus.name} has no rules"
        more = ", …" * (len(rules) > MOST_NAMED)
        return f"no rule of bus {bus.name} wants it, of {', '.join(islice(rules, MOST_NAMED))}{more}"

    def tell_unwanted(self, event: Envelope, bus: str, why: Callable[[], str]) -> None:
        """AWS says nothing either. Once for its kind until something changes, and never of what services tell."""
        kind = (bus, event.source, event.detail_type)
        if event.source.startswith("aws.") or kind in self._unwanted or len(self._unwanted) >= MOST_UNWANTED:
            return
        self._unwanted.add(kind)
        log.warning("event %s of %s, %s, comes to nobody: %s", event.id, event.source, event.detail_type, why())

    def _write(
        self,
        wanted: Wanted,
        prepared: Prepared,
        told: Callable[[LambdaError | None], None],
        also: Also | None = None,
    ) -> None:
        if not (wanted.handovers or wanted.kept or also):
            told(None)
            return
        now_s = self._clock.now_s()

        def write(connection: sqlite3.Connection) -> None:
            prepared.write(connection)
            archive_table.put(connection, wanted.kept, now_s)
            if also is not None:
                also(connection)

        def finish(error: BaseException | None) -> None:
            prepared.kept(error)
            told(None if error is None else NotKept())

        self._store.post(write, lambda error, _: self._loop.post(finish, error))
        prepared.begin()

    # -- changing ---------------------------------------------------------------------------------

    def change(self, work: Callable[[], Change], told: Told) -> None:
        """work: what is to change, by what there is then; LambdaError. One change after the other, in their order."""

        async def make() -> None:
            try:
                result = await self.change_alone(work)
            except LambdaError as error:
                told(error, None)
            else:
                told(None, result)

        self.alone(make)

    async def change_alone(self, work: Callable[[], Change]) -> Mapping[str, Any] | None:
        """For who is alone: the result. LambdaError."""
        try:
            kept = self._as_kept(work())
        except LambdaError:
            raise
        except Exception as error:
            log.exception("a change of rules or buses failed")
            raise NotKept from error
        written: Future[BaseException | None] = self._loop.asyncio.create_future()
        self._store.post(kept.write, lambda error, _: self._loop.post(written.set_result, error))
        if (failure := await written) is not None:
            log.error("a change of rules or buses could not be kept: %s", failure)
            raise NotKept from failure
        for record in kept.change.gone:
            self._unwanted.clear()
            self.directory.forget(record)
        for record in kept.change.put:
            self.keep(record)
        if kept.due:
            self._look()
        return kept.change.result

    def alone(self, step: Callable[[], Awaitable[None]]) -> None:
        """Have it done in its turn, while nothing else is done that may change what is here."""
        self._waiting.append(step)
        if not self._is_taken:
            self._is_taken = True
            self._loop.spawn(self._go_on(), "a change of rules")

    async def _go_on(self) -> None:
        while self._waiting:
            try:
                await self._waiting.popleft()()
            except Closed:
                log.debug("the server ends before what was asked of rules is done")
            except Exception:
                log.exception("what was asked of rules could not be done")
        self._is_taken = False

    def take_over(self, left: Iterable[Record]) -> None:
        """What an earlier run left. Before anybody else has these buses, and so on any thread."""
        for record in left:
            self.keep(record)

    def clear(self) -> None:
        """Nothing is left, of any account."""
        self.change(lambda: Change(gone=self.directory.everything()), _nobody)

    def empty(self, account: str, told: Callable[[], object]) -> None:
        """Nothing is left of one account."""

        def of_account() -> Change:
            return Change(gone=[one for one in self.directory.everything() if one.scope.account == account])

        def changed(_: LambdaError | None, __: Mapping[str, Any] | None) -> None:
            told()

        self.change(of_account, changed)

    def close(self) -> None:
        """What goes on by itself does so in a later run."""
        self.is_closed = True

    def keep(self, record: Record) -> None:
        """It was written by who is alone."""
        self._unwanted.clear()
        self.directory.keep(record)

    def _as_kept(self, change: Change) -> KeptChange:
        due: dict[str, str | None] = {}
        due |= {record.arn: None for record in change.gone if isinstance(record, Rule) and record.due_by is not None}
        for record in change.put:
            if isinstance(record, Rule):
                before = self.directory.record(Rule, record.scope, record.key)
                if record.due_by != (None if before is None else before.due_by):
                    due[record.arn] = record.due_by
        return KeptChange(change, due, self._clock.now_s(), self._clock.random)


def _nobody(*_: object) -> None:
    """Waits for the answer."""
