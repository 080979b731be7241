"""Environments that are kept initialised whether or not anybody calls.

docs/contract/api.md#concurrency, docs/contract/invoke.md#throttling, #function-errors.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from lambda_emu.environment.environment import Environment
from lambda_emu.environment.states import InitType, State
from lambda_emu.model.concurrency.provisioned import Readiness
from lambda_emu.model.function.function import FunctionVersion
from lambda_emu.pool.budget import TooManyEnvironments
from lambda_emu.pool.choice import ROOM_WAIT_S, to_start

log = logging.getLogger(__name__)


class Requester(Protocol):
    """Who asked for environments, and hears what becomes of them."""

    version: FunctionVersion
    tenant_id: str | None
    init_type: InitType
    waits_for_room: bool  # whether a start waits for room that is not even about to be had

    @property
    def room_wait_s(self) -> float:
        """How long a start that begins now may wait for a place."""

    def wants(self, queued: int) -> bool:
        """Whether one more is still needed. queued: of those that were asked for, how many wait for a place."""

    def not_started(self) -> None:
        """It was no longer needed."""

    def no_room(self, error: TooManyEnvironments, queued: int) -> None:
        """There was no place for it in time. queued: how many others still wait for one."""

    def started(self, environment: Environment) -> None:
        """A sandbox is there; its init phase begins."""

    def start_failed(self, why: str) -> None:
        """No sandbox could be had."""

    def replace(self, environment: Environment) -> None:
        """It finishes what it runs and gets nothing more."""

    # What environments say themselves: EnvironmentListener.

    def available(self, environment: Environment) -> None: ...

    def answered(self, environment: Environment) -> None: ...

    def failed(self, environment: Environment) -> None: ...

    def gone(self, environment: Environment) -> None: ...


class ProvisionListener(Protocol):
    """Who gives invocations to the environments that are kept: the pool of their deployment."""

    version: FunctionVersion
    tenant_id: str | None
    environments: dict[Environment, None]  # in the order in which they came

    def offer(self, environment: Environment) -> None:
        """It can be used now, before those that are started on demand."""

    def withdraw(self, environment: Environment) -> None:
        """It must not be used any more; it may never have been offered."""

    def answered(self, environment: Environment) -> None:
        """It will soon be offered again."""

    def readiness_changed(self) -> None:
        """One more is ready, or the last that tried failed."""


class Provision:
    """Keeps `wanted` environments of one deployment ready. Runs on the loop.

    One that fails is never repaired inside an invocation: it ends, and another takes its place. When an init itself
    fails, one more is tried at each `fill` until one succeeds.
    """

    init_type = InitType.PROVISIONED
    waits_for_room = False
    room_wait_s = ROOM_WAIT_S

    def __init__(self, listener: ProvisionListener, start: Callable[[Requester], None]) -> None:
        """start: begins to bring up one environment, and calls `started` or `start_failed` in the end."""
        self.version = listener.version
        self.tenant_id = listener.tenant_id
        self.wanted = 0
        self._listener = listener
        self._start = start
        self._starting = 0  # asked for and not there yet
        self._initialising: dict[Environment, None] = {}  # in the order in which they came, as the next
        self._ready: dict[Environment, None] = {}  # initialised and well, whether idle or busy
        self._unfit: set[Environment] = set()  # to end as soon as they are available
        self._init_failed = False  # the last one that tried
        self._no_room: str | None = None  # why the last one could not even try

    @property
    def empty(self) -> bool:
        return not (self.wanted or self._starting)

    @property
    def readiness(self) -> Readiness:
        return Readiness(len(self._ready), self._init_failed, self._no_room)

    def want(self, count: int) -> None:
        """Keep so many from now on; what is too much ends: first what is not ready yet, last what is busy."""
        self.wanted = count
        self._init_failed, self._no_room = False, None
        for environment in list(self._initialising)[: max(0, self._surplus)]:
            environment.stop()
        idle = [environment for environment in self._ready if environment.idle]
        for environment in idle[: max(0, len(self._ready) - count)]:
            environment.stop()
        self.fill()

    @property
    def _surplus(self) -> int:
        return len(self._ready) + len(self._initialising) - self.wanted

    def fill(self) -> None:
        """Start what is missing; after a failed init no more than one."""
        missing = self.wanted - len(self._ready)
        coming = self._starting + len(self._initialising)
        for _ in range(to_start(min(missing, 1) if self._init_failed else missing, coming, 0, 0)):
            self._starting += 1
            self._start(self)

    # -- Requester --------------------------------------------------------------------------------

    def wants(self, queued: int) -> bool:
        return self.wanted - len(self._ready) > len(self._initialising) + self._starting - queued

    def not_started(self) -> None:
        self._starting -= 1

    def no_room(self, error: TooManyEnvironments, queued: int) -> None:
        """The next `fill` tries again."""
        self._starting -= 1
        if self._no_room is None:
            log.warning("provisioned concurrency of %s: %s", self.version.id.name, error)
        self._no_room = str(error)
        self._listener.readiness_changed()

    def started(self, environment: Environment) -> None:
        self._starting -= 1
        self._no_room = None
        self._initialising[environment] = None
        self._listener.environments[environment] = None
        if self._surplus > 0:
            environment.stop()

    def start_failed(self, why: str) -> None:
        """The next `fill` tries again."""
        self._starting -= 1
        log.warning("provisioned concurrency of %s: %s", self.version.id.name, why)

    def replace(self, environment: Environment) -> None:
        if environment.idle:
            environment.stop()
        else:
            self._unfit.add(environment)

    def available(self, environment: Environment) -> None:
        new = environment in self._initialising
        if environment.state is State.RESET:
            self._init_failed = self._init_failed or new
            environment.stop()
            self._listener.readiness_changed()
            return
        self._initialising.pop(environment, None)
        self._ready[environment] = None
        if environment in self._unfit or len(self._ready) > self.wanted:
            environment.stop()
            return
        self._listener.offer(environment)
        if new:
            self._init_failed = False
            self.fill()
            self._listener.readiness_changed()

    def answered(self, environment: Environment) -> None:
        self._listener.answered(environment)

    def failed(self, environment: Environment) -> None:
        self._listener.withdraw(environment)
        self._lost(environment)

    def gone(self, environment: Environment) -> None:
        self._listener.withdraw(environment)
        self._listener.environments.pop(environment, None)
        self._initialising.pop(environment, None)
        self._unfit.discard(environment)
        self._lost(environment)

    def _lost(self, environment: Environment) -> None:
        if environment in self._ready:
            self._ready.pop(environment, None)
            self.fill()
