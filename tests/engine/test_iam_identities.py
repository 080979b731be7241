"""What IAM and STS themselves let users and roles do, by boto3. See test_iam.py."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from iam_rig import ACCOUNT, OTHER, SECRET, TRUST, Account, allow, deny, document, refusal
from own import own_emulator

IAM = f"arn:aws:iam::{ACCOUNT}:"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder, environ = tmp_path_factory.mktemp("strict"), {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    with own_emulator(folder, "process", environ, stems=0, account=ACCOUNT, iam="enforce") as lam:
        yield Account(lam, ACCOUNT)


@pytest.fixture(scope="module")
def warning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with own_emulator(tmp_path_factory.mktemp("warning"), "process", stems=0, account=ACCOUNT) as lam:
        yield Account(lam, ACCOUNT)


def test_a_user_without_policies_is_refused_in_iams_words(strict: Account) -> None:
    iam = strict.user("nobody").client("iam")
    trust, anything = json.dumps(TRUST), document(allow("*"))
    managed = "arn:aws:iam::aws:policy/AdministratorAccess"
    rows: list[tuple[str, dict[str, Any], str, str]] = [
        (
            "put_user_policy",
            {"UserName": "nobody", "PolicyName": "p", "PolicyDocument": anything},
            "PutUserPolicy",
            "user nobody",
        ),
        ("attach_user_policy", {"UserName": "nobody", "PolicyArn": managed}, "AttachUserPolicy", "user nobody"),
        ("create_user", {"UserName": "other"}, "CreateUser", f"{IAM}user/other"),
        ("create_user", {"UserName": "other", "Path": "/a/"}, "CreateUser", f"{IAM}user/a/other"),
        ("create_access_key", {"UserName": "root"}, "CreateAccessKey", "user root"),
        ("list_users", {}, "ListUsers", f"{IAM}user/"),
        ("get_user", {}, "GetUser", "user nobody"),
        ("create_role", {"RoleName": "r", "AssumeRolePolicyDocument": trust}, "CreateRole", f"{IAM}role/r"),
        ("get_role", {"RoleName": "r"}, "GetRole", "role r"),
        ("update_assume_role_policy", {"RoleName": "r", "PolicyDocument": trust}, "UpdateAssumeRolePolicy", "role r"),
        ("attach_role_policy", {"RoleName": "r", "PolicyArn": managed}, "AttachRolePolicy", "role r"),
        ("list_roles", {}, "ListRoles", f"{IAM}role/"),
        ("add_user_to_group", {"UserName": "nobody", "GroupName": "g"}, "AddUserToGroup", "group g"),
        ("list_groups_for_user", {"UserName": "nobody"}, "ListGroupsForUser", "user nobody"),
        ("create_policy", {"PolicyName": "p", "PolicyDocument": anything}, "CreatePolicy", "policy p"),
        ("get_policy", {"PolicyArn": managed}, "GetPolicy", f"policy {managed}"),
        ("list_policies", {}, "ListPolicies", "policy path /"),
        ("get_account_summary", {}, "GetAccountSummary", "*"),
        ("create_instance_profile", {"InstanceProfileName": "i"}, "CreateInstanceProfile", f"{IAM}instance-profile/i"),
        ("get_instance_profile", {"InstanceProfileName": "i"}, "GetInstanceProfile", "instance profile i"),
    ]
    for operation, members, action, resource in rows:
        why = f"because no identity-based policy allows the iam:{action} action"
        said = f"User: {IAM}user/nobody is not authorized to perform: iam:{action} on resource: {resource} {why}"
        assert refusal(getattr(iam, operation), **members) == ("AccessDenied", said, 403), operation


def test_an_administrator_of_some_gives_rights_to_no_other(strict: Account) -> None:
    root = strict.root.client("iam")
    root.create_user(UserName="below", Path="/team/")
    root.create_user(UserName="beside")
    user = strict.user("leader", allow("iam:*", f"{IAM}user/team/*"), deny("iam:DeleteUser"))
    iam, policy = user.client("iam"), document(allow("sqs:*"))

    iam.put_user_policy(UserName="below", PolicyName="p", PolicyDocument=policy)
    assert iam.get_user_policy(UserName="below", PolicyName="p")["PolicyDocument"]
    assert refusal(iam.put_user_policy, UserName="beside", PolicyName="p", PolicyDocument=policy)[0] == "AccessDenied"
    assert refusal(iam.put_user_policy, UserName="leader", PolicyName="p", PolicyDocument=policy)[0] == "AccessDenied"
    assert refusal(iam.delete_user, UserName="below")[1].endswith("with an explicit deny in an identity-based policy")


def test_conditions_say_which_policies_and_tags_may_be_given(strict: Account) -> None:
    strict.root.client("iam").create_user(UserName="given")
    reads = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    user = strict.user(
        "giver",
        allow("iam:AttachUserPolicy", Condition={"ArnEquals": {"iam:PolicyARN": reads}}),
        allow("iam:TagUser", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}),
        allow("iam:CreateUser", Condition={"StringEquals": {"aws:RequestTag/team": "a"}}),
    )
    iam = user.client("iam")

    iam.attach_user_policy(UserName="given", PolicyArn=reads)
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert refusal(iam.attach_user_policy, UserName="given", PolicyArn=admin)[0] == "AccessDenied"
    iam.tag_user(UserName="given", Tags=[{"Key": "team", "Value": "x"}])
    assert refusal(iam.tag_user, UserName="given", Tags=[{"Key": "cost", "Value": "x"}])[0] == "AccessDenied"
    iam.create_user(UserName="tagged", Tags=[{"Key": "team", "Value": "a"}])
    assert refusal(iam.create_user, UserName="untagged")[0] == "AccessDenied"


def test_a_boundary_of_a_user_narrows_him(strict: Account) -> None:
    root = strict.root.client("iam")
    queue = strict.root.client("sqs").create_queue(QueueName="bounded")["QueueUrl"]
    boundary = root.create_policy(PolicyName="only-reads", PolicyDocument=document(allow("sqs:ReceiveMessage")))
    user = strict.user("bounded", allow("*"))
    root.put_user_permissions_boundary(UserName="bounded", PermissionsBoundary=boundary["Policy"]["Arn"])

    said = refusal(user.client("sqs").send_message, QueueUrl=queue, MessageBody="m")
    assert said[1].endswith("because no permissions boundary allows the sqs:sendmessage action")
    assert refusal(user.client("iam").list_users)[1].endswith(
        "because no permissions boundary allows the iam:ListUsers action"
    )


def test_a_session_of_a_role_does_in_iam_what_the_role_may(strict: Account) -> None:
    session = strict.session(strict.role("auditor", allow("iam:List*")))

    assert session.client("iam").list_users()["Users"]
    assert refusal(session.client("iam").create_user, UserName="by-role")[0] == "AccessDenied"


def test_who_one_is_and_a_session_of_ones_own_need_no_leave(strict: Account) -> None:
    sts = strict.user("plain").client("sts")

    assert sts.get_caller_identity()["Arn"] == f"{IAM}user/plain"
    assert sts.get_session_token()["Credentials"]
    code, said, status = refusal(sts.get_access_key_info, AccessKeyId="AKIAIOSFODNN7EXAMPLE")
    assert (code, status) == ("AccessDenied", 403)
    assert "sts:GetAccessKeyInfo" in said


def test_another_accounts_iam_is_out_of_reach(strict: Account) -> None:
    other = Account(strict.lam, OTHER).root.client("iam")

    names = [user["UserName"] for user in other.list_users()["Users"]]
    assert "nobody" not in names


def test_with_warn_what_a_user_may_not_in_iam_is_said_once_and_done(
    warning: Account, caplog: pytest.LogCaptureFixture
) -> None:
    iam = warning.user("free").client("iam")

    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert iam.list_users()["Users"]

    [said] = [one.message for one in caplog.records if "iam:ListUsers" in one.message]
    assert said.startswith(
        f"on AWS {IAM}user/free may not iam:ListUsers on {IAM}user/, because no identity-based policy"
    )


def test_groups_and_managed_policies_count(strict: Account) -> None:
    iam = strict.root.client("iam")
    user = strict.user("reader")
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="reader")
    logs = user.client("logs")
    assert refusal(logs.describe_log_groups)[0] == "AccessDeniedException"

    iam.attach_group_policy(GroupName="readers", PolicyArn="arn:aws:iam::aws:policy/CloudWatchLogsReadOnlyAccess")

    assert logs.describe_log_groups()["logGroups"] is not None
    assert refusal(logs.create_log_group, logGroupName="g")[0] == "AccessDeniedException"


def test_a_session_is_narrowed_by_its_policy_and_the_roles_boundary(strict: Account) -> None:
    iam, url = strict.root.client("iam"), strict.root.client("sqs").create_queue(QueueName="narrow")["QueueUrl"]
    role = strict.role("worker", allow("sqs:*"))
    send = {"QueueUrl": url, "MessageBody": "m"}
    narrow = document(allow("sqs:ReceiveMessage"))

    assert strict.session(role).client("sqs").send_message(**send)["MessageId"]
    code, said, _ = refusal(strict.session(role, Policy=narrow).client("sqs").send_message, **send)
    assert code == "AccessDenied"
    assert said.startswith(f"User: arn:aws:sts::{ACCOUNT}:assumed-role/worker/one is not authorized")
    assert said.endswith("because no session policy allows the sqs:sendmessage action")

    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=narrow)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="worker", PermissionsBoundary=boundary)
    said = refusal(strict.session(role).client("sqs").send_message, **send)[1]
    assert said.endswith("because no permissions boundary allows the sqs:sendmessage action")
