"""What is done to rules and their targets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from lambda_emu.arn import service_in
from lambda_emu.services.eventbridge.buses import Buses
from lambda_emu.services.eventbridge.errors import NOT_SERVED, EventsError, ParameterInvalid, TooMany
from lambda_emu.services.eventbridge.inputs import check_input
from lambda_emu.services.eventbridge.kept import Change
from lambda_emu.services.eventbridge.records import DEFAULT, Bus, Rule, Target
from lambda_emu.services.eventbridge.request import EventsRequest, tags_of

MOST_RULES = 20_000
"""On a bus. AWS has 300 unless raised."""
MOST_TARGETS = 5
SERVED = ("events", "firehose", "kinesis", "lambda", "logs", "sns", "sqs", "states")
"""The services of targets."""
_ARN = re.compile(r"arn:[\w-]+:[\w.-]+:[\w-]*:[0-9]*:.+", re.ASCII | re.DOTALL)


class TargetNotServed(EventsError):
    """AWS takes it."""

    code = NOT_SERVED

    def __init__(self, service: str) -> None:
        super().__init__(f"lambda-emu brings nothing to {service}; a function of yours can be the target in its place.")


def put_rule(asked: EventsRequest, buses: Buses) -> None:
    """In place of one of this name, whose targets and tags stay. Its pattern was looked at before."""
    members = asked.members
    name, pattern, schedule = members["Name"], members.get("EventPattern"), members.get("ScheduleExpression")
    if not pattern and not schedule:
        raise EventsError("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    tags = tags_of(members.get("Tags", ()))

    def work() -> Change:
        bus = asked.bus(buses, members.get("EventBusName"))
        if schedule and bus.name != DEFAULT:
            raise EventsError("ScheduleExpression is supported only on the default event bus.")
        rules = buses.directory.rules(bus)
        before = rules.get(name)
        if before is None and len(rules) >= MOST_RULES:
            raise TooMany
        rule = Rule(
            bus.scope,
            bus.name,
            name,
            members.get("State", "ENABLED"),
            pattern or None,
            schedule or None,
            members.get("Description"),
            members.get("RoleArn"),
            tags if before is None else before.tags,
            {} if before is None else before.targets,
        )
        return Change([rule], result={"RuleArn": rule.arn})

    buses.change(work, asked.told)


def delete_rule(asked: EventsRequest, buses: Buses) -> None:
    """One that is not there is the answer too."""

    def work() -> Change:
        bus = asked.bus(buses, asked.members.get("EventBusName"))
        rule = buses.directory.rules(bus).get(asked.members["Name"])
        if rule is not None and rule.targets:
            raise EventsError("Rule can't be deleted since it has targets.")
        return Change(gone=[] if rule is None else [rule])

    buses.change(work, asked.told)


def describe_rule(asked: EventsRequest, buses: Buses) -> None:
    rule = buses.directory.rule(_bus(asked, buses), asked.members["Name"])
    asked.answer({**rule.shown(), "CreatedBy": rule.scope.account})


def list_rules(asked: EventsRequest, buses: Buses) -> None:
    prefix = asked.members.get("NamePrefix", "")
    rules = buses.directory.rules(_bus(asked, buses)).values()
    asked.page("Rules", ((rule.name, rule) for rule in rules if rule.name.startswith(prefix)), Rule.shown)


def enable_rule(asked: EventsRequest, buses: Buses) -> None:
    _change_rule(asked, buses, asked.members["Name"], lambda rule: Change([replace(rule, state="ENABLED")]))


def disable_rule(asked: EventsRequest, buses: Buses) -> None:
    _change_rule(asked, buses, asked.members["Name"], lambda rule: Change([replace(rule, state="DISABLED")]))


def _change_rule(asked: EventsRequest, buses: Buses, name: str, edit: Any) -> None:
    buses.change(lambda: edit(buses.directory.rule(_bus(asked, buses), name)), asked.told)


def _bus(asked: EventsRequest, buses: Buses) -> Bus:
    return asked.bus(buses, asked.members.get("EventBusName"))


# -- targets --------------------------------------------------------------------------------------


def put_targets(asked: EventsRequest, buses: Buses) -> None:
    """Each in place of one with its id. Those whose ARN is none are told, and the others put."""
    given: Sequence[Target] = asked.members["Targets"]
    for target in given:
        check_input(target)
        if target["Arn"].endswith(".fifo") and not target.get("SqsParameters") and service_in(target["Arn"]) == "sqs":
            raise EventsError(f"Parameter(s) SqsParameters must be specified for target: {target['Id']}.")
    failed = [failure for target in given if (failure := _failure(target)) is not None]
    good = {target["Id"]: target for target in given if _failure(target) is None}

    def edit(rule: Rule) -> Change:
        targets = {**rule.targets, **good}
        if len(targets) > MOST_TARGETS:
            raise TooMany
        return Change([replace(rule, targets=targets)], result=_failures(failed))

    _change_rule(asked, buses, asked.members["Rule"], edit)


def remove_targets(asked: EventsRequest, buses: Buses) -> None:
    ids: Sequence[str] = asked.members["Ids"]

    def edit(rule: Rule) -> Change:
        failed = [_no_target(id, rule.name) for id in ids if id not in rule.targets]
        targets = {id: target for id, target in rule.targets.items() if id not in ids}
        return Change([replace(rule, targets=targets)], result=_failures(failed))

    _change_rule(asked, buses, asked.members["Rule"], edit)


def list_targets_by_rule(asked: EventsRequest, buses: Buses) -> None:
    asked.page("Targets", buses.directory.rule(_bus(asked, buses), asked.members["Rule"]).targets.items())


def list_rule_names_by_target(asked: EventsRequest, buses: Buses) -> None:
    arn = asked.members["TargetArn"]
    rules = buses.directory.rules(_bus(asked, buses)).values()
    asked.page(
        "RuleNames",
        ((rule.name, rule.name) for rule in rules if any(one["Arn"] == arn for one in rule.targets.values())),
    )


def _failures(failed: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    return {"FailedEntryCount": len(failed), "FailedEntries": list(failed)}


def _failure(target: Target) -> dict[str, str] | None:
    arn = target["Arn"]
    if not _ARN.fullmatch(arn):
        error: EventsError = ParameterInvalid(arn, "Provided Arn is not in correct format.")
    elif service_in(arn) not in SERVED:
        error = TargetNotServed(service_in(arn))
    else:
        return None
    return {"TargetId": target["Id"], "ErrorCode": error.code, "ErrorMessage": str(error.text)}


def _no_target(id: str, rule: str) -> dict[str, str]:
    text = f"Rule {rule} does not have a target with the Id {id}."  # (?)
    return {"TargetId": id, "ErrorCode": "ResourceNotFoundException", "ErrorMessage": text}
