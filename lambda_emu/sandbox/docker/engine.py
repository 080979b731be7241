"""Sandboxes as Docker containers: our init as PID 1, everything Lambda forbids forbidden, limits set by the engine.

Engine calls block, so each runs on a worker of this engine's own; what goes wrong leaves this module as SandboxError.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import docker
import docker.errors
from msgspec.structs import replace

from lambda_emu.clock import Clock
from lambda_emu.sandbox.base import (
    Abilities,
    Listen,
    Program,
    SandboxError,
    StemKind,
    Wanted,
)
from lambda_emu.sandbox.bootstrap import find_bootstrap
from lambda_emu.sandbox.building.image_plan import OURS
from lambda_emu.sandbox.building.missing import NoImage
from lambda_emu.sandbox.docker.call import InitCall, SocketNotCalled
from lambda_emu.sandbox.docker.client import (
    ENGINE_THREADS,
    ImageGone,
    closed_on_failure,
    connect,
    engine_errors,
    find_left,
    try_to_remove,
)
from lambda_emu.sandbox.docker.containers import Containers
from lambda_emu.sandbox.docker.function_images import FunctionImages
from lambda_emu.sandbox.docker.home import Home, prepare_folder
from lambda_emu.sandbox.docker.image_builder import ImageBuilder
from lambda_emu.sandbox.docker.images import Images
from lambda_emu.sandbox.docker.limits import ContainerLimits, find_cpu_limit, first_limits, update_limits
from lambda_emu.sandbox.docker.network import HOST, ContainerNetworks, hides_loopback
from lambda_emu.sandbox.docker.sandbox import DockerSandbox
from lambda_emu.sandbox.docker.volumes import remove_likes
from lambda_emu.sandbox.engine_threads import EngineThreads
from lambda_emu.sandbox.files import remove_tree
from lambda_emu.sandbox.init.link import InitAcceptor
from lambda_emu.sandbox.init.local import LocalLink
from lambda_emu.sandbox.init.orders import Link
from lambda_emu.sandbox.init.ports import reach_of
from lambda_emu.sandbox.init.socket_file import SocketFile
from lambda_emu.sandbox.leases import own_lease
from lambda_emu.sandbox.machine import Machine, this_machine
from lambda_emu.sandbox.temporary import let_through

log = logging.getLogger(__name__)
T = TypeVar("T")

MB = 1024 * 1024
CREATE_LIMIT_S = 30.0
END_LIMIT_S = 4.0
"""How long containers may take to end by themselves when all of them end; the whole shutdown has 10 s."""
CALLS_END_S = 2.0
"""How long it is waited for calls under way; the engine may have stopped answering them."""
LOOK_S = 0.05
MAKING_THREADS = 8
"""For pulls and builds, which take minutes: calls that start, limit and remove containers do not wait behind them."""
STARTS_AT_ONCE = 8
"""Containers that start together; 50 at once on two cores made each take longer than all of them one by one."""

ABILITIES = Abilities(
    name="docker",
    limits_cpu=True,
    limits_tmp=True,
    limits_memory=True,
    limits_pids=True,
    isolates_files=True,
    isolates_network=True,
    hides_loopback=True,
    filters_calls=True,  # unless it was told otherwise
)


async def open_engine(wanted: Wanted, acceptor: InitAcceptor, listen: Listen, clock: Clock) -> DockerEngine:
    """Connect, find the way back to us, and clear away what a killed emulator left."""
    threads = EngineThreads("calls of the engine", ENGINE_THREADS)
    try:
        client = await threads.call(connect)
        with closed_on_failure(client):
            networks = ContainerNetworks(client, wanted.network, listen)
            own = await networks.of("", threads.call)
            session = clock.new_token()
            home = Home(session, own_lease(), wanted.data_dir / "run" / session)
            await threads.call(prepare_folder, home)
            await threads.call(_let_engine_in, client, wanted.data_dir)
            await threads.call(_clear_away, client)
            machine = await threads.call(_machine, client)
    finally:
        threads.close()
    images = Images(client, wanted.runtimes, clock)
    builder = ImageBuilder(client, images, wanted.cache_dir, pulls=wanted.pull_images)
    engine = DockerEngine(client, builder, acceptor, networks, home, clock)
    engine.machine = machine
    shared = own.shared or HOST in wanted.vpc_networks
    hidden = not shared and hides_loopback(own, wanted.vpc_networks)
    engine.abilities = replace(ABILITIES, isolates_network=not shared, hides_loopback=hidden)
    return engine


def _machine(client: docker.DockerClient) -> Machine:
    """Where its containers run, which may be a virtual machine, or far away."""
    with engine_errors("asking Docker what it runs on"):
        info = client.info()
    here = this_machine()
    cores, memory = info.get("NCPU") or here.cores, info.get("MemTotal") or here.memory_mb * MB
    return Machine(cores, memory // MB, here.processes)


def _let_engine_in(client: docker.DockerClient, data_dir: Path) -> None:
    """Where the engine's root is another user outside, runc before 1.1 mounts only below folders that one may enter."""
    with engine_errors("asking Docker how it runs"):
        remapped = "name=userns" in client.info().get("SecurityOptions", ())
    if remapped:
        let_through(data_dir)


