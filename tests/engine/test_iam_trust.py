"""Whom roles trust, services that act as them among these, and who may pass them, by boto3. See test_iam.py."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from iam_rig import (
    ACCOUNT,
    OTHER,
    REGION,
    SECRET,
    SERVICES,
    TRUST,
    Account,
    Party,
    allow,
    deny,
    document,
    refusal,
    text,
    trusting,
    trusting_services,
)
from lam import zipped
from own import own_emulator
from waiting import eventually

NOTHING = "def handler(event, context):\n    pass"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:any"
MACHINE = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
GIVEN: dict[str, tuple[str, str, dict[str, Any], str, str, str]] = {
    "lambda": (
        "lambda",
        "create_function",
        {
            "FunctionName": "trusted",
            "Runtime": "python3.11",
            "Handler": "app.handler",
            "Code": {"ZipFile": zipped({"app.py": NOTHING})},
        },
        "Role",
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    ),
    "events": (
        "events",
        "put_targets",
        {"Rule": "trusted", "Targets": [{"Id": "1", "Arn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/any"}]},
        "Targets.RoleArn",
        "ValidationException",
        "Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'.",
    ),
    "scheduler": (
        "scheduler",
        "create_schedule",
        {
            "Name": "trusted",
            "ScheduleExpression": "rate(1 day)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": QUEUE},
        },
        "Target.RoleArn",
        "ValidationException",
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    ),
    "states": (
        "stepfunctions",
        "create_state_machine",
        {"name": "trusted", "definition": MACHINE},
        "roleArn",
        "AccessDeniedException",
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
        "provided role.",
    ),
    "logs": (
        "logs",
        "put_subscription_filter",
        {
            "logGroupName": "trusted",
            "filterName": "f",
            "filterPattern": "",
            "destinationArn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/trusted",
        },
        "roleArn",
        "ValidationException",
        "Make sure you have given CloudWatch Logs permission to assume the provided role.",
    ),
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder, environ = tmp_path_factory.mktemp("strict"), {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    with own_emulator(folder, "process", environ, stems=0, account=ACCOUNT, iam="enforce") as lam:
        account = Account(lam, ACCOUNT)
        account.root.client("events").put_rule(Name="trusted", EventPattern='{"source": ["trusted"]}')
        account.root.client("logs").create_log_group(logGroupName="trusted")
        account.root.client("kinesis").create_stream(StreamName="trusted", ShardCount=1)
        yield account


@pytest.fixture(scope="module")
def warning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with own_emulator(tmp_path_factory.mktemp("warning"), "process", stems=0, account=ACCOUNT) as lam:
        yield Account(lam, ACCOUNT)


def with_role(members: dict[str, Any], where: str, role: str) -> dict[str, Any]:
    """where: the member; of a part, and of the first of a list, with a dot."""
    part, _, name = where.rpartition(".")
    made: dict[str, Any] = {**members}
    if not part:
        made[name] = role
    elif isinstance(made[part], list):
        made[part] = [{**made[part][0], name: role}]
    else:
        made[part] = {**made[part], name: role}
    return made


@pytest.mark.parametrize("service", GIVEN)
def test_a_service_is_given_a_role_that_trusts_it(strict: Account, service: str) -> None:
    client, operation, members, where, code, text = GIVEN[service]
    call = getattr(strict.root.client(client), operation)
    others = [one for one in SERVICES if not one.startswith(service)]
    role = strict.role(f"for-{service}", allow("kinesis:*"), trust=trusting_services(*others))
    given = with_role(members, where, role)

    assert refusal(call, **given) == (code, text.format(role=role), 400)
    regional = json.dumps(trusting_services(f"{service}.{REGION}.amazonaws.com"))
    iam = strict.root.client("iam")
    iam.update_assume_role_policy(RoleName=f"for-{service}", PolicyDocument=regional)
    if service == "states":
        call(**with_role({**members, "name": "regional"}, where, role))
    trust = json.dumps(trusting_services(f"{service}.amazonaws.com"))
    iam.update_assume_role_policy(RoleName=f"for-{service}", PolicyDocument=trust)

    assert call(**given)


def test_a_function_keeps_to_roles_that_trust_lambda(strict: Account) -> None:
    strict.lam.create("keeps", NOTHING, Role=strict.role("keeps"))
    functions = strict.root.client("lambda")
    update = {"FunctionName": "keeps", "Role": strict.role("people", trust=trusting(ACCOUNT))}

    assert refusal(functions.update_function_configuration, **update) == (
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
        400,
    )


def test_a_role_that_nobody_made_is_given_anyway(strict: Account) -> None:
    strict.lam.create("early", NOTHING, Role=f"arn:aws:iam::{ACCOUNT}:role/made-later")


def test_a_trust_policy_may_ask_for_what_the_role_is_used(strict: Account) -> None:
    condition = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/default"},
    }
    trust = trusting_services("scheduler.amazonaws.com")
    trust["Statement"][0]["Condition"] = condition
    role = strict.role("of-group", trust=trust)
    _, operation, members, where, code, _ = GIVEN["scheduler"]
    scheduler = strict.root.client("scheduler")
    scheduler.create_schedule_group(Name="others")
    create = getattr(scheduler, operation)

    assert create(**with_role({**members, "Name": "in-group"}, where, role))
    elsewhere = with_role({**members, "Name": "elsewhere", "GroupName": "others"}, where, role)
    assert refusal(create, **elsewhere)[0] == code


def test_what_a_role_does_not_trust_any_more_acts_as_it_no_more(
    strict: Account, caplog: pytest.LogCaptureFixture
) -> None:
    events = strict.root.client("events")
    role = strict.role("left", allow("kinesis:PutRecord"), trust=trusting_services("events.amazonaws.com"))
    events.put_rule(Name="left", EventPattern='{"source": ["left"]}')
    stream = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/trusted"
    events.put_targets(Rule="left", Targets=[{"Id": "1", "Arn": stream, "RoleArn": role}])
    people = json.dumps(trusting(ACCOUNT))
    strict.root.client("iam").update_assume_role_policy(RoleName="left", PolicyDocument=people)

    with caplog.at_level(logging.WARNING):
        events.put_events(Entries=[{"Source": "left", "DetailType": "t", "Detail": "{}"}])
        text = f"Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'."
        eventually(lambda: text in caplog.text, "the refusal")


def test_firehose_acts_as_a_role_that_trusts_it(strict: Account, caplog: pytest.LogCaptureFixture) -> None:
    role = strict.role("of-firehose", allow("s3:PutObject"), trust=trusting(ACCOUNT))
    strict.root.client("s3").create_bucket(Bucket="of-firehose")
    wanted = {"RoleARN": role, "BucketARN": "arn:aws:s3:::of-firehose", "BufferingHints": {"IntervalInSeconds": 0}}
    firehose = strict.root.client("firehose")
    firehose.create_delivery_stream(DeliveryStreamName="s", ExtendedS3DestinationConfiguration=wanted)

    with caplog.at_level(logging.WARNING):
        firehose.put_record(DeliveryStreamName="s", Record={"Data": b"x"})
        eventually(lambda: f"Firehose is unable to assume role {role}" in caplog.text, "the refusal")


def test_with_warn_a_service_that_a_role_does_not_trust_is_told_of_once(
    warning: Account, caplog: pytest.LogCaptureFixture
) -> None:
    role = warning.role("people", trust=trusting(ACCOUNT))

    with caplog.at_level(logging.WARNING):
        for name in ("one", "two"):
            warning.lam.create(name, NOTHING, Role=role)

    statement = json.dumps(trusting_services("lambda.amazonaws.com")["Statement"][0])
    statement = statement.replace('["lambda.amazonaws.com"]', '"lambda.amazonaws.com"')
    [said] = [one.message for one in caplog.records if "may not act as" in one.message]
    assert said == (
        f"on AWS lambda.amazonaws.com may not act as {role}, whose trust policy does not name it: add there {statement}"
    )


def test_who_has_a_service_act_as_a_role_needs_leave_to_pass_it(strict: Account) -> None:
    role = strict.role("passed")
    user = strict.user("deployer", allow("lambda:*"), allow("events:*"))
    rule = {"Rule": "r", "Targets": [{"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:q", "RoleArn": role}]}
    user.client("events").put_rule(Name="r", ScheduleExpression="rate(1 day)")

    code, said, _ = refusal(user.client("events").put_targets, **rule)
    assert code == "AccessDeniedException"
    assert said == text(f"arn:aws:iam::{ACCOUNT}:user/deployer", "iam:PassRole", role)
    elsewhere = {"StringNotEquals": {"iam:PassedToService": "events.amazonaws.com"}}
    strict.allow("deployer", allow("*"), deny("iam:PassRole", Condition=elsewhere))
    assert user.client("events").put_targets(**rule)["FailedEntryCount"] == 0


def test_a_role_is_for_whom_its_trust_policy_names(strict: Account) -> None:
    other = Account(strict.lam, OTHER)
    friend, member, stranger = strict.user("trusted"), strict.user("member"), other.user("foreigner")
    condition = {"StringEquals": {"sts:ExternalId": "secret"}}
    trust = json.loads(
        document(
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/trusted"},
                "Action": "sts:AssumeRole",
            },
            {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sts:AssumeRole", "Condition": condition},
        )
    )
    role = strict.role("kept", trust=trust)
    strict.allow("member", allow("sts:AssumeRole", role))
    assume = {"RoleArn": role, "RoleSessionName": "one"}

    def denied(party: Party, who: str, **more: Any) -> None:
        code, said, status = refusal(party.client("sts").assume_role, **assume, **more)
        assert (code, status) == ("AccessDenied", 403)
        assert said == f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {role}"

    assert friend.client("sts").assume_role(**assume)["AssumedRoleUser"]
    denied(member, f"arn:aws:iam::{ACCOUNT}:user/member")
    denied(strict.root, f"arn:aws:iam::{ACCOUNT}:root")
    foreigner = f"arn:aws:iam::{OTHER}:user/foreigner"
    denied(stranger, foreigner, ExternalId="secret")
    other.allow("foreigner", allow("sts:AssumeRole", role))
    denied(stranger, foreigner)
    assert stranger.client("sts").assume_role(**assume, ExternalId="secret")["AssumedRoleUser"]
    assert stranger.client("sts").get_caller_identity()["Arn"] == foreigner

    strict.root.client("iam").update_assume_role_policy(RoleName="kept", PolicyDocument=json.dumps(TRUST))
    denied(friend, f"arn:aws:iam::{ACCOUNT}:user/trusted")
    assert member.client("sts").assume_role(**assume)["AssumedRoleUser"]
    tags = [{"Key": "team", "Value": "a"}]
    code, said, _ = refusal(member.client("sts").assume_role, **assume, Tags=tags)
    assert code == "AccessDenied"
    assert "sts:TagSession" in said


def test_with_warn_whom_a_role_does_not_trust_becomes_it_and_is_told_of(
    warning: Account, caplog: pytest.LogCaptureFixture
) -> None:
    role = warning.role(
        "distrusting", trust=json.loads(document(allow("sts:AssumeRole") | {"Principal": {"AWS": OTHER}}))
    )

    with caplog.at_level(logging.WARNING):
        for arn in (role, f"arn:aws:iam::{OTHER}:role/nobody-made"):
            sts = warning.user(f"becomes-{arn[-4:]}").client("sts")
            assert sts.assume_role(RoleArn=arn, RoleSessionName="one")["AssumedRoleUser"]

    [said] = [one.message for one in caplog.records if "may not sts:AssumeRole" in one.message]
    assert f"may not sts:AssumeRole on {role}, because no resource-based policy allows" in said
