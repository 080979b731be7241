"""What is done to groups and streams: they are made, shown, tagged, kept for a time, deleted."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from lambda_emu.logs.groups import StreamUse
from lambda_emu.services.logs.errors import InvalidParameter, ResourceMissing, TooManyTags
from lambda_emu.services.logs.groups import Groups
from lambda_emu.services.logs.records import LogGroup, arn_of
from lambda_emu.services.logs.request import GROUP_ARN, LogsRequest, Result, page_of
from lambda_emu.services.tags import Tags, without

PAGE = 50
DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
MOST_TAGS = 50
MOST_PATTERNS = 5
BY_TIME = "LastEventTime"
_PATTERN = re.compile(r"\^?[.\-_/#A-Za-z0-9]{3,24}", re.ASCII)


def create_log_group(asked: LogsRequest, groups: Groups) -> Result:
    members, scope = asked.members, asked.scope
    name: str = members["logGroupName"]
    if name.startswith("aws/"):
        raise InvalidParameter("Log groups starting with AWS/ are reserved for AWS.")
    made = LogGroup(
        scope.account,
        scope.region,
        name,
        asked.now_ms,
        tags=_checked(members.get("tags", {})),
        kms_key=members.get("kmsKeyId"),
        log_class=members.get("logGroupClass", "STANDARD"),
        is_protected=members.get("deletionProtectionEnabled", False),
    )
    groups.create(made)
    return {}


def delete_log_group(asked: LogsRequest, groups: Groups) -> Result:
    groups.delete(asked.scope, asked.members["logGroupName"])
    return {}


def describe_log_groups(asked: LogsRequest, groups: Groups) -> Result:
    members = asked.members
    prefix, pattern = members.get("logGroupNamePrefix"), members.get("logGroupNamePattern")
    if prefix is not None and pattern is not None:
        raise InvalidParameter("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    wanted = {asked.identified(one) for one in members.get("logGroupIdentifiers", ())}
    found = [
        (group, size)
        for group, size in groups.all(asked.scope)
        if group.name.startswith(prefix or "")
        and (pattern or "") in group.name
        and members.get("logGroupClass", group.log_class) == group.log_class
        and (not wanted or (group.scope, group.name) in wanted)
    ]
    page, more = page_of(found, lambda pair: pair[0].name, asked, PAGE)
    return {"logGroups": [_group_shown(group, size) for group, size in page], **more}


def list_log_groups(asked: LogsRequest, groups: Groups) -> Result:
    matches = _name_matcher(asked.members.get("logGroupNamePattern"))
    wanted = asked.members.get("logGroupClass")
    found = [group for group, _ in groups.all(asked.scope) if matches(group.name) and wanted in (None, group.log_class)]
    page, more = page_of(found, lambda group: group.name, asked, PAGE)
    shown = [{"logGroupName": one.name, "logGroupArn": one.arn, "logGroupClass": one.log_class} for one in page]
    return {"logGroups": shown, **more}


def put_retention_policy(asked: LogsRequest, groups: Groups) -> Result:
    days: int = asked.members["retentionInDays"]
    if days not in DAYS:
        said = ", ".join(map(str, DAYS))
        raise InvalidParameter(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{said}]"
        )
    changed = groups.change(asked.scope, asked.members["logGroupName"], lambda one: replace(one, retention_days=days))
    groups.expire(changed)
    return {}


def delete_retention_policy(asked: LogsRequest, groups: Groups) -> Result:
    groups.change(asked.scope, asked.members["logGroupName"], lambda one: replace(one, retention_days=None))
    return {}


def put_log_group_deletion_protection(asked: LogsRequest, groups: Groups) -> Result:
    scope, name = asked.identified(asked.members["logGroupIdentifier"])
    is_protected = asked.members["deletionProtectionEnabled"]
    groups.change(scope, name, lambda one: replace(one, is_protected=is_protected))
    return {}


# -- streams --------------------------------------------------------------------------------------


def create_log_stream(asked: LogsRequest, groups: Groups) -> Result:
    groups.create_stream(asked.scope, asked.members["logGroupName"], asked.members["logStreamName"], asked.now_ms)
    return {}


def delete_log_stream(asked: LogsRequest, groups: Groups) -> Result:
    groups.delete_stream(asked.scope, asked.members["logGroupName"], asked.members["logStreamName"])
    return {}


def describe_log_streams(asked: LogsRequest, groups: Groups) -> Result:
    """By name, or by the time of the last event; without any, of its making."""
    members = asked.members
    scope, name = asked.group()
    by_time, prefix = members.get("orderBy") == BY_TIME, members.get("logStreamNamePrefix")
    if by_time and prefix is not None:
        raise InvalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
    groups.find(scope, name)
    groups.catch_up()
    found = [one for one in groups.reader.streams(scope, name) if one.name.startswith(prefix or "")]

    def place(one: StreamUse) -> str:
        return f"{one.last_ms or one.created_ms or 0:020d} {one.name}" if by_time else one.name

    page, more = page_of(found, place, asked, PAGE, descending=members.get("descending", False))
    return {"logStreams": [_stream_shown(one, f"{arn_of(scope, name)}:log-stream:{one.name}") for one in page], **more}


# -- tags -----------------------------------------------------------------------------------------


def tag_resource(asked: LogsRequest, groups: Groups) -> Result:
    return _change_tags(asked, groups, _resource(asked), lambda tags: {**tags, **asked.members["tags"]})


def untag_resource(asked: LogsRequest, groups: Groups) -> Result:
    return _change_tags(asked, groups, _resource(asked), lambda tags: without(tags, asked.members["tagKeys"]))


def list_tags_for_resource(asked: LogsRequest, groups: Groups) -> Result:
    return {"tags": groups.find(asked.scope, _resource(asked)).tags}


def tag_log_group(asked: LogsRequest, groups: Groups) -> Result:
    name = asked.members["logGroupName"]
    return _change_tags(asked, groups, name, lambda tags: {**tags, **asked.members["tags"]})


def untag_log_group(asked: LogsRequest, groups: Groups) -> Result:
    name = asked.members["logGroupName"]
    return _change_tags(asked, groups, name, lambda tags: without(tags, asked.members["tags"]))


def list_tags_log_group(asked: LogsRequest, groups: Groups) -> Result:
    return {"tags": groups.find(asked.scope, asked.members["logGroupName"]).tags}


def _change_tags(asked: LogsRequest, groups: Groups, name: str, edit: Callable[[Tags], Tags]) -> Result:
    groups.change(asked.scope, name, lambda group: replace(group, tags=_checked(edit(group.tags))))
    return {}


def _checked(tags: Tags) -> Tags:
    if len(tags) > MOST_TAGS:
        raise TooManyTags(MOST_TAGS)
    return tags


def _resource(asked: LogsRequest) -> str:
    arn: str = asked.members["resourceArn"]
    found = GROUP_ARN.fullmatch(arn)
    if found is None:
        raise ResourceMissing(arn)
    return found[3]


# -- as they are shown ----------------------------------------------------------------------------


def _group_shown(group: LogGroup, size: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "logGroupName": group.name,
        "creationTime": group.created_ms,
        "metricFilterCount": len(group.metrics),
        "arn": f"{group.arn}:*",
        "storedBytes": size,
        "logGroupClass": group.log_class,
        "logGroupArn": group.arn,
        "deletionProtectionEnabled": group.is_protected,
    }
    if group.retention_days is not None:
        shown["retentionInDays"] = group.retention_days
    if group.kms_key is not None:
        shown["kmsKeyId"] = group.kms_key
    return shown


def _stream_shown(use: StreamUse, arn: str) -> dict[str, Any]:
    times = {
        "creationTime": use.created_ms if use.created_ms is not None else use.first_ms,
        "firstEventTimestamp": use.first_ms,
        "lastEventTimestamp": use.last_ms,
        "lastIngestionTime": use.ingested_ms,
    }
    told = {name: at_ms for name, at_ms in times.items() if at_ms is not None}
    return {"logStreamName": use.name, **told, "uploadSequenceToken": UPLOAD_TOKEN, "arn": arn, "storedBytes": 0}


UPLOAD_TOKEN = "49" + "0" * 53 + "1"
"""Nobody looks at it any more."""


def _name_matcher(pattern: str | None) -> Callable[[str], bool]:
    """`^begin|within`. InvalidParameter."""
    if pattern is None:
        return lambda _: True
    parts = pattern.split("|")
    if len(parts) > MOST_PATTERNS or not all(_PATTERN.fullmatch(part) for part in parts):
        raise InvalidParameter("The specified logGroupNamePattern is invalid.")  # (?)
    return lambda name: any(name.startswith(part[1:]) if part.startswith("^") else part in name for part in parts)
