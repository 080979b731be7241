"""AWS::IAM beside roles: users, their keys, groups, instance profiles, and policies that one of them has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.iam.roles import IAM, set_boundary, set_policies, strip, take_own
from lambda_emu.templates.kinds.kind import OF, Kind, Made, ResourceRequest, as_text, ask_if_there, tags, takes
from lambda_emu.templates.kinds.plain import Plain, plain


def _create_user(asked: ResourceRequest) -> Made:
    name = asked.named("UserName")
    members = {**asked.given("Path", "PermissionsBoundary"), "UserName": name, "Tags": tags(asked)}
    told = asked.call(IAM, "CreateUser", members)["User"]
    made = asked.begin(Made(name, {"Arn": told["Arn"]}))
    _set_user(asked, name)
    return made


def _set_user(asked: ResourceRequest, name: str) -> None:
    set_policies(asked, "User", name)
    for group in asked.get("Groups") or ():
        asked.call(IAM, "AddUserToGroup", {"UserName": name, "GroupName": group})
    password = asked.get("LoginProfile")
    if password:
        ask_if_there(asked.reach, IAM, "DeleteLoginProfile", UserName=name)
        asked.call(IAM, "CreateLoginProfile", {**password, "UserName": name})


def _update_user(asked: ResourceRequest, made: Made) -> Made:
    name = made.identifier
    take_own(asked, "User", name)
    set_boundary(asked, "User", name)
    if asked.get("Path") != asked.before.get("Path"):
        asked.call(IAM, "UpdateUser", {"UserName": name, "NewPath": asked.get("Path") or "/"})
    if asked.left_out("LoginProfile"):
        ask_if_there(asked.reach, IAM, "DeleteLoginProfile", UserName=name)
    for group in set(asked.before.get("Groups") or ()) - set(asked.get("Groups") or ()):
        ask_if_there(asked.reach, IAM, "RemoveUserFromGroup", UserName=name, GroupName=group)
    _set_user(asked, name)
    return made


def _strip_user(name: str, reach: Reach) -> None:
    strip("User", name, reach)
    for group in (reach.find(IAM, "ListGroupsForUser", UserName=name) or {}).get("Groups", ()):
        ask_if_there(reach, IAM, "RemoveUserFromGroup", UserName=name, GroupName=group["GroupName"])


def _remove_user(made: Made, reach: Reach) -> None:
    name = made.identifier
    if reach.find(IAM, "GetUser", UserName=name) is None:
        return
    _strip_user(name, reach)
    ask_if_there(reach, IAM, "DeleteLoginProfile", UserName=name)
    ask_if_there(reach, IAM, "DeleteUser", UserName=name)


# -- groups


def _create_group(asked: ResourceRequest) -> Made:
    name = asked.named("GroupName")
    told = asked.call(IAM, "CreateGroup", {**asked.given("Path"), "GroupName": name})["Group"]
    made = asked.begin(Made(name, {"Arn": told["Arn"]}))
    set_policies(asked, "Group", name)
    return made


def _update_group(asked: ResourceRequest, made: Made) -> Made:
    if asked.get("Path") != asked.before.get("Path"):
        asked.call(IAM, "UpdateGroup", {"GroupName": made.identifier, "NewPath": asked.get("Path") or "/"})
    take_own(asked, "Group", made.identifier)
    set_policies(asked, "Group", made.identifier)
    return made


def _remove_group(made: Made, reach: Reach) -> None:
    """With whoever is in it."""
    name = made.identifier
    found = reach.find(IAM, "GetGroup", GroupName=name)
    if found is None:
        return
    for user in found["Users"]:
        ask_if_there(reach, IAM, "RemoveUserFromGroup", UserName=user["UserName"], GroupName=name)
    strip("Group", name, reach)
    ask_if_there(reach, IAM, "DeleteGroup", GroupName=name)


def _add_users(asked: ResourceRequest) -> Made:
    group, users = str(asked.get("GroupName")), [str(user) for user in asked.get("Users") or ()]
    for user in users:
        asked.call(IAM, "AddUserToGroup", {"GroupName": group, "UserName": user})
    return Made(asked.name, {"Id": asked.name, OF: {"GroupName": group, "Users": users}})


def _update_users(asked: ResourceRequest, made: Made) -> Made:
    _take_users(made, asked.reach)
    return _add_users(asked)


def _take_users(made: Made, reach: Reach) -> None:
    of = made.attributes[OF]
    for user in of["Users"]:
        ask_if_there(reach, IAM, "RemoveUserFromGroup", GroupName=of["GroupName"], UserName=user)


# -- keys, instance profiles


def _update_key(asked: ResourceRequest, made: Made) -> Made:
    status = str(asked.get("Status") or "Active")
    asked.call(IAM, "UpdateAccessKey", {**made.attributes[OF], "Status": status})
    return made


def _create_key(asked: ResourceRequest) -> Made:
    user = {"UserName": str(asked.get("UserName"))}
    told = asked.call(IAM, "CreateAccessKey", user)["AccessKey"]
    id = told["AccessKeyId"]
    made = Made(id, {"Id": id, "SecretAccessKey": told["SecretAccessKey"], OF: {**user, "AccessKeyId": id}})
    return _update_key(asked, made) if asked.get("Status") == "Inactive" else made


def _remove_key(made: Made, reach: Reach) -> None:
    ask_if_there(reach, IAM, "DeleteAccessKey", **made.attributes[OF])


def _create_profile(asked: ResourceRequest) -> Made:
    name = asked.named("InstanceProfileName")
    told = asked.call(IAM, "CreateInstanceProfile", {**asked.given("Path"), "InstanceProfileName": name})
    made = asked.begin(Made(name, {"Arn": told["InstanceProfile"]["Arn"]}))
    return _set_profile(asked, made)


def _set_profile(asked: ResourceRequest, made: Made) -> Made:
    _empty_profile(made.identifier, asked.reach)
    for role in asked.get("Roles") or ():
        asked.call(IAM, "AddRoleToInstanceProfile", {"InstanceProfileName": made.identifier, "RoleName": role})
    return made


def _empty_profile(name: str, reach: Reach) -> bool:
    """Whether it is there."""
    found = reach.find(IAM, "GetInstanceProfile", InstanceProfileName=name)
    for role in found["InstanceProfile"]["Roles"] if found else ():
        of = {"InstanceProfileName": name, "RoleName": role["RoleName"]}
        ask_if_there(reach, IAM, "RemoveRoleFromInstanceProfile", **of)
    return found is not None


def _remove_profile(made: Made, reach: Reach) -> None:
    if _empty_profile(made.identifier, reach):
        ask_if_there(reach, IAM, "DeleteInstanceProfile", InstanceProfileName=made.identifier)


def _policy_of(whose: str) -> Kind:
    """A policy that one role, user or group has."""

    def document(asked: ResourceRequest) -> dict[str, Any]:
        return {"PolicyDocument": as_text(asked.get("PolicyDocument"))}

    return plain(
        Plain(
            IAM,
            f"PolicyDocument PolicyName {whose}Name",
            f"Put{whose}Policy",
            f"Delete{whose}Policy",
            id="PolicyName",
            update=f"Put{whose}Policy",
            keys={f"{whose}Name": f"{whose}Name", "PolicyName": "PolicyName"},
            fixed=f"PolicyName {whose}Name",
            more=document,
        )
    )


USERS: Mapping[str, Kind] = {
    "AWS::IAM::Group": Kind(
        takes("GroupName ManagedPolicyArns Path Policies"),
        _create_group,
        _remove_group,
        _update_group,
        fixed=takes("GroupName"),
        named="GroupName",
    ),
    "AWS::IAM::User": Kind(
        takes("Groups LoginProfile ManagedPolicyArns Path PermissionsBoundary Policies Tags UserName"),
        _create_user,
        _remove_user,
        _update_user,
        fixed=takes("UserName"),
        named="UserName",
    ),
    "AWS::IAM::UserToGroupAddition": Kind(takes("GroupName Users"), _add_users, _take_users, _update_users),
    "AWS::IAM::AccessKey": Kind(
        takes("Serial Status UserName"), _create_key, _remove_key, _update_key, fixed=takes("Serial UserName")
    ),
    "AWS::IAM::InstanceProfile": Kind(
        takes("InstanceProfileName Path Roles"),
        _create_profile,
        _remove_profile,
        _set_profile,
        fixed=takes("InstanceProfileName Path"),
        named="InstanceProfileName",
    ),
    **{f"AWS::IAM::{whose}Policy": _policy_of(whose) for whose in ("Role", "User", "Group")},
}
