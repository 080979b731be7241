"""Types of IAM and Cognito, for test_sam_types.py."""

from __future__ import annotations

from typing import Any

from types_rig import Account, Row, allow, ref

from lambda_emu.model.stack_resource import StackResource as One


def role(account: Account, one: One) -> Any:
    found = account.iam.get_role(RoleName=one.identifier)["Role"]
    assert (found["Arn"], found["RoleId"]) == (one.attributes["Arn"], one.attributes["RoleId"])
    return one.identifier, sorted(account.iam.list_role_policies(RoleName=one.identifier)["PolicyNames"])


def policies_of_role(account: Account, one: One) -> Any:
    """The policies of the role `part` that are called so."""
    name = account.made()["Part"].identifier if "Part" in account.made() else "gone"
    found = account.iam.get_role_policy(RoleName=name, PolicyName=one.identifier)
    return found["PolicyDocument"]["Statement"][0]["Action"]


def policies_of_user(account: Account, one: One) -> Any:
    found = account.iam.get_user_policy(UserName="ada", PolicyName=one.identifier)
    return found["PolicyDocument"]["Statement"][0]["Action"]


def policies_of_group(account: Account, one: One) -> Any:
    found = account.iam.get_group_policy(GroupName="team", PolicyName=one.identifier)
    return found["PolicyDocument"]["Statement"][0]["Action"]


def managed(account: Account, one: One) -> Any:
    found = account.iam.get_policy(PolicyArn=one.identifier)["Policy"]
    version = account.iam.get_policy_version(PolicyArn=one.identifier, VersionId=found["DefaultVersionId"])
    return version["PolicyVersion"]["Document"]["Statement"][0]["Action"], found["AttachmentCount"]


def user(account: Account, one: One) -> Any:
    found = account.iam.get_user(UserName=one.identifier)["User"]
    assert found["Arn"] == one.attributes["Arn"]
    groups = account.iam.list_groups_for_user(UserName=one.identifier)["Groups"]
    return one.identifier, sorted(told["GroupName"] for told in groups)


def group(account: Account, one: One) -> Any:
    found = account.iam.get_group(GroupName=one.identifier)
    policies = account.iam.list_group_policies(GroupName=one.identifier)["PolicyNames"]
    assert found["Group"]["Arn"] == one.attributes["Arn"]
    return one.identifier, sorted(policies)


def members(account: Account, _: One) -> Any:
    found = account.iam.get_group(GroupName="team")["Users"]
    return sorted(told["UserName"] for told in found)


def access_key(account: Account, one: One) -> Any:
    found = account.iam.list_access_keys(UserName="eve")["AccessKeyMetadata"]
    assert one.attributes["SecretAccessKey"]
    return [told["Status"] for told in found if told["AccessKeyId"] == one.identifier]


def profile(account: Account, one: One) -> Any:
    found = account.iam.get_instance_profile(InstanceProfileName=one.identifier)["InstanceProfile"]
    return one.identifier, len(found["Roles"])


def pool(account: Account, one: One) -> Any:
    found = account.cognito_idp.describe_user_pool(UserPoolId=one.identifier)["UserPool"]
    assert found["Arn"] == one.attributes["Arn"]
    assert one.attributes["ProviderURL"] == f"https://{one.attributes['ProviderName']}"
    return found["Policies"]["PasswordPolicy"]["MinimumLength"]


def pool_of(account: Account) -> str:
    return account.made()["Pool"].identifier if "Pool" in account.made() else "us-east-1_gone00000"


def app(account: Account, one: One) -> Any:
    found = account.cognito_idp.describe_user_pool_client(UserPoolId=pool_of(account), ClientId=one.identifier)
    return found["UserPoolClient"]["ClientName"], "ClientSecret" in found["UserPoolClient"]


def domain(account: Account, one: One) -> Any:
    found = account.cognito_idp.describe_user_pool_domain(Domain=one.identifier)["DomainDescription"]
    return found.get("UserPoolId") and one.identifier


def resource_server(account: Account, one: One) -> Any:
    found = account.cognito_idp.describe_resource_server(UserPoolId=pool_of(account), Identifier=one.identifier)
    return found["ResourceServer"]["Name"]


def pool_group(account: Account, one: One) -> Any:
    found = account.cognito_idp.get_group(UserPoolId=pool_of(account), GroupName=one.identifier)["Group"]
    return found["GroupName"], found.get("Description")


def pool_user(account: Account, one: One) -> Any:
    return account.cognito_idp.admin_get_user(UserPoolId=pool_of(account), Username=one.identifier)["Username"]


def in_group(account: Account, one: One) -> Any:
    found = account.cognito_idp.admin_list_groups_for_user(UserPoolId=pool_of(account), Username=one.identifier)
    return [told["GroupName"] for told in found["Groups"]]


def identity_pool(account: Account, one: One) -> Any:
    found = account.cognito_identity.describe_identity_pool(IdentityPoolId=one.identifier)
    return found["IdentityPoolName"], found["AllowUnauthenticatedIdentities"]


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def inline(name: str) -> Any:
    return [{"PolicyName": name, "PolicyDocument": allow("s3:GetObject")}]


def long(characters: int) -> Any:
    return {"Policies": {"PasswordPolicy": {"MinimumLength": characters}}}


