"""A schedule that is due brings its event to its target, and nothing is opened where there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ground_rig import ACCOUNT, REGION
from scheduler_rig import TARGET
from waiting import eventually

from lambda_emu.arn import Scope
from lambda_emu.clock import SteppingClock
from lambda_emu.destinations.outbox import Outbox
from lambda_emu.destinations.senders import FunctionSender
from lambda_emu.environment.invocation import Reply
from lambda_emu.errors.service import ServiceFailure
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.request import FutureReply, InvocationType, InvokeRequest
from lambda_emu.services.scheduler.operations import OPERATIONS, SchedulerRequest
from lambda_emu.store import Store
from lambda_emu.triggers.schedules import Schedules

SCOPE = Scope(ACCOUNT, REGION)


class Invoked:
    """Functions that take each event, but for so many at first."""

    def __init__(self, refuses: int = 0) -> None:
        self.requests: list[InvokeRequest] = []
        self._refuses = refuses

    def invoke(self, request: InvokeRequest, reply: Reply) -> None:
        if self._refuses:
            self._refuses -= 1
            reply.refused(ServiceFailure("not now"))
            return
        self.requests.append(request)
        assert isinstance(reply, FutureReply)
        reply.future.set_result(None)  # type: ignore[arg-type]


class Rig:
    def __init__(self, store: Store, loop: Loop, clock: SteppingClock, invoked: Invoked) -> None:
        self.store = store
        self.loop = loop
        self.clock = clock
        self.invoked = invoked
        self.counted: list[object] = []
        self.outbox = Outbox(store, loop, clock, {"lambda": FunctionSender(invoked.invoke, loop, clock)})
        self.outbox.count = lambda *what: self.counted.append(what)
        self.schedules = Schedules(store, loop, clock, self.outbox)

    def create(self, name: str, expression: str, **members: Any) -> None:
        timetable = self.schedules.open()
        wanted = {"Name": name, "ScheduleExpression": expression, "FlexibleTimeWindow": {"Mode": "OFF"}}
        asked = SchedulerRequest({"Target": TARGET} | wanted | members, SCOPE, self.clock.now_s(), self.clock.random)
        created: Future[object] = Future()
        create = OPERATIONS["CreateSchedule"]
        self.store.post(lambda connection: create(connection, asked), lambda error, _: created.set_result(error))
        assert created.result(10) is None
        self.loop.ask(timetable.look, 10)


@contextmanager
def running(folder: Path, invoked: Invoked) -> Iterator[Rig]:
    store, loop, clock = Store.open(folder), Loop(), SteppingClock()
    loop.start()
    clock.bind(loop.asyncio)
    rig = Rig(store, loop, clock, invoked)
    loop.ask(rig.outbox.start, 10)
    rig.schedules.open_what_is_left()
    try:
        yield rig
    finally:
        loop.ask(rig.schedules.close, 10)
        loop.ask(rig.outbox.stop, 10)
        loop.stop()
        store.close()


def test_a_function_is_invoked_asynchronously_when_its_schedule_is_due(tmp_path: Path) -> None:
    with running(tmp_path, Invoked()) as rig:
        rig.create("a", "rate(1 hour)")
        eventually(lambda: rig.invoked.requests, "the first firing")
        [request] = rig.invoked.requests

    assert (request.kind, request.target.arn, request.principal) == (InvocationType.EVENT, TARGET["Arn"], None)
    assert json.loads(request.payload)["resources"] == [f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/a"]


def test_a_target_that_fails_is_tried_again_and_is_no_functions_metric(tmp_path: Path) -> None:
    with running(tmp_path, Invoked(refuses=1)) as rig:
        rig.create("a", "rate(1 hour)")
        eventually(lambda: rig.invoked.requests, "the second attempt")

        assert rig.counted == []


def test_what_is_left_of_an_earlier_run_is_opened_and_nothing_else(tmp_path: Path) -> None:
    with running(tmp_path, Invoked()) as rig:
        assert rig.schedules.opened is None
        rig.create("a", "rate(1 hour)")
        eventually(lambda: rig.invoked.requests, "the first firing")

    with running(tmp_path, Invoked()) as rig:
        assert rig.schedules.opened is not None
        rig.loop.ask(rig.schedules.clear, 10)

    with running(tmp_path, Invoked()) as rig:
        assert rig.schedules.opened is None
