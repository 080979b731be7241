"""All environments of this emulator: admits invocations, finds each its pool, ends the idle environments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

from msgspec import Struct

from lambda_emu.clock import Clock, Timer
from lambda_emu.environment.invocation import Invocation
from lambda_emu.environment.states import State
from lambda_emu.errors.service import ShuttingDown
from lambda_emu.model.concurrency.provisioned import NOTHING_READY, Readiness
from lambda_emu.model.function.function import FunctionVersion
from lambda_emu.pool.choice import Admission, check_tenants
from lambda_emu.pool.deployment import Deployment
from lambda_emu.pool.provisioning import Requester
from lambda_emu.pool.starter import Starter
from lambda_emu.pool.stems import Stems
from lambda_emu.pool.version_pool import VersionPool

SWEEP_S = 30.0


class EnvironmentInfo(Struct, frozen=True):
    """One environment as `lambda-emu ps` shows it. age_s: since it has code; a stem has none yet."""

    function: str
    version: str
    tenant: str | None
    state: str
    id: str
    memory_mb: int
    age_s: float | None
    invocations: int


class Occupancy(Struct, frozen=True):
    """How many environments there are, coming and ending ones and stems included, and how many there may be.

    waiting: starts that wait for a place.
    """

    environments: int
    max_environments: int
    waiting: int


Key = str | tuple[str, str]
"""Whose environments they are: a deployment's, by its id, or those of one tenant of it."""

Counted = str | tuple[str, ...]
"""Whose running invocations are counted: a deployment's on its provisioned concurrency, by its id, a function's with
reserved concurrency, by account, region and name, or all others of an account and region."""


class _Count:
    """Of invocations that were admitted together and are not done."""

    __slots__ = ("running",)

    def __init__(self) -> None:
        self.running = 0

    def leave(self) -> None:
        """One is done."""
        self.running -= 1