IDENTITIES = [
    Row("Role", "AWS::IAM::Role", {"AssumeRolePolicyDocument": TRUST}, role, ()),
    Row(
        "Part",
        "AWS::IAM::Role",
        {"RoleName": "part", "AssumeRolePolicyDocument": TRUST, "Policies": inline("old")},
        role,
        (
            ("part", ["Reads-one", "of", "old"]),
            ("part", ["Reads-one", "new", "of"]),
            ("role", ["Reads-one", "from", "new"]),
        ),
        {"Policies": inline("new")},
        {"RoleName": "role"},
    ),
    Row(
        "Reads",
        "AWS::IAM::Policy",
        {"PolicyName": "Reads-one", "Roles": [ref("Part")], "PolicyDocument": allow("s3:GetObject")},
        policies_of_role,
        ("s3:GetObject", "s3:ListBucket"),
        {"PolicyDocument": allow("s3:ListBucket")},
    ),
    Row(
        "OfPart",
        "AWS::IAM::RolePolicy",
        {"PolicyName": "of", "RoleName": ref("Part"), "PolicyDocument": allow("s3:GetObject")},
        policies_of_role,
        ("s3:GetObject", "s3:ListBucket"),
        {"PolicyDocument": allow("s3:ListBucket")},
        {"PolicyName": "from"},
    ),
    Row(
        "Managed",
        "AWS::IAM::ManagedPolicy",
        {"ManagedPolicyName": "one", "PolicyDocument": allow("s3:GetObject"), "Roles": [ref("Part")]},
        managed,
        (("s3:GetObject", 1), ("s3:ListBucket", 1)),
        {"PolicyDocument": allow("s3:ListBucket")},
        {"ManagedPolicyName": "two"},
    ),
    Row(
        "Ada",
        "AWS::IAM::User",
        {"UserName": "ada"},
        user,
        (("ada", ["team"]), ("ada", ["others", "team"]), ("ada", ["others", "team"])),
        {"Groups": [ref("Others")]},
    ),
    Row("Others", "AWS::IAM::Group", {"GroupName": "others"}, group, ()),
    Row("Eve", "AWS::IAM::User", {"UserName": "eve"}, user, ()),
    Row(
        "OfAda",
        "AWS::IAM::UserPolicy",
        {"PolicyName": "of", "UserName": ref("Ada"), "PolicyDocument": allow("s3:GetObject")},
        policies_of_user,
        ("s3:GetObject", "s3:ListBucket"),
        {"PolicyDocument": allow("s3:ListBucket")},
        {"PolicyName": "from"},
    ),
    Row(
        "Team",
        "AWS::IAM::Group",
        {"GroupName": "team", "Policies": inline("old")},
        group,
        (("team", ["of", "old"]), ("team", ["new", "of"]), ("team", ["from", "new"])),
        {"Policies": inline("new")},
    ),
    Row(
        "OfTeam",
        "AWS::IAM::GroupPolicy",
        {"PolicyName": "of", "GroupName": ref("Team"), "PolicyDocument": allow("s3:GetObject")},
        policies_of_group,
        ("s3:GetObject", "s3:ListBucket"),
        {"PolicyDocument": allow("s3:ListBucket")},
        {"PolicyName": "from"},
    ),
    Row(
        "Members",
        "AWS::IAM::UserToGroupAddition",
        {"GroupName": ref("Team"), "Users": [ref("Ada")]},
        members,
        (["ada"], ["ada", "eve"]),
        {"Users": [ref("Ada"), ref("Eve")]},
    ),
    Row(
        "EvesKey",
        "AWS::IAM::AccessKey",
        {"UserName": ref("Eve")},
        access_key,
        (["Active"], ["Inactive"]),
        {"Status": "Inactive"},
        {"Serial": 1},
    ),
    Row(
        "Profile",
        "AWS::IAM::InstanceProfile",
        {"InstanceProfileName": "one", "Roles": [ref("Part")]},
        profile,
        (("one", 1), ("one", 1), ("two", 1)),
        {"Roles": [ref("Role")]},
        {"InstanceProfileName": "two"},
    ),
    Row("Pool", "AWS::Cognito::UserPool", {"UserPoolName": "users", **long(8)}, pool, (8, 10), long(10)),
    Row(
        "App",
        "AWS::Cognito::UserPoolClient",
        {"UserPoolId": ref("Pool"), "ClientName": "old"},
        app,
        (("old", False), ("new", False), ("new", True)),
        {"ClientName": "new"},
        {"GenerateSecret": True},
    ),
    Row(
        "Domain",
        "AWS::Cognito::UserPoolDomain",
        {"UserPoolId": ref("Pool"), "Domain": "shop"},
        domain,
        ("shop", "shop", "store"),
        {},
        {"Domain": "store"},
    ),
    Row(
        "Server",
        "AWS::Cognito::UserPoolResourceServer",
        {"UserPoolId": ref("Pool"), "Identifier": "https://api.example", "Name": "old"},
        resource_server,
        ("old",),
    ),
    Row(
        "Admins",
        "AWS::Cognito::UserPoolGroup",
        {"UserPoolId": ref("Pool"), "GroupName": "admins"},
        pool_group,
        (("admins", ""), ("admins", "they"), ("owners", "they")),
        {"Description": "they"},
        {"GroupName": "owners"},
    ),
    Row(
        "Root",
        "AWS::Cognito::UserPoolUser",
        {"UserPoolId": ref("Pool"), "Username": "root"},
        pool_user,
        ("root", "root", "boot"),
        {},
        {"Username": "boot"},
    ),
    Row(
        "RootIsAdmin",
        "AWS::Cognito::UserPoolUserToGroupAttachment",
        {"UserPoolId": ref("Pool"), "Username": ref("Root"), "GroupName": ref("Admins")},
        in_group,
        (["admins"], ["admins"], ["owners"]),
        {},
    ),
    Row(
        "Guests",
        "AWS::Cognito::IdentityPool",
        {"IdentityPoolName": "guests", "AllowUnauthenticatedIdentities": False},
        identity_pool,
        (("guests", False), ("guests", True)),
        {"AllowUnauthenticatedIdentities": True},
    ),
]
