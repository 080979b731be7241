"""Rules of EventBridge bring events to their targets, by the outbox: what wants an event, and what is due."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from lambda_emu.arn import scope_in
from lambda_emu.clock import Clock
from lambda_emu.destinations.actor import Actor
from lambda_emu.destinations.delivery import NOT_COUNTED, Delivery, dead_letter, put, work_of
from lambda_emu.destinations.failures import End, Undeliverable
from lambda_emu.destinations.outbox import Outbox
from lambda_emu.destinations.retries import Cause, RetryPolicy
from lambda_emu.destinations.senders import event_for
from lambda_emu.errors.base import LambdaError
from lambda_emu.invoke.invoker import Admit
from lambda_emu.services.eventbridge.buses import LARGE_BYTES
from lambda_emu.services.eventbridge.delivery import MANY, Handover, Prepared
from lambda_emu.services.eventbridge.event import Envelope
from lambda_emu.services.eventbridge.kept import find_rule
from lambda_emu.services.eventbridge.matching import of_rule
from lambda_emu.services.eventbridge.records import Rule
from lambda_emu.services.timetable.table import Firing
from lambda_emu.store import WorkItem

log = logging.getLogger(__name__)

PRINCIPAL = "events.amazonaws.com"
MOST_AGE_S, MOST_RETRIES = 86_400, 185
"""What a target has whose RetryPolicy says nothing."""


class RuleDeliveries:
    """eventbridge.Deliveries by the outbox, and at once to functions that take an event. On the loop."""

    def __init__(self, outbox: Outbox, admit: Admit, clock: Clock) -> None:
        self._outbox = outbox
        self._admit = admit
        self._clock = clock

    def prepare(self, handovers: Sequence[Handover]) -> Prepared:
        prepared = _Prepared(self._outbox, self._clock)
        for each in handovers:
            if len(handovers) > MANY or len(each.occasion.event.detail) > LARGE_BYTES:
                prepared.long.append(each)
            else:
                self._begin(each, prepared)
        return prepared

    def _begin(self, handover: Handover, prepared: _Prepared) -> None:
        """What begins as soon as it is kept is not found in the table by those who look there."""
        delivery, payload = _delivery_of(handover)
        if delivery is None:
            return
        if delivery.service == "lambda" and self._outbox.leave.at_once(delivery):
            try:
                request = event_for(delivery, payload, self._clock)
                work, run = self._admit(request)
            except (LambdaError, ValueError) as error:
                log.debug("%s is tried again for %s: %s", delivery.about, delivery.target, error)
            else:
                prepared.add(work)
                prepared.at_once.append(run)
                return
        work = work_of(delivery, self._clock.steady_s(), payload)
        lane = self._outbox.admit(delivery.target)
        if lane is None:
            prepared.add(work)
            return
        begun = replace(delivery, created_s=work.created_s)
        prepared.add(replace(work, running=True), partial(lane.begin, begun, payload), lane.forgo)


class _Prepared:
    """long: what is made beside the loop, and taken from the table when its turn has come. at_once: runs functions.

    A function runs while its event is written, not after that: docs/decisions/rules.md.
    """

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self.long: list[Handover] = []
        self.at_once: list[Callable[[], None]] = []
        self._outbox = outbox
        self._clock = clock
        self._work: list[WorkItem] = []
        self._runs: list[Callable[[], None]] = []  # once it is kept
        self._undoes: list[Callable[[], None]] = []  # if it is not

    def add(
        self, work: WorkItem, run: Callable[[], None] | None = None, undo: Callable[[], None] | None = None
    ) -> None:
        self._work.append(work)
        if run is not None:
            self._runs.append(run)
        if undo is not None:
            self._undoes.append(undo)

    def make(self) -> None:
        self._work += works_of(self.long, self._clock)
        self.long = []

    def write(self, connection: sqlite3.Connection) -> None:
        put(connection, self._work)

    def begin(self) -> None:
        for run in self.at_once:
            run()

    def kept(self, error: BaseException | None) -> None:
        for step in self._runs if error is None else self._undoes:
            step()
        if error is None:
            self._outbox.wake([work for work in self._work if not work.running])


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
        delivery, payload = _delivery_of(each)
        if delivery is None:
            continue
        work = work_of(delivery, clock.steady_s(), payload)
        event = each.occasion.event
        if each.is_whole:
            first = shared.setdefault(id(event), work.id)
            if first != work.id:
                work = replace(work, payload=None, brought_by=first)
        found.append(work)
    return found


def _delivery_of(handover: Handover) -> tuple[Delivery | None, bytes]:
    """None: nobody is to have it. With what it brings."""
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
        by=Actor(PRINCIPAL, occasion.rule_arn, target.get("RoleArn", "")),
    )
    if handover.problem is not None:
        failure = Undeliverable(handover.problem, handover.code)
        letter = dead_letter(delivery, failure, End.FINAL, 0, handover.id)
        told = "" if letter is None else f"; its dead letter goes to {letter.target}"
        log.warning("%s of %s is not delivered: %s%s", delivery.about, occasion.rule_arn, handover.problem, told)
        if letter is None:
            return None, b""
        delivery = letter
    return delivery, handover.text().encode(errors="replace")


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
