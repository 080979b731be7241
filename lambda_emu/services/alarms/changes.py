"""An alarm comes into another state: that is in its history, whom it tells is told, composite ones follow.

Every function here is part of a step of the store's writer.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lambda_emu.arn import Scope, service_in
from lambda_emu.services.alarms import rule, table
from lambda_emu.services.alarms.alarm import ALARM, OK, Alarm, State
from lambda_emu.services.alarms.notices import Change
from lambda_emu.services.alarms.reasons import composite_reason
from lambda_emu.store import WorkItem
from lambda_emu.store.work import insert

TOLD = ("lambda", "sns")
"""Whom alarms tell here, by the service that an action's ARN names."""
Tell = Callable[[Change], Sequence[WorkItem]]
"""What is to be delivered because of it."""


def enter(connection: sqlite3.Connection, found: Sequence[Alarm], tell: Tell) -> list[WorkItem]:
    """These are in the state that they have here, if they are as they were else; the work is in the table."""
    work: list[WorkItem] = []
    moved: dict[Scope, set[str]] = {}
    for alarm in found:
        before = table.alarm(connection, alarm.scope, alarm.name)
        if before is None or before.configured_s != alarm.configured_s:
            continue
        work += _change(connection, before, alarm, tell)
        if before.state.value != alarm.state.value:
            moved.setdefault(alarm.scope, set()).add(alarm.name)
    for scope, names in moved.items():
        work += follow(connection, scope, names, found[0].state.at_s, tell)
    return work


def follow(
    connection: sqlite3.Connection, scope: Scope, moved: set[str], now_s: float, tell: Tell, made: str | None = None
) -> list[WorkItem]:
    """Composite alarms come into the states that follow from those that moved; each once, whoever needs whom.

    made: the name of one that was just put, and is to have a state.
    """
    work: list[WorkItem] = []
    if not table.has_composites(connection, scope):
        return work
    alarms = {alarm.name: alarm for alarm in table.alarms(connection, scope)}
    states = {name: alarm.state.value for name, alarm in alarms.items()}
    moved = set(moved)

    def is_due(alarm: Alarm) -> bool:
        is_asked = alarm.name == made or not moved.isdisjoint(rule.parse(alarm.members["AlarmRule"]).children)
        return is_asked and alarm.name not in moved and _value(alarm, states) != alarm.state.value

    composites = [alarm for alarm in alarms.values() if alarm.is_composite]
    while (due := next(filter(is_due, composites), None)) is not None:
        states[due.name] = value = _value(due, states)
        alarms[due.name] = after = due.in_state(value, *composite_reason(_triggers(due, alarms)), now_s)
        moved.add(due.name)
        work += _change(connection, due, after, tell)
    return work


def _value(alarm: Alarm, states: dict[str, str]) -> str:
    return ALARM if rule.parse(alarm.members["AlarmRule"]).test(states) else OK


def _triggers(alarm: Alarm, alarms: Mapping[str, Alarm]) -> list[Alarm]:
    """Those of its children that came into their state last."""
    children = [alarms[name] for name in rule.parse(alarm.members["AlarmRule"]).children if name in alarms]
    last_s = max((child.state.since_s for child in children), default=0.0)
    return [child for child in children if child.state.since_s == last_s]


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
