"""An alarm comes into another state: that is in its history, whom it tells is told, composite ones follow.

Every function here is part of a step of the store's writer.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from lambda_emu.arn import Scope, service_in
from lambda_emu.services.alarms import rule, table
from lambda_emu.services.alarms.alarm import ALARM, OK, Alarm, State
from lambda_emu.services.alarms.notices import Change
from lambda_emu.store import WorkItem
from lambda_emu.store.work import insert

TOLD = ("lambda", "sns")
"""Whom alarms tell here, by the service that an action's ARN names."""
Tell = Callable[[Change], Sequence[WorkItem]]
"""What is to be delivered because of it."""


def enter(connection: sqlite3.Connection, found: Sequence[Alarm], tell: Tell) -> list[WorkItem]:
    """These are in the state that they have here, if they are as they were else; the work is in the table."""
    work: list[WorkItem] = []
    scopes: dict[Scope, float] = {}
    for alarm in found:
        before = table.alarm(connection, alarm.scope, alarm.name)
        if before is None or before.configured_s != alarm.configured_s:
            continue
        work += _change(connection, before, alarm, tell)
        scopes[alarm.scope] = alarm.state.at_s
    for scope, now_s in scopes.items():
        work += follow(connection, scope, now_s, tell)
    return work


def follow(connection: sqlite3.Connection, scope: Scope, now_s: float, tell: Tell) -> list[WorkItem]:
    """Composite alarms come into the states that follow from those of others; each once, whoever needs whom."""
    work: list[WorkItem] = []
    if not table.has_composites(connection, scope):
        return work
    alarms = {alarm.name: alarm for alarm in table.alarms(connection, scope)}
    waiting = [alarm for alarm in alarms.values() if alarm.is_composite]
    states = {name: alarm.state.value for name, alarm in alarms.items()}
    while waiting:
        changed = next((alarm for alarm in waiting if _value(alarm, states) != alarm.state.value), None)
        if changed is None:
            return work
        waiting.remove(changed)
        states[changed.name] = value = _value(changed, states)
        after = changed.in_state(value, _reason(changed, states), None, now_s)
        work += _change(connection, changed, after, tell)
    return work


def _value(alarm: Alarm, states: dict[str, str]) -> str:
    return ALARM if rule.parse(alarm.members["AlarmRule"]).test(states) else OK


def _reason(alarm: Alarm, states: dict[str, str]) -> str:
    children = rule.parse(alarm.members["AlarmRule"]).children
    told = ", ".join(f"{name} is {states.get(name, 'not there')}" for name in children)
    return f"Evaluation of the alarm rule {alarm.members['AlarmRule']}: {told}" if told else "Evaluation of the rule"


def _change(connection: sqlite3.Connection, before: Alarm, after: Alarm, tell: Tell) -> list[WorkItem]:
    table.put(connection, after)
    if before.state.value == after.state.value:
        return []
    at_s = after.state.at_s
    data = {"version": "1.0", "oldState": _told(before.state), "newState": _told(after.state)}
    summary = f"Alarm updated from {before.state.value} to {after.state.value}"
    table.remember(connection, after, "StateUpdate", at_s, summary, json.dumps(data))
    for arn in after.actions:
        _remember_action(connection, after, arn)
    work = list(tell(Change(after, before.state)))
    for each in work:
        insert(connection, each)
    return work


def _remember_action(connection: sqlite3.Connection, alarm: Alarm, arn: str) -> None:
    is_told = service_in(arn) in TOLD
    error = None if is_told else f"lambda-emu runs no actions of {service_in(arn)}"
    summary = f"Successfully executed action {arn}" if is_told else f"Failed to execute action {arn}: {error}"
    data = {
        "actionState": "Succeeded" if is_told else "Failed",
        "stateUpdateTimestamp": int(alarm.state.at_s * 1000),
        "notificationResource": arn,
        "publishedMessage": None,
        "error": error,
    }
    table.remember(connection, alarm, "Action", alarm.state.at_s, summary, json.dumps(data))


def _told(state: State) -> dict[str, Any]:
    told: dict[str, Any] = {"stateValue": state.value, "stateReason": state.reason}
    return told if state.data is None else told | {"stateReasonData": json.loads(state.data)}
