"""Brings environments up, with the code and the limits of their version, and ends their sandboxes."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Awaitable, Callable

from lambda_emu.clock import Clock
from lambda_emu.environment.environment import SAMPLE_MS, Environment
from lambda_emu.environment.log import EnvironmentLog
from lambda_emu.environment.states import InitType, State
from lambda_emu.http.loop import Loop
from lambda_emu.model.credentials import RoleSession
from lambda_emu.model.function.function import ContainerImage, FunctionVersion
from lambda_emu.notices import Notices
from lambda_emu.pool.claims import Claims
from lambda_emu.pool.deployment import Deployment, variables
from lambda_emu.pool.early import may_become
from lambda_emu.pool.inside import Inside
from lambda_emu.pool.provisioning import Requester
from lambda_emu.pool.stems import Stems
from lambda_emu.sandbox.base import Engine, Limits, Program, Sandbox, SandboxError

log = logging.getLogger(__name__)

MB = 1024 * 1024
MEMORY_MB_OF_ONE_CPU = 1769
CLIENTS = (
    "Its ENTRYPOINT has to be a client of the Runtime API, and its CMD the handler: take one of AWS's base images, or "
    '`pip install awslambdaric` and ENTRYPOINT ["python", "-m", "awslambdaric"], or `npm install aws-lambda-ric` and '
    'ENTRYPOINT ["npx", "aws-lambda-ric"]; programs in Go, Rust and C++ have it in their library'
)
"""What to do about an image without one. docs/contract/runtime.md#images."""