def _clear_away(client: docker.DockerClient) -> None:
    """What a killed emulator left."""
    for container in find_left(client):
        try_to_remove(client, container["Id"])


class DockerEngine:
    """Starts containers that dial in, and forgets none of them."""

    def __init__(
        self,
        client: docker.DockerClient,
        builder: ImageBuilder,
        acceptor: InitAcceptor,
        networks: ContainerNetworks,
        home: Home,
        clock: Clock,
    ) -> None:
        self.abilities = ABILITIES
        self.machine = this_machine()
        self.containers = Containers(client, home)
        self._client = client
        self._images = builder.images
        self._builder = builder
        self._acceptor = acceptor
        self._networks = networks
        self._home = home
        self._clock = clock
        self._calls = EngineThreads("calls of the engine", ENGINE_THREADS)
        self._making = EngineThreads("pulls and builds of images", MAKING_THREADS)
        self._tags: dict[tuple[str, str], str] = {}
        self._why_not: dict[tuple[str, str], str] = {}  # why there is no image; somebody may pull it yet
        self._starting = asyncio.Semaphore(STARTS_AT_ONCE)
        self._is_called = False  # whether one has called it
        self._listens = False  # whether inits may call by TCP: one could not call it
        self.packaged = FunctionImages(client, self._call, self._make, home.labels, pull=builder.pulls)

    async def prepare(self, runtime: str, architecture: str) -> str | None:
        def progress(line: str) -> None:
            log.warning("%s: %s", runtime, line)  # somebody waits for it, for a minute or two

        try:
            tag = await self._call(self._images.use, runtime, architecture)
            if tag is None:
                tag = await self._make(self._builder.ensure, runtime, architecture, progress)
        except SandboxError as error:
            self._why_not[runtime, architecture] = str(error)
            raise
        self._tags[runtime, architecture] = tag
        self._why_not.pop((runtime, architecture), None)
        return self._images.known(runtime).warning(architecture) if tag.startswith(OURS) else None

    def program(self, runtime: str, handler: str, task: Path, layers: Sequence[Path]) -> Program | None:
        found = self._images.known(runtime)
        bootstrap = find_bootstrap(found, task, layers)
        return None if bootstrap is None else Program([bootstrap], found.environment)

    def early(self, kind: StemKind) -> Program | None:
        """In images of ours, AWS's bootstrap does not wait; and where inits pass the socket at which it asks."""
        tag = self._tags.get((kind.runtime, kind.architecture), "")
        if self._listens or not tag.startswith(OURS) or not self._images.known(kind.runtime).may_wait:
            return None
        return self.program(kind.runtime, "", Path(), ())

    async def create(self, kind: StemKind) -> DockerSandbox:
        async with self._starting:
            if kind.image:
                kind = replace(kind, image=await self.packaged.look_at(kind.image))
            try:
                return await self._create(kind)
            except SocketNotCalled:
                self._listens = True
                return await self._create(kind)

    async def _create(self, kind: StemKind) -> DockerSandbox:
        network = await self._networks.of(kind.network, self._call)
        port = await self._networks.port(network) if self._listens else 0
        token, secret = self._clock.new_token(), self._clock.new_token()
        folder = self._home.run_dir / self._clock.new_token()  # a name that says nothing: others may list processes
        call = InitCall(token, secret, SocketFile(folder / "line"), network, port)
        arriving = self._acceptor.expect(secret, CREATE_LIMIT_S)
        arriving.add_done_callback(lambda _: call.file.close())
        try:
            container = await self._call(self._start, kind, call)
        except SandboxError:
            arriving.cancel()
            self._networks.forget(kind.network)
            await self._call(remove_tree, folder)
            raise
        if not arriving.done():
            call.file.let_in(self._acceptor)
        try:
            link = await self._arrival(arriving, call, container)
            reach = await reach_of(link, token, shared=network.shared, names=call.inside)
        except SandboxError:
            arriving.cancel()
            self._networks.forget(kind.network)
            await self._call(self.containers.remove, container, folder)
            raise
        cpu = find_cpu_limit(link.pid, container) if isinstance(link, LocalLink) else None
        update = partial(self._call, update_limits, self._client.api, container)
        limits = ContainerLimits(first_limits(kind), cpu, update)
        return DockerSandbox(self.containers, container, reach or call.reach, link, folder, limits, self._calls)

    async def _arrival(self, arriving: asyncio.Future[Link], call: InitCall, container: str) -> Link:
        """The link of a container's init. SocketNotCalled: it has ended, and no other one could call our socket yet."""
        while not (self._is_called or call.port or arriving.done()):
            await asyncio.wait((arriving,), timeout=LOOK_S)
            if not (arriving.done() or await self._call(self.containers.runs, container) or arriving.done()):
                raise SocketNotCalled
        try:
            link = await arriving
        except SandboxError as error:
            raise SandboxError(
                f"container {container[:12]} did not call {call.ways} ({error}); `lambda-emu doctor` tells why"
            ) from error
        self._is_called = self._is_called or not call.port
        return link

    async def close(self) -> None:
        """Wait for what is ending, force what is not, end threads and connections. Every sandbox was let go before."""
        self.packaged.close()  # first: a pull or a build would hold its thread for a minute
        self._builder.close()
        under_way = []
        for threads in (self._calls, self._making):
            threads.close()  # all containers go: none needs an order of its own
            under_way += [asyncio.wrap_future(call) for call in list(threads.unfinished)]
        try:
            with suppress(TimeoutError):  # what was being started is there then; who asked for it hears what came of it
                await asyncio.wait_for(asyncio.gather(*under_way, return_exceptions=True), CALLS_END_S)
            await self._remove_all()
        except SandboxError as error:
            log.warning("containers may be left; `lambda-emu prune` ends them: %s", error)
        finally:
            self._client.close()

    async def _remove_all(self) -> None:
        threads = EngineThreads("the end of containers", ENGINE_THREADS)
        try:
            patient_until_s = self._clock.monotonic_s() + END_LIMIT_S
            while (left := await threads.call(self.containers.left)) and self._clock.monotonic_s() < patient_until_s:
                await asyncio.sleep(LOOK_S)  # the engine removes them as their inits end, faster than we could
            await asyncio.gather(*(threads.call(try_to_remove, self._client, one) for one in left))
            if self.packaged.has_made_images:
                await threads.call(remove_likes, self._client, self.containers.session_label)
            await threads.call(remove_tree, self._home.run_dir)
        finally:
            threads.close()

    def _start(self, kind: StemKind, call: InitCall) -> str:
        """On a worker. An image that somebody removed is looked for anew, by the next one too."""
        try:
            return self.containers.start(kind.image or self._base_image(kind), kind, call)
        except ImageGone:
            if not kind.image:
                self._tags.pop((kind.runtime, kind.architecture), None)
                self._base_image(kind)
            raise

    def _base_image(self, kind: StemKind) -> str:
        key = kind.runtime, kind.architecture
        try:
            return self._tags.get(key) or self._images.get(*key)
        except NoImage as error:
            raise SandboxError(self._why_not.get(key, str(error))) from error

    def _call(self, fn: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        return self._calls.call(fn, *args)

    def _make(self, fn: Callable[..., T], *args: Any) -> asyncio.Future[T]:
        return self._making.call(fn, *args)
