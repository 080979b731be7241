"""Who may write to logs, and what is kept and has no effect: keys that they are encrypted by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import DecodeError
from msgspec.json import decode
from msgspec.structs import replace

from lambda_emu.arn import Scope
from lambda_emu.services.logs import table
from lambda_emu.services.logs.errors import InvalidParameter, LimitReached, PolicyMissing
from lambda_emu.services.logs.groups import Groups
from lambda_emu.services.logs.request import LogsRequest, Result, page_of

PAGE = 50
MOST_POLICIES = 10


def put_resource_policy(asked: LogsRequest, groups: Groups) -> Result:
    members, scope = asked.members, asked.scope
    name, document = members.get("policyName"), members.get("policyDocument")
    if not name or not document:
        raise InvalidParameter("policyName and policyDocument must be specified.")  # (?)
    if not _is_object(document):
        raise InvalidParameter("Invalid policy document: it is no object of JSON.")  # (?)
    policy = {"policyName": name, "policyDocument": document, "lastUpdatedTime": asked.now_ms}

    def step(connection: Any) -> None:
        others = [one for one in table.read_policies(connection, scope) if one["policyName"] != name]
        if len(others) >= MOST_POLICIES:
            raise LimitReached
        table.put_policy(connection, scope, name, policy)

    groups.change_policies(step)
    return {"resourcePolicy": policy}


def describe_resource_policies(asked: LogsRequest, groups: Groups) -> Result:
    found = groups.commit(lambda connection: table.read_policies(connection, asked.scope))
    page, more = page_of(found, lambda one: str(one["policyName"]), asked, PAGE)
    return {"resourcePolicies": page, **more}


def delete_resource_policy(asked: LogsRequest, groups: Groups) -> Result:
    name = asked.members.get("policyName", "")

    def step(connection: Any) -> None:
        if not table.delete_policy(connection, asked.scope, name):
            raise PolicyMissing(name)

    groups.change_policies(step)
    return {}


def associate_kms_key(asked: LogsRequest, groups: Groups) -> Result:
    scope, name = _keyed(asked)
    key = asked.members["kmsKeyId"]
    groups.change(scope, name, lambda group: replace(group, kms_key=key))
    return {}


def disassociate_kms_key(asked: LogsRequest, groups: Groups) -> Result:
    scope, name = _keyed(asked)
    groups.change(scope, name, lambda group: replace(group, kms_key=None))
    return {}


def _keyed(asked: LogsRequest) -> tuple[Scope, str]:
    members = asked.members
    named = members.get("logGroupName") or members.get("resourceIdentifier")
    if named is None:
        raise InvalidParameter("Exactly one of logGroupName and resourceIdentifier must be specified.")  # (?)
    return asked.identified(named)


def _is_object(text: str) -> bool:
    try:
        return isinstance(decode(text), Mapping)
    except (DecodeError, RecursionError):
        return False
