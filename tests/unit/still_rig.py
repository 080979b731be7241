"""The pool on a loop and a clock that move only when they are told to, over sandboxes whose every report is held back.

A small real engine: what a sandbox, its init or its runtime would do by themselves, a test does, in any order it likes.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from msgspec.structs import replace
from sandbox_rig import USAGE, VERSION, NoOrders, RigReply, Unread, inside

from lambda_emu.arn import Target
from lambda_emu.clock import Clock, Timer
from lambda_emu.environment.invocation import Invocation, Outcome
from lambda_emu.environment.log import EnvironmentLog
from lambda_emu.environment.states import InitType
from lambda_emu.errors.base import LambdaError
from lambda_emu.http.branch import PassedListener
from lambda_emu.http.connection import Connection
from lambda_emu.http.exchange import BodySink, Writer
from lambda_emu.http.group import Group
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head, Header
from lambda_emu.invoke.request import InvokeRequest
from lambda_emu.logs.stream import LogStream, Origin
from lambda_emu.pool.budget import Budget
from lambda_emu.pool.choice import Admission
from lambda_emu.pool.deployment import Deployment
from lambda_emu.pool.early import WAITS
from lambda_emu.pool.pool import Pool
from lambda_emu.pool.starter import Starter
from lambda_emu.pool.stems import Stems
from lambda_emu.runtime_api.router import VARIABLES, RuntimeApi
from lambda_emu.runtime_api.session import MAX_RESPONSE_BYTES
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
)
from lambda_emu.sandbox.init.frames import encode_start
from lambda_emu.sandbox.init.orders import Nobody
from lambda_emu.sandbox.machine import Machine
from lambda_emu.sandbox.process.engine import NoImages

RUNTIME = b"/2018-06-01/runtime/"
TOO_LARGE = bytes(MAX_RESPONSE_BYTES + 1)
MANY = 200
NO_BOOTSTRAP = "nowhere"  # the handler of a function that has none


class StillClock(Clock):
    """Stands still until `advance`."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 1_000_000.0
        self._order = itertools.count()
        self._timers: list[tuple[float, int, StillTimer]] = []

    def now_s(self) -> float:
        return self._now_s

    def monotonic_s(self) -> float:
        return self._now_s

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        timer = StillTimer(callback)
        heapq.heappush(self._timers, (self._now_s + delay_s, next(self._order), timer))
        return timer

    def advance(self, seconds: float, fire: Callable[[Callable[[], None]], object]) -> None:
        """Have what becomes due fired, each at its own time."""
        end_s = self._now_s + seconds
        while self._timers and self._timers[0][0] <= end_s:
            self._now_s, _, timer = heapq.heappop(self._timers)
            if timer.callback is not None:
                callback, timer.callback = timer.callback, None
                fire(callback)
        self._now_s = end_s

    @property
    def pending(self) -> list[StillTimer]:
        return [timer for _, _, timer in self._timers if timer.callback is not None]


class StillTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def __repr__(self) -> str:
        return repr(self.callback)

    def cancel(self) -> None:
        self.callback = None


class StillInit(NoOrders):
    """Hears orders and keeps its reports until somebody takes them out."""

    def __init__(self) -> None:
        self.listener: InitListener = Nobody()
        self.reports: list[Callable[[InitListener], None]] = []
        self.program: Program | None = None  # the last one that was started
        self.runs = False
        self.killing = 0  # orders to kill that are not reported yet
        self.is_lost = False

    def start(self, role: int, program: Program) -> None:
        encode_start(role, program)
        assert not self.killing, "what ran before is not gone yet"
        if not self.is_lost:
            self.program, self.runs = program, True

    def sync(self, token: int, busy_ms: float = ANY_TIME_MS) -> None:
        self._report(lambda listener: listener.synced(token, USAGE))

    def kill(self) -> None:
        if self.runs:
            self.exit(ExitKind.SIGNAL, 9)
        self.killing += 1
        self._report(self._killed)

    def _killed(self, listener: InitListener) -> None:
        self.killing -= 1
        listener.killed()

    def exit(self, kind: ExitKind, value: int) -> None:
        """What runs ends; the report is on its way."""
        self.runs = False
        self._report(lambda listener: listener.exited(Exit(0, kind, value, False)))

    def _report(self, report: Callable[[InitListener], None]) -> None:
        if not self.is_lost:
            self.reports.append(report)

    def lose(self) -> None:
        """The connection ends; what it still held is gone."""
        if not self.is_lost:
            self.is_lost, self.runs, self.killing = True, False, 0
            self.reports.clear()
            self.listener.lost()