class Starter:
    """Runs on the loop. cpu_limited: the CPU share follows memory."""

    def __init__(
        self,
        engine: Engine,
        inside: Inside,
        stems: Stems,
        loop: Loop,
        clock: Clock,
        log: Callable[[Deployment, InitType], EnvironmentLog],
        *,
        cpu_limited: bool,
    ) -> None:
        self.on_end: Callable[[Requester], None] = lambda _: None  # told when a requester has one less
        self._engine = engine
        self._inside = inside
        self._stems = stems
        self._budget = stems.budget
        self.claims = Claims(stems.budget, stems, clock)
        self._loop = loop
        self._clock = clock
        self._log = log
        self._cpu_limited = cpu_limited
        self._notices = Notices()
        self._closed = False

    def close(self) -> None:
        """What waits is not begun; what is under way is ended when it is there."""
        self._closed = True
        self.claims.close()

    def start(self, deployment: Deployment, requester: Requester) -> None:
        """Begin to bring one up, as soon as there is a place; the requester is told what comes of it."""
        kind = self._stems.kind_of(deployment.version)

        def begin(sandbox: Awaitable[Sandbox]) -> None:
            self._stems.refill_later(kind)
            self._loop.spawn(
                self._bring_up(requester, deployment, sandbox), f"an environment of {requester.version.id.name}"
            )

        self.claims.start(requester, kind, begin)

    async def _bring_up(self, requester: Requester, deployment: Deployment, coming: Awaitable[Sandbox]) -> None:
        """Put the code into the sandbox, start the runtime."""
        version = deployment.version
        sandbox: Sandbox | None = None
        try:
            sandbox = await coming
            if deployment.task is not None:
                await sandbox.load(deployment.task, deployment.layers)
            environment_log = self._log(deployment, requester.init_type)
            program = self._program(deployment, requester.init_type, sandbox, environment_log.stream_name)
        except BaseException as error:  # also after a mistake of ours somebody waits to be told
            if sandbox is not None:
                self._budget.end(sandbox, "the end of a sandbox that cannot be used")
            requester.start_failed(f"No execution environment could be started: {error}")
            self.on_end(requester)
            if isinstance(error, SandboxError):
                return
            raise
        if self._closed:
            self._budget.end(sandbox, "the end of a sandbox that came too late")
            return
        listener = _Listener(self, requester)
        environment = Environment(version, requester.init_type, sandbox, self._clock, listener, environment_log)
        requester.started(environment)
        if environment.state is State.GONE:  # it is not wanted any more
            return
        fit = False
        try:
            sandbox.init.limit_memory(version.memory_mb * MB, SAMPLE_MS)
            fit = await self._extend(environment) and await self._begin(environment, program)
        finally:
            if not fit:
                environment.stop()

    async def _extend(self, environment: Environment) -> bool:
        """Have answered what its code may ask beside the APIs. False: meanwhile it is not wanted any more."""
        await self._inside.open_extensions(environment.sandbox, environment.version)
        return environment.state is not State.GONE

    async def _begin(self, environment: Environment, program: Program | None) -> bool:
        """Start its runtime while the limits are set: it has no code to run yet. One that waits has it at once.

        False: it must not be used.
        """
        early = environment.sandbox.early
        if early is None or program is None or not may_become(early, program):
            environment.begin(program)
            return await self._limit(environment, None)
        fit = await self._limit(environment, None)
        if fit and environment.state is not State.GONE:
            environment.begin(program, early=True)
        return fit

    def _program(
        self, deployment: Deployment, init_type: InitType, sandbox: Sandbox, log_stream: str
    ) -> Program | None:
        version = deployment.version
        program = self._what_to_start(deployment)
        if program is None:
            return None
        whose = RoleSession(version.role, version.id.name)
        credentials = self._inside.issuer.of_role(version.id.account, self._clock.new_token(), whose)
        sandbox.session_token = credentials.token
        environment = variables(
            deployment,
            init_type,
            program.environment,
            sandbox,
            self._inside.endpoints,
            log_stream,
            credentials.variables(),
        )
        managed = deployment.execution_env is not None and version.image is None
        return Program(program.argv, environment, program.directory, logs_records=managed)

    def _what_to_start(self, deployment: Deployment) -> Program | None:
        version = deployment.version
        if version.image is not None:
            return self._engine.packaged.program(version.image)
        assert deployment.task is not None
        return self._engine.program(version.runtime, version.handler, deployment.task, deployment.layers)

    async def _limit(self, environment: Environment, cpus: float | None) -> bool:
        """Set the engine's limits. False: it must not be used without."""
        try:
            await environment.sandbox.limit(_limits(environment, cpus))
        except SandboxError as error:
            if environment.state is not State.GONE:
                log.warning("%s is replaced, since its limits could not be set: %s", environment.sandbox.id, error)
            return False
        return True

    def limit_cpu(self, requester: Requester, environment: Environment, limited: bool) -> None:
        """Set the CPU share that follows from memory, or lift it for the time of an init. docs/contract/quotas.md."""
        if self._cpu_limited:
            cpus = environment.version.memory_mb / MEMORY_MB_OF_ONE_CPU if limited else None
            if not environment.sandbox.limit_at_once(_limits(environment, cpus)):
                self._loop.spawn(self._limit_or_replace(requester, environment, cpus), "a CPU limit")

    async def _limit_or_replace(self, requester: Requester, environment: Environment, cpus: float | None) -> None:
        if not await self._limit(environment, cpus):
            requester.replace(environment)

    def tell_of_image(self, version: FunctionVersion, image: ContainerImage) -> None:
        """What it starts has never called the Runtime API. Once for each image and command."""
        program = self._engine.packaged.program(image)
        started = "nothing" if program is None else shlex.join(program.argv)
        text = (
            f"{version.id.name}: its image {image.uri} starts {started}, which has never asked for an event. {CLIENTS}"
        )
        self._notices.tell(text, about=f"{version.id.arn()} {image.id} {started}")

    def open(self, environment: Environment) -> None:
        """Answer who calls from inside. Not sooner: a runtime that waits has called already."""
        self._inside.open(environment.sandbox, environment.session)

    def end(self, requester: Requester, environment: Environment) -> None:
        self._inside.close(environment.sandbox)
        self._budget.end(environment.sandbox, "the end of an environment")
        self.on_end(requester)


def _limits(environment: Environment, cpus: float | None) -> Limits:
    return Limits(environment.version.memory_mb, environment.version.ephemeral_storage_mb, cpus)


class _Listener:
    """Passes what an environment says to who keeps it, and to who started it."""

    def __init__(self, starter: Starter, requester: Requester) -> None:
        self._starter = starter
        self._requester = requester
        self.answered = requester.answered  # at each invocation: not by way of here

    def available(self, environment: Environment) -> None:
        self._requester.available(environment)
        if self._starter.claims.queue:
            self._starter.claims.serve()

    def begins(self, environment: Environment) -> None:
        self._starter.open(environment)

    def initialised(self, environment: Environment) -> None:
        self._starter.limit_cpu(self._requester, environment, True)

    def failed(self, environment: Environment) -> None:
        self._requester.failed(environment)
        if environment.version.image is not None and not environment.session.was_called:
            self._starter.tell_of_image(environment.version, environment.version.image)
        self._starter.limit_cpu(self._requester, environment, False)

    def gone(self, environment: Environment) -> None:
        self._requester.gone(environment)
        self._starter.end(self._requester, environment)
