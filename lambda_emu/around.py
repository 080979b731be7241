"""What stands around invocations: where events come from, where results go, what counts them, other services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.destinations.actor import Actor
from lambda_emu.destinations.buses import BusSender
from lambda_emu.destinations.delivery_streams import DeliveryStreamSender
from lambda_emu.destinations.events import EventDestinations
from lambda_emu.destinations.log_groups import LogGroupSender
from lambda_emu.destinations.outbox import Outbox
from lambda_emu.destinations.senders import ClientSender, FunctionSender, QueueSender, Sender
from lambda_emu.errors.base import LambdaError
from lambda_emu.event_sources.context import PollingContext
from lambda_emu.event_sources.leave import LateLeave
from lambda_emu.event_sources.mappings import EventSources
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.invoker import Invoker
from lambda_emu.logs.store import LogStore
from lambda_emu.model.concurrency.limits import set_aside
from lambda_emu.model.credentials import Credentials
from lambda_emu.model.iam.late_role import LateRole
from lambda_emu.model.mappings.sources import SourceKind
from lambda_emu.services.child.service import OtherServices
from lambda_emu.services.clients import Clients
from lambda_emu.services.eventbridge.service import LateBuses
from lambda_emu.services.kinesis.late import LateStreams
from lambda_emu.services.late import LateRoom
from lambda_emu.services.late_roles import LateRoles
from lambda_emu.services.neighbours.neighbour import Neighbour
from lambda_emu.services.sqs.late import LateQueues
from lambda_emu.shutdown import Shutdown
from lambda_emu.signatures.issuing import open_issuer
from lambda_emu.store import Store
from lambda_emu.triggers.alarms import Alarms
from lambda_emu.triggers.chains import Chains
from lambda_emu.triggers.delivery_streams import LateDeliveryStreams
from lambda_emu.triggers.log_groups import LogGroups
from lambda_emu.triggers.schedules import Schedules

if TYPE_CHECKING:  # they take their time
    from lambda_emu.event_sources.driver import PolledKind
    from lambda_emu.metrics.embedded import Embedded
    from lambda_emu.metrics.recorder import Recorder
    from lambda_emu.polled import Polled
    from lambda_emu.services.eventbridge.delivery import Deliveries
    from lambda_emu.services.timetable.table import Owner
    from lambda_emu.triggers.delivery_sources import KinesisSource
    from lambda_emu.triggers.subscriptions import Subscriptions

STEP_LIMIT_S = 60.0


class Around:
    """Made, read and opened in this order, each before what needs it; the steps that end it are told to `shutdown`.

    neighbours: services that others serve. clients: ask any service, once the port serves. issuer: of temporary
    credentials. recorder: once it was read. sources: once events can come in. All others: once results can go out.
    """

    recorder: Recorder
    outbox: Outbox
    schedules: Schedules
    buses: LateBuses
    log_groups: LogGroups
    delivery_streams: LateDeliveryStreams
    alarms: Alarms
    sequel: EventDestinations
    sources: EventSources

    def __init__(
        self,
        url: str,
        neighbours: Sequence[Neighbour],
        scope: Scope,
        store: Store,
        clock: Clock,
        loop: Loop,
        shutdown: Shutdown,
    ) -> None:
        """Before the logs, whose last lines may hold metrics. url: of the port. scope: of callers who name no other."""
        self.issuer = open_issuer(store.folder, clock.machine)
        self.neighbours = neighbours
        self._store = store
        self._clock = clock
        self._loop = loop
        self._url = url
        self._shutdown = shutdown
        self._is_counting = False
        self._rooms: Sequence[LateRoom[Any]] = ()  # of our own services, each opened when it is needed; they send
        shutdown.call(self._stop_counting)  # after all who tell of facts
        self.queues = LateQueues(store, loop, clock)
        self.streams = LateStreams(store, loop, clock)
        self._kept: Sequence[LateRoom[Any]] = (self.queues, self.streams)
        self.child = OtherServices(loop, url, scope, clock, self.issuer)
        self.child.late = LateRoles(store)
        shutdown.call(self.child.close)  # after the environments, whose code may use it until they end
        self._chains = Chains()
        self.clients = Clients(lambda: url, self.credentials)
        shutdown.call(self.clients.close)

    def read(self, *, counts: bool) -> None:
        """Queues, streams and metrics. counts: whether what is counted is kept."""
        from lambda_emu.metrics.file import MetricFile  # here: they take their time
        from lambda_emu.metrics.recorder import Recorder

        metrics = MetricFile(self._store.folder / "metrics.db")
        self.recorder = Recorder(metrics, self._loop, self._clock, self._set_aside)
        for kept in self._kept:
            kept.open_what_is_left()
        self._is_counting = counts

    def open_results(self, invoker: Invoker, logs: LogStore, *, catch_up: bool) -> None:
        """Let results go out, and what comes by itself to its target, once they are started.

        logs: of functions. catch_up: all that was due while no server ran is made up for.
        """
        self._invoker = invoker
        self.outbox = Outbox(self._store, self._loop, self._clock, self._senders(invoker))
        invoker.count = self.outbox.count = self.recorder.add
        self.sequel = EventDestinations(self.outbox, self._clock)
        self._shutdown.tidy(self.outbox.stop)  # before the pool: what ends with it is delivered by a later run
        self._rooms = self._make_rooms(invoker, logs, catch_up=catch_up)
        for room in self._rooms:
            self._shutdown.tidy(room.close)  # before the outbox, to which what is due is brought

    def _senders(self, invoker: Invoker) -> Mapping[str, Sender]:
        """Who brings what to a target, by its service: ours without the port, where nobody else serves it."""
        loop, clock = self._loop, self._clock
        elsewhere = ClientSender(self.clients.call, loop)
        functions = FunctionSender(invoker.invoke, loop, clock)
        functions.began = self._chains.began
        ours: Mapping[str, Sender] = {
            "sqs": QueueSender(self.queues, loop),
            "firehose": DeliveryStreamSender(lambda: self.delivery_streams, loop),
            "events": BusSender(lambda: self.buses, elsewhere, loop, clock),
        }
        return {
            **dict.fromkeys(("kinesis", "s3", "scheduler", "sns", "states"), elsewhere),
            **{name: elsewhere if self._is_elsewhere(name) else sender for name, sender in ours.items()},
            "lambda": functions,
            "logs": LogGroupSender(self.clients.call, loop, clock),
        }

    def _make_rooms(self, invoker: Invoker, logs: LogStore, *, catch_up: bool) -> Sequence[LateRoom[Any]]:
        """Our own services that have something happen by themselves."""
        store, loop, clock, outbox = self._store, self._loop, self._clock, self.outbox
        others = {"events": self._make_due_rules}
        self.schedules = Schedules(store, loop, clock, outbox, others, catch_up=catch_up)
        self.buses = LateBuses(store, loop, clock, self._make_deliveries, self.schedules.open)
        self.log_groups = LogGroups(store, logs, loop, clock, self._make_subscriptions)
        call, invoke = self.clients.call, invoker.invoke
        self.delivery_streams = LateDeliveryStreams(store, loop, clock, call, invoke, self._open_stream)
        has_buses = not self._is_elsewhere("events")
        self.alarms = Alarms(store, loop, clock, outbox, self.recorder, has_buses=has_buses)
        return self.schedules, self.buses, self.log_groups, self.delivery_streams, self.alarms

    def _make_due_rules(self) -> Owner:
        from lambda_emu.triggers.rules import DueRules  # here: most servers have no rules

        return DueRules(self.outbox, self._clock)

    def _make_subscriptions(self) -> Subscriptions:
        from lambda_emu.triggers.subscriptions import Subscriptions

        call, publish = self.clients.call, self.publish
        return Subscriptions(self._store, self.outbox, self._clock, self._chains, call, publish, self._refusal)

    def _refusal(self, actor: Actor, action: str, resource: str) -> str | None:
        """AWS's text why it may not; None: it may, or nobody is asked. Not on the loop."""
        find = self.delivery_streams.find_refusal
        if find is None:
            return None
        try:
            return self._loop.run(find(actor, action, resource), STEP_LIMIT_S)
        except LambdaError as error:
            return error.text or error.code

    def _make_deliveries(self) -> Deliveries:
        from lambda_emu.triggers.rules import RuleDeliveries

        return RuleDeliveries(self.outbox, self._invoker.admit, self._clock)

    def start(self) -> None:
        """Let results go out, and events come in by themselves: what is due, what is polled.

        Once the port serves, by which services are asked. Not on the loop.
        """
        self._loop.ask(self.outbox.start, STEP_LIMIT_S)
        for room in self._rooms:
            room.open_what_is_left()
        self.sources.start()
        self.child.resume()

    def open_sources(self, invoker: Invoker) -> None:
        """Let event source mappings poll, once they are started."""
        for kept in self._kept:
            self._shutdown.tidy(kept.close)  # before what runs is waited for: who waits for messages does nothing
        count_for, leave = self.recorder.add_for, LateLeave()
        context = PollingContext(self._store, invoker.invoke, count_for, self._loop, self._clock, leave)
        self.sources = EventSources(self._kinds, context)
        self._shutdown.tidy(self.sources.stop)  # before their queues: what it has taken and not begun goes back

    def clear(self) -> None:
        """Forget what comes by itself. On the loop."""
        for room in self._rooms:
            room.clear()

    def set_back(self) -> None:
        """The time that is shown is the machine's again. On the loop."""
        if self.schedules.opened is not None:
            self.schedules.opened.set_back()

    def reset(self) -> None:
        """Empty every account. Not on the loop."""
        for forget in (*(kept.clear for kept in self._kept), self.outbox.forget):
            self._loop.ask(forget, STEP_LIMIT_S)
        self.child.reset()
        self.recorder.clear()

    def empty(self, account: str) -> None:
        """Forget all of one account; it returns when that is gone. Not on the loop."""
        for room in (*self._rooms, *self._kept):
            room.empty(account)
        self.child.empty(account)
        self.recorder.empty(account)

    def publish(self, metrics: Sequence[Embedded]) -> None:
        """What functions printed."""
        if self._is_counting:
            self.recorder.publish(metrics)

    def keep_role(self, scope: Scope, role: LateRole) -> bool:
        """As `OtherServices.keep_role`."""
        return not self._is_elsewhere("iam") and self.child.keep_role(scope, role)

    def credentials(self, account: str, service: str) -> Credentials:
        """By which this server asks itself in the name of an account; of others some know an account by its number."""
        if self._is_elsewhere(service):
            return Credentials(account, "ours", "")
        return self.issuer.of_service(account, self._clock.new_token())

    def clients_as(self, whose: Credentials) -> Clients:
        """Asks as somebody else does. Close it."""

        def credentials(account: str, service: str) -> Credentials:
            return self.credentials(account, service) if self._is_elsewhere(service) else whose

        return Clients(lambda: self._url, credentials)

    def _stop_counting(self) -> None:
        if self._is_counting:
            self.recorder.stop()

    def _set_aside(self, scope: Scope) -> int:
        """How much concurrency is reserved or provisioned."""
        return sum(set_aside(function) for function in self._store.functions.all(scope))

    def _kinds(self) -> Mapping[SourceKind, PolledKind]:
        return self._polled().kinds(self.outbox, self.recorder.add, self.child)

    def _open_stream(self, arn: str, role: str) -> KinesisSource:
        return self._polled().open_stream(arn, role)

    def _polled(self) -> Polled:
        from lambda_emu.polled import Polled  # here: most servers poll nothing

        call, is_elsewhere = self.clients.call, self._is_elsewhere
        return Polled(self._store, self._loop, self._clock, self.queues, self.streams, call, is_elsewhere)

    def _is_elsewhere(self, service: str) -> bool:
        return any(one.name == service for one in self.neighbours)
