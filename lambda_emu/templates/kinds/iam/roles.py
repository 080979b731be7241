"""AWS::IAM: roles, and the policies that they and users have."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from lambda_emu.project.resources import CannotChange
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.iam.plain_roles import keep_plain
from lambda_emu.templates.kinds.kind import OF, Kind, Made, ResourceRequest, as_text, ask_if_there, tags, takes

log = logging.getLogger(__name__)
IAM = "iam"


def _create_role(asked: ResourceRequest) -> Made:
    name = asked.named("RoleName")
    if (kept := keep_plain(asked, name)) is not None:
        return kept
    said = asked.given("AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "Path", "PermissionsBoundary")
    try:
        told = asked.call(IAM, "CreateRole", {**said, "RoleName": name, "Tags": tags(asked)})["Role"]
    except CannotChange as error:
        if asked.get("RoleName") is not None or "EntityAlreadyExists" not in str(error):
            raise
        role = asked.call(IAM, "GetRole", {"RoleName": name})["Role"]  # of a start that was killed before it kept it
        strip("Role", name, asked.reach)
        return _update_role(asked, Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]}))
    made = asked.begin(Made(name, {"Arn": told["Arn"], "RoleId": told["RoleId"]}))
    set_policies(asked, "Role", name)
    return made


def _update_role(asked: ResourceRequest, made: Made) -> Made:
    name = made.identifier
    document = as_text(asked.get("AssumeRolePolicyDocument"))
    asked.call(IAM, "UpdateAssumeRolePolicy", {"RoleName": name, "PolicyDocument": document})
    said = {"Description": asked.get("Description") or "", **asked.given("MaxSessionDuration")}
    asked.call(IAM, "UpdateRole", {"RoleName": name, **said})
    set_boundary(asked, "Role", name)
    take_own(asked, "Role", name)
    set_policies(asked, "Role", name)
    return made


def set_boundary(asked: ResourceRequest, whose: str, name: str) -> None:
    """Of a Role or User."""
    of, boundary = {f"{whose}Name": name}, asked.get("PermissionsBoundary")
    if boundary == asked.before.get("PermissionsBoundary"):
        return
    if boundary is None:
        ask_if_there(asked.reach, IAM, f"Delete{whose}PermissionsBoundary", **of)
    else:
        asked.call(IAM, f"Put{whose}PermissionsBoundary", {**of, "PermissionsBoundary": boundary})


def set_policies(asked: ResourceRequest, whose: str, name: str) -> None:
    """Those that stand in it."""
    for arn in asked.get("ManagedPolicyArns") or ():
        attach(asked, whose, name, str(arn))
    for policy in asked.get("Policies") or ():
        put_inline(asked, whose, name, policy)


def take_own(asked: ResourceRequest, whose: str, name: str) -> None:
    """Take away the policies that stood in it and do not any more; those that others gave it stay."""
    of = {f"{whose}Name": name}
    had, has = (
        (
            {*map(str, said.get("ManagedPolicyArns") or ())},
            {str(one["PolicyName"]) for one in said.get("Policies") or ()},
        )
        for said in (asked.before, asked.properties)
    )
    for arn in sorted(had[0] - has[0]):
        ask_if_there(asked.reach, IAM, f"Detach{whose}Policy", **of, PolicyArn=arn)
    for inline in sorted(had[1] - has[1]):
        ask_if_there(asked.reach, IAM, f"Delete{whose}Policy", **of, PolicyName=inline)


def attach(asked: ResourceRequest, whose: str, name: str, arn: str) -> None:
    """A managed policy, to a Role, User or Group."""
    try:
        asked.call(IAM, f"Attach{whose}Policy", {f"{whose}Name": name, "PolicyArn": arn})
    except CannotChange as error:
        if "NoSuchEntity" not in str(error):
            raise
        log.warning("%s: there is no policy %s here, so it allows nothing", asked.logical_id, arn)


def put_inline(asked: ResourceRequest, whose: str, name: str, policy: Mapping[str, Any]) -> None:
    document = policy["PolicyDocument"]
    if isinstance(document, Mapping):
        document = {"Version": "2012-10-17", **document}  # SAM's own leave it out, and what serves IAM wants it
    members = {"PolicyName": policy["PolicyName"], "PolicyDocument": as_text(document)}
    asked.call(IAM, f"Put{whose}Policy", {**members, f"{whose}Name": name})


def strip(whose: str, name: str, reach: Reach) -> None:
    """Take away the policies that it has."""
    of = {f"{whose}Name": name}
    attached = (reach.find(IAM, f"ListAttached{whose}Policies", **of) or {}).get("AttachedPolicies", ())
    for policy in attached:
        ask_if_there(reach, IAM, f"Detach{whose}Policy", **of, PolicyArn=policy["PolicyArn"])
    for inline in (reach.find(IAM, f"List{whose}Policies", **of) or {}).get("PolicyNames", ()):
        ask_if_there(reach, IAM, f"Delete{whose}Policy", **of, PolicyName=inline)


def _remove_role(made: Made, reach: Reach) -> None:
    if _has_role(made, reach):
        strip("Role", made.identifier, reach)
        ask_if_there(reach, IAM, "DeleteRole", RoleName=made.identifier)


def _has_role(made: Made, reach: Reach) -> bool:
    return reach.find(IAM, "GetRole", RoleName=made.identifier) is not None


# -- policies of their own


def _create_policy(asked: ResourceRequest) -> Made:
    name = asked.named("PolicyName")
    policy = {"PolicyName": name, "PolicyDocument": asked.get("PolicyDocument")}
    whose = _whose(asked)
    for what, one in whose:
        put_inline(asked, what, one, policy)
    return Made(name, {"Id": name, OF: whose})


def _whose(asked: ResourceRequest) -> list[list[str]]:
    """Those that it is for: what each is, and its name."""
    return [[what, str(name)] for what in ("Role", "User", "Group") for name in asked.get(f"{what}s") or ()]


def _update_policy(asked: ResourceRequest, made: Made) -> Made:
    _remove_policy(made, asked.reach)
    return _create_policy(asked)


def _remove_policy(made: Made, reach: Reach) -> None:
    for what, name in made.attributes[OF]:
        ask_if_there(reach, IAM, f"Delete{what}Policy", **{f"{what}Name": name}, PolicyName=made.identifier)


def _create_managed(asked: ResourceRequest) -> Made:
    said = asked.given("Description", "Path", "PolicyDocument")
    told = asked.call(IAM, "CreatePolicy", {**said, "PolicyName": asked.named("ManagedPolicyName")})["Policy"]
    return _attach_managed(asked, Made(told["Arn"], {"PolicyArn": told["Arn"], "PolicyId": told["PolicyId"]}))


def _attach_managed(asked: ResourceRequest, made: Made) -> Made:
    whose = _whose(asked)
    for what, name in whose:
        attach(asked, what, name, made.identifier)
    return made._replace(attributes={**made.attributes, OF: whose})


def _update_managed(asked: ResourceRequest, made: Made) -> Made:
    """A version that is the default, in the place of the one before."""
    arn = {"PolicyArn": made.identifier}
    _detach_managed(made, asked.reach)
    before = asked.call(IAM, "GetPolicy", arn)["Policy"]["DefaultVersionId"]
    asked.call(IAM, "CreatePolicyVersion", {**arn, **asked.given("PolicyDocument"), "SetAsDefault": True})
    ask_if_there(asked.reach, IAM, "DeletePolicyVersion", **arn, VersionId=before)
    return _attach_managed(asked, made)


def _detach_managed(made: Made, reach: Reach) -> None:
    for what, name in made.attributes[OF]:
        ask_if_there(reach, IAM, f"Detach{what}Policy", **{f"{what}Name": name}, PolicyArn=made.identifier)


def _remove_managed(made: Made, reach: Reach) -> None:
    _detach_managed(made, reach)
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
        fixed=takes("Path RoleName"),
        named="RoleName",
    ),
    "AWS::IAM::Policy": Kind(
        takes("Groups PolicyDocument PolicyName Roles Users"), _create_policy, _remove_policy, _update_policy
    ),
    "AWS::IAM::ManagedPolicy": Kind(
        takes("Description Groups ManagedPolicyName Path PolicyDocument Roles Users"),
        _create_managed,
        _remove_managed,
        _update_managed,
        fixed=takes("Description ManagedPolicyName Path"),
        named="ManagedPolicyName",
    ),
}
