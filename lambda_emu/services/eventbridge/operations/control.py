"""What is done to buses: they are made, changed, listed; who may put events there; tags of buses and rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from lambda_emu.services.eventbridge.buses import Buses
from lambda_emu.services.eventbridge.errors import (
    AlreadyThere,
    EventsError,
    Missing,
    NoSuchStatement,
    TooMany,
)
from lambda_emu.services.eventbridge.kept import Change
from lambda_emu.services.eventbridge.records import DEFAULT, Bus, Rule
from lambda_emu.services.eventbridge.request import EventsRequest, tags_of
from lambda_emu.services.shapes import ModelViolated, missing
from lambda_emu.services.tags import tag_list, without

MOST_BUSES = 1_000
"""Of an account in a region. AWS has 100 unless raised."""
MOST_POLICY_BYTES = 10_240
SETTINGS = ("Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")


class PolicyTooLong(EventsError):
    code = "PolicyLengthExceededException"

    def __init__(self) -> None:
        super().__init__(f"The policy has more than {MOST_POLICY_BYTES} bytes.")  # (?)


class NoSuchResource(Missing):
    def __init__(self, arn: str) -> None:
        super().__init__(f"Resource {arn} does not exist.")  # (?)


def create_event_bus(asked: EventsRequest, buses: Buses) -> None:
    name: str = asked.members["Name"]
    settings = _settings(asked)
    tags = tags_of(asked.members.get("Tags", ()))

    def work() -> Change:
        if buses.directory.bus(asked.scope, name) is not None:
            raise AlreadyThere("Event bus", name)
        if "/" in name:
            raise EventsError(f"Event bus name {name} must not contain '/'.")  # (?) only partners' have
        if sum(1 for _ in buses.directory.all(asked.scope)) >= MOST_BUSES:
            raise TooMany
        now_s = asked.clock.now_s()
        bus = Bus(asked.scope, name, now_s, now_s, settings, tags=tags)
        return Change([bus], result={"EventBusArn": bus.arn, **settings})

    buses.change(work, asked.told)


def update_event_bus(asked: EventsRequest, buses: Buses) -> None:
    def changed(bus: Bus) -> Bus:
        return replace(bus, settings={**bus.settings, **_settings(asked)})

    _change_bus(asked, buses, asked.members.get("Name"), changed, answered=True)


def delete_event_bus(asked: EventsRequest, buses: Buses) -> None:
    """One that is not there is the answer too."""
    name: str = asked.members["Name"]

    def work() -> Change:
        if name == DEFAULT:
            raise EventsError("Cannot delete event bus default.")
        bus = buses.directory.bus(asked.scope, name)
        if bus is None:
            return Change()
        if buses.directory.rules(bus):
            raise EventsError("Event bus can't be deleted since it has rules.")  # (?)
        return Change(gone=[bus])

    buses.change(work, asked.told)


def describe_event_bus(asked: EventsRequest, buses: Buses) -> None:
    bus = asked.bus(buses, asked.members.get("Name"))
    asked.answer({**_shown(bus), **bus.settings})


def list_event_buses(asked: EventsRequest, buses: Buses) -> None:
    prefix = asked.members.get("NamePrefix", "")
    asked.page(
        "EventBuses",
        ((bus.name, _shown(bus)) for bus in buses.directory.all(asked.scope) if bus.name.startswith(prefix)),
    )


def _shown(bus: Bus) -> dict[str, Any]:
    shown = {
        "Name": bus.name,
        "Arn": bus.arn,
        "CreationTime": bus.created_s,
        "LastModifiedTime": bus.modified_s,
        "Policy": bus.policy,
        "Description": bus.settings.get("Description"),
    }
    return {name: value for name, value in shown.items() if value is not None}


def _settings(asked: EventsRequest) -> dict[str, Any]:
    return {name: asked.members[name] for name in SETTINGS if name in asked.members}


def _change_bus(
    asked: EventsRequest, buses: Buses, name: str | None, edit: Callable[[Bus], Bus], *, answered: bool = False
) -> None:
    def work() -> Change:
        bus = replace(edit(asked.bus(buses, name)), modified_s=asked.clock.now_s())
        return Change([bus], result={"Arn": bus.arn, "Name": bus.name, **bus.settings} if answered else None)

    buses.change(work, asked.told)


# -- who may put events ---------------------------------------------------------------------------


def put_permission(asked: EventsRequest, buses: Buses) -> None:
    """A whole policy, or a statement of it; one with the same id is replaced."""
    members = asked.members
    whole = _policy(members["Policy"]) if "Policy" in members else None
    if whole is None:
        absent = [name for name in ("StatementId", "Action", "Principal") if name not in members]
        if absent:
            raise ModelViolated([missing(name) for name in absent])

    def edit(bus: Bus) -> Bus:
        return _with_policy(bus, whole or _with_statement(bus, _statement(members, bus)))

    _change_bus(asked, buses, members.get("EventBusName"), edit)


def remove_permission(asked: EventsRequest, buses: Buses) -> None:
    sid, everything = asked.members.get("StatementId"), asked.members.get("RemoveAllPermissions", False)

    def edit(bus: Bus) -> Bus:
        if everything:
            return replace(bus, policy=None)
        statements = _statements(bus)
        left = [one for one in statements if one.get("Sid") != sid]
        if len(left) == len(statements):
            raise NoSuchStatement
        return (
            _with_policy(bus, {**json.loads(bus.policy or "{}"), "Statement": left})
            if left
            else replace(bus, policy=None)
        )

    _change_bus(asked, buses, asked.members.get("EventBusName"), edit)


def _statement(members: Mapping[str, Any], bus: Bus) -> dict[str, Any]:
    principal = members["Principal"]
    account = f"arn:{bus.scope.partition}:iam::{principal}:root"
    statement: dict[str, Any] = {
        "Sid": members["StatementId"],
        "Effect": "Allow",
        "Principal": "*" if principal == "*" else {"AWS": account},
        "Action": members["Action"],
        "Resource": bus.arn,
    }
    condition = members.get("Condition")
    return statement | ({"Condition": {condition["Type"]: {condition["Key"]: condition["Value"]}}} if condition else {})


def _with_statement(bus: Bus, statement: Mapping[str, Any]) -> dict[str, Any]:
    policy = json.loads(bus.policy) if bus.policy else {"Version": "2012-10-17"}
    others = [one for one in _statements(bus) if one.get("Sid") != statement["Sid"]]
    return {**policy, "Statement": [*others, statement]}


def _with_policy(bus: Bus, policy: Mapping[str, Any]) -> Bus:
    text = json.dumps(policy, separators=(",", ":"))
    if len(text) > MOST_POLICY_BYTES:
        raise PolicyTooLong
    return replace(bus, policy=text)


def _statements(bus: Bus) -> list[dict[str, Any]]:
    statements = json.loads(bus.policy)["Statement"] if bus.policy else []
    return statements if isinstance(statements, list) else [statements]


def _policy(text: str) -> dict[str, Any]:
    """EventsError for what is none."""
    try:
        policy = json.loads(text)
        statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        sound = all(
            one["Effect"] in ("Allow", "Deny")
            and all(isinstance(keys, dict) for keys in one.get("Condition", {}).values())
            for one in statements
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise EventsError("This policy contains invalid Json")  # (?)
    return dict(policy)


# -- tags -----------------------------------------------------------------------------------------


def tag_resource(asked: EventsRequest, buses: Buses) -> None:
    _change_tags(asked, buses, lambda tags: tags_of(asked.members["Tags"], tags))


def untag_resource(asked: EventsRequest, buses: Buses) -> None:
    _change_tags(asked, buses, lambda tags: without(tags, asked.members["TagKeys"]))


def list_tags_for_resource(asked: EventsRequest, buses: Buses) -> None:
    asked.answer({"Tags": tag_list(_named(asked, buses).tags)})


def _change_tags(asked: EventsRequest, buses: Buses, edit: Callable[[Mapping[str, str]], Mapping[str, str]]) -> None:
    def work() -> Change:
        record = _named(asked, buses)
        return Change([replace(record, tags=edit(record.tags))])

    buses.change(work, asked.told)


def _named(asked: EventsRequest, buses: Buses) -> Bus | Rule:
    """The bus or rule of the caller's that has the ARN. NoSuchResource."""
    arn: str = asked.members["ResourceARN"]
    for bus in buses.directory.all(asked.scope):
        if bus.arn == arn:
            return bus
        name = arn.rpartition("/")[2]
        rule = buses.directory.rules(bus).get(name)
        if rule is not None and rule.arn == arn:
            return rule
    raise NoSuchResource(arn)
