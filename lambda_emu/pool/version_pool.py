"""The environments of one deployment, or of one of its tenants, and who waits for one. Runs on the loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from lambda_emu.clock import Clock, Timer, Timers
from lambda_emu.environment.environment import Environment
from lambda_emu.environment.invocation import Invocation
from lambda_emu.environment.states import InitType
from lambda_emu.errors.service import ServiceFailure
from lambda_emu.model.function.function import FunctionVersion
from lambda_emu.pool.budget import TooManyEnvironments
from lambda_emu.pool.choice import ROOM_WAIT_S, to_start
from lambda_emu.pool.provisioning import Provision, Requester

GRACE_S = 0.005
MOST_GRACE_S = 0.05
"""How long an invocation waits for an environment that is soon available, before another one is started.

On a machine that is busy they take longer to become available, and another one would make it busier still: so it is
twice what they took lately, within these two. docs/decisions/grace.md.
"""
RECENT = 8
"""Over how many returns that is smoothed."""

BUSY_INIT_S = 0.5
"""An init that lasts longer waits for something else than the machine's CPU, and holds back no other."""


TIMER_ERROR_S = 0.01
"""A timer may fire a little early."""


class VersionPool:
    """Gives invocations to environments: the warmest first; a waiting one takes the first that becomes available.

    Those that `provision` keeps ready go before the ones started here, on demand.
    """

    init_type = InitType.ON_DEMAND
    waits_for_room = True

    def __init__(
        self,
        version: FunctionVersion,
        clock: Clock,
        start: Callable[[Requester], None],
        tenant_id: str | None = None,
        readiness_changed: Callable[[], None] = lambda: None,
    ) -> None:
        """start: begins to bring up one environment, and says in the end what came of it.

        readiness_changed: see `ProvisionListener`.
        """
        self.version = version
        self.tenant_id = tenant_id
        self.readiness_changed = readiness_changed
        self.retired = False
        self.environments: dict[Environment, None] = {}  # in the order in which they came, provisioned ones too
        self.provision = Provision(self, start)
        self._clock = clock
        self._start = start
        self._available: list[Environment] = []  # the last one is the warmest
        self._provisioned: list[Environment] = []  # available as well
        self._returning: dict[Environment, float | None] = {}  # soon available: since they responded; None: reset
        self._return_s = 0.0  # what those that responded took lately
        self._unfit: set[Environment] = set()  # to end as soon as they are available
        self._waiting: deque[tuple[float, Invocation]] = deque()  # with the time each began to wait
        self._starting = 0  # asked for and not there yet
        self._initialising: set[Environment] = set()
        self._grace: Timer | None = None
        self._timers = Timers(clock)

    @property
    def empty(self) -> bool:
        return not (self.environments or self._waiting or self._starting) and self.provision.empty

    @property
    def size(self) -> int:
        """Environments that are there or coming."""
        return len(self.environments) + self._starting

    @property
    def under_way(self) -> int:
        """Invocations that wait or run, or were answered and not reported yet."""
        return len(self._waiting) + sum(len(environment.invocations) for environment in self.environments)

    @property
    def has_room(self) -> bool:
        """Whether an invocation would start at once."""
        return bool(self._provisioned or self._available)

    @property
    def coldest(self) -> Environment | None:
        """The one on demand that has been available for the longest time."""
        return self._available[0] if self._available else None

    @property
    def room_wait_s(self) -> float:
        """Until the one that waits longest has waited long enough."""
        since_s = self._waiting[0][0] if self._waiting else self._clock.monotonic_s()
        return max(0.0, since_s + ROOM_WAIT_S - self._clock.monotonic_s())

    def submit(self, invocation: Invocation) -> None:
        """Run it in an available environment, or as soon as there is one."""
        available = self._provisioned or self._available
        if available:
            available.pop().assign(invocation)
            return
        self._waiting.append((self._clock.monotonic_s(), invocation))
        if len(self._waiting) > len(self._returning) or self._grace is None:
            self._grow()

    def warm(self, count: int) -> None:
        """Start environments that nobody waits for yet."""
        for _ in range(count):
            self._starting += 1
            self._start(self)

    def retire(self) -> None:
        """No new invocation comes: end what is available now, and the rest when it has finished."""
        self.retired = True
        self.provision.want(0)
        for environment in list(self._available):
            environment.stop()

    def replace(self, environment: Environment) -> None:
        """It finishes what it runs and gets nothing more."""
        if environment in self._available:
            environment.stop()
        elif environment in self.environments:
            self._unfit.add(environment)

    def evict_idle(self, idle_s: float) -> None:
        """End those on demand that were available for longer than `idle_s`; try again to provision what is missing."""
        self.provision.fill()
        oldest = self._clock.monotonic_s() - idle_s
        for environment in [e for e in self._available if e.available_s <= oldest]:
            environment.stop()

    def stop(self) -> None:
        """End everything, whatever it does."""
        self.retired = True
        self.provision.want(0)
        while self._waiting:
            self._waiting.popleft()[1].refuse(ServiceFailure("lambda-emu ended every execution environment."))
        for environment in list(self.environments):
            environment.stop()
        self.forget()

    def forget(self) -> None:
        """Nobody waits, and nothing is to be started for anybody."""
        self._timers.cancel()
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    # -- told by whoever starts environments ------------------------------------------------------

    def wants(self, queued: int) -> bool:
        return len(self._waiting) > len(self._initialising) + self._starting - queued

    def not_started(self) -> None:
        self._starting -= 1

    def no_room(self, error: TooManyEnvironments, queued: int) -> None:
        """Refuse those that waited long enough, but for those that have an environment coming."""
        self._starting -= 1
        over_s = self._clock.monotonic_s() - ROOM_WAIT_S + TIMER_ERROR_S
        while self.wants(queued) and self._waiting[0][0] <= over_s:
            self._waiting.popleft()[1].refuse(error)
        self._grow()

    def started(self, environment: Environment) -> None:
        """A sandbox is there; its init phase begins."""
        self._starting -= 1
        self.environments[environment] = None
        self._initialising.add(environment)
        if self._waiting:
            self._timers.call_later(BUSY_INIT_S, self._grow)

    def start_failed(self, why: str) -> None:
        """No sandbox could be had for one of those that wait."""
        self._starting -= 1
        self._fail_one(why)

    # -- told by environments (EnvironmentListener) -------------------------------------------------------

    def available(self, environment: Environment) -> None:
        since_s = self._returning.pop(environment, None)
        if since_s is not None:
            self._return_s += (environment.available_s - since_s - self._return_s) / RECENT
        new = environment in self._initialising
        self._initialising.discard(environment)
        if environment in self._unfit:
            environment.stop()
        elif self._waiting:
            environment.assign(self._waiting.popleft()[1])
        elif self.retired:
            environment.stop()
        else:
            self._available.append(environment)
        if new:
            self._grow()

    def answered(self, environment: Environment) -> None:
        self._returning[environment] = self._clock.monotonic_s()

    def failed(self, environment: Environment) -> None:
        """Not to be handed out before it is clean, even if it was idle when it failed."""
        if environment in self._available:
            self._available.remove(environment)
        if environment not in self._initialising:
            self._returning[environment] = None

    def gone(self, environment: Environment) -> None:
        self.environments.pop(environment, None)
        self._unfit.discard(environment)
        self._returning.pop(environment, None)
        if environment in self._available:
            self._available.remove(environment)
        if environment in self._initialising:
            self._initialising.remove(environment)
            self._fail_one("The execution environment ended while it was initialising.")
        else:
            self._grow()

    # -- told by `provision` (ProvisionListener) --------------------------------------------------

    def offer(self, environment: Environment) -> None:
        self._returning.pop(environment, None)
        if self._waiting:
            environment.assign(self._waiting.popleft()[1])
        else:
            self._provisioned.append(environment)

    def withdraw(self, environment: Environment) -> None:
        self._returning.pop(environment, None)
        if environment in self._provisioned:
            self._provisioned.remove(environment)

    # -- growth -----------------------------------------------------------------------------------

    @property
    def _grace_s(self) -> float:
        return min(MOST_GRACE_S, max(GRACE_S, 2 * self._return_s))

    def _grow(self) -> None:
        """Start what is needed now; who counts on a returning environment does so for a moment only."""
        self._start_for(len(self._waiting), len(self._returning))
        if self._waiting and self._returning and self._grace is None:
            self._grace = self._clock.call_later(self._grace_s, self._grace_over)

    def _start_for(self, waiting: int, soon_free: int) -> None:
        begun_s = self._clock.monotonic_s() - BUSY_INIT_S
        slow = sum(environment.created_s <= begun_s for environment in self._initialising)
        busy = self._starting + len(self._initialising) - slow
        self.warm(to_start(waiting, busy, slow, soon_free))

    def _fail_one(self, why: str) -> None:
        """What one of those that wait was waiting for will not come."""
        if len(self._waiting) > self._starting + len(self._initialising):
            self._waiting.popleft()[1].refuse(ServiceFailure(why))
        self._grow()

    def _grace_over(self) -> None:
        """Start environments for those that waited long enough; the others have their time still before them."""
        self._grace = None
        begun_s = self._clock.monotonic_s() - self._grace_s
        next_s = next((since_s for since_s, _ in self._waiting if since_s > begun_s), None)
        overdue = sum(1 for since_s, _ in self._waiting if since_s <= begun_s)
        self._start_for(overdue, 0)
        if next_s is not None:
            self._grace = self._clock.call_later(next_s - begun_s, self._grace_over)
