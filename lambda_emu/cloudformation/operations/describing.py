"""What there is: stacks, their resources and their events."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from lambda_emu.api.context import RequestContext
from lambda_emu.cloudformation.errors import Invalid, StackMissing
from lambda_emu.cloudformation.operations.request import Result, StackRequest
from lambda_emu.cloudformation.records import events_of, find, is_protected, look
from lambda_emu.model.stack_resource import StackResource
from lambda_emu.model.stacks import DELETED, StackEvent, StackRecord
from lambda_emu.model.timestamps import millisecond
from lambda_emu.services.pages import read_token, write_token

PAGE = 100


def _drift(stack: StackRecord) -> Mapping[str, str]:
    check = stack.drift
    if check is None:
        return {"StackDriftStatus": "NOT_CHECKED"}
    return {"StackDriftStatus": check.status, "LastCheckTimestamp": millisecond(check.at_s)}


def _drift_of(stack: StackRecord, logical_id: str) -> Mapping[str, str]:
    found = None if stack.drift is None else stack.drift.of(logical_id)
    if found is None:
        return {"StackResourceDriftStatus": "NOT_CHECKED"}
    return {"StackResourceDriftStatus": found.status, "LastCheckTimestamp": millisecond(found.at_s)}


def describe_stacks(asked: StackRequest) -> Result:
    name = asked.get("StackName")
    if name is not None:
        return {"Stacks": [_shown(asked.context, find(asked.context, name))]}
    stacks = sorted(
        (one for one in asked.context.store.stacks.all(asked.context.scope) if one.status != DELETED),
        key=lambda one: one.created_s,
        reverse=True,
    )
    return page(asked, "Stacks", stacks, partial(_shown, asked.context), lambda one: one.id)


def list_stacks(asked: StackRequest) -> Result:
    wanted = asked.get("StackStatusFilter")
    stacks = sorted(
        (one for one in asked.context.store.stacks.all(asked.context.scope) if not wanted or one.status in wanted),
        key=lambda one: one.created_s,
        reverse=True,
    )
    return page(asked, "StackSummaries", stacks, _summary, lambda one: one.id)


def page(
    asked: StackRequest,
    member: str,
    found: Sequence[Any],
    show: Callable[[Any], Any],
    key: Callable[[Any], str],
    size: int = PAGE,
) -> Result:
    """Some of what is found, from where a token says. Invalid."""
    begin, token = 0, asked.get("NextToken")
    if token is not None:
        try:
            (place,) = read_token(token)
        except ValueError:
            raise Invalid("The specified token is not valid") from None
        begin = next((number for number, one in enumerate(found, 1) if key(one) == place), len(found))
    part = found[begin : begin + size]
    more = begin + size < len(found)
    return {member: [show(one) for one in part], "NextToken": write_token(key(part[-1])) if more else None}


def _shown(context: RequestContext, stack: StackRecord) -> Mapping[str, Any]:
    """As DescribeStacks tells of one."""
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": stack.change_set,
        "Description": stack.description,
        "Parameters": [one.told for one in stack.parameters],
        "CreationTime": millisecond(stack.created_s),
        "DeletionTime": _time(stack.deleted_s),
        "LastUpdatedTime": _time(stack.updated_s),
        "RollbackConfiguration": {},
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DisableRollback": stack.keeps_failed,
        "NotificationARNs": stack.topics,
        "TimeoutInMinutes": stack.timeout_minutes,
        "Capabilities": stack.capabilities,
        "Outputs": [
            {
                "OutputKey": one.key,
                "OutputValue": one.value,
                "Description": one.description,
                "ExportName": one.export,
            }
            for one in stack.outputs
        ],
        "RoleARN": stack.role,
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
        "EnableTerminationProtection": is_protected(context, stack),
        "ParentId": stack.parent,
        "RootId": stack.root,
        "DriftInformation": _drift(stack),
    }


def _summary(stack: StackRecord) -> Mapping[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "TemplateDescription": stack.description,
        "CreationTime": millisecond(stack.created_s),
        "LastUpdatedTime": _time(stack.updated_s),
        "DeletionTime": _time(stack.deleted_s),
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "ParentId": stack.parent,
        "RootId": stack.root,
        "DriftInformation": _drift(stack),
    }


def _time(at_s: float | None) -> str | None:
    return None if at_s is None else millisecond(at_s)


# -- events


def describe_stack_events(asked: StackRequest) -> Result:
    name = asked.get("StackName", "")
    record = look(asked.context, name)
    if record is None:
        raise StackMissing(name)
    events = events_of(asked.context, record.id)
    return page(asked, "StackEvents", events, _event, lambda one: one.key)


def _event(event: StackEvent) -> Mapping[str, Any]:
    return {
        "StackId": event.stack_id,
        "EventId": event.id,
        "StackName": event.stack,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.identifier,
        "ResourceType": event.kind,
        "Timestamp": millisecond(event.at_s),
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason,
        "ResourceProperties": event.properties,
        "ClientRequestToken": event.token,
    }


# -- resources


def describe_stack_resources(asked: StackRequest) -> Result:
    name, identifier = asked.get("StackName"), asked.get("PhysicalResourceId")
    if (name is None) == (identifier is None):
        raise Invalid("Exactly one of StackName or PhysicalResourceId must be specified")
    record = _of_resource(asked.context, identifier) if name is None else look(asked.context, name)
    if record is None:
        raise Invalid(f"Stack with id {name} does not exist" if name else f"Stack for {identifier} does not exist")
    wanted = asked.get("LogicalResourceId")
    found = [one for one in resources_of(asked.context, record) if wanted in (None, one["LogicalResourceId"])]
    return {"StackResources": [{**one, "StackName": record.name, "StackId": record.id} for one in found[:PAGE]]}


def describe_stack_resource(asked: StackRequest) -> Result:
    name, wanted = asked.members["StackName"], asked.members["LogicalResourceId"]
    record = look(asked.context, name)
    if record is None:
        raise Invalid(f"Stack '{name}' does not exist")
    found = next((one for one in resources_of(asked.context, record) if one["LogicalResourceId"] == wanted), None)
    if found is None:
        raise Invalid(f"Resource {wanted} does not exist for stack {record.name}")
    metadata = _metadata(record, wanted)
    more = {"StackName": record.name, "StackId": record.id, "LastUpdatedTimestamp": found["Timestamp"]}
    return {
        "StackResourceDetail": {**{name: one for name, one in found.items() if name != "Timestamp"}, **more, **metadata}
    }


def _metadata(record: StackRecord, logical_id: str) -> Mapping[str, str]:
    """What the template says beside its properties, as JSON, functions in it as they are written (?)."""
    declared = json.loads(record.body or "{}").get("Resources", {}).get(logical_id, {})
    return {"Metadata": json.dumps(declared["Metadata"])} if "Metadata" in declared else {}


def list_stack_resources(asked: StackRequest) -> Result:
    record = find(asked.context, asked.members["StackName"])
    found = [
        {
            **{name: value for name, value in one.items() if name != "Timestamp"},
            "LastUpdatedTimestamp": one["Timestamp"],
        }
        for one in resources_of(asked.context, record)
    ]
    return page(asked, "StackResourceSummaries", found, lambda one: one, lambda one: str(one["LogicalResourceId"]))


def _of_resource(context: RequestContext, identifier: str | None) -> StackRecord | None:
    names = (one.stack for one in context.store.stack_resources.all(context.scope) if one.identifier == identifier)
    return next((look(context, name) for name in names), None)


def _is_of(event: StackEvent, there: StackResource | None) -> bool:
    return there is None or (event.kind == there.kind and event.identifier in ("", there.identifier))


def resources_of(context: RequestContext, record: StackRecord) -> list[dict[str, Any]]:
    """As they are, and as what happened last says: one that could not be made is among them too.

    What happens to what something else has the place of is not its own.
    """
    of_name = [one for one in context.store.stack_resources.all(context.scope) if one.stack == record.name]
    there = {} if record.status == DELETED else {one.logical_id: one for one in of_name}
    found: dict[str, dict[str, Any]] = {}
    for event in reversed(events_of(context, record.id)):
        of_stack = event.logical_id == record.name and event.kind == "AWS::CloudFormation::Stack"
        if not of_stack and _is_of(event, there.get(event.logical_id)):
            found[event.logical_id] = {
                "LogicalResourceId": event.logical_id,
                "PhysicalResourceId": event.identifier,
                "ResourceType": event.kind,
                "Timestamp": millisecond(event.at_s),
                "ResourceStatus": event.status,
                "ResourceStatusReason": event.reason,
                "DriftInformation": _drift_of(record, event.logical_id),
            }
    for one in there.values():
        if one.logical_id not in found:
            found[one.logical_id] = {
                "LogicalResourceId": one.logical_id,
                "PhysicalResourceId": one.identifier,
                "ResourceType": one.kind,
                "Timestamp": millisecond(record.updated_s or record.created_s),
                "ResourceStatus": "CREATE_COMPLETE",
                "DriftInformation": _drift_of(record, one.logical_id),
            }

    def is_gone(one: Mapping[str, Any]) -> bool:
        failed = one["ResourceStatus"] == "CREATE_FAILED" and record.status.endswith("ROLLBACK_COMPLETE")
        return one["LogicalResourceId"] not in there and (failed or one["ResourceStatus"] == DELETED)

    return [one for _, one in sorted(found.items()) if record.status == DELETED or not is_gone(one)]