class Pool:
    """Who serves an invocation. Runs on the loop."""

    def __init__(self, starter: Starter, stems: Stems, clock: Clock, idle_s: float) -> None:
        """idle_s: life of an environment that nobody uses."""
        self.on_readiness: Callable[[str], None] = lambda _: None  # told of a deployment whose readiness may be another
        starter.on_end = starter.claims.on_drop = self._drop_if_empty
        starter.claims.evict = self._end_coldest
        starter.claims.on_free_place = self._provision_rest
        self._starter = starter
        self._stems = stems
        self._clock = clock
        self._idle_s = idle_s
        self._pools: dict[Key, VersionPool] = {}
        self._counts: dict[Counted, _Count] = {}  # the sweep removes those at rest
        self._closed = False
        self._sweep: Timer = clock.call_later(SWEEP_S, self._end_idle)

    def check(self, deployment: Deployment, admission: Admission, tenant_id: str | None) -> None:
        """Raise what `submit` would raise now."""
        self._let_in(deployment.version, admission, tenant_id)

    def submit(self, deployment: Deployment, admission: Admission, invocation: Invocation) -> None:
        """Run an invocation; its reply is told what came of it.

        TooManyRequests if it may not come in, ShuttingDown if nobody may any more.
        """
        tenant_id = invocation.request.tenant_id
        count = self._let_in(deployment.version, admission, tenant_id)
        pool = self._pools.get(deployment.version.deployment_id) if tenant_id is None else None
        count.running += 1
        invocation.on_end = count.leave
        if admission.provisioned:
            is_own = count is self._counts.get(deployment.version.deployment_id)
            invocation.meter = invocation.meter.own if is_own else invocation.meter.spilled
        invocation.meter.begin()
        (pool or self._pool(deployment, tenant_id)).submit(invocation)

    def retire(self, deployment_id: str) -> None:
        """Its code or configuration is no longer the function's: end its environments when they are free."""
        for pool in [pool for pool in self._pools.values() if pool.version.deployment_id == deployment_id]:
            pool.retire()
            self._drop_if_empty(pool)

    def provision(self, deployment: Deployment, count: int) -> None:
        """Keep so many environments of it initialised, until another number is given or it is released."""
        if not self._closed:
            self._pool(deployment, None).provision.want(count)

    def release(self, deployment_id: str) -> None:
        """Keep none of its environments any more."""
        pool = self._pools.get(deployment_id)
        if pool is not None:
            pool.provision.want(0)
            self._drop_if_empty(pool)

    def readiness(self, deployment_id: str) -> Readiness:
        """What there is of its provisioned concurrency."""
        pool = self._pools.get(deployment_id)
        return NOTHING_READY if pool is None else pool.provision.readiness

    def expect(self, version: FunctionVersion) -> None:
        """Invocations of this version may come soon: have stems of its kind."""
        self._stems.expect(self._stems.kind_of(version))

    @property
    def busy(self) -> bool:
        """Whether an invocation waits or runs, or has been answered and not reported yet."""
        environments = (environment for pool in self._pools.values() for environment in pool.environments)
        runs = any(count.running for count in self._counts.values())
        return runs or any(environment.invocations for environment in environments)

    def under_way(self) -> Counter[str]:
        """The invocations of all that, by function."""
        found = Counter[str]()
        for pool in self._pools.values():
            found[f"invocations of {pool.version.id.name}"] += pool.under_way
        return found

    def describe(self) -> list[EnvironmentInfo]:
        """What there is, for people."""
        now_s = self._clock.monotonic_s()
        environments = [
            EnvironmentInfo(
                environment.version.id.name,
                environment.version.version,
                pool.tenant_id,
                environment.activity,
                environment.sandbox.id,
                environment.version.memory_mb,
                now_s - environment.created_s,
                environment.served,
            )
            for pool in self._pools.values()
            for environment in pool.environments
        ]
        stems = [
            EnvironmentInfo("", "", None, State.STEM.name, sandbox.id, 0, None, 0)
            for _, sandbox in self._stems.sandboxes()
        ]
        return environments + stems

    @property
    def occupancy(self) -> Occupancy:
        budget = self._stems.budget
        return Occupancy(budget.taken, budget.limit, len(self._starter.claims.queue))

    def clear(self, account: str | None = None) -> None:
        """End every environment, or those of one account, whatever it does; who waits for one is told.

        Stems, which ran nothing, stay.
        """
        for pool in list(self._pools.values()):
            if account in (None, pool.version.id.account):
                pool.stop()
        self._starter.claims.serve()  # nobody waits for what those were for

    def stop(self) -> None:
        """End every environment and take no more; the engine removes the sandboxes."""
        self._closed = True
        self._sweep.cancel()
        self._starter.close()
        self._stems.close()
        self.clear()

    # -- concurrency ------------------------------------------------------------------------------

    def _let_in(self, version: FunctionVersion, admission: Admission, tenant_id: str | None) -> _Count:
        """Where one more invocation counts, if it may come in: with its version's own, or with all others.

        With its own as long as there is room.
        """
        if self._closed:
            raise ShuttingDown
        count, id = None, version.id
        if admission.provisioned:
            own = self._count(version.deployment_id)
            count = own if own.running < admission.provisioned else None
        if count is None:
            counted = (id.account, id.region, id.name) if admission.reserved else (id.account, id.region)
            count = self._counts.get(counted) or self._count(counted)
            admission.check(count.running)
        if tenant_id is not None:
            self._check_tenants(version, tenant_id, admission)
        return count

    def _count(self, counted: Counted) -> _Count:
        return self._counts.setdefault(counted, _Count())

    def _check_tenants(self, version: FunctionVersion, tenant_id: str, admission: Admission) -> None:
        """Whether there may be another environment, if this tenant needs one."""
        pool = self._pools.get(_key(version, tenant_id))
        if pool is None or not pool.has_room:
            environments = sum(pool.size for pool in self._pools.values() if pool.version.id == version.id)
            check_tenants(environments, admission.limit)

    # -- environments -----------------------------------------------------------------------------

    def _pool(self, deployment: Deployment, tenant_id: str | None) -> VersionPool:
        key = _key(deployment.version, tenant_id)
        pool = self._pools.get(key)
        if pool is None:
            start = partial(self._starter.start, deployment)
            pool = self._pools[key] = VersionPool(
                deployment.version,
                self._clock,
                start,
                tenant_id,
                lambda: self.on_readiness(deployment.version.deployment_id),
            )
        return pool

    def _drop_if_empty(self, requester: Requester) -> None:
        key = _key(requester.version, requester.tenant_id)
        pool = self._pools.get(key)
        if pool is not None and pool.empty:
            pool.forget()
            del self._pools[key]

    def _end_coldest(self) -> bool:
        """End the environment that is free for the longest time, if there is one; never a provisioned one."""
        idle = [coldest for pool in self._pools.values() if (coldest := pool.coldest) is not None]
        if not idle:
            return False
        min(idle, key=lambda environment: environment.available_s).stop()
        return True

    def _provision_rest(self) -> None:
        """There is a place again: for what is provisioned and found none."""
        for pool in list(self._pools.values()):
            if pool.provision.readiness.no_room is not None:
                pool.provision.fill()

    def _end_idle(self) -> None:
        for pool in list(self._pools.values()):
            pool.evict_idle(self._idle_s)
        self._stems.evict_idle(self._idle_s)
        self._counts = {counted: count for counted, count in self._counts.items() if count.running}
        self._sweep = self._clock.call_later(SWEEP_S, self._end_idle)


def _key(version: FunctionVersion, tenant_id: str | None) -> Key:
    return version.deployment_id if tenant_id is None else (version.deployment_id, tenant_id)
