"""`events: eventbridge` and `resources: buses`: rules of EventBridge, which are known by how their names begin."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.project.declarations import Declared, DeclaredFunction
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import CannotChange, Members, Present, Reference, ResourceKey
from lambda_emu.project.services.building import Building, hash_of
from lambda_emu.project.services.left import ORIGIN, PREFIX
from lambda_emu.project.services.queue_policies import let_in
from lambda_emu.project.services.reach import Reach
from lambda_emu.project.services.stores import QUEUE

BUS, RULE = "event bus", "rule"
DEFAULT = "default"
PRINCIPAL = "events.amazonaws.com"
RETRIES = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
OF_TARGET = ("Arn", "Input", "InputPath", "InputTransformer", "RetryPolicy", "DeadLetterConfig")
NAME_CHARACTERS = 64
TARGET_ID = "1"


def attach_rule(building: Building, function: DeclaredFunction, event: Declared) -> None:
    """building.Attach."""
    bus = event.fields.get("EventBusName", DEFAULT)
    if bus != DEFAULT:
        building.need(ResourceKey(BUS, bus), event.place("bus"))
    rule = _add_rule(building, bus, function.name, building.arn(function), event)
    building.permit(function, event, PRINCIPAL, rule)


def declare_bus(building: Building, declared: Declared) -> None:
    """With its rules, which are for queues."""
    building.add(BUS, declared.name, {}, {}, declared.place())
    for fields in declared.fields.get("rules", ()):
        queue = ResourceKey(QUEUE, fields["queue"])
        building.need(queue, declared.place("rules"))
        rule = Declared("eventbridge", fields["name"], fields, {"name": declared.place("rules")})
        added = _add_rule(building, declared.name, queue.name, Reference(queue), rule)
        let_in(building, queue, PRINCIPAL, added, declared.place("rules"))


def _add_rule(building: Building, bus: str, target: str, arn: str | Reference, event: Declared) -> ResourceKey:
    """target: its name. Keys of rules: `BUS NAME`."""
    fields, rule = event.fields, ResourceKey(RULE, f"{bus} {_name_of(target, event)}")
    said: dict[str, Any] = {"Arn": arn, "RetryPolicy": {name: fields.get(name, RETRIES[name]) for name in RETRIES}}
    said |= {name: fields[name] for name in ("Input", "InputPath") if name in fields}
    if "InputTemplate" in fields:
        paths = {"InputPathsMap": fields["InputPathsMap"]} if fields.get("InputPathsMap") else {}
        said["InputTransformer"] = {**paths, "InputTemplate": fields["InputTemplate"]}
    if "dead_letters" in fields:
        queue = ResourceKey(QUEUE, fields["dead_letters"])
        building.need(queue, event.place("dead_letters"))
        said["DeadLetterConfig"] = {"Arn": Reference(queue)}
        let_in(building, queue, PRINCIPAL, rule, event.place("dead_letters"))
    shown = {"EventPattern": event.name, "State": fields.get("State", "ENABLED"), "Target": said}
    members = {**shown, "Bus": bus if bus == DEFAULT else Reference(ResourceKey(BUS, bus))}
    return building.add(RULE, rule.name, members, shown, event.place())


def _name_of(target: str, event: Declared) -> str:
    made = f"-{hash_of(event.name)}"
    return PREFIX + target.replace(".", "_")[: NAME_CHARACTERS - len(PREFIX) - len(made)] + made


# -- buses: they stay, as what others put rules on


def _find_buses(reach: Reach) -> Iterator[Present]:
    for resource in reach.of(BUS):
        found = reach.find("events", "DescribeEventBus", Name=resource.key.name)
        if found is not None:
            yield Present(resource.key, {}, found["Arn"], ORIGIN)


def _create_bus(name: str, _: Members, reach: Reach) -> str:
    return str(reach.call("events", "CreateEventBus", Name=name)["EventBusArn"])


def _leave_bus(present: Present, _: Members, __: Reach) -> str:
    return present.identifier


def _stays(_: Present, __: Reach) -> None:
    """Nothing that is not written of is taken away from others."""


# -- rules


def _find_rules(reach: Reach) -> Iterator[Present]:
    for bus in sorted({resource.key.name.partition(" ")[0] for resource in reach.of(RULE)} | reach.left.buses):
        for one in _rules_on(bus, reach):
            targets = reach.call("events", "ListTargetsByRule", EventBusName=bus, Rule=one["Name"])["Targets"]
            shown = {
                "EventPattern": one.get("EventPattern"),
                "State": one["State"],
                "Target": {name: targets[0][name] for name in OF_TARGET if name in targets[0]} if targets else {},
            }
            yield Present(ResourceKey(RULE, f"{bus} {one['Name']}"), shown, one["Arn"], ORIGIN)


def _rules_on(bus: str, reach: Reach) -> Iterator[Mapping[str, Any]]:
    token: dict[str, str] = {}
    while True:
        page = reach.find("events", "ListRules", EventBusName=bus, NamePrefix=PREFIX, **token)
        if page is None:
            return
        yield from page["Rules"]
        if "NextToken" not in page:
            return
        token = {"NextToken": page["NextToken"]}


def _put_rule(name: str, members: Members, reach: Reach) -> str:
    bus, rule = name.split()
    said = {"EventPattern": members["EventPattern"], "State": members["State"]}
    made = reach.call("events", "PutRule", Name=rule, EventBusName=bus, **said)
    target = {"Id": TARGET_ID, **members["Target"]}
    answer = reach.call("events", "PutTargets", Rule=rule, EventBusName=bus, Targets=[target])
    if answer["FailedEntries"]:
        raise CannotChange(f"PutTargets: {json.dumps(answer['FailedEntries'])}")
    return str(made["RuleArn"])


def _update_rule(present: Present, members: Members, reach: Reach) -> str:
    return _put_rule(present.key.name, members, reach)


def _remove_rule(present: Present, reach: Reach) -> None:
    bus, rule = present.key.name.split()
    for one in (reach.find("events", "ListTargetsByRule", EventBusName=bus, Rule=rule) or {}).get("Targets", []):
        reach.call("events", "RemoveTargets", EventBusName=bus, Rule=rule, Ids=[one["Id"]])
    reach.find("events", "DeleteRule", EventBusName=bus, Name=rule)


RULES: Mapping[str, ResourceKind[Reach]] = {
    BUS: ResourceKind("", _find_buses, _create_bus, _leave_bus, _stays),
    RULE: ResourceKind("", _find_rules, _put_rule, _update_rule, _remove_rule),
}
