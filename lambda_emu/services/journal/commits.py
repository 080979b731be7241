"""How what happens to a service is kept: in the journal and at once, or by a commit that all share who come together.

Changes that the journal has go to SQLite together, a moment later. All else is a step of SQL, told after its commit;
while there is one under way changes are steps that follow it, for whoever died would find them without it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any, Generic

from lambda_emu.clock import Clock, Timer
from lambda_emu.http.loop import Loop
from lambda_emu.services.journal.journal import Journal
from lambda_emu.services.journal.keeping import Change, Error, Keeping
from lambda_emu.store import Store

log = logging.getLogger(__name__)

LATER_S = 0.2
"""So long at most SQLite waits for what the journal has, and what nobody waits for waits to be kept."""
AGAIN_S = 1.0
"""After SQLite could not take it."""

Step = Callable[[sqlite3.Connection], Any]
StepDone = Callable[[Error | None, Any], None]
_Job = tuple[Step, StepDone[Error]]


class Commits(Generic[Change, Error]):
    """On the loop. If a commit of several steps fails, each is tried again alone."""

    def __init__(
        self, keeping: Keeping[Change, Error], store: Store, loop: Loop, clock: Clock, journal: Journal | None
    ) -> None:
        """journal: None where there can be none: each change is a step then."""
        self._keeping = keeping
        self._store = store
        self._loop = loop
        self._clock = clock
        self._journal = journal
        self._gathered = keeping.gather()  # what the journal has and SQLite has not
        self._jobs: deque[_Job[Error]] = deque()
        self._alone = 0  # so many of those are to be taken one by one
        self._untold = Counter(steps=0, ordered=0)  # what changes may have to follow, by its kind
        self._is_near = False
        self._is_under_way = False
        self._timer: Timer | None = None
        self._closed = False

    def put(self, change: Change, told: StepDone[Error], *, ordered: bool = False, awaited: bool = True) -> None:
        """told: called when it is kept, perhaps before this returns; awaited: whether anybody waits for that.

        ordered: it is not told before others that are ordered and came before.
        """
        must_follow = self._untold["steps"] or (ordered and self._untold["ordered"])
        if self._journal is not None and not must_follow and self._journal.add(self._keeping.encode(change)):
            self._gathered.add(change)
            self._hand_over_later()
            told(None, None)
        elif not change.is_gathered:
            self._append(change.apply, self._counted("ordered", told) if ordered else told)
        else:  # they are gathered all the same, so that the last of a message is the one that is kept
            self._gathered.add(change)
            if awaited:
                self._append(_nothing, told)
            else:
                self._hand_over_later()

    def post(self, step: Step, told: StepDone[Error]) -> None:
        """told: called on the loop after the commit, with what the step returned."""
        self._append(step, self._counted("steps", told))

    def ask(self, step: Step, told: StepDone[Error]) -> None:
        """As `post`, of a step that changes nothing: it finds what was put before it, and nothing has to follow it."""
        self._append(step, told)

    def close(self) -> None:
        """Nothing waits for another any more."""
        self._closed = True
        self._hand_over()

    # -- inside -----------------------------------------------------------------------------------

    def _counted(self, kind: str, told: StepDone[Error]) -> StepDone[Error]:
        """Until it is told there is one more of them."""
        self._untold[kind] += 1

        def passed(error: Error | None, result: Any) -> None:
            self._untold[kind] -= 1
            told(error, result)

        return passed

    def _append(self, step: Step, told: StepDone[Error]) -> None:
        self._jobs.append((step, told))
        self._hand_over_now()

    def _hand_over_now(self) -> None:
        """At the end of this turn of the loop, or when what is under way has ended."""
        if not self._is_near and not self._is_under_way:
            self._is_near = True
            self._loop.asyncio.call_soon(self._hand_over)

    def _hand_over_later(self, delay_s: float = LATER_S) -> None:
        if self._closed or (self._journal is not None and self._journal.is_filling):
            self._hand_over_now()
        elif self._timer is None and not self._is_near:
            self._timer = self._clock.call_later(delay_s, self._hand_over)

    def _hand_over(self) -> None:
        self._is_near = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._is_under_way:
            return
        change = self._gathered.take()
        number = 0 if change is None or self._journal is None else self._journal.turn()
        jobs = [self._jobs.popleft() for _ in range(min(self._alone, 1) or len(self._jobs))]
        self._alone -= min(self._alone, 1)
        if jobs or change is not None:
            self._is_under_way = True
            self._take(change, number, jobs)

    def _take(self, change: Change | None, number: int, jobs: Sequence[_Job[Error]]) -> None:
        """number: of the journal's entry up to which the change goes."""

        def step(connection: sqlite3.Connection) -> Sequence[Any]:
            if change is not None:
                change.apply(connection)
            results = [step(connection) for step, _ in jobs]
            if change is not None:
                change.finish(connection)
            if number:
                self._keeping.put_taken(connection, number)
            return results

        def ended(error: BaseException | None, results: Sequence[Any]) -> None:
            self._is_under_way = False
            if error is None:
                self._took(number, jobs, results)
            else:
                self._could_not_take(change, jobs, error)
            self._go_on(failed=error is not None)

        self._store.post(step, lambda error, results: self._loop.post(ended, error, results))

    def _go_on(self, *, failed: bool) -> None:
        """What came meanwhile."""
        is_filling = self._journal is not None and self._journal.is_filling
        if self._jobs or ((is_filling or self._closed) and not failed):
            self._hand_over()
        elif self._gathered.is_any and not self._closed:
            self._hand_over_later(AGAIN_S if failed else LATER_S)

    def _took(self, number: int, jobs: Sequence[_Job[Error]], results: Sequence[Any]) -> None:
        if self._journal is not None and number:
            self._journal.took(number)
        for (_, told), result in zip(jobs, results, strict=True):
            told(None, result)

    def _could_not_take(self, change: Change | None, jobs: Sequence[_Job[Error]], error: BaseException) -> None:
        """What the journal has stays there. Of several steps only those that cannot be kept shall hear of it."""
        if change is not None:
            following = self._gathered.take()
            self._gathered = self._keeping.gather()
            for one in (change,) if following is None else (change, following):
                self._gathered.add(one)
        if len(jobs) > 1:
            self._jobs.extendleft(reversed(jobs))
            self._alone = len(jobs)
            return
        log.error("%s could not be written: %s", self._keeping.what, error)
        for _, told in jobs:
            told(self._keeping.failure(), None)


def _nothing(connection: sqlite3.Connection) -> None:
    """What is to be kept was gathered."""