class Wire:
    """A runtime's connection, for one request. event: called with the request id, when one comes."""

    def __init__(self, event: Callable[[str], None] = lambda _: None) -> None:
        self.writer = Writer(cast(Connection, self), close_after=False)
        self.answer: bytes | None = None
        self.group: Group | None = None
        self._event = event

    def join(self, group: Group) -> bool:
        return True

    def write_answer(self, writer: Writer, head: bytes, body: bytes) -> None:
        self.answer = head
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Lambda-Runtime-Aws-Request-Id":
                self._event(value)


class StillSandbox:
    """A sandbox, and what runs in it as far as the Runtime API sees it."""

    def __init__(self, id: str, runtime_api: RuntimeApi, event: Callable[[StillSandbox], None]) -> None:
        self.id = self.token = id
        self.runtime_api = f"{id}:9001"
        self.passed: PassedListener | None = None
        self.lambda_api: PassedListener | None = None
        self.services_at: str | None = None
        self.services_name: str | None = None
        self.session_token: str | None = None
        self.init = StillInit()
        self.early: Program | None = None
        self.shares_loopback = False
        self.limits_fail = self.destroyed = self.lingers = self.gone = self.unfit = False
        self._may_go = asyncio.Event()
        self.parked: Wire | None = None
        self.event_id = "none"
        self._api = runtime_api
        self._event = event

    async def load(self, task: Path, layers: Sequence[Path]) -> None: ...

    async def listen(self, port: int) -> PassedListener | None:
        return None

    def limit_at_once(self, limits: Limits) -> bool:
        return False

    async def limit(self, limits: Limits) -> None:
        if self.limits_fail:
            self.unfit = True
            raise SandboxError("no limits today")

    async def destroy(self) -> None:
        """One that lingers still says what it had to say."""
        self.destroyed = True
        if self.lingers:
            await self._may_go.wait()
        self.init.lose()
        self.gone = True

    def go(self) -> None:
        """One that lingers ends at last."""
        self._may_go.set()

    def next(self) -> None:
        self.parked = Wire(self._take)
        self._ask(b"GET", b"invocation/next", self.parked)

    def take_variables(self) -> bytes:
        """What one hears that waits for its function."""
        wire = Wire()
        self._api(Head(b"GET", VARIABLES, [(b"host", self.token.encode())], "1.1", True), wire.writer)
        answer = wire.answer or b""
        if answer.startswith(b"HTTP/1.1 200"):
            assert self.init.program is not None
            pairs = answer.partition(b"\r\n\r\n")[2].decode().split("\0")[:-1]
            variables = {name: value for name, _, value in (pair.partition("=") for pair in pairs)}
            self.init.program = replace(self.init.program, environment=variables)
        return answer

    @property
    def waits(self) -> bool:
        """Whether its runtime was started before its function was known, and waits for that."""
        return self.init.program is not None and WAITS in self.init.program.environment

    def hang_up(self) -> None:
        """The runtime's /next breaks off."""
        if self.parked is not None:
            self.parked.writer.detach()

    def post(self, what: str, headers: Sequence[Header] = (), body: bytes = b"{}", whole: bool = True) -> Wire:
        wire = Wire()
        sink = self._ask(b"POST", what.encode(), wire, headers)
        sink.body(body)
        if wire.answer is None:
            (sink.end if whole else sink.abort)()
        return wire

    def _take(self, event_id: str) -> None:
        self.event_id = event_id
        self._event(self)

    def _ask(self, method: bytes, what: bytes, wire: Wire, headers: Sequence[Header] = ()) -> BodySink:
        head = Head(method, RUNTIME + what, [(b"host", self.token.encode()), *headers], "1.1", True)
        return self._api(head, wire.writer)


class StillEngine:
    """Makes a sandbox when a test says so."""

    abilities = Abilities("still", *[False] * 8)
    machine = Machine(cores=1, memory_mb=1024, processes=1024)

    def __init__(self, runtime_api: RuntimeApi) -> None:
        self.sandboxes: list[StillSandbox] = []
        self.may_wait = False  # whether runtimes may be started before their functions are known
        self.packaged = NoImages()
        self.asked: list[asyncio.Future[StillSandbox]] = []
        self.event: Callable[[StillSandbox], None] = lambda _: None  # called when a runtime gets one
        self._api = runtime_api

    async def prepare(self, runtime: str, architecture: str) -> None: ...

    def program(self, runtime: str, handler: str, task: Path, layers: Sequence[Path]) -> Program | None:
        return None if handler == NO_BOOTSTRAP else Program(["runtime"], {})

    def early(self, kind: StemKind) -> Program | None:
        return Program(["runtime"], {}) if self.may_wait else None

    async def create(self, kind: StemKind) -> StillSandbox:
        coming: asyncio.Future[StillSandbox] = asyncio.get_running_loop().create_future()
        self.asked.append(coming)
        return await coming

    def make(self, number: int) -> None:
        sandbox = StillSandbox(f"sandbox-{len(self.sandboxes)}", self._api, self.event)
        self.sandboxes.append(sandbox)
        self.asked.pop(number).set_result(sandbox)

    def refuse(self, number: int) -> None:
        self.asked.pop(number).set_exception(SandboxError("the engine is down"))

    async def close(self) -> None: ...


