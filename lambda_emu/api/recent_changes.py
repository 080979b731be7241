"""Functions that were just created or updated, and nobody has looked since. docs/contract/api.md#states.

On AWS a change is under way for a while, and a second one is refused meanwhile. Here it is over in milliseconds; so
that a script which forgets to wait hears of it before AWS tells it, a second change is refused until somebody has asked
for the function's state, as every waiter does, or for a moment. The first who asks is answered when the change is over,
for waiters that see it under way sleep for seconds. Invocations do not wait: they find the change once it is made.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from lambda_emu.arn import FunctionId
from lambda_emu.clock import Clock
from lambda_emu.errors.resources import Conflict, StillBeingCreated, UpdateInProgress

Refusal = type[StillBeingCreated] | type[UpdateInProgress]

LOOK_AGAIN_S = 0.005


class RecentChanges:
    """Any thread. clock: its monotonic time is used. hold_s: the moment; 0: a change is over when the store says so."""

    def __init__(self, clock: Clock | None = None, hold_s: float = 0.0) -> None:
        self._clock = clock or Clock()
        self._hold_s = hold_s
        self._held: dict[FunctionId, tuple[float, Refusal]] = {}  # until when, and how another change is refused
        self._lock = threading.Lock()  # guards _held; never held while waiting

    def add(self, id: FunctionId, refusal: Refusal) -> None:
        """A change has begun. To be called before it can be over."""
        if not self._hold_s:
            return
        now_s = self._clock.monotonic_s()
        with self._lock:
            self._held = {other: held for other, held in self._held.items() if held[0] > now_s}
            self._held[id] = (now_s + self._hold_s, refusal)

    def wait_until_over(self, id: FunctionId, over: Callable[[], bool]) -> None:
        """Somebody asks for the function's state: wait until it is `over`, at most for the rest of the moment."""
        with self._lock:
            held = self._held.pop(id, None)
        while held is not None and self._clock.monotonic_s() < held[0] and not over():
            threading.Event().wait(LOOK_AGAIN_S)

    def check(self, id: FunctionId, refusal: type[Conflict] = Conflict) -> None:
        """Before another change: raise what the held one is refused with. refusal: only if it is of this kind."""
        with self._lock:
            held = self._held.get(id)
        if held is not None and issubclass(held[1], refusal) and self._clock.monotonic_s() < held[0]:
            raise held[1](id.arn())

    def clear(self) -> None:
        """All functions are others now: nothing is under way."""
        with self._lock:
            self._held.clear()
