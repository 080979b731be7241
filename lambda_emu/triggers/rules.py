"""Rules of EventBridge bring events to their targets, by the outbox: what wants an event, and what is due."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lambda_emu.arn import scope_in
from lambda_emu.clock import Clock
from lambda_emu.destinations.delivery import NOT_COUNTED, Delivery, dead_letter, put, work_of
from lambda_emu.destinations.failures import End, Undeliverable
from lambda_emu.destinations.outbox import Outbox, TargetLane
from lambda_emu.destinations.retries import Cause, RetryPolicy
from lambda_emu.services.eventbridge.buses import find_rule
from lambda_emu.services.eventbridge.delivery import Handover
from lambda_emu.services.eventbridge.event import Envelope
from lambda_emu.services.eventbridge.matching import of_rule
from lambda_emu.services.eventbridge.records import Rule
from lambda_emu.services.timetable.table import Firing
from lambda_emu.store import WorkItem

log = logging.getLogger(__name__)

SHORT_BYTES = 64 * 1024
"""Of an event. What rules make of a longer one is made beside the loop, and read again when its turn has come."""
MOST_AGE_S, MOST_RETRIES = 86_400, 185
"""What a target has whose RetryPolicy says nothing."""


class RuleDeliveries:
    """eventbridge.Deliveries by the outbox."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    def prepare(self, handovers: Sequence[Handover]) -> _Prepared:
        return _Prepared(handovers, self._outbox, self._clock)


class _Begun(Struct, frozen=True):
    """One that begins as soon as it is kept."""

    lane: TargetLane
    delivery: Delivery
    payload: bytes


class _Prepared:
    """Small ones begin as soon as they are kept, where their target has room; the others are taken from the table."""

    def __init__(self, handovers: Sequence[Handover], outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock
        self._begun: list[_Begun] = []
        self._work: list[WorkItem] = []
        self._long: list[Handover] = []
        for each in handovers:
            if len(each.occasion.event.detail) > SHORT_BYTES:
                self._long.append(each)
            else:
                self._begin(each)

    def write(self, connection: sqlite3.Connection) -> None:
        if self._long:
            self._work += works_of(self._long, self._clock)
            self._long = []
        put(connection, self._work)

    def kept(self, error: BaseException | None) -> None:
        for each in self._begun:
            if error is None:
                each.lane.begin(each.delivery, each.payload)
            else:
                each.lane.forgo()
        if error is None:
            self._outbox.wake([work for work in self._work if not work.running])

    def _begin(self, handover: Handover) -> None:
        work, delivery = _work_of(handover, self._clock)
        lane = None if work is None else self._outbox.admit(delivery.target)
        if work is None:
            return
        if lane is not None:
            assert work.payload is not None
            self._begun.append(_Begun(lane, replace(delivery, created_s=work.created_s), work.payload))
            work = replace(work, running=True)
        self._work.append(work)


class DueRules:
    """timetable.Owner of rules with an expression."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._clock = clock
        self.wake = outbox.wake

    def work_of(self, connection: sqlite3.Connection, firing: Firing) -> Sequence[WorkItem]:
        rule = find_rule(connection, firing.arn)
        if rule is None or not rule.targets:
            return ()
        event = due_event(rule, firing, self._clock.new_id())
        return works_of(list(of_rule(rule, event, firing.scheduled_s, self._clock.new_id)), self._clock)

    def end(self, connection: sqlite3.Connection, arn: str) -> None:
        """A rule stays; its expression means no time any more."""


def due_event(rule: Rule, firing: Firing, id: str) -> Envelope:
    """docs/contract/events.md#pushed-events."""
    return Envelope(id, "Scheduled Event", "aws.events", rule.scope, firing.scheduled_s, (rule.arn,), "{}")


def works_of(handovers: Sequence[Handover], clock: Clock) -> list[WorkItem]:
    """Where several bring the whole event they share it."""
    found: list[WorkItem] = []
    shared: dict[int, str] = {}
    for each in handovers:
        work, _ = _work_of(each, clock)
        if work is None:
            continue
        event = each.occasion.event
        if each.is_whole:
            first = shared.setdefault(id(event), work.id)
            if first != work.id:
                work = replace(work, payload=None, brought_by=first)
        found.append(work)
    return found


def _work_of(handover: Handover, clock: Clock) -> tuple[WorkItem | None, Delivery]:
    """None: nobody is to have it."""
    occasion, target = handover.occasion, handover.target
    named = scope_in(occasion.rule_arn).function(occasion.rule_name)
    delivery = Delivery(
        handover.id,
        target["Arn"],
        named,
        f"event {occasion.event.id}",
        NOT_COUNTED,
        occasion.event.trace,
        options=handover.options,
        policy=_policy_of(handover),
    )
    if handover.problem is not None:
        failure = Undeliverable(handover.problem, handover.code)
        letter = dead_letter(delivery, failure, End.FINAL, 0, handover.id)
        told = "" if letter is None else f"; its dead letter goes to {letter.target}"
        log.warning("%s of %s is not delivered: %s%s", delivery.about, occasion.rule_arn, handover.problem, told)
        if letter is None:
            return None, delivery
        delivery = letter
    return work_of(delivery, clock.steady_s(), handover.text().encode(errors="replace")), delivery


def _policy_of(handover: Handover) -> RetryPolicy:
    target, rule_arn = handover.target, handover.occasion.rule_arn
    said: Mapping[str, int] = target.get("RetryPolicy", {})
    return RetryPolicy(
        said.get("MaximumEventAgeInSeconds", MOST_AGE_S),
        said.get("MaximumRetryAttempts", MOST_RETRIES),
        target.get("DeadLetterConfig", {}).get("Arn"),
        Cause.RULE,
        {"RULE_ARN": rule_arn, "TARGET_ARN": target["Arn"]},
    )