@dataclass(eq=False)
class Asked:
    """An invocation and everything it was answered with: one thing, if all is well."""

    request_id: str
    deployment_id: str
    tenant_id: str | None
    results: list[Outcome | LambdaError] = field(default_factory=list)


class Still(logging.Handler):
    """A pool with its loop, clock and engine. Whatever goes wrong on the loop is raised by `turn`."""

    def __init__(self, stems: int = 0, places: int = 1000) -> None:
        super().__init__(logging.ERROR)
        self.loop, self.clock = Loop(), StillClock()
        self.runtime_api = RuntimeApi(self.clock)
        self.loop.asyncio.set_exception_handler(lambda _, context: self.wrong.append(context))
        self.wrong: list[Any] = []
        self.engine = StillEngine(self.runtime_api)
        self.asked: list[Asked] = []
        self.numbers = itertools.count()
        self.pool: Pool = self.turn(self._make_pool, stems, places)
        logging.getLogger("lambda_emu").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.wrong.append(self.format(record))

    def _make_pool(self, stems: int, places: int) -> Pool:
        kept = Stems(Budget(self.engine, self.loop, places), self.loop, self.clock, stems)
        answers = inside(self.runtime_api, self.clock)
        starter = Starter(self.engine, answers, kept, self.loop, self.clock, self._environment_log, cpu_limited=True)
        return Pool(starter, kept, self.clock, idle_s=60)

    def _environment_log(self, deployment: Deployment, init_type: InitType) -> EnvironmentLog:
        stream = LogStream(Origin.of(deployment.version, self.clock), Unread(), self.clock)
        return EnvironmentLog(deployment.version, init_type, stream, None, None)

    def turn(self, fn: Callable[..., Any] = lambda: None, *args: Any) -> Any:
        """Call it on the loop, and let the loop do all that follows."""

        async def rest() -> Any:
            result = fn(*args)
            for _ in range(5):
                await asyncio.sleep(0)
            return result

        result = self.loop.asyncio.run_until_complete(rest())
        assert not self.wrong, self.wrong
        return result

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds, self.turn)

    def report(self, sandbox: StillSandbox) -> None:
        """Let its init say all that it has to."""
        while sandbox.init.reports:
            self.turn(sandbox.init.reports.pop(0), sandbox.init.listener)

    def make_all(self) -> None:
        """Every sandbox that is asked for, and what is asked for then."""
        for _ in range(MANY):
            if not self.engine.asked:
                return
            self.turn(self.engine.make, 0)
        raise AssertionError("sandboxes are asked for without end")

    def end(self) -> None:
        """Whatever still waits is cancelled."""

        async def cancel() -> None:
            self.pool.stop()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        logging.getLogger("lambda_emu").removeHandler(self)
        self.loop.asyncio.run_until_complete(cancel())
        self.loop.asyncio.close()


def deployment(name: str, deployment_id: str, handler: str = "app.handler", **settings: Any) -> Deployment:
    """Code of a function, which tells in its environment whose it is."""
    version = replace(
        VERSION,
        id=replace(VERSION.id, name=name),
        deployment_id=deployment_id,
        handler=handler,
        **settings,
        environment={"DEPLOYMENT": deployment_id},
    )
    return Deployment(version, Path(), (), None, None, None)


def submit(rig: Still, of: Deployment, admission: Admission, tenant_id: str | None, tail: bool) -> Asked:
    """TooManyRequests and ServiceFailure as the pool raises them."""
    asked = Asked(f"id-{next(rig.numbers)}", of.version.deployment_id, tenant_id)
    request = InvokeRequest(asked.request_id, Target(of.version.id), b"{}", wants_tail=tail, tenant_id=tenant_id)
    invocation = Invocation(request, RigReply(asked.results.append))
    rig.asked.append(asked)
    try:
        rig.turn(rig.pool.submit, of, admission, invocation)
    except LambdaError:
        rig.asked.remove(asked)
        raise
    return asked
