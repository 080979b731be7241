"""Roles of IAM, whose policies and trust are the project's: made where they are missing, never removed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from lambda_emu.project.declarations import Declared
from lambda_emu.project.keys.roles import SERVICES
from lambda_emu.project.kinds import ResourceKind
from lambda_emu.project.resources import Members, Present, Resource
from lambda_emu.project.services.building import Building, filled_all
from lambda_emu.project.services.reach import Reach
from lambda_emu.project.services.stores import find_each, stays

ROLE = "role"
POLICY = "lambda-emu"
"""The inline one that is ours; what others give it beside that, or attach, stays."""
VERSION = "2012-10-17"


def declare_role(building: Building, declared: Declared) -> None:
    scope, fields = building.scope, declared.fields
    managed = f"arn:{scope.partition}:iam::aws:policy/"
    shown = {
        "Trust": sorted(_principal(each) for each in fields.get("services", SERVICES)),
        "Allow": filled_all(fields.get("allow", []), scope),
        "Attached": sorted(each if each.startswith("arn:") else managed + each for each in fields.get("policies", [])),
    }
    building.add(ROLE, declared.name, shown, shown, declared.place())


def _principal(service: str) -> str:
    return service if service.endswith(".amazonaws.com") else f"{service}.amazonaws.com"


def _look(resource: Resource, reach: Reach) -> tuple[str, Members] | None:
    name = resource.key.name
    found = reach.find("iam", "GetRole", RoleName=name)
    if found is None:
        return None
    policy = reach.find("iam", "GetRolePolicy", RoleName=name, PolicyName=POLICY)
    attached = reach.call("iam", "ListAttachedRolePolicies", RoleName=name)["AttachedPolicies"]
    wanted = resource.members["Attached"]
    shown = {
        "Trust": _trusted(_document(found["Role"]["AssumeRolePolicyDocument"])),
        "Allow": [] if policy is None else _document(policy["PolicyDocument"]).get("Statement"),
        "Attached": sorted(one["PolicyArn"] for one in attached if one["PolicyArn"] in wanted),
    }
    return str(found["Role"]["Arn"]), shown


def _document(said: Any) -> Mapping[str, Any]:
    """botocore reads what is a document, where it knows that it is one."""
    found = json.loads(unquote(said)) if isinstance(said, str) else said
    return found if isinstance(found, dict) else {}


def _trusted(document: Mapping[str, Any]) -> Any:
    """The services, of a trust policy of ours; any other is not as it should be."""
    match document.get("Statement"):
        case [{"Principal": {"Service": services}}]:
            return sorted([services] if isinstance(services, str) else services)
    return None


def _create(name: str, members: Members, reach: Reach) -> str:
    trust = _trust(members["Trust"])
    made = reach.call("iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=trust)
    _allow(name, members, reach)
    return str(made["Role"]["Arn"])


def _update(present: Present, members: Members, reach: Reach) -> str:
    name = present.key.name
    reach.call("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=_trust(members["Trust"]))
    _allow(name, members, reach)
    return present.identifier


def _allow(name: str, members: Members, reach: Reach) -> None:
    if members["Allow"]:
        document = json.dumps({"Version": VERSION, "Statement": members["Allow"]})
        reach.call("iam", "PutRolePolicy", RoleName=name, PolicyName=POLICY, PolicyDocument=document)
    else:
        reach.find("iam", "DeleteRolePolicy", RoleName=name, PolicyName=POLICY)
    for arn in members["Attached"]:
        reach.call("iam", "AttachRolePolicy", RoleName=name, PolicyArn=arn)


def _trust(services: Sequence[str]) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": [*services]}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": VERSION, "Statement": [statement]})


ROLES: Mapping[str, ResourceKind[Reach]] = {ROLE: ResourceKind("", find_each(ROLE, _look), _create, _update, stays)}
