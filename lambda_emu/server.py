"""Builds the rooms, starts and stops them. The one place that knows the order; each step says why it stands there."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_emu.activation import Activator
from lambda_emu.api.effects import tell_of_all
from lambda_emu.api.service import PAGES
from lambda_emu.api.token import publish, withdraw
from lambda_emu.api.wire.bodies import make_spool
from lambda_emu.api.wire.service_model import lambda_model
from lambda_emu.arn import Scope
from lambda_emu.around import Around
from lambda_emu.binaries.check import CodeCheck
from lambda_emu.clock import Clock
from lambda_emu.cloudformation.interrupted import tell_interrupted
from lambda_emu.config import Settings
from lambda_emu.emptying import empty_account, empty_all
from lambda_emu.environment.log import EnvironmentLog
from lambda_emu.environment.states import InitType
from lambda_emu.gateway.callers import Callers
from lambda_emu.gateway.gateway import LIMITS, Gateway
from lambda_emu.gateway.inside import InsideListeners
from lambda_emu.http import descriptors
from lambda_emu.http.listener import Listener, PortSettings, bind
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.asynchronous import AsyncInvoker
from lambda_emu.invoke.invoker import Invoker
from lambda_emu.invoke.runner import PoolRunner
from lambda_emu.logs.store import LogStore
from lambda_emu.logs.stream import LogStream, Origin
from lambda_emu.model.changes.updates import is_settled
from lambda_emu.model.function.function import Function
from lambda_emu.pool.budget import Budget
from lambda_emu.pool.deployment import Deployment
from lambda_emu.pool.endpoints import Endpoints
from lambda_emu.pool.extensions import Extensions
from lambda_emu.pool.inside import Inside
from lambda_emu.pool.pool import Pool
from lambda_emu.pool.starter import Starter
from lambda_emu.pool.stems import Stems
from lambda_emu.project import Project
from lambda_emu.project.resources import ResourceChange
from lambda_emu.public_layers.finder import PublicLayers
from lambda_emu.runtime_api.router import RuntimeApi
from lambda_emu.runtimes import Catalogue, catalogue
from lambda_emu.sandbox.base import Engine, Wanted
from lambda_emu.sandbox.init.link import InitAcceptor
from lambda_emu.sandbox.init.sniffer import ProtocolSniffer
from lambda_emu.sandbox.opening import open_engine
from lambda_emu.sandbox.temporary import leads_to, remove_left, temporary_folder
from lambda_emu.served import SPOOL, Rooms, Served
from lambda_emu.served_project import ServedProject
from lambda_emu.services.neighbours.neighbour import OwnUrls, neighbours, variables
from lambda_emu.shutdown import Shutdown
from lambda_emu.store import Store
from lambda_emu.templates.serving import Addresses, Chosen, Declared, read_declared
from lambda_emu.timekeeper import WRITES, Timekeeper, read_lead
from lambda_emu.work_clock import WorkClock

if TYPE_CHECKING:
    from lambda_emu.services.secrets_extension.listening import SecretsExtension

STEP_LIMIT_S = 60.0
ACTIVATION_LIMIT_S = 1.0
LOOK_S = 0.02
PENDING_WAIT_S = 1.0
USED_AFTER_S = 0.5
"""So long after the first connection who made it has the answer to a first invocation."""


class Emulator:
    """A running lambda-emu. `close` undoes every step of `start` in the opposite order, also when a step failed.

    only: a function of the project that is invoked once; nothing is made ready for others, or for a second time.
    runtimes: what images are made by, in place of this installation's catalogue.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        only: str | None = None,
        runtimes: Catalogue | None = None,
    ) -> None:
        self.settings = settings
        self._only = only
        self._runtimes = runtimes
        self.clock = clock or Clock()
        self.work_clock = WorkClock(self.clock)
        self.loop = Loop()
        self.url = ""
        self.token = settings.token or self.clock.new_token()  # of our own pages
        self.scope = Scope(settings.account, settings.region)  # of callers who name no other
        self.shutdown = Shutdown(self.loop, self.clock, settings.grace_s)

    def start(self) -> Emulator:
        """Serve; returns when requests are answered. SandboxError, OSError or a ProjectError say what is missing."""
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def is_used(self) -> bool:
        """Whether somebody asked, some time ago. Once it serves."""
        first_s = self._listener.first_s
        return first_s is not None and self.clock.monotonic_s() - first_s >= USED_AFTER_S

    @property
    def declared(self) -> Sequence[str]:
        """Names of functions that the project declares."""
        return self._project.functions

    @property
    def addresses(self) -> Addresses:
        """Of what the project declares: its API, URLs, queues."""
        return self._project.addresses

    def wait_until_ready(self) -> None:
        """However long images and clients take, which is told if they do. Not on the loop."""
        self._project.wait_until_ready(self.url)

    def make_apps(self) -> None:
        """Import what answers other requests than small invocations, so that the first of them need not."""
        self.served.make_apps()

    def close(self) -> None:
        """Let what runs go on for `grace_s`, then stop everything; nothing accepted is lost, nothing is left running.

        It is over within `stop_within_s`, whatever hangs.
        """
        self.shutdown.close()

    def reset(self, account: str | None = None) -> None:
        """Empty every account and end every environment; then deploy what the project declares. Not on the loop.

        account: of this one alone; nobody else's time and environments are touched.
        """
        if account is None:
            empty_all(self._rooms, self.served, self.async_invoker.forget)
        else:
            empty_account(self._rooms, self.served, account)
        if account in (None, self.scope.account):
            self._project.deploy()

    def deploy(self, declared: Project | Declared) -> Sequence[ResourceChange]:
        """Make there be what a project declares, and be gone what earlier ones did. Not on the loop. ProjectError."""
        return self._project.deploy(Declared(declared) if isinstance(declared, Project) else declared)

    def wait_until_settled(self, name: str) -> None:
        """Wait for a Pending function, however long its image takes. Not on the loop."""
        id = self.scope.function(name)
        while (function := self.store.function(id)) is not None and not is_settled(function.latest):
            threading.Event().wait(LOOK_S)

    def __enter__(self) -> Emulator:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        declared = self._read_declared()  # first: a mistake in it needs nothing started
        bound = bind(self.settings.host, self.settings.port)
        self.shutdown.call(bound.close)
        self.url = f"http://{self.settings.host}:{bound.getsockname()[1]}"
        self._own_urls = OwnUrls(self.url, self.settings.allowed_hosts)
        self.neighbours = neighbours(self.settings.elsewhere, self._own_urls)
        data_dir = self._data_directory()
        descriptors.allow_many()
        self._start_loop(data_dir)
        self._open_kept(data_dir)
        self._open_environments(data_dir)
        self._open_invocations()
        self.timekeeper = Timekeeper(self.work_clock, self.loop, self.store, self._under_way, self.around.child)
        self.timekeeper.on_set_back = self.around.set_back
        self._serve_inside(data_dir, declared)  # before there are environments with code in them
        self._on_loop(self.async_invoker.start)
        self._project.deploy_functions()
        tell_of_all(self.store, self.served.context.here, self.served.context.notices)
        self._activate()
        self.logs.wait_until_open()  # late: it was looked through meanwhile
        self._open_api(data_dir, bound)  # late: who can reach it is served
        if self._only is None:
            self.around.start()  # after that: some sources are asked by our own port
        self._project.deploy_services()  # last: it is asked for by requests, most of all the child's

    def _read_declared(self) -> Declared:
        settings = self.settings
        cache, env_vars = settings.cache_dir / "templates", settings.env_vars
        by_setting = (settings.strict, env_vars, settings.layers, settings.build, settings.also)
        return read_declared(Chosen(settings.project, settings.parameters, cache, *by_setting), self.scope, self._only)

    def _data_directory(self) -> Path:
        remove_left()
        if not self.settings.ephemeral:
            if self.settings.also:
                self.shutdown.leave(leads_to(self.settings.data_dir))  # for who is in another project's folder
            return self.settings.data_dir
        return self.shutdown.leave(temporary_folder()) / "data"

    def _start_loop(self, data_dir: Path) -> None:
        """And what takes requests on it, who are answered by nobody yet."""
        self.loop.start()
        self.shutdown.call(self.loop.stop)  # last to go: everything else runs on it
        self.clock.bind(self.loop.asyncio)
        callers = Callers((self.settings.host, *self.settings.allowed_hosts), self.settings.allowed_origins)
        self._gateway = Gateway(self.loop, self.clock, data_dir / SPOOL, callers)
        self._inside_gateway = Gateway(self.loop, self.clock, data_dir / SPOOL, callers)
        self._listener = Listener(self._gateway, self.clock, _port_settings(self._gateway))
        self.shutdown.tidy(self._listener.close)  # after the pool, which answers who still waits

    def _open_kept(self, data_dir: Path) -> None:
        """What is on disk, what stands around invocations, and the log."""
        self.store = Store.open(data_dir)
        self.work_clock.take(read_lead(self.store))  # before anything is dated
        tell_interrupted(self.store, self.work_clock.now_s())
        self.shutdown.call(self.store.close)  # after the pool, whose last outcomes it keeps
        self.around = Around(
            self.url, self.neighbours, self.scope, self.store, self.work_clock, self.loop, self.shutdown
        )
        self.around.child.folder = None if self.settings.ephemeral else data_dir / "services"
        one_shot, log_bytes = self._only is not None, self.settings.log_limit_mb * 1024 * 1024
        post, publish = self.loop.post, self.around.publish
        self.logs = LogStore(data_dir / "logs.db", log_bytes, post, in_process=one_shot, publish=publish)
        self.logs.start()
        self.shutdown.call(self.logs.stop)  # after the environments, which write until they end

    def _open_environments(self, data_dir: Path) -> None:
        """The port that environments call, the engine that makes them, the pool that uses them."""
        acceptor = InitAcceptor()
        files, headroom = descriptors.limit_and_headroom()
        self.runtime_api = RuntimeApi(
            self.clock, lambda http: ProtocolSniffer(http, acceptor), files - headroom, self._inside_gateway
        )
        self.shutdown.tidy(self.runtime_api.listener.close)
        settings = self.settings
        wanted = Wanted(
            settings.engine,
            settings.docker_network,
            settings.pull_images,
            data_dir,
            settings.cache_dir,
            settings.strict_runtimes,
            settings.network == "none",
            settings.networks_by_subnet.values(),
            self._runtimes,
        )

        async def listen(host: str) -> int:
            bound = bind(host, 0)
            await self.runtime_api.listener.listen(bound)
            port: int = bound.getsockname()[1]
            return port

        self.lambda_api = InsideListeners(self._inside_gateway, self.clock, _port_settings(self._inside_gateway))
        self.shutdown.tidy(self.lambda_api.end)
        self._extensions = Extensions(partial(self._open_secrets, data_dir / SPOOL))
        self.shutdown.tidy(self._extensions.end)
        opening = open_engine(wanted, acceptor, listen, self.clock)  # mostly waits
        self.engine: Engine = self.loop.run(opening, STEP_LIMIT_S, meanwhile=self._read)
        self.shutdown.end_engine(self.engine)
        self.pool = self.loop.ask(self._make_pool, STEP_LIMIT_S)
        self.shutdown.tidy(self.pool.stop)  # before its engine: what waits is answered

    def _read(self) -> None:
        """What stands around, and the model as far as the first invocation needs it, which should not on the loop."""
        lambda_model().operation("Invoke")
        self.around.read(counts=self._only is None)

    def _open_secrets(self, spool: Path) -> SecretsExtension:
        from lambda_emu.services.secrets_extension.listening import open_secrets  # here: few functions ask it

        return open_secrets(self.url, self.loop, self.work_clock, spool, _port_settings)

    def _make_pool(self) -> Pool:
        stems = self._make_stems()
        cpu_limited = self.settings.cpu == "lambda"
        endpoints = Endpoints(self._own_urls, variables(self.neighbours))
        inside = Inside(self.runtime_api, self.lambda_api, endpoints, self.around.issuer, self._extensions)
        starter = Starter(
            self.engine, inside, stems, self.loop, self.clock, self._environment_log, cpu_limited=cpu_limited
        )
        return Pool(starter, stems, self.clock, self.settings.idle_timeout_s)

    def _make_stems(self) -> Stems:
        networks = self.settings.networks_by_subnet if self.engine.abilities.name == "docker" else {}
        budget = Budget(self.engine, self.loop, self.settings.max_environments or self.engine.machine.bearable)
        if self._only is not None:  # the sandbox it will run in is begun while the API opens
            return Stems(budget, self.loop, self.clock, 1, refills=False, networks=networks)
        return Stems(budget, self.loop, self.clock, self.settings.stems, networks=networks)

    def _environment_log(self, deployment: Deployment, init_type: InitType) -> EnvironmentLog:
        version = deployment.version
        stream = LogStream(Origin.of(version, self.work_clock), self.logs, self.work_clock)
        return EnvironmentLog(version, init_type, stream, deployment.runtime_version, deployment.runtime_version_arn)

    def _open_invocations(self) -> None:
        settings = self.settings
        self._runner = PoolRunner(self.store, self.pool, self.around.recorder, settings.account_concurrency)
        self._code_check = CodeCheck(self.store.artifacts.tree, self._runtimes or catalogue(), self.loop, self.clock)
        pending_wait_s = 0 if settings.activation_delay_s else PENDING_WAIT_S
        self.invoker = Invoker(self.store, self._runner, self.clock, pending_wait_s)
        self.store.subscribe(self.store.functions, self._function_changed)
        self.around.open_results(self.invoker, self.logs, catch_up=settings.catch_up)
        self.async_invoker = AsyncInvoker(self.store, self.invoker, self.loop, self.work_clock, self.around.sequel)
        self.shutdown.drain(self._is_busy)  # before the pool: what runs has its time to answer
        self.shutdown.tidy(self.async_invoker.stop)  # before that: what ends makes room for nothing new
        self.around.open_sources(self.invoker)
        delay_s, strict = settings.activation_delay_s, settings.strict_runtimes
        self.activator = Activator(self.store, self.engine, self.pool, self.loop, self.clock, delay_s, strict=strict)

    def _function_changed(self, before: Function | None, after: Function | None) -> None:
        self.loop.post(self._runner.changed, before, after)
        self.loop.post(self._code_check.changed, before, after)

    def _activate(self) -> None:
        """What is not Active yet goes on; what is gets its stems, so the first invocation finds one.

        Then what is provisioned, which needs the same images.
        """
        there = [function for _, function in self.store.functions.everywhere()]
        self.activator.try_again(there)
        ids = [function.id for function in there]
        self.loop.run(self.activator.activate_all(ids, ACTIVATION_LIMIT_S), STEP_LIMIT_S)
        for _, function in self.store.functions.everywhere():
            self._function_changed(None, function)

    def _serve_inside(self, data_dir: Path, declared: Declared) -> None:
        """What code in environments may ask: the API, and none of our own pages."""
        make_spool(data_dir / SPOOL)
        public_layers = PublicLayers(self.store.artifacts, self.settings.cache_dir, self.settings.layers)
        self.shutdown.tidy(public_layers.close)  # whoever waits for a registry hears that it is over
        self._rooms = Rooms(
            self.settings,
            self.url,
            self.scope,
            self.token,
            data_dir,
            self.work_clock,
            self.loop,
            self.store,
            self.logs,
            self.engine,
            self.pool,
            self.activator,
            self.invoker,
            self.around,
            self.timekeeper,
            public_layers,
        )
        self.served = Served(self._rooms, self.reset, lambda: self._project.is_ready)
        self.shutdown.call(self.served.close_jobs)  # before what they ask: no step is begun any more
        settings, context, alone = self.settings, self.served.context, self._only is not None
        around, activate, shutdown = self.around, self._activate, self.shutdown
        self._project = ServedProject(declared, settings, context, around, activate, shutdown, alone=alone)
        self._project.has_images = self.engine.abilities.name == "docker"
        self._inside_gateway.serve(*self.served.inside)

    def _open_api(self, data_dir: Path, bound: socket.socket) -> None:
        publish(data_dir, self.url, self.token, self.settings.project_files if self._only is None else ())
        self.shutdown.call(withdraw, data_dir)
        self._gateway.serve(*self.served.outside)
        self.loop.run(self._listener.listen(bound), STEP_LIMIT_S)
        self.shutdown.tidy(self._listener.finish)
        self.shutdown.tidy(self.timekeeper.stop)  # before anything ends that time would have waited for

    def _is_busy(self) -> bool:
        """Whether something runs, or somebody has not all of his answer. On the loop."""
        return self.pool.busy or self._listener.busy or self.around.sources.busy

    def _under_way(self) -> Counter[str]:
        """What runs or is being written. On the loop."""
        found = self.loop.unfinished() + self.pool.under_way()
        del found[PAGES.label]  # who looks on, or moves the clock
        found[WRITES] = self.store.unfinished
        found["requests to other services"] = self.around.child.under_way
        return found

    def _on_loop(self, fn: Callable[[], object]) -> None:
        self.loop.ask(fn, STEP_LIMIT_S)


def _port_settings(gateway: Gateway) -> PortSettings:
    files, headroom = descriptors.limit_and_headroom()
    return PortSettings(limits=LIMITS, descriptors=files - 3 * headroom, lingering=headroom, refusal=gateway.refusal)
