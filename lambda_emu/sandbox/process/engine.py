"""Sandboxes as processes of this machine, without a container engine: our init, isolated as the kernel allows."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from lambda_emu.arn import FunctionId
from lambda_emu.clock import Clock
from lambda_emu.folders import PASSED_THROUGH, PRIVATE, close_to_others, remove_sessions
from lambda_emu.model.function.function import ContainerImage
from lambda_emu.model.function.image_package import PushedImage
from lambda_emu.runtimes import Runtime, catalogue
from lambda_emu.sandbox.base import ImageInvalid, Limits, Program, SandboxError, ShuttingDown, StemKind, Wanted
from lambda_emu.sandbox.bootstrap import find_bootstrap
from lambda_emu.sandbox.building.missing import NoRuntime
from lambda_emu.sandbox.engine_threads import EngineThreads
from lambda_emu.sandbox.files import remove_tree
from lambda_emu.sandbox.init.binary import find_init
from lambda_emu.sandbox.init.link import InitAcceptor
from lambda_emu.sandbox.init.orders import Link
from lambda_emu.sandbox.init.ports import Reach, ReachableSandbox, names_of, reach_of
from lambda_emu.sandbox.init.socket_file import NAME, SocketFile
from lambda_emu.sandbox.machine import this_machine
from lambda_emu.sandbox.process.isolation import Isolation
from lambda_emu.sandbox.process.namespaces import PATH, Given, Namespaces
from lambda_emu.sandbox.process.no_isolation import NoIsolation
from lambda_emu.sandbox.toolchain.layout import Toolchain, for_another, make_toolchain
from lambda_emu.sandbox.toolchain.maker import Maker

log = logging.getLogger(__name__)
T = TypeVar("T")

CREATE_LIMIT_S = 30.0
END_LIMIT_S = 5.0
THREADS = 16


async def open_engine(wanted: Wanted, acceptor: InitAcceptor, clock: Clock) -> ProcessEngine:
    """A fresh folder for this session's sandboxes, and the best isolation that can be had. SandboxError off Linux."""
    if sys.platform != "linux":
        raise SandboxError("without Docker lambda-emu runs functions on Linux only")
    init = find_init(os.uname().machine)
    folder = wanted.data_dir / "run" / clock.new_token()
    threads = EngineThreads("the start of the sandbox", 1)
    try:
        await threads.call(_make_fresh, folder)
        isolation = await _best_isolation(folder, init, Given(os.geteuid() == 0, wanted.own_network), threads)
    finally:
        threads.close()
    return ProcessEngine(folder, wanted.cache_dir, isolation, acceptor, clock, strict=wanted.strict_runtimes)


async def _best_isolation(folder: Path, init: Path, given: Given, threads: EngineThreads) -> Isolation:
    namespaces = Namespaces(folder, given)
    try:
        await threads.call(namespaces.build, init)
    except SandboxError as error:
        log.warning("this machine gives us no namespaces (%s)", error)
        return NoIsolation(init)
    return namespaces


def _make_fresh(folder: Path) -> None:
    """What earlier sessions left beside it is nobody's: the data folder is locked."""
    remove_sessions(folder.parent)
    folder.parent.mkdir(exist_ok=True)
    close_to_others(folder.parent, PASSED_THROUGH)
    folder.mkdir(PRIVATE)  # what is mounted of it is mounted by us


class NoImages:
    """Functions packaged as images, where there is no container engine: it has none and can get none."""

    find_pushed: Callable[[str, FunctionId], PushedImage | None]

    async def find(self, uri: str, architecture: str, function: FunctionId) -> None:
        return None

    async def prepare(self, image: ContainerImage, architecture: str, function: FunctionId) -> NoReturn:
        raise ImageInvalid(
            f"{image.uri} needs Docker; functions packaged as images do not run as processes of this machine: "
            "start Docker, then lambda-emu with --engine docker"
        )

    def program(self, image: ContainerImage) -> None:
        return None


