"""Alarms of CloudWatch run functions, tell topics, and are events on the default bus, by the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from lambda_emu.arn import Scope, service_in
from lambda_emu.clock import Clock
from lambda_emu.destinations.actor import Actor
from lambda_emu.destinations.delivery import NO_OPTIONS, NOT_COUNTED, Delivery, work_of
from lambda_emu.destinations.outbox import Outbox
from lambda_emu.destinations.retries import Cause, RetryPolicy
from lambda_emu.destinations.senders import PRINCIPAL
from lambda_emu.http.loop import Loop
from lambda_emu.services.late import LateRoom
from lambda_emu.store import Store, WorkItem

if TYPE_CHECKING:
    from lambda_emu.metrics.recorder import Recorder
    from lambda_emu.services.alarms.notices import Change
    from lambda_emu.services.alarms.serving import AlarmServer
    from lambda_emu.services.alarms.watch import Watch

POLICY = RetryPolicy(most_age_s=3600.0, cause=Cause.RULE)
"""Whoever is not there, or lets alarms not in, is told once."""


PUBLISHER = "cloudwatch.amazonaws.com"
"""Who tells topics; functions are run in another name."""


class Alarms(LateRoom["Watch"]):
    """has_buses: events are served here.

    printed: waits until what functions have printed is with the recorder; set before there are alarms.
    """

    left = "SELECT 1 FROM alarms"
    printed: Callable[[], object]

    def __init__(
        self, store: Store, loop: Loop, clock: Clock, outbox: Outbox, recorder: Recorder, *, has_buses: bool
    ) -> None:
        super().__init__(store, loop)
        self._recorder = recorder
        self._clock = clock
        self._outbox = outbox
        self._has_buses = has_buses

    def make_server(self) -> AlarmServer:
        """For the service, on a worker."""
        from lambda_emu.services.alarms.serving import AlarmServer

        file, wake = self._recorder.file, self._outbox.wake
        return AlarmServer(self._store, self._loop, self._clock, file, self.open(), self._tell, wake)

    def _open(self) -> Watch:
        from lambda_emu.services.alarms.watch import Watch

        sources = self._recorder, self.printed
        watch = Watch(self._store, self._loop, self._clock, *sources, self._tell, self._outbox.wake)
        self._loop.post(watch.begin)
        return watch

    def _tell(self, change: Change) -> Sequence[WorkItem]:
        """Of each action that is served here, and of the event; on the writer's thread."""
        from lambda_emu.services.alarms import notices

        alarm = change.alarm
        work = []
        for arn in alarm.actions:
            service = service_in(arn)
            if service == "lambda":
                told = {PRINCIPAL: notices.FUNCTIONS, "aws:SourceArn": alarm.arn, "aws:SourceAccount": alarm.account}
                work.append(self._work(change, arn, notices.as_text(notices.for_function(change)), told))
            elif service == "sns":
                topic = {"Subject": notices.subject(change)}
                by = Actor(PUBLISHER, alarm.arn)
                work.append(self._work(change, arn, notices.as_text(notices.for_topic(change)), topic, by))
        if self._has_buses:
            work.append(self._work(change, _bus(alarm.scope), self._event(change)))
        return work

    def _work(
        self,
        change: Change,
        target: str,
        body: bytes,
        options: Mapping[str, str] = NO_OPTIONS,
        by: Actor | None = None,
    ) -> WorkItem:
        alarm, id = change.alarm, self._clock.new_id()
        about, named = f"the state {alarm.state.value}", alarm.scope.function(alarm.name)
        delivery = Delivery(id, target, named, about, NOT_COUNTED, options=options, policy=POLICY, by=by)
        return work_of(delivery, self._clock.steady_s(), body)

    def _event(self, change: Change) -> bytes:
        from lambda_emu.services.alarms import notices
        from lambda_emu.services.eventbridge.event import Envelope

        alarm, detail = change.alarm, notices.as_text(notices.for_bus(change)).decode()
        id, at_s = self._clock.new_id(), alarm.state.at_s
        event = Envelope(id, notices.DETAIL_TYPE, notices.SOURCE, alarm.scope, at_s, (alarm.arn,), detail)
        return event.text.encode()


def _bus(scope: Scope) -> str:
    return scope.arn("event-bus/default", "events")
