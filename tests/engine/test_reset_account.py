"""POST /_lambda-emu/reset?account=: all of one account goes, and nothing of any other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from lam import Lam, client, zipped
from own import OwnLam, own_emulator, served
from services_rig import create_table, sdk

ONE, OTHER = "111111111111", "222222222222"
ROLE = "arn:aws:iam::{}:role/any"
ANSWERS = "def handler(event, context): return 1"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.fixture(scope="module")
def lam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("project"), "process", stems=0) as lam:
        yield lam


def reset(lam: Any, account: str, token: str) -> None:
    asked = Request(f"{lam.url}/_lambda-emu/reset?account={account}", headers={"X-Lambda-Emu-Token": token})
    asked.method = "POST"
    with urlopen(asked, timeout=60) as answer:
        assert json.load(answer) == {"status": "ok"}


def create(lam: Any, account: str) -> None:
    client(lam.url, account).create_function(
        FunctionName="f",
        Runtime="python3.11",
        Handler="app.handler",
        Role=ROLE.format(account),
        Code={"ZipFile": zipped({"app.py": ANSWERS})},
    )


def make_machine(lam: Any, account: str) -> None:
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    sdk(lam, "stepfunctions", account).create_state_machine(
        name="m", definition=json.dumps(definition), roleArn=ROLE.format(account)
    )


def make_schedule(lam: Any, account: str) -> None:
    sdk(lam, "scheduler", account).create_schedule(
        Name="s",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": f"arn:aws:lambda:us-east-1:{account}:function:f", "RoleArn": ROLE.format(account)},
    )


def make_alarm(lam: Any, account: str) -> None:
    sdk(lam, "cloudwatch", account).put_metric_alarm(
        AlarmName="a", Namespace="N", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip


def make_mapping(lam: Any, account: str) -> None:
    sqs = sdk(lam, "sqs", account)
    sqs.create_queue(QueueName="polled")
    create(lam, account)
    client(lam.url, account).create_event_source_mapping(
        EventSourceArn=f"arn:aws:sqs:us-east-1:{account}:polled", FunctionName="f"
    )


Kind = tuple[str, Callable[[Any, str], object], Callable[[Any, str], Any]]


def made_by(service: str, operation: str, members: dict[str, Any], listed: str, key: str) -> Kind:
    """What is made by one operation of a service and listed by another."""

    def make(lam: Any, account: str) -> None:
        getattr(sdk(lam, service, account), operation)(**members)

    return f"{service}.{key}", make, listing(service, listed, key)


def listing(service: str, listed: str, key: str) -> Callable[[Any, str], Any]:
    return lambda lam, account: getattr(sdk(lam, service, account), listed)().get(key, [])


def own_groups(lam: Any, account: str) -> Any:
    """Those that functions have written to stay, as they do on AWS."""
    return sdk(lam, "logs", account).describe_log_groups(logGroupNamePrefix="/own")["logGroups"]


KINDS: list[Kind] = [
    ("lambda.mappings", make_mapping, listing("lambda", "list_event_source_mappings", "EventSourceMappings")),
    ("lambda.functions", lambda *_: None, listing("lambda", "list_functions", "Functions")),
    ("dynamodb.tables", lambda lam, account: create_table(sdk(lam, "dynamodb", account), "t"),
     listing("dynamodb", "list_tables", "TableNames")),
    ("states", make_machine, listing("stepfunctions", "list_state_machines", "stateMachines")),
    ("scheduler", make_schedule, listing("scheduler", "list_schedules", "Schedules")),
    ("alarms", make_alarm, listing("cloudwatch", "describe_alarms", "MetricAlarms")),
    made_by("sqs", "create_queue", {"QueueName": "q"}, "list_queues", "QueueUrls"),
    made_by("kinesis", "create_stream", {"StreamName": "k", "ShardCount": 1}, "list_streams", "StreamNames"),
    made_by("events", "put_rule", {"Name": "r", "ScheduleExpression": "rate(1 day)"}, "list_rules", "Rules"),
    ("logs", lambda lam, account: sdk(lam, "logs", account).create_log_group(logGroupName="/own"), own_groups),
    made_by("sns", "create_topic", {"Name": "topic"}, "list_topics", "Topics"),
    made_by("ssm", "put_parameter", {"Name": "p", "Value": "v", "Type": "String"}, "describe_parameters", "Parameters"),
    made_by("secretsmanager", "create_secret", {"Name": "s", "SecretString": "v"}, "list_secrets", "SecretList"),
    made_by("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": TRUST}, "list_roles", "Roles"),
    made_by("apigatewayv2", "create_api", {"Name": "a", "ProtocolType": "HTTP"}, "get_apis", "Items"),
]  # fmt: skip


def test_all_of_the_account_goes_and_nothing_of_another(lam: OwnLam) -> None:
    for account in (ONE, OTHER):
        for _, make, _ in KINDS:
            make(lam, account)
        sdk(lam, "s3", account).create_bucket(Bucket=f"bucket-{account}")
        sdk(lam, "s3", account).put_object(Bucket=f"bucket-{account}", Key="k", Body=b"v")
        assert client(lam.url, account).invoke(FunctionName="f")["Payload"].read() == b"1"

    reset(lam, ONE, lam.emulator.token)

    assert {name: found for name, _, listed in KINDS if (found := listed(lam, ONE))} == {}
    assert [name for name, _, listed in KINDS if not listed(lam, OTHER)] == []
    assert sdk(lam, "s3", ONE).list_buckets()["Buckets"] == []
    assert sdk(lam, "s3", OTHER).get_object(Bucket=f"bucket-{OTHER}", Key="k")["Body"].read() == b"v"
    assert {one.function for one in lam.describe()} == {"f"}
    assert client(lam.url, OTHER).invoke(FunctionName="f")["Payload"].read() == b"1"


def test_its_names_are_free_at_once(lam: OwnLam) -> None:
    for _ in range(3):
        make_mapping(lam, ONE)
        sdk(lam, "s3", ONE).create_bucket(Bucket="once-more")
        create_table(sdk(lam, "dynamodb", ONE), "t")

        reset(lam, ONE, lam.emulator.token)


@pytest.mark.parametrize("account", ["", "1", "11111111111a", "1111111111111"])
def test_what_is_no_account_is_refused_and_nothing_goes(lam: OwnLam, account: str) -> None:
    create(lam, "333333333333")

    with pytest.raises(HTTPError) as refused:
        reset(lam, account, lam.emulator.token)

    assert refused.value.code == 400
    assert client(lam.url, "333333333333").get_function(FunctionName="f")
    reset(lam, "333333333333", lam.emulator.token)


def test_it_stays_empty_over_a_kill(tmp_path: Path) -> None:
    with served(tmp_path, "process", "--stems", "0") as before:
        for account in (ONE, OTHER):
            sdk(before, "sns", account).create_topic(Name="t")
            sdk(before, "sqs", account).create_queue(QueueName="q")
            create(before, account)
        reset(before, ONE, _token(tmp_path))
        before.process.kill()
        before.process.wait()

    with served(tmp_path, "process", "--stems", "0") as after:
        there = {account: _there(after, account) for account in (ONE, OTHER)}

    assert there == {ONE: (0, 0, 0), OTHER: (1, 1, 1)}


def _token(folder: Path) -> str:
    return (folder / ".lambda-emu" / "token").read_text().strip()


def _there(lam: Lam, account: str) -> tuple[int, int, int]:
    topics = sdk(lam, "sns", account).list_topics()["Topics"]
    queues = sdk(lam, "sqs", account).list_queues().get("QueueUrls", [])
    return len(topics), len(queues), len(client(lam.url, account).list_functions()["Functions"])
