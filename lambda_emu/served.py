"""What the port answers: Lambda's API, our own pages, function URLs, the services around."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from lambda_emu.access.evaluated import EVALUATED_IN_CHILD
from lambda_emu.activation import Activator
from lambda_emu.api.context import RequestContext
from lambda_emu.api.effects import has_extensions
from lambda_emu.api.recent_changes import RecentChanges
from lambda_emu.api.s3 import S3
from lambda_emu.api.scope import CallerContexts
from lambda_emu.api.service import LambdaService, OwnPages, is_no_operation
from lambda_emu.api.token import TOKEN
from lambda_emu.arn import FunctionId, Scope
from lambda_emu.around import Around
from lambda_emu.clock import Clock
from lambda_emu.cloudformation.service import CloudFormationService
from lambda_emu.config import ENFORCE, OFF, Settings
from lambda_emu.errors.resources import ImageNotShared
from lambda_emu.gateway.callers import is_loopback
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Service
from lambda_emu.gateway.wsgi import LateApp, WsgiApp
from lambda_emu.guards import Guards
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.invoker import Invoker
from lambda_emu.logs.store import LogStore
from lambda_emu.model.concurrency.provisioned import Readiness
from lambda_emu.model.function.image_package import FoundImage
from lambda_emu.model.function.without_effect import Here
from lambda_emu.notices import Notices
from lambda_emu.pool.pool import EnvironmentInfo, Pool
from lambda_emu.public_layers.finder import PublicLayers
from lambda_emu.runtimes import catalogue
from lambda_emu.sandbox.base import Engine, ImageDenied, SandboxError
from lambda_emu.sandbox.init.local import LOOPBACK
from lambda_emu.sandbox.init.ports import LAMBDA_API_PORT
from lambda_emu.services.cbor import CborService
from lambda_emu.services.cloudwatch.service import CloudWatchService
from lambda_emu.services.eventbridge.service import EventsService
from lambda_emu.services.firehose.service import FirehoseService
from lambda_emu.services.kinesis.service import StreamService
from lambda_emu.services.localstack import LocalStackPages
from lambda_emu.services.logs.service import LogService
from lambda_emu.services.neighbours.service import NeighbourService
from lambda_emu.services.observers import All
from lambda_emu.services.overview import Overview
from lambda_emu.services.registry.late import LateRegistry
from lambda_emu.services.registry.service import TokenOperation
from lambda_emu.services.response_urls import ResponseUrls
from lambda_emu.services.scheduler.service import SchedulerService
from lambda_emu.services.sqs.service import QueueService
from lambda_emu.services.unserved import Forms, Unserved
from lambda_emu.services.unsigned import may_be_unsigned, may_be_unsigned_for_s3
from lambda_emu.signatures.refusals import Family
from lambda_emu.store import Store
from lambda_emu.timekeeper import Timekeeper
from lambda_emu.triggers.api_kinds import KINDS
from lambda_emu.triggers.execute_api.service import ApiHosting, ExecuteApi
from lambda_emu.triggers.function_urls import FunctionUrls
from lambda_emu.triggers.load_balancers.service import LoadBalancers
from lambda_emu.triggers.rest_operations import CONTROL_PLANE, OwnOperations

if TYPE_CHECKING:
    from lambda_emu.cloudformation.jobs import Jobs
    from lambda_emu.cloudformation.serving import StackServer
    from lambda_emu.services.cloudwatch.serving import MetricServer
    from lambda_emu.services.eventbridge.serving import EventsServer
    from lambda_emu.services.kinesis.serving import StreamServer
    from lambda_emu.services.sqs.serving import QueueServer

log = logging.getLogger(__name__)

SPOOL = "spool"
"""Folder below the data directory: bodies that are too large to be kept in memory."""
LOOP_LIMIT_S = 60.0
FIND_IMAGE_S = 2.0
CHANGE_HELD_S = 0.5
CLOSE_JOBS_S = 1.0
END_JOBS_S = 5.0
"""So long jobs of stacks may take for the step that they are at."""
WRITE_LOGS_S = 1.0
"""Who reads a log waits so long for what is not in it yet."""


class Rooms(Struct, frozen=True):
    """What requests reach. url, token: of the port and of our own pages. scope: of callers who name no other.

    clock: of work; requests by HTTP come at the machine's time.
    """

    settings: Settings
    url: str
    scope: Scope
    token: str
    data_dir: Path
    clock: Clock
    loop: Loop
    store: Store
    logs: LogStore
    engine: Engine
    pool: Pool
    activator: Activator
    invoker: Invoker
    around: Around
    timekeeper: Timekeeper
    public_layers: PublicLayers


class Served:
    """The services of one port, in the order in which they are asked.

    context: what operations may ask, for callers who name no account. inside: what code in environments may ask;
    outside: what everybody else may. apis, balancers: they know what their control planes said.
    """

    def __init__(self, rooms: Rooms, reset: Callable[[str | None], None], is_ready: Callable[[], bool]) -> None:
        """reset: empties an account, or every one. is_ready: whether all is there that the project declares."""
        self._rooms = rooms
        self._is_ready = is_ready
        self._reset = reset
        self.response_urls = self._make_response_urls()
        self._jobs: Jobs | None = None
        self.context = self._make_context()
        self._api = LateApp(partial(_make_api, self.context))
        self._pages = LateApp(self._make_pages)
        child, invoke, machine = rooms.around.child, rooms.invoker.invoke, rooms.clock.machine
        self._guards = Guards(rooms.settings, rooms.scope, machine, rooms.loop, rooms.store, rooms.around)
        signers, self.access = self._guards.signers, self._guards.access
        hosting = ApiHosting(signers, rooms.url, rooms.around.issuer, self._guards.may_invoke)
        self.apis = apis = ExecuteApi(KINDS, rooms.store, invoke, rooms.loop, machine, child, hosting)
        self.balancers = LoadBalancers(rooms.store, invoke, rooms.loop, machine, child)
        self.registry = LateRegistry(rooms.data_dir, rooms.around, machine, rooms.loop, rooms.url)
        if rooms.settings.iam != OFF:
            self.registry.hold_to(self.access.check, self._guards.may_take, is_strict=rooms.settings.iam == ENFORCE)
        rooms.engine.packaged.find_pushed = self.registry.find
        child.observer = All(apis, self.balancers, self.access, self.registry)
        self._guards.hold_to_policies()
        rooms.around.alarms.printed = partial(rooms.logs.flush, WRITE_LOGS_S)
        urls = FunctionUrls(rooms.store, invoke, rooms.loop, machine, signers)
        around = self._around(self._ours())
        lambda_ = self._guards.before(LambdaService(self._api, CallerContexts(self.context)), is_no_operation, "lambda")
        others: Sequence[Service] = (lambda_, Unserved(), Forms(around), *around)
        self.overview = Overview(rooms.around.neighbours, child)
        localstack = LocalStackPages(self.overview, is_ready)
        first = (urls, apis, self.balancers, self.response_urls, self.registry.service)
        self.outside: Sequence[Service] = (*first, OwnPages(self._pages), localstack, *others)
        self.inside: Sequence[Service] = (*first, localstack, *others)

    def _ours(self) -> Mapping[str, Service]:
        """Services of our own, by name. What serves one, and its imports, is made when somebody first asks it."""
        rooms = self._rooms
        return {
            "sqs": QueueService(self._make_queues),
            "kinesis": StreamService(self._make_streams),
            "cloudwatch": CborService(CloudWatchService(self._make_metrics), "cloudwatch"),
            "events": EventsService(self._make_events),
            "logs": LogService(lambda: rooms.around.log_groups.make_server(rooms.scope)),
            "firehose": FirehoseService(lambda: rooms.around.delivery_streams.make_server(rooms.scope)),
            "cloudformation": CloudFormationService(self._make_stacks),
            "scheduler": SchedulerService(lambda: rooms.around.schedules.make_server(rooms.scope)),
        }

    def _around(self, ours: Mapping[str, Service]) -> Sequence[Service]:
        """The services around Lambda: first what others serve, and last S3, which has any path."""
        rooms = self._rooms
        theirs = {one.name: NeighbourService(one, rooms.scope.region, rooms.loop) for one in rooms.around.neighbours}
        if "apigatewayv2" in theirs:
            self._read_apis_of(theirs["apigatewayv2"])
        own = {name: service for name, service in ours.items() if name not in theirs}
        guarded = [self._guards.before(service, may_be_unsigned, name) for name, service in own.items()]
        *childs, objects = rooms.around.child.services
        for one in childs:
            service: Service = one
            if CONTROL_PLANE in one.claims.signed_for:
                service = OwnOperations(one, self.apis, rooms.around.child, rooms.loop, rooms.scope)
            if "ecr" in one.claims.signed_for:
                service = TokenOperation(one, partial(self.registry.token, rooms.scope))
            guarded.append(self._guards.before(service, may_be_unsigned, *EVALUATED_IN_CHILD, is_shared=True))
        s3 = self._guards.before(objects, may_be_unsigned_for_s3, "s3", family=Family.S3)
        return (*theirs.values(), *guarded, s3, *([theirs["s3"]] if "s3" in theirs else []))

    def _read_apis_of(self, neighbour: NeighbourService) -> None:
        """HTTP APIs that are kept there are served here."""
        from lambda_emu.triggers.http_apis.elsewhere import ControlPlane, Watch  # here: few have that

        rooms = self._rooms
        self.apis.elsewhere = lambda: ControlPlane(rooms.around.clients.call, rooms.scope, rooms.loop).read
        neighbour.observer = Watch(self.apis.changed)

    def _make_queues(self) -> QueueServer:
        from lambda_emu.services.sqs.serving import QueueServer  # here: most servers are never asked

        rooms = self._rooms
        return QueueServer(rooms.around.queues.open(), rooms.clock, rooms.scope, rooms.url)

    def _make_streams(self) -> StreamServer:
        from lambda_emu.services.kinesis.rates import Rates  # here: most servers are never asked
        from lambda_emu.services.kinesis.serving import StreamServer

        rooms = self._rooms
        streams = rooms.around.streams.open()
        streams.rates = Rates(rooms.clock) if rooms.settings.shard_limits else None
        return StreamServer(streams, rooms.clock, rooms.scope)

    def _make_events(self) -> EventsServer:
        from lambda_emu.services.eventbridge.serving import EventsServer  # here: most servers are never asked

        rooms = self._rooms
        return EventsServer(rooms.around.buses.open(), rooms.clock, rooms.scope, rooms.around.issuer.secret_of)

    def _make_stacks(self) -> StackServer:
        from lambda_emu.access.stacks import StackAccess  # here: most servers are never asked
        from lambda_emu.cloudformation.deploying import Deployer
        from lambda_emu.cloudformation.jobs import Jobs
        from lambda_emu.cloudformation.serving import StackServer

        jobs = self._jobs = self._jobs or Jobs()
        rooms, around, cache = self._rooms, self._rooms.around, self._rooms.settings.cache_dir / "templates"
        access = StackAccess(self.access, rooms.loop, around.clients, around.clients_as, around.issuer)

        def deployer(request: Request) -> Deployer:
            return Deployer(partial(access.act_as, request), jobs, cache)

        return StackServer(CallerContexts(self.context).of, deployer, access)

    def close_jobs(self) -> None:
        """Of stacks, as the server ends. Not on the loop."""
        if self._jobs is not None:
            self._jobs.close()  # first: who waits no longer would else undo what is made so far
        self.response_urls.close()
        if self._jobs is not None:
            self._jobs.wait(None, CLOSE_JOBS_S)

    def end_jobs(self, account: str | None) -> None:
        """Of stacks of an account, or of all, which are to be forgotten. Not on the loop."""
        if self._jobs is not None:
            self._jobs.end(account)
        self.response_urls.empty(account)
        if self._jobs is not None:
            self._jobs.wait(account, END_JOBS_S)

    def _make_metrics(self) -> MetricServer:
        from lambda_emu.services.cloudwatch.serving import MetricServer  # here: most servers are never asked

        rooms = self._rooms
        around = rooms.around
        make_alarms, printed = around.alarms.make_server, around.alarms.printed
        return MetricServer(around.recorder, around.child, rooms.loop, rooms.clock, rooms.scope, printed, make_alarms)

    def forget(self) -> None:
        """What control planes said, who are asked again. Not on the loop."""
        for known in (self.apis, self.balancers, self.access):
            self._rooms.loop.ask(known.forget, LOOP_LIMIT_S)
        try:
            self.registry.sweep()
        except Exception:
            log.exception("What images left in the registry stays until the next one goes")

    def make_apps(self) -> None:
        """Import what answers other requests than small invocations, so that the first of them need not.

        On the main thread it takes less memory than on another, which has an arena of its own.
        """
        try:
            self._api.make()
            self._pages.make()
        except Exception:
            log.exception("Flask could not be imported ahead; the next request that needs it tries again")

    def _make_context(self) -> RequestContext:
        rooms, settings = self._rooms, self._rooms.settings
        return RequestContext(
            store=rooms.store,
            clock=rooms.clock,
            scope=rooms.scope,
            runtimes=catalogue(),
            activator=rooms.activator,
            invoker=rooms.invoker,
            readiness=self._readiness,
            base_url=rooms.url,
            account_concurrency=settings.account_concurrency,
            s3=self._s3(),
            find_image=self._find_image,
            find_layer=rooms.public_layers.find,
            knows_layer=rooms.public_layers.knows,
            account_known="account" in settings.given,
            notices=Notices(),
            here=self._here(),
            sources=rooms.around.sources,
            response_urls=self.response_urls,
            keep_role=rooms.around.keep_role,
            changes=RecentChanges(rooms.clock.machine, CHANGE_HELD_S if settings.activation_delay_s == 0 else 0),
        )

    def _make_response_urls(self) -> ResponseUrls:
        """By the port, unless an environment hides that from its code."""
        rooms = self._rooms
        inside = f"http://{LOOPBACK}:{LAMBDA_API_PORT}" if rooms.engine.abilities.hides_loopback else rooms.url
        return ResponseUrls(rooms.clock.new_token, rooms.url, inside)

    def _s3(self) -> S3:
        """From which code is taken. In our own an account finds what it has put there."""
        rooms = self._rooms
        spool, theirs = rooms.data_dir / SPOOL, next((one for one in rooms.around.neighbours if one.name == "s3"), None)
        if theirs is not None:
            return S3(theirs.url, spool, rooms.clock.machine)
        return S3(
            rooms.url, spool, rooms.clock.machine, credentials=lambda account: rooms.around.credentials(account, "s3")
        )

    def _make_pages(self) -> WsgiApp:
        from lambda_emu.api.own_pages import Insight, add_pages, create_pages  # here: with it comes Flask
        from lambda_emu.logs.reader import LogReader

        rooms, abilities = self._rooms, self._rooms.engine.abilities
        app = create_pages(rooms.store)
        insight = Insight(
            abilities.name,
            rooms.scope,
            self._describe,
            LogReader(rooms.data_dir / "logs.db"),
            partial(rooms.logs.flush, WRITE_LOGS_S),
            self._reset,
            rooms.token,
            str(rooms.data_dir / TOKEN),
            not (abilities.hides_loopback and is_loopback(rooms.settings.host)),
            lambda: rooms.pool.occupancy,  # on a worker: what was so a moment ago
            self._is_ready,
            self.overview.told,
            rooms.timekeeper,
            self.access.told,
        )
        add_pages(app, insight)
        return app

    def _here(self) -> Here:
        networks = self._rooms.settings.networks_by_subnet if self._rooms.engine.abilities.name == "docker" else {}
        return Here(networks, partial(has_extensions, self._rooms.store))

    def _find_image(self, uri: str, architecture: str, function: FunctionId) -> FoundImage | None:
        """On a worker: what the engine says in FIND_IMAGE_S. What it does not say now, the activation finds out.

        ImageNotShared.
        """
        try:
            return self._rooms.loop.run(self._rooms.engine.packaged.find(uri, architecture, function), FIND_IMAGE_S)
        except ImageDenied as error:
            raise ImageNotShared from error
        except (SandboxError, TimeoutError) as error:
            log.info("image %s is looked for later: %s", uri, error)
            return None

    def _describe(self) -> list[EnvironmentInfo]:
        return self._rooms.loop.ask(self._rooms.pool.describe, LOOP_LIMIT_S)

    def _readiness(self, deployment_ids: Sequence[str]) -> Sequence[Readiness]:
        pool = self._rooms.pool
        return self._rooms.loop.ask(lambda: [pool.readiness(id) for id in deployment_ids], LOOP_LIMIT_S)


def _make_api(context: RequestContext) -> WsgiApp:
    from lambda_emu.api.app import create_app  # here: with it comes Flask

    return create_app(context)
