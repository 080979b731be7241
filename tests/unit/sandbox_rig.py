"""The pool over sandboxes that run nothing: a small real engine, whose runtimes are the tests' own calls over HTTP."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace
from signing_rig import ISSUER

from lambda_emu.arn import FunctionId, Target
from lambda_emu.clock import SteppingClock
from lambda_emu.environment.invocation import Invocation, Outcome
from lambda_emu.environment.log import EnvironmentLog
from lambda_emu.environment.states import InitType
from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.inside import InsideListeners
from lambda_emu.http.branch import PassedListener
from lambda_emu.http.listener import bind
from lambda_emu.http.loop import Loop
from lambda_emu.http.watch import Clock
from lambda_emu.invoke.request import GatheredReply, InvokeRequest
from lambda_emu.logs.stream import Chunk, LogStream, Origin
from lambda_emu.model.concurrency.provisioned import Readiness
from lambda_emu.model.function.function import Artifact, FunctionVersion, LoggingConfig
from lambda_emu.pool.budget import Budget
from lambda_emu.pool.choice import Admission
from lambda_emu.pool.deployment import Deployment
from lambda_emu.pool.endpoints import Endpoints
from lambda_emu.pool.inside import Inside
from lambda_emu.pool.pool import Pool
from lambda_emu.pool.starter import Starter
from lambda_emu.pool.stems import Stems
from lambda_emu.runtime_api.router import RuntimeApi
from lambda_emu.sandbox.base import (
    ANY_TIME_MS,
    Abilities,
    Exit,
    ExitKind,
    InitListener,
    Limits,
    Program,
    SandboxError,
    StemKind,
    Usage,
)
from lambda_emu.sandbox.init.frames import encode_start
from lambda_emu.sandbox.init.orders import Nobody
from lambda_emu.sandbox.machine import Machine
from lambda_emu.sandbox.process.engine import NoImages
from lambda_emu.services.neighbours.neighbour import OwnUrls

T = TypeVar("T")
WAIT_S = 30.0
USAGE = Usage(1, 1, 0, 1)
VERSION = FunctionVersion(
    id=FunctionId("000000000000", "us-east-1", "hello"),
    runtime="python3.13",
    handler="app.handler",
    role="arn:aws:iam::000000000000:role/any",
    code=Artifact("x", 1, 1),
    logging=LoggingConfig("/aws/lambda/hello"),
    deployment_id="d",
    revision_id="r",
    last_modified="2024-01-01T00:00:00.000+0000",
)


def inside(runtime_api: RuntimeApi, clock: Clock) -> Inside:
    """What answers environments that call the Lambda API from nowhere."""
    endpoints = Endpoints(OwnUrls("http://127.0.0.1:9000", ()))
    return Inside(runtime_api, InsideListeners(runtime_api, clock), endpoints, ISSUER)


class NoOrders:
    """Orders that change nothing, where nothing runs."""

    def limit_memory(self, limit_bytes: int, sample_ms: int) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def signal(self, role: int, number: int) -> None: ...

    def pause_output(self) -> None: ...

    def resume_output(self) -> None: ...


class EmptyInit(NoOrders):
    """Obeys as init does, with nothing to start. silent: hears orders and reports nothing."""

    def __init__(self, loop: Loop) -> None:
        self.listener: InitListener = Nobody()
        self.silent = False
        self._loop = loop
        self._runs = False

    def start(self, role: int, program: Program) -> None:
        encode_start(role, program)  # what init would not take is refused before it is sent
        self._runs = True

    def sync(self, token: int, busy_ms: float = ANY_TIME_MS) -> None:
        self._report(lambda: self.listener.synced(token, USAGE))

    def kill(self) -> None:
        if self._runs:
            self._runs = False
            self._report(lambda: self.listener.exited(Exit(0, ExitKind.SIGNAL, 9, False)))
        self._report(self.listener.killed)

    def _report(self, report: Callable[[], None]) -> None:
        if not self.silent:
            self._loop.post(report)


class EmptySandbox:
    """A sandbox that is there as soon as it is asked for."""

    def __init__(self, id: str, init: EmptyInit, port: int) -> None:
        self.id = self.token = id
        self.runtime_api = f"{id}:{port}"
        self.passed: PassedListener | None = None
        self.lambda_api: PassedListener | None = None
        self.services_at: str | None = None
        self.services_name: str | None = None
        self.session_token: str | None = None
        self.early: Program | None = None
        self.shares_loopback = False
        self.init = init
        self.destroyed = threading.Event()

    async def load(self, task: Path, layers: Sequence[Path]) -> None: ...

    async def listen(self, port: int) -> PassedListener | None:
        return None

    def limit_at_once(self, limits: Limits) -> bool:
        return False

    async def limit(self, limits: Limits) -> None: ...

    async def destroy(self) -> None:
        self.destroyed.set()


class EmptyEngine:
    """Makes sandboxes and remembers them."""

    abilities = Abilities("empty", *[False] * 8)
    machine = Machine(cores=1, memory_mb=1024, processes=1024)

    def __init__(self, loop: Loop, port: int) -> None:
        self.sandboxes: list[EmptySandbox] = []
        self.packaged = NoImages()
        self.bootstrap = True
        self.down = False  # makes no sandboxes
        self.at_begin: Callable[[], None] = lambda: None  # called before each start of a runtime
        self.made = threading.Semaphore(0)
        self._loop = loop
        self.port = port

    async def prepare(self, runtime: str, architecture: str) -> str | None: ...

    def program(self, runtime: str, handler: str, task: Path, layers: Sequence[Path]) -> Program | None:
        self.at_begin()
        return Program(["runtime"], {}) if self.bootstrap else None

    def early(self, kind: StemKind) -> Program | None: ...

    async def create(self, kind: StemKind) -> EmptySandbox:
        if self.down:
            raise SandboxError("the engine is down")
        sandbox = EmptySandbox(f"sandbox-{len(self.sandboxes)}", EmptyInit(self._loop), self.port)
        self.sandboxes.append(sandbox)
        self.made.release()
        return sandbox

    async def close(self) -> None: ...


class Unread:
    """A log nobody reads."""

    def offer(self, chunk: Chunk) -> bool:
        return True

    def when_room(self, callback: object) -> None:
        raise AssertionError("there is always room")


class RigReply(GatheredReply):
    """A reply that tells whatever comes."""

    def __init__(self, done: Callable[[Outcome | LambdaError], None]) -> None:
        self._done = done

    def done(self, outcome: Outcome) -> None:
        self._done(outcome)

    def refused(self, error: LambdaError) -> None:
        self._done(error)


@dataclass
class Asked:
    """An invocation and everything it was answered with: one thing, if all is well."""

    results: list[Outcome | LambdaError] = field(default_factory=list)
    answered: threading.Event = field(default_factory=threading.Event)

    def done(self, result: Outcome | LambdaError) -> None:
        self.results.append(result)
        self.answered.set()

    def result(self) -> Outcome | LambdaError:
        assert self.answered.wait(WAIT_S), "nobody answered"
        return self.results[0]


class Runtime:
    """What runs in a sandbox, as far as the Runtime API sees it."""

    def __init__(self, sandbox: EmptySandbox, port: int) -> None:
        self.tenant_id: str | None = None  # of the last event
        self._sandbox = sandbox
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)

    def next(self) -> str:
        """Waits for an event; returns its request id."""
        self.ask()
        return self.event()

    def ask(self) -> None:
        """Call /next without waiting for what comes of it."""
        self._http.request("GET", "/2018-06-01/runtime/invocation/next", headers={"Host": self._sandbox.token})

    def event(self) -> str:
        answer = self._http.getresponse()
        answer.read()
        self.tenant_id = answer.headers["Lambda-Runtime-Aws-Tenant-Id"]
        return answer.headers["Lambda-Runtime-Aws-Request-Id"] or ""

    def respond(self, request_id: str) -> int:
        path = f"/2018-06-01/runtime/invocation/{request_id}/response"
        self._http.request("POST", path, b"{}", {"Host": self._sandbox.token})
        answer = self._http.getresponse()
        answer.read()
        return answer.status

    def close(self) -> None:
        self._http.close()


class Rig:
    """A pool, its clock and its sandboxes."""

    def __init__(self, loop: Loop, clock: SteppingClock, runtime_api: RuntimeApi) -> None:
        self.loop = loop
        self.clock = clock
        self.runtime_api = runtime_api
        bound = bind("127.0.0.1", 0)
        self.port = bound.getsockname()[1]
        loop.run(runtime_api.listener.listen(bound), WAIT_S)
        self.engine = EmptyEngine(loop, self.port)
        self.pool = self.on_loop(self._make_pool)
        self._runtimes: list[Runtime] = []
        self._asked = self._taken = 0

    def on_loop(self, fn: Callable[[], T]) -> T:
        return self.loop.ask(fn, WAIT_S)

    def invoke(
        self,
        environment: Mapping[str, str] | None = None,
        timeout_s: int = 3,
        tail: bool = False,
        tenant_id: str | None = None,
        concurrency: int = 1000,
        provisioned: int = 0,
    ) -> Asked:
        self._asked += 1
        asked = Asked()
        request = InvokeRequest(f"id-{self._asked}", Target(VERSION.id), b"{}", wants_tail=tail, tenant_id=tenant_id)
        invocation = Invocation(request, RigReply(asked.done))
        version = replace(VERSION, environment=environment, timeout_s=timeout_s)
        deployment = Deployment(version, Path(), (), None, None, None)
        admission = Admission(concurrency, reserved=False, provisioned=provisioned)
        self.on_loop(lambda: self.pool.submit(deployment, admission, invocation))
        return asked

    def provision(self, count: int) -> None:
        """Have so many environments kept ready."""
        self.on_loop(lambda: self.pool.provision(Deployment(VERSION, Path(), (), None, None, None), count))

    def readiness(self) -> Readiness:
        return self.on_loop(lambda: self.pool.readiness(VERSION.deployment_id))

    def sandbox(self) -> EmptySandbox:
        """The next sandbox that was made."""
        assert self.engine.made.acquire(timeout=WAIT_S), "no sandbox was asked for"
        self._taken += 1
        return self.engine.sandboxes[self._taken - 1]

    def runtime(self, sandbox: EmptySandbox) -> Runtime:
        """A new runtime in this sandbox."""
        runtime = Runtime(sandbox, self.port)
        self._runtimes.append(runtime)
        return runtime

    def close(self) -> None:
        self.on_loop(self.pool.stop)
        for runtime in self._runtimes:
            runtime.close()

    def _make_pool(self) -> Pool:
        stems = Stems(Budget(self.engine, self.loop, 1000), self.loop, self.clock, 0)
        answers = inside(self.runtime_api, self.clock)
        starter = Starter(self.engine, answers, stems, self.loop, self.clock, self._environment_log, cpu_limited=False)
        return Pool(starter, stems, self.clock, idle_s=300)

    def _environment_log(self, deployment: Deployment, init_type: InitType) -> EnvironmentLog:
        stream = LogStream(Origin.of(deployment.version, self.clock), Unread(), self.clock)
        return EnvironmentLog(deployment.version, init_type, stream, None, None)


@contextmanager
def rig() -> Iterator[Rig]:
    loop, clock = Loop(), SteppingClock()
    loop.start()
    clock.bind(loop.asyncio)
    ready = Rig(loop, clock, RuntimeApi(clock))
    try:
        yield ready
    finally:
        ready.close()
        loop.ask(ready.runtime_api.listener.close, WAIT_S)
        loop.stop()
