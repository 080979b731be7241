"""AWS::IAM: roles, and the policies that they and users have."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from lambda_emu.project.resources import CannotChange
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import OF, Asked, Kind, Made, NeedsAnother, as_text, ask_if_there, tags, takes

log = logging.getLogger(__name__)
IAM = "iam"


def _create_role(asked: Asked) -> Made:
    name = asked.named("RoleName")
    said = asked.given("AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "Path", "PermissionsBoundary")
    found = asked.reach.find(IAM, "GetRole", RoleName=name) if asked.get("RoleName") is None else None
    if found is not None:  # of a start that was killed before it was remembered
        role = found["Role"]
        return _update_role(asked, Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]}))
    told = asked.call(IAM, "CreateRole", {**said, "RoleName": name, "Tags": tags(asked)})["Role"]
    made = asked.begin(Made(name, {"Arn": told["Arn"], "RoleId": told["RoleId"]}))
    _put_policies(asked, name)
    return made


def _update_role(asked: Asked, made: Made) -> Made:
    name = made.identifier
    if asked.named("RoleName") != name:
        raise NeedsAnother
    document = as_text(asked.get("AssumeRolePolicyDocument"))
    asked.call(IAM, "UpdateAssumeRolePolicy", {"RoleName": name, "PolicyDocument": document})
    _strip(name, asked.reach)
    _put_policies(asked, name)
    return made


def _put_policies(asked: Asked, role: str) -> None:
    for arn in asked.get("ManagedPolicyArns") or ():
        try:
            asked.call(IAM, "AttachRolePolicy", {"RoleName": role, "PolicyArn": arn})
        except CannotChange as error:
            if "NoSuchEntity" not in str(error):
                raise
            log.warning("%s: there is no policy %s here, so it allows nothing", asked.logical_id, arn)
    for policy in asked.get("Policies") or ():
        _put_policy(asked, role, policy)


def _put_policy(asked: Asked, role: str, policy: Mapping[str, Any]) -> None:
    document = policy["PolicyDocument"]
    if isinstance(document, Mapping):
        document = {"Version": "2012-10-17", **document}  # SAM's own leave it out, and what serves IAM wants it
    members = {"PolicyName": policy["PolicyName"], "PolicyDocument": as_text(document)}
    asked.call(IAM, "PutRolePolicy", {**members, "RoleName": role})


def _strip(role: str, reach: Reach) -> None:
    """Take away the policies that it has."""
    for policy in _attached(role, reach):
        ask_if_there(reach, IAM, "DetachRolePolicy", RoleName=role, PolicyArn=policy)
    for name in (reach.find(IAM, "ListRolePolicies", RoleName=role) or {}).get("PolicyNames", ()):
        ask_if_there(reach, IAM, "DeleteRolePolicy", RoleName=role, PolicyName=name)


def _attached(role: str, reach: Reach) -> Iterator[str]:
    found = reach.find(IAM, "ListAttachedRolePolicies", RoleName=role) or {}
    return (one["PolicyArn"] for one in found.get("AttachedPolicies", ()))


def _remove_role(made: Made, reach: Reach) -> None:
    if _has_role(made, reach):
        _strip(made.identifier, reach)
        ask_if_there(reach, IAM, "DeleteRole", RoleName=made.identifier)


def _has_role(made: Made, reach: Reach) -> bool:
    return reach.find(IAM, "GetRole", RoleName=made.identifier) is not None


# -- policies of their own


def _create_policy(asked: Asked) -> Made:
    for role in asked.get("Roles") or ():
        _put_policy(asked, str(role), asked.properties)
    roles = " ".join(map(str, asked.get("Roles") or ()))
    return Made(asked.named("PolicyName"), {"Id": asked.named("PolicyName"), OF: roles})


def _remove_policy(made: Made, reach: Reach) -> None:
    for role in made.attributes[OF].split():
        ask_if_there(reach, IAM, "DeleteRolePolicy", RoleName=role, PolicyName=made.identifier)


def _create_managed(asked: Asked) -> Made:
    said = asked.given("Description", "Path", "PolicyDocument")
    arn = asked.call(IAM, "CreatePolicy", {**said, "PolicyName": asked.named("ManagedPolicyName")})["Policy"]["Arn"]
    roles = [str(role) for role in asked.get("Roles") or ()]
    for role in roles:
        asked.call(IAM, "AttachRolePolicy", {"RoleName": role, "PolicyArn": arn})
    return Made(arn, {"PolicyArn": arn, OF: " ".join(roles)})


def _remove_managed(made: Made, reach: Reach) -> None:
    for role in made.attributes[OF].split():
        ask_if_there(reach, IAM, "DetachRolePolicy", RoleName=role, PolicyArn=made.identifier)
    ask_if_there(reach, IAM, "DeletePolicy", PolicyArn=made.identifier)


ROLES: Mapping[str, Kind] = {
    "AWS::IAM::Role": Kind(
        takes(
            "AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration Path PermissionsBoundary "
            "Policies RoleName Tags"
        ),
        _create_role,
        _remove_role,
        _update_role,
    ),
    "AWS::IAM::Policy": Kind(takes("PolicyDocument PolicyName Roles"), _create_policy, _remove_policy),
    "AWS::IAM::ManagedPolicy": Kind(
        takes("Description ManagedPolicyName Path PolicyDocument Roles"), _create_managed, _remove_managed
    ),
}
