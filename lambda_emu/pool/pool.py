"""All environments of this emulator: admits invocations, brings environments up, ends the idle ones."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lambda_emu.arn import FunctionId, Scope
from lambda_emu.clock import Clock, Timer
from lambda_emu.errors import LambdaError, ShuttingDown
from lambda_emu.http.loop import Loop
from lambda_emu.model.credentials import role_credentials
from lambda_emu.model.function import FunctionVersion
from lambda_emu.model.provisioned import NOTHING_READY, Standing
from lambda_emu.pool.choice import Admission, check_tenants
from lambda_emu.pool.environment import SAMPLE_MS, Environment
from lambda_emu.pool.initialization import InitType
from lambda_emu.pool.invocation import Invocation, Outcome
from lambda_emu.pool.journal import Journal
from lambda_emu.pool.provisioning import Keeper
from lambda_emu.pool.states import State
from lambda_emu.pool.stems import Stems
from lambda_emu.pool.variables import variables
from lambda_emu.pool.version_pool import VersionPool
from lambda_emu.runtime_api.door import RuntimeApi
from lambda_emu.sandbox.base import Box, Engine, Limits, Program, SandboxError, StemKind

log = logging.getLogger(__name__)

SWEEP_S = 30.0
MB = 1024 * 1024
MEMORY_MB_OF_ONE_CPU = 1769


@dataclass(frozen=True, slots=True)
class Terms:
    """What the pool was told at start. cpu_limited: CPU share follows memory; idle_s: life of an idle environment."""

    cpu_limited: bool
    idle_s: float


@dataclass(frozen=True, slots=True)
class Deployment:
    """A version with what its environments are made of. The last three are None for custom runtimes.

    task: None where the code is in the version's own image.
    """

    version: FunctionVersion
    task: Path | None
    layers: tuple[Path, ...]
    execution_env: str | None
    runtime_version: str | None
    runtime_version_arn: str | None


@dataclass(frozen=True, slots=True)
class Sight:
    """One environment as `lambda-emu ps` shows it."""

    function: str
    version: str
    tenant: str | None
    state: str
    id: str
    memory_mb: int
    age_s: float
    invocations: int


Key = str | tuple[str, str]
"""Whose environments they are: a deployment's, by its id, or those of one tenant of it."""

Counted = FunctionId | Scope | str
"""Whose running invocations are counted: a function's with reserved concurrency, a deployment's on its provisioned
concurrency, by its id, or all others of an account and region."""


