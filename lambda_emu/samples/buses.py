"""Of buses and schedules: docs/contract/events.md#rules, #schedules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lambda_emu.samples.sample import SampleRequest, Samples
from lambda_emu.services.eventbridge.event import envelope_of
from lambda_emu.services.eventbridge.records import DEFAULT, Rule
from lambda_emu.services.scheduler.firing import payload_of
from lambda_emu.services.scheduler.schedule import Schedule
from lambda_emu.services.timetable.table import Firing
from lambda_emu.triggers.rules import due_event

EVENTBRIDGE, SCHEDULER = Samples("eventbridge"), Samples("scheduler")
SAMPLES = (EVENTBRIDGE, SCHEDULER)


@EVENTBRIDGE.add(
    "event",
    "An event on a bus that a rule is for.",
    source="shop",
    detail_type="OrderPlaced",
    detail='{"order": 1}',
    resources="[]",
)
def event(asked: SampleRequest) -> bytes:
    return event_on_bus(asked, asked["source"], asked["detail-type"], asked.object("detail"), asked.json("resources"))


@EVENTBRIDGE.add("schedule", "A rule with a rate or a cron expression, at its time.", rule="hourly")
def scheduled_rule(asked: SampleRequest) -> bytes:
    rule = Rule(asked.scope, DEFAULT, asked["rule"], "ENABLED", schedule="rate(1 hour)")
    return due_event(rule, Firing(rule.arn, int(asked.now_s)), asked.clock.new_id()).text.encode()


@SCHEDULER.add(
    "schedule", "A schedule whose target has no input of its own, at its time.", schedule="hourly", group="default"
)
def schedule(asked: SampleRequest) -> bytes:
    group, name, now_s = asked["group"], asked["schedule"], int(asked.now_s)
    due = Schedule(group, name, {"Target": {}}, now_s, now_s, now_s)
    arn = asked.scope.arn(f"schedule/{group}/{name}", "scheduler")
    return payload_of(due, Firing(arn, now_s), asked.clock.new_id())


def event_on_bus(
    asked: SampleRequest, source: str, type: str, detail: Mapping[str, Any], resources: Sequence[str]
) -> bytes:
    entry = {"Source": source, "DetailType": type, "Detail": json.dumps(detail), "Resources": resources}
    return envelope_of(entry, asked.clock.new_id(), asked.scope, asked.now_s).text.encode()
