"""A bench for the process sandbox: the real engine on a loop of its own, with each isolation, without the pool."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import uvloop
from packages import cache_dir

from lambda_emu.architectures import HOST_ARCHITECTURE
from lambda_emu.arn import FunctionId, Target
from lambda_emu.clock import Clock
from lambda_emu.invoke.request import InvokeRequest
from lambda_emu.runtime_api.router import RuntimeApi
from lambda_emu.runtime_api.session import NextCall, NextState, Spoiled
from lambda_emu.sandbox.base import Exit, Program, Sandbox, StemKind, Usage
from lambda_emu.sandbox.init.binary import find_init
from lambda_emu.sandbox.init.link import InitAcceptor
from lambda_emu.sandbox.process.engine import ProcessEngine
from lambda_emu.sandbox.process.isolation import Isolation
from lambda_emu.sandbox.process.namespaces import Given, Namespaces
from lambda_emu.sandbox.process.no_isolation import NoIsolation
from lambda_emu.sandbox.toolchain.python import OWN_PYTHON

LIMIT_S = 20.0
Files = Mapping[str, str] | Mapping[str, str | bytes]
INIT = find_init(os.uname().machine)
ISOLATIONS = ("root", "user", "none") if os.geteuid() == 0 else ("user", "none")
T = TypeVar("T")


class Heard:
    """What one sandbox's init reported: the output of all roles, and how programs ended."""

    def __init__(self) -> None:
        self.text = ""
        self.exits: asyncio.Queue[Exit] = asyncio.Queue()
        self.lost_it = asyncio.Event()
        self.killed_it = asyncio.Event()

    def output(self, role: int, data: bytes) -> None:
        self.text += data.decode()

    def synced(self, token: int, usage: Usage) -> None:
        pass

    def exited(self, exit: Exit) -> None:
        self.exits.put_nowait(exit)

    def killed(self) -> None:
        self.killed_it.set()

    def lost(self) -> None:
        self.lost_it.set()


HELLO = FunctionId("123456789012", "us-east-1", "f")


class OneEvent:
    """A Runtime API session that has one event to give and keeps the answer."""

    def __init__(self, event: object) -> None:
        self._event = InvokeRequest("1", Target(HELLO), json.dumps(event).encode())
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._given = False

    def check(self, request_id: str, attempt_id: str | None, asked: NextState) -> object:
        """Whatever is answered is taken."""

    def check_init_error(self) -> None: ...

    def take_variables(self) -> None: ...

    def next(self, call: NextCall) -> None:
        if not self._given:
            self._given = True
            call.deliver(self._event, "attempt", 9999999999999)

    def respond(self, request_id: str, attempt_id: str | None, payload: bytes) -> None:
        self.answer.set_result(json.loads(payload))

    def respond_error(self, request_id: str, attempt_id: str | None, payload: bytes, error_type: str | None) -> None:
        self.init_error(payload, error_type)

    def spoil(self, request_id: str, attempt_id: str | None, spoiled: Spoiled) -> None:
        self.answer.set_exception(spoiled)

    def init_error(self, payload: bytes, error_type: str | None) -> None:
        self.answer.set_exception(AssertionError(payload.decode()))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A sandbox, and the unpacked folders that were loaded into it."""

    sandbox: Sandbox
    runtime: str
    task: Path
    layers: tuple[Path, ...]


class Bench:
    """One engine. Its coroutines are run from outside, so that tests read from top to bottom."""

    def __init__(self, isolation: str, folder: Path, *, own_network: bool = False) -> None:
        self._own_network = own_network
        self.folder = folder
        self.as_root = isolation == "root"
        self._loop = uvloop.new_event_loop()
        self._acceptor = InitAcceptor()
        clock = Clock()
        clock.bind(self._loop)
        self._runtime_api = RuntimeApi(clock)
        (folder / "run").mkdir()
        self.engine = ProcessEngine(folder / "run", cache_dir(), self._isolation(isolation), self._acceptor, Clock())

    def _isolation(self, isolation: str) -> Isolation:
        if isolation == "none":
            return NoIsolation(INIT)
        namespaces = Namespaces(self.folder / "run", Given(as_root=isolation == "root", own_network=self._own_network))
        namespaces.build(INIT)
        return namespaces

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(asyncio.wait_for(work, LIMIT_S))

    def wait(self, event: asyncio.Event) -> None:
        self.run(self._wait(event))

    async def _wait(self, event: asyncio.Event) -> None:
        await event.wait()

    def close(self) -> None:
        self.run(self.engine.close())
        self._loop.call_soon(self._runtime_api.listener.close)
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def sandbox(self, code: Files, *layers: Files, runtime: str = OWN_PYTHON) -> Loaded:
        """A sandbox with these files at /var/task and /opt; those named bootstrap can be executed."""
        kind = StemKind(runtime, HOST_ARCHITECTURE, tmp_mb=16)
        sandbox = self.run(self.engine.create(kind))
        task, *opt = (self.unpacked(files) for files in (code, *layers))
        self.run(sandbox.load(task, opt))
        return Loaded(sandbox, runtime, task, tuple(opt))

    def reset(self, loaded: Loaded) -> None:
        """Kill whatever runs in it, and wait until init says so."""
        heard = Heard()
        loaded.sandbox.init.listener = heard
        loaded.sandbox.init.kill()
        self.wait(heard.killed_it)

    def folders(self) -> set[str]:
        """What this engine keeps for its sandboxes."""
        return {path.name for path in (self.folder / "run").iterdir()}

    def unpacked(self, files: Files) -> Path:
        """A folder of the store with these files, as the store unpacks them."""
        folder = self.folder / "store" / os.urandom(8).hex()
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
            (folder / name).chmod(0o755 if name == "bootstrap" else 0o644)
        return folder

    def shell(self, loaded: Loaded, script: str) -> str:
        """What a script prints in a sandbox, in the place of an extension."""
        return self.run(self._shell(loaded.sandbox, script))

    async def _shell(self, sandbox: Sandbox, script: str) -> str:
        heard = sandbox.init.listener = Heard()
        directory = "/var/task" if self.engine.abilities.isolates_files else "task"
        path = "/var/lang/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        sandbox.init.start(1, Program(["/bin/sh", "-c", script], {"PATH": path}, directory))
        await heard.exits.get()
        return heard.text

    def invoke(self, loaded: Loaded, handler: str, event: object) -> Any:
        """Start the runtime as the pool does and give it one event; what it answers."""
        return self.run(self._invoke(loaded, handler, event))

    async def _invoke(self, loaded: Loaded, handler: str, event: object) -> Any:
        sandbox, session = loaded.sandbox, OneEvent(event)
        self._runtime_api.open(sandbox.token, session, sandbox.passed)
        program = self.engine.program(loaded.runtime, handler, loaded.task, loaded.layers)
        assert program is not None, "no bootstrap"
        ours = {
            "_HANDLER": handler,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_RUNTIME_API": sandbox.runtime_api,
            "LAMBDA_TASK_ROOT": "/var/task",
        }
        heard = sandbox.init.listener = Heard()
        sandbox.init.start(0, Program(program.argv, {**program.environment, **ours}, program.directory))
        ended = asyncio.ensure_future(heard.exits.get())
        await asyncio.wait((session.answer, ended), return_when=asyncio.FIRST_COMPLETED)
        assert session.answer.done(), f"the runtime ended, {ended.result()}: {heard.text}"
        ended.cancel()
        return session.answer.result()