class Pool:
    """Who serves an invocation. Runs on the loop."""

    def __init__(
        self,
        engine: Engine,
        runtime_api: RuntimeApi,
        stems: Stems,
        loop: Loop,
        clock: Clock,
        journal: Callable[[Deployment, InitType], Journal],
        terms: Terms,
    ) -> None:
        self._engine = engine
        self._runtime_api = runtime_api
        self._stems = stems
        self._loop = loop
        self._clock = clock
        self._journal = journal
        self._terms = terms
        self._pools: dict[Key, VersionPool] = {}
        self._running: dict[Counted, int] = {}  # admitted and not done
        self._closed = False
        self._sweep: Timer = clock.call_later(SWEEP_S, self._end_idle)

    def submit(self, deployment: Deployment, admission: Admission, invocation: Invocation) -> None:
        """Run an invocation; its `done` is called with what came of it.

        TooManyRequests if it may not come in, ShuttingDown if nobody may any more.
        """
        if self._closed:
            raise ShuttingDown
        counted = self._admitted(deployment.version, admission)
        if invocation.tenant_id is not None:
            self._check_tenants(deployment.version, invocation.tenant_id, admission)
        self._running[counted] = self._running.get(counted, 0) + 1
        invocation.done = self._until_done(counted, invocation.done)
        self._pool(deployment, invocation.tenant_id).submit(invocation)

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

    def standing(self, deployment_id: str) -> Standing:
        """What there is of its provisioned concurrency."""
        pool = self._pools.get(deployment_id)
        return NOTHING_READY if pool is None else pool.provision.standing

    def expect(self, version: FunctionVersion) -> None:
        """Invocations of this version may come soon: have stems of its kind."""
        self._stems.want(_kind(version))

    def sights(self) -> list[Sight]:
        """What there is, for people."""
        now_s = self._clock.monotonic_s()
        environments = [
            Sight(
                environment.version.id.name,
                environment.version.version,
                pool.tenant_id,
                environment.state.name,
                environment.box.id,
                environment.version.memory_mb,
                now_s - environment.created_s,
                environment.invocations,
            )
            for pool in self._pools.values()
            for environment in pool.environments
        ]
        stems = [Sight("", "", None, State.STEM.name, box.id, 0, 0.0, 0) for _, box in self._stems.boxes()]
        return environments + stems

    def clear(self) -> None:
        """End every environment, whatever it does; who waits for one is told. Stems, which ran nothing, stay."""
        for pool in list(self._pools.values()):
            pool.stop()

    def stop(self) -> None:
        """End every environment and take no more; the engine removes the boxes."""
        self._closed = True
        self._sweep.cancel()
        self._stems.close()
        self.clear()

    # -- concurrency ------------------------------------------------------------------------------

    def _admitted(self, version: FunctionVersion, admission: Admission) -> Counted:
        """Where it counts, if it may come in: with its version's own as long as there is room, then with all others."""
        if admission.provisioned and self._running.get(version.deployment_id, 0) < admission.provisioned:
            return version.deployment_id
        counted = version.id if admission.reserved else version.id.scope
        admission.check(self._running.get(counted, 0))
        return counted

    def _until_done(
        self, counted: Counted, done: Callable[[Outcome | LambdaError], None]
    ) -> Callable[[Outcome | LambdaError], None]:
        def count_down(result: Outcome | LambdaError) -> None:
            left = self._running[counted] - 1
            if left:
                self._running[counted] = left
            else:
                del self._running[counted]
            done(result)

        return count_down

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
            start = partial(self._start, deployment)
            pool = self._pools[key] = VersionPool(deployment.version, self._clock, start, tenant_id)
        return pool

    def _start(self, deployment: Deployment, keeper: Keeper) -> None:
        self._loop.spawn(self._bring_up(keeper, deployment), f"an environment of {keeper.version.id.name}")

    async def _bring_up(self, keeper: Keeper, deployment: Deployment) -> None:
        """Take a stem, put the code in, start the runtime."""
        version = deployment.version
        box: Box | None = None
        try:
            box = await self._stems.take(_kind(version))
            if deployment.task is not None:
                await box.load(deployment.task, deployment.layers)
        except BaseException as error:  # also after a mistake of ours somebody waits to be told
            keeper.start_failed(f"No execution environment could be started: {error}")
            self._drop_if_empty(keeper)
            if box is not None:
                await box.destroy()
            if isinstance(error, SandboxError):
                return
            raise
        if self._closed:
            await box.destroy()
            return
        journal = self._journal(deployment, keeper.init_type)
        environment = Environment(version, keeper.init_type, box, self._clock, _Owner(self, keeper), journal)
        self._runtime_api.open(box.token, environment)
        keeper.started(environment)
        fit = False
        try:
            box.init.limit_memory(version.memory_mb * MB, SAMPLE_MS)
            environment.begin(self._program(deployment, keeper.init_type, box, journal))
            fit = await self._limit(environment, None)
        finally:
            if not fit:
                environment.stop()

    def _program(self, deployment: Deployment, init_type: InitType, box: Box, journal: Journal) -> Program | None:
        version = deployment.version
        program = self._what_to_start(deployment)
        if program is None:
            return None
        environment = variables(
            version,
            init_type,
            program.environment,
            deployment.execution_env,
            box.runtime_api,
            journal.stream_name,
            role_credentials(version.id.account, self._clock.new_token()),
        )
        return Program(program.argv, environment, program.directory)

    def _what_to_start(self, deployment: Deployment) -> Program | None:
        version = deployment.version
        if version.image is not None:
            return self._engine.packaged.program(version.image)
        assert deployment.task is not None
        return self._engine.program(version.runtime, version.handler, deployment.task, deployment.layers)

    async def _limit(self, environment: Environment, cpus: float | None) -> bool:
        """Set the engine's limits. False: it must not be used without."""
        version = environment.version
        try:
            await environment.box.limit(Limits(version.memory_mb, version.ephemeral_storage_mb, cpus))
        except SandboxError as error:
            if environment.state is not State.GONE:
                log.warning("%s is replaced, since its limits could not be set: %s", environment.box.id, error)
            return False
        return True

    def limit_cpu(self, keeper: Keeper, environment: Environment, limited: bool) -> None:
        """Set the CPU share that follows from memory, or lift it for the time of an init. Contract: quotas.md."""
        if self._terms.cpu_limited:
            cpus = environment.version.memory_mb / MEMORY_MB_OF_ONE_CPU if limited else None
            self._loop.spawn(self._limit_or_replace(keeper, environment, cpus), "a CPU limit")

    async def _limit_or_replace(self, keeper: Keeper, environment: Environment, cpus: float | None) -> None:
        if not await self._limit(environment, cpus):
            keeper.replace(environment)

    def ended(self, keeper: Keeper, environment: Environment) -> None:
        self._runtime_api.close(environment.box.token)
        self._loop.spawn(environment.box.destroy(), "the end of an environment")
        self._drop_if_empty(keeper)

    def _drop_if_empty(self, keeper: Keeper) -> None:
        key = _key(keeper.version, keeper.tenant_id)
        pool = self._pools.get(key)
        if pool is not None and pool.empty:
            pool.forget()
            del self._pools[key]

    def _end_idle(self) -> None:
        for pool in list(self._pools.values()):
            pool.reap(self._terms.idle_s)
        self._stems.reap(self._terms.idle_s)
        self._sweep = self._clock.call_later(SWEEP_S, self._end_idle)


class _Owner:
    """Passes what an environment says to who keeps it, and to the pool of all."""

    def __init__(self, pool: Pool, keeper: Keeper) -> None:
        self._pool = pool
        self._keeper = keeper

    def available(self, environment: Environment) -> None:
        self._keeper.available(environment)

    def initialised(self, environment: Environment) -> None:
        self._pool.limit_cpu(self._keeper, environment, True)

    def failed(self, environment: Environment) -> None:
        self._keeper.failed(environment)
        self._pool.limit_cpu(self._keeper, environment, False)

    def answered(self, environment: Environment) -> None:
        self._keeper.answered(environment)

    def gone(self, environment: Environment) -> None:
        self._keeper.gone(environment)
        self._pool.ended(self._keeper, environment)


def _key(version: FunctionVersion, tenant_id: str | None) -> Key:
    return version.deployment_id if tenant_id is None else (version.deployment_id, tenant_id)


def _kind(version: FunctionVersion) -> StemKind:
    image = "" if version.image is None else version.image.id
    return StemKind(version.runtime, version.architecture, version.ephemeral_storage_mb, image)
