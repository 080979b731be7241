"""What rules want of an event reaches its targets by the outbox, or a function at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from waiting import eventually

from lambda_emu.arn import Scope
from lambda_emu.clock import SteppingClock
from lambda_emu.destinations.delivery import Delivery
from lambda_emu.destinations.outbox import Outbox
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.service import ServiceFailure
from lambda_emu.http.loop import Loop
from lambda_emu.invoke.request import InvokeRequest
from lambda_emu.services.eventbridge.buses import Buses
from lambda_emu.services.eventbridge.event import Envelope
from lambda_emu.services.eventbridge.matching import Arrival
from lambda_emu.services.eventbridge.patterns.language import read_event
from lambda_emu.services.eventbridge.records import Bus, Rule
from lambda_emu.store import Store, WorkItem
from lambda_emu.triggers.rules import RuleDeliveries

SCOPE = Scope("123456789012", "us-east-1")
FUNCTION, QUEUE = (
    f"arn:aws:{service}:us-east-1:123456789012:{name}" for service, name in (("lambda", "function:f"), ("sqs", "q"))
)
FULL = "CREATE TRIGGER full BEFORE INSERT ON work BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"


@dataclass
class Taking:
    """A target that takes everything."""

    most: int = 2
    got: list[Any] = field(default_factory=list)

    async def send(self, delivery: Delivery, body: bytes) -> None:
        self.got.append(json.loads(body)["detail"])


@dataclass
class Functions:
    """refuses: why a function takes no event now. ran: what began."""

    refuses: LambdaError | None = None
    ran: list[Any] = field(default_factory=list)

    def admit(self, request: InvokeRequest) -> tuple[WorkItem, Callable[[], None]]:
        if self.refuses is not None:
            raise self.refuses
        work = WorkItem(request.request_id, "event", 0.0, "{}", payload=request.payload, running=True)
        return work, lambda: self.ran.append(json.loads(request.payload)["detail"])


class Rig:
    def __init__(self, folder: Path) -> None:
        self.store, self.loop, self.clock = Store.open(folder), Loop(), SteppingClock()
        self.loop.start()
        self.clock.bind(self.loop.asyncio)
        self.taken, self.functions = Taking(), Functions()
        senders: Any = {"sqs": self.taken, "lambda": self.taken}
        outbox = Outbox(self.store, self.loop, self.clock, senders)
        deliveries = RuleDeliveries(outbox, self.functions.admit, self.clock)
        self.buses = Buses(self.store, self.loop, self.clock, deliveries, lambda: None)
        self.bus = Bus(SCOPE, "default", 0.0, 0.0)

    def rule(self, *targets: str) -> None:
        named = {str(number): {"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)}
        rule = Rule(SCOPE, "default", "r", "ENABLED", '{"source": ["s"]}', targets=named)
        self.loop.ask(lambda: self.buses.keep(rule), 10)

    def put(self, detail: Any) -> LambdaError | None:
        told: Future[LambdaError | None] = Future()
        event = Envelope(self.clock.new_id(), "t", "s", SCOPE, 0.0, (), json.dumps(detail))
        arrival = Arrival(event, read_event(event.text), self.bus, 0.0)
        self.loop.ask(lambda: self.buses.put([arrival], told.set_result), 10)
        return told.result(20)

    def execute(self, statement: str) -> None:
        """By the store's own connection."""
        done: Future[Any] = Future()
        self.store.post(lambda connection: connection.execute(statement), lambda error, _: done.set_result(error))
        assert done.result(20) is None


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.loop.stop()
    rig.store.close()


def work(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "lambda-emu.db") as other:
        return [kind for (kind,) in other.execute("SELECT kind FROM work")]


def test_a_function_runs_at_once_and_its_event_is_on_disk_when_it_is_answered(rig: Rig, tmp_path: Path) -> None:
    rig.rule(FUNCTION)

    assert rig.put({"n": 1}) is None

    assert rig.functions.ran == [{"n": 1}]
    assert work(tmp_path) == ["event"]


def test_a_function_that_takes_nothing_now_gets_it_by_the_outbox(rig: Rig) -> None:
    rig.rule(FUNCTION)
    rig.functions.refuses = ServiceFailure("not now")

    assert rig.put({"n": 1}) is None

    eventually(lambda: rig.taken.got == [{"n": 1}], "the event")
    assert rig.functions.ran == []


@pytest.mark.parametrize("detail", [{"n": 1}, {"n": 1, "large": "x" * 20_000}], ids=["small", "large"])
def test_what_cannot_be_written_is_refused_and_targets_take_the_next(rig: Rig, tmp_path: Path, detail: Any) -> None:
    rig.rule(QUEUE)
    rig.execute(FULL)

    for _ in range(3 * rig.taken.most):  # none of them keeps its place at the target
        refused = rig.put(detail)
        assert refused is not None
        assert refused.code == "InternalException"

    rig.execute("DROP TRIGGER full")
    assert rig.put(detail) is None
    eventually(lambda: rig.taken.got == [detail], "the event")
    eventually(lambda: work(tmp_path) == [], "nothing to be left")


def test_what_many_rules_want_reaches_all_of_their_targets_at_once(
    rig: Rig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(500):
        target = {"Id": "1", "Arn": f"{QUEUE}{number}", "Input": json.dumps({"detail": number})}
        rule = Rule(SCOPE, "default", f"r{number}", "ENABLED", '{"source": ["s"]}', targets={"1": target})
        rig.loop.ask(partial(rig.buses.keep, rule), 10)

    assert rig.put({}) is None

    eventually(lambda: sorted(rig.taken.got) == list(range(500)), "all of them")
    eventually(lambda: work(tmp_path) == [], "nothing to be left")
    assert caplog.messages == []  # else some waited until their queues were looked at all the same