class ProcessEngine:
    """Starts inits that dial in, and ends every one of them.

    folder: for this session; cache: what is kept for later ones. strict: no runtime runs on another version.
    """

    def __init__(
        self,
        folder: Path,
        cache: Path,
        isolation: Isolation,
        acceptor: InitAcceptor,
        clock: Clock,
        *,
        strict: bool = False,
    ) -> None:
        self.abilities = isolation.abilities
        self.machine = this_machine()
        self.packaged = NoImages()
        self.isolation = isolation
        self._folder = folder
        self._maker = Maker(cache)
        self._acceptor = acceptor
        self._clock = clock
        self._strict = strict
        self._threads = EngineThreads("starts and ends of processes", THREADS)
        self._toolchains: dict[str, asyncio.Future[Toolchain]] = {}
        self._starting: set[asyncio.Future[ProcessSandbox]] = set()
        self._sandboxes: set[ProcessSandbox] = set()
        self._closed = False

    async def prepare(self, runtime: str, architecture: str) -> str | None:
        toolchain, found = await self._toolchain(runtime, architecture), _known(runtime)
        other = None if toolchain.interpreter is None else toolchain.interpreter.instead_of(found)
        notes = other, for_another(found, architecture, strict=self._strict)
        return "; ".join(filter(None, notes)) or None

    def program(self, runtime: str, handler: str, task: Path, layers: Sequence[Path]) -> Program | None:
        found = _known(runtime)
        bootstrap = find_bootstrap(found, task, layers)
        if bootstrap is None:
            return None
        return self.isolation.program(self._toolchains[runtime].result(), bootstrap, found.environment)

    def early(self, kind: StemKind) -> Program | None:
        """Where nothing can be mounted, the shell tells the runtime where its folders are: it has to be asked anew."""
        may_wait = self.abilities.isolates_files and _known(kind.runtime).may_wait
        return self.program(kind.runtime, "", Path(), ()) if may_wait else None

    async def create(self, kind: StemKind) -> ProcessSandbox:
        starting = asyncio.ensure_future(self._create(kind))
        self._starting.add(starting)
        starting.add_done_callback(self._starting.discard)
        return await asyncio.shield(starting)

    async def _create(self, kind: StemKind) -> ProcessSandbox:
        toolchain = await self._toolchain(kind.runtime, kind.architecture)
        token, secret, folder = (self._clock.new_token() for _ in range(3))
        file = SocketFile(self._folder / folder / "line")
        arriving = self._acceptor.expect(secret, CREATE_LIMIT_S)
        arriving.add_done_callback(lambda _: file.close())
        process = None
        try:
            shared = not self.abilities.isolates_network
            names = names_of(token, shared=shared) if self.abilities.isolates_files else {}
            process = await self._call(self._launch, file, toolchain, kind.tmp_mb, secret, names)
            file.let_in(self._acceptor)
            link = await _first_of(arriving, process)
            reach = await reach_of(link, token, shared=shared, names=names)
            if reach is None:
                raise SandboxError("its init called by TCP")
        except SandboxError as error:
            arriving.cancel()
            words = await self._call(_end, process, file.folder.parent)
            raise SandboxError(f"a sandbox could not be started: {error} {words}") from error
        sandbox = ProcessSandbox(self, process, reach, link, file.folder.parent)
        self._sandboxes.add(sandbox)
        return sandbox

    async def close(self) -> None:
        """Start no more; wait for what is starting and what is ending, and end the rest."""
        self._closed = True
        self._maker.close()
        while under_way := self._under_way():
            await asyncio.wait(under_way)
        await self._call(remove_tree, self._folder)
        self._threads.close()

    async def load(self, sandbox: ProcessSandbox, task: Path, layers: Sequence[Path]) -> None:
        self._check_open()
        await self._call(self.isolation.load, sandbox.folder, task, layers)

    async def end(self, sandbox: ProcessSandbox) -> None:
        try:
            await self._call(_end, sandbox.process, sandbox.folder)
        finally:
            self._sandboxes.discard(sandbox)

    def _under_way(self) -> list[asyncio.Future[Any]]:
        laying_out = [toolchain for toolchain in self._toolchains.values() if not toolchain.done()]
        ending = [asyncio.ensure_future(sandbox.destroy()) for sandbox in self._sandboxes]
        return [*laying_out, *self._starting, *ending]

    async def _toolchain(self, runtime: str, architecture: str) -> Toolchain:
        """What sandboxes of this runtime have of this machine, laid out when first asked for, again after a failure."""
        found = _known(runtime)
        for_another(found, architecture, strict=self._strict)
        self._check_open()
        making = self._toolchains.get(runtime)
        if making is None or (making.done() and making.exception() is not None):
            folder = self._folder / "toolchains" / self._clock.new_token()
            making = self._toolchains[runtime] = self._call(self._make_toolchain, found, folder)
        return await asyncio.shield(making)

    def _make_toolchain(self, runtime: Runtime, folder: Path) -> Toolchain:
        try:
            toolchain = make_toolchain(runtime, folder, self._maker, strict=self._strict)
            self.isolation.prepare_toolchain(toolchain)
        except OSError as error:
            raise SandboxError(f"{runtime.identifier} could not be made ready: {error}") from error
        return toolchain

    def _check_open(self) -> None:
        if self._closed:
            raise ShuttingDown

    def _launch(
        self, file: SocketFile, toolchain: Toolchain, tmp_mb: int, secret: str, names: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        folder = file.folder.parent
        try:
            folder.mkdir(PRIVATE)
            if not file.make():
                raise SandboxError(
                    f"the file system of {self._folder} holds no sockets; name another folder by --data-dir"
                )
            command = self.isolation.prepare(folder, toolchain, tmp_mb, names)
            with (folder / "log").open("wb") as words:
                return subprocess.Popen(
                    command,
                    cwd=folder,
                    env={"PATH": PATH, "LAMBDA_EMU_INIT": f"{self.isolation.line}/{NAME}|::{secret}:processes"},
                    stdin=subprocess.DEVNULL,
                    stdout=words,
                    stderr=words,
                    start_new_session=True,
                )
        except OSError as error:
            raise SandboxError(str(error)) from error

    def _call(self, fn: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        return self._threads.call(fn, *args)


class ProcessSandbox(ReachableSandbox):
    """One init and what it runs. `id` is the pid of the process that holds it all; killing that ends it all."""

    def __init__(
        self, engine: ProcessEngine, process: subprocess.Popen[bytes], reach: Reach, init: Link, folder: Path
    ) -> None:
        super().__init__(str(process.pid), reach, init)
        self.process = process
        self.folder = folder
        self._engine = engine
        self._ending: asyncio.Future[None] | None = None

    async def load(self, task: Path, layers: Sequence[Path]) -> None:
        await self._engine.load(self, task, layers)

    def limit_at_once(self, limits: Limits) -> bool:
        """Nothing to do: /tmp and the number of processes were fixed at creation, and init holds the memory."""
        return True

    async def limit(self, limits: Limits) -> None: ...

    async def destroy(self) -> None:
        """End it; asked twice, it ends once and both wait for it."""
        self.init.close()
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._engine.end(self))
        await asyncio.shield(self._ending)


def _known(runtime: str) -> Runtime:
    found = catalogue().get(runtime)
    if found is None:
        raise NoRuntime(runtime)
    return found


async def _first_of(arriving: asyncio.Future[Link], process: subprocess.Popen[bytes]) -> Link:
    """The link, or SandboxError as soon as the process has ended without calling us."""
    loop = asyncio.get_running_loop()
    ended = os.pidfd_open(process.pid)
    loop.add_reader(ended, arriving.cancel)
    try:
        return await arriving
    except asyncio.CancelledError:
        if process.poll() is None:
            raise
        raise SandboxError(f"its init ended with {process.returncode}") from None
    finally:
        loop.remove_reader(ended)
        os.close(ended)


def _end(process: subprocess.Popen[bytes] | None, folder: Path) -> str:
    """Wait for a sandbox whose connection was closed, by force at last; remove its folder. Returns its last words."""
    if process is not None:
        try:
            process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            log.warning("the sandbox of process %d did not end by itself; killing it", process.pid)
            process.kill()
            process.wait()
    words = folder / "log"
    text = words.read_text(errors="replace") if words.exists() else ""
    remove_tree(folder)
    return " ".join(text.split())[-500:]
