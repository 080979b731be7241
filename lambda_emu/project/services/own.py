"""What Lambda itself keeps of a function's events: permissions, event source mappings, URLs."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.errors.base import LambdaError
from lambda_emu.model.mappings.refusals import MappingInUse
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import CannotChange, Members, Present, ResourceKey
from lambda_emu.project.services.left import ORIGIN, PREFIX, TAG, find_mappings, find_permissions
from lambda_emu.project.services.reach import Reach

PERMISSION, MAPPING, URL = "permission", "event source mapping", "URL"
URL_ID = f"{PREFIX}url"
"""Of the permission that goes with each URL of ours."""
LOOKS, LOOK_S = 200, 0.05
ONLY_AT_FIRST = ("StartingPosition",)
"""What a mapping is made with and keeps."""


# -- permissions: named `FUNCTION ID`


_CONDITIONS = {
    "SourceArn": "AWS:SourceArn",
    "SourceAccount": "AWS:SourceAccount",
    "FunctionUrlAuthType": "lambda:FunctionUrlAuthType",
    "InvokedViaFunctionUrl": "lambda:InvokedViaFunctionUrl",
}


def show_permission(members: Members) -> Members:
    """What a statement made of these members is known by."""
    shown = {_CONDITIONS[member]: value for member, value in members.items() if member in _CONDITIONS}
    return {"Action": members["Action"], **{key: "true" if value is True else value for key, value in shown.items()}}


def _find_permissions(reach: Reach) -> Iterator[Present]:
    for left in find_permissions(reach.context):
        conditions = left.statement.get("Condition", {}).values()
        shown = {key: value for keys in conditions for key, value in keys.items()}
        key = ResourceKey(PERMISSION, f"{left.function} {left.id}")
        yield Present(key, {"Action": left.statement["Action"], **shown}, left.id, ORIGIN)


def _add_permission(name: str, members: Members, reach: Reach) -> str:
    function, id = name.split()
    reach.ask_lambda("AddPermission", FunctionName=function, StatementId=id, **members)
    return id


def _replace_permission(present: Present, members: Members, reach: Reach) -> str:
    _remove_permission(present, reach)
    return _add_permission(present.key.name, members, reach)


def _remove_permission(present: Present, reach: Reach) -> None:
    function, id = present.key.name.split()
    reach.ask_lambda("RemovePermission", FunctionName=function, StatementId=id)


# -- event source mappings: named `FUNCTION SOURCE`


def _find_mappings(reach: Reach) -> Iterator[Present]:
    for mapping in find_mappings(reach.context):
        shown: dict[str, Any] = reach.ask_lambda("GetEventSourceMapping", UUID=mapping.uuid)
        function = mapping.unqualified.rpartition(":")[2]
        name = f"{function} {source_name(mapping.source_arn or '')}"
        wanted = reach.wanted.get(ResourceKey(MAPPING, name))
        if wanted is not None:
            shown = {"Enabled": mapping.enabled, **shown}
            shown = {member: shown.get(member, _EMPTY.get(member)) for member in wanted.shown}
        yield Present(ResourceKey(MAPPING, name), shown, mapping.uuid, ORIGIN)


_EMPTY: Mapping[str, Any] = {"FilterCriteria": {}, "ScalingConfig": {}}
"""What is not shown where there is none."""


def source_name(arn: str) -> str:
    """`sqs:jobs` of a queue's ARN, `dynamodb:photos` of that of a table's stream, `kinesis:clicks` of that of a stream,
    `kinesis:clicks/live` of that of a consumer of it."""
    service, resource = arn.split(":")[2], arn.split(":", 5)[5]
    name, _, rest = resource.removeprefix("table/").removeprefix("stream/").partition("/")
    consumer = rest.removeprefix("consumer/").partition(":")[0] if service == "kinesis" else ""
    return f"{service}:{name}/{consumer}" if consumer else f"{service}:{name}"


def _create_mapping(_: str, members: Members, reach: Reach) -> str:
    made = reach.ask_lambda("CreateEventSourceMapping", Tags={TAG: ORIGIN}, **_set(members))
    return str(made["UUID"])


def _update_mapping(present: Present, members: Members, reach: Reach) -> str:
    """A stream that was made anew is another source: so is its mapping."""
    if members["EventSourceArn"] != present.shown["EventSourceArn"]:
        _delete_mapping(present, reach)
        return _create_mapping(present.key.name, members, reach)
    fixed = ("EventSourceArn", *ONLY_AT_FIRST)
    changed = {member: value for member, value in members.items() if member not in fixed}
    _when_settled(reach, "UpdateEventSourceMapping", UUID=present.identifier, **changed)
    return present.identifier


def _delete_mapping(present: Present, reach: Reach) -> None:
    _when_settled(reach, "DeleteEventSourceMapping", UUID=present.identifier)
    for _ in range(LOOKS):
        if all(mapping.uuid != present.identifier for mapping in find_mappings(reach.context)):
            return
        threading.Event().wait(LOOK_S)
    raise CannotChange(f"{present.identifier} is still being deleted")


def _when_settled(reach: Reach, operation: str, **members: Any) -> None:
    """Lambda refuses a change while another is under way, which takes moments."""
    for left in reversed(range(LOOKS)):
        try:
            reach.ask_lambda(operation, **members)
            return
        except MappingInUse:
            if not left:
                raise
            threading.Event().wait(LOOK_S)


def _set(members: Members) -> dict[str, Any]:
    """What says nothing is left out of a new one."""
    return {member: value for member, value in members.items() if value not in ({}, [])}


# -- URLs: named after their functions


def _find_urls(reach: Reach) -> Iterator[Present]:
    for left in find_permissions(reach.context):
        if left.id != URL_ID:
            continue
        try:
            found = reach.ask_lambda("GetFunctionUrlConfig", FunctionName=left.function)
        except LambdaError:
            continue  # somebody deleted it
        shown = {"AuthType": found["AuthType"], "Cors": found.get("Cors", {}), "InvokeMode": found["InvokeMode"]}
        yield Present(ResourceKey(URL, left.function), shown, found["FunctionUrl"], ORIGIN)


def _create_url(name: str, members: Members, reach: Reach) -> str:
    made = reach.ask_lambda("CreateFunctionUrlConfig", FunctionName=name, **_set(members))
    return str(made["FunctionUrl"])


def _update_url(present: Present, members: Members, reach: Reach) -> str:
    reach.ask_lambda("UpdateFunctionUrlConfig", FunctionName=present.key.name, **members)
    return present.identifier


def _delete_url(present: Present, reach: Reach) -> None:
    reach.ask_lambda("DeleteFunctionUrlConfig", FunctionName=present.key.name)


PERMISSIONS: Mapping[str, ResourceKind[Reach]] = {
    PERMISSION: ResourceKind("policies", _find_permissions, _add_permission, _replace_permission, _remove_permission),
}
OWN: Mapping[str, ResourceKind[Reach]] = {
    MAPPING: ResourceKind("event_source_mappings", _find_mappings, _create_mapping, _update_mapping, _delete_mapping),
    URL: ResourceKind("function_urls", _find_urls, _create_url, _update_url, _delete_url),
}
