"""Schedules bring events to functions, queues and topics when they are due. docs/contract/events.md#schedules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from boto_rig import client_at
from own import OwnLam, own_emulator, served
from services_rig import sdk
from waiting import Eventually, eventually

ACCOUNT, REGION = "000000000000", "us-east-1"
TELLS = """
import json
def handler(event, context):
    print("GOT " + json.dumps(event))
"""
TARGETS = ("Input", "RetryPolicy", "DeadLetterConfig", "SqsParameters", "KinesisParameters", "EventBridgeParameters")
OFF = {"Mode": "OFF"}


class Account:
    """Scheduler of an emulator, and a function that prints what it gets."""

    def __init__(self, lam: OwnLam) -> None:
        self.lam = lam
        self.scheduler = sdk(lam, "scheduler", ACCOUNT)

    def create(self, name: str, expression: str, arn: str, **members: Any) -> str:
        """The schedule's ARN. members: those of its target too."""
        target = {"Arn": arn, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler"}
        target |= {key: members.pop(key) for key in TARGETS if key in members}
        wanted = {"FlexibleTimeWindow": OFF, "Target": target} | members
        created: str = self.scheduler.create_schedule(Name=name, ScheduleExpression=expression, **wanted)["ScheduleArn"]
        return created

    def pass_by(self, moment: str) -> None:
        """Let the clock be set to a minute before, and that minute pass."""
        self.lam.clock.set_wall(datetime.fromisoformat(f"{moment}Z").timestamp() - self.lam.now_s() - 60)
        self.lam.clock.advance(61)


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("project"), "process") as lam:
        yield lam


@pytest.fixture
def account(emulated: OwnLam) -> Iterator[Account]:
    yield Account(emulated)
    emulated.emulator.reset()


def test_each_kind_of_schedule_brings_its_event_to_a_function(account: Account, eventually: Eventually) -> None:
    lam = account.lam
    lam.create("told", TELLS)
    arn = lam.client.get_function(FunctionName="told")["Configuration"]["FunctionArn"]
    now = datetime.fromtimestamp(lam.now_s(), UTC).replace(microsecond=0)
    at = now + timedelta(minutes=90)
    every = account.create("every", "rate(1 hour)", arn)
    account.create("once", f"at({at:%Y-%m-%dT%H:%M:%S})", arn, Input='{"only": "<aws.scheduler.scheduled-time>"}')
    account.create("by-cron", f"cron({at.minute} {at.hour} * * ? *)", arn, Input='{"n": 3}')

    got: list[Any] = []
    for seconds, count in ((3601, 1), (1860, 3), (1800, 4)):
        lam.pass_time(seconds)
        got = eventually(lambda: _at_least(count, printed(lam, "told")), f"{count} events")  # noqa: B023
    assert sorted(got, key=str) == sorted(
        [{"n": 3}, {"only": f"{at:%Y-%m-%dT%H:%M:%SZ}"}, *(_event(every, event) for event in got if "id" in event)],
        key=str,
    )


def test_queues_topics_streams_buses_and_any_operation_of_aws_are_targets_too(
    account: Account, eventually: Eventually
) -> None:
    sqs, sns = sdk(account.lam, "sqs", ACCOUNT), sdk(account.lam, "sns", ACCOUNT)
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName="jobs.fifo", Attributes=fifo)["QueueUrl"]
    heard = sqs.create_queue(QueueName="heard")["QueueUrl"]
    topic = sns.create_topic(Name="news")["TopicArn"]
    told = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": f"arn:aws:sqs:{REGION}:{ACCOUNT}:heard"}
    sns.subscribe(**told, Attributes={"RawMessageDelivery": "true"})
    at = "at(2060-01-01T00:00:00)"
    jobs = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs.fifo"
    account.create("job", at, jobs, Input='"job"', SqsParameters={"MessageGroupId": "g"})
    account.create("news", at, topic, Input='"news"')
    asks = {"QueueUrl": heard, "MessageBody": "asked"}
    account.create("asks", at, "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", Input=json.dumps(asks))

    stream = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/steps"
    kinesis = sdk(account.lam, "kinesis", ACCOUNT)
    kinesis.create_stream(StreamName="steps", ShardCount=1)
    account.create("record", at, stream, Input='"step"', KinesisParameters={"PartitionKey": "k"})

    events = sdk(account.lam, "events", ACCOUNT)
    events.put_rule(Name="night", EventPattern='{"source": ["shop"], "detail-type": ["Night"]}')
    told_by_rule = {"Id": "1", "Arn": told["Endpoint"], "InputPath": "$.detail.what"}
    events.put_targets(Rule="night", Targets=[told_by_rule])
    bus, event = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default", {"Source": "shop", "DetailType": "Night"}
    account.create("event", at, bus, Input='{"what": "dark"}', EventBridgeParameters=event)

    account.pass_by("2060-01-01T00:00")

    (job,) = eventually(lambda: sqs.receive_message(QueueUrl=url, AttributeNames=["All"]).get("Messages"), "the job")
    assert (job["Body"], job["Attributes"]["MessageGroupId"]) == ('"job"', "g")
    got = {eventually(lambda: take(sqs, heard), "a message") for _ in range(3)}
    assert got == {'"news"', "asked", '"dark"'}
    whole = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    at_first = kinesis.get_shard_iterator(StreamARN=stream, **whole)["ShardIterator"]
    (record,) = eventually(lambda: kinesis.get_records(ShardIterator=at_first)["Records"], "the record")
    assert (record["Data"], record["PartitionKey"]) == (b'"step"', "k")


def take(sqs: Any, url: str) -> str | None:
    """A message that is in a queue; then it is there no more."""
    for message in sqs.receive_message(QueueUrl=url).get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return str(message["Body"])
    return None


def test_a_state_machine_is_executed_once_for_each_firing(account: Account, eventually: Eventually) -> None:
    states = sdk(account.lam, "stepfunctions", ACCOUNT)
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    role = f"arn:aws:iam::{ACCOUNT}:role/states"
    machine = states.create_state_machine(name="m", definition=definition, roleArn=role)["stateMachineArn"]
    account.create("hourly", "rate(1 hour)", machine, Input='{"n": 1}')

    def executions() -> list[str]:
        found = states.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"]
        return [states.describe_execution(executionArn=one["executionArn"])["input"] for one in found]

    assert eventually(executions, "its first execution") == ['{"n": 1}']
    account.lam.pass_time(3600)
    assert eventually(lambda: _at_least(2, executions()), "the second") == ['{"n": 1}'] * 2


def test_what_a_target_does_not_take_comes_to_the_dead_letter_queue(account: Account, eventually: Eventually) -> None:
    sqs = sdk(account.lam, "sqs", ACCOUNT)
    url = sqs.create_queue(QueueName="letters")["QueueUrl"]
    letters, absent = (f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}" for name in ("letters", "absent"))
    expression = "cron(0 0 1 1 ? 2070)"
    arn = account.create("lost", expression, absent, Input="[1]", DeadLetterConfig={"Arn": letters})

    account.pass_by("2070-01-01T00:00")

    ask = {"QueueUrl": url, "MessageAttributeNames": ["All"]}
    (got,) = eventually(lambda: sqs.receive_message(**ask).get("Messages"), "its dead letter")
    told = {name: one["StringValue"] for name, one in got["MessageAttributes"].items()}
    assert (got["Body"], told.pop("EXECUTION_ID") != "") == ("[1]", True)
    assert told == {
        "ERROR_CODE": "AWS.SimpleQueueService.NonExistentQueue",
        "ERROR_MESSAGE": "The specified queue does not exist.",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "SCHEDULED_TIME": "2070-01-01T00:00:00Z",
        "SCHEDULE_ARN": arn,
        "TARGET_ARN": absent,
    }


@pytest.mark.parametrize("catch_up", [False, True])
def test_after_a_time_without_a_server_the_latest_of_each_fires(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, catch_up: bool
) -> None:
    with own_emulator(tmp_path, "process", stems=0) as lam:
        account = Account(lam)
        url = sdk(lam, "sqs", ACCOUNT).create_queue(QueueName="due")["QueueUrl"]
        due = f"arn:aws:sqs:{REGION}:{ACCOUNT}:due"
        begin = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)
        said = {"StartDate": begin, "Input": "<aws.scheduler.scheduled-time>"}
        account.create("hourly", "rate(1 hour)", due, **said)
        account.create("once", f"at({begin:%Y-%m-%dT%H:%M:%S})", due, Input='"once"')
        old = {"MaximumEventAgeInSeconds": 60}
        account.create("hourly-and-soon-too-old", "rate(1 hour)", due, StartDate=begin, Input='"old"', RetryPolicy=old)

    with own_emulator(tmp_path, "process", stems=0, later_s=5 * 3600, catch_up=catch_up) as lam:
        sqs = sdk(lam, "sqs", ACCOUNT)
        hours = range(5) if catch_up else [4]
        times = [f"{begin + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}" for hour in hours]
        wanted = sorted(['"once"', *times, *['"old"' for _ in hours if catch_up]])
        got = [eventually(lambda: take(sqs, url), "a message") or "" for _ in wanted]
        assert sorted(got) == wanted
        assert take(sqs, url) is None
    told = [line for line in caplog.messages if "nobody was there" in line]
    line = "9 firings of 2 schedules were due while nobody was there and are left out; --catch-up fires all"
    assert told == ([] if catch_up else [line])


def test_a_schedule_goes_by_the_clocks_of_its_zone(account: Account, eventually: Eventually) -> None:
    """Which are set forward in March and back in October."""
    sqs = sdk(account.lam, "sqs", ACCOUNT)
    url = sqs.create_queue(QueueName="due")["QueueUrl"]
    members = {"ScheduleExpressionTimezone": "Europe/Berlin", "Input": "<aws.scheduler.scheduled-time>"}
    due = f"arn:aws:sqs:{REGION}:{ACCOUNT}:due"
    account.create("spring", "cron(0 9 29-30 3 ? 2081)", due, **members)
    account.create("autumn", "cron(0 9 25-26 10 ? 2081)", due, **members)

    for moment in ("2081-03-29T08:00", "2081-03-30T07:00", "2081-10-25T07:00", "2081-10-26T08:00"):
        account.pass_by(moment)
        assert eventually(lambda: take(sqs, url), "a message") == f"{moment}:00Z"


def test_what_no_bus_takes_is_a_dead_letter_at_once(account: Account, eventually: Eventually) -> None:
    sqs = sdk(account.lam, "sqs", ACCOUNT)
    url = sqs.create_queue(QueueName="letters")["QueueUrl"]
    letters = f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters"
    bus, event = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default", {"Source": "shop", "DetailType": "Night"}
    account.create(
        "lost", "rate(1 hour)", bus, Input="no JSON", EventBridgeParameters=event, DeadLetterConfig={"Arn": letters}
    )

    ask = {"QueueUrl": url, "MessageAttributeNames": ["All"]}
    (got,) = eventually(lambda: sqs.receive_message(**ask).get("Messages"), "its dead letter")
    told = {name: one["StringValue"] for name, one in got["MessageAttributes"].items()}
    assert (got["Body"], told["ERROR_CODE"], told["RETRY_ATTEMPTS"]) == ("no JSON", "MalformedDetail", "0")


def _event(arn: str, event: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "0",
        "id": event["id"],
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": event["time"],
        "region": REGION,
        "resources": [arn],
        "detail": "{}",
    }


def test_a_server_that_was_started_fires_what_an_earlier_one_was_told(tmp_path: Path) -> None:
    """By the machine's own time."""
    with served(tmp_path, "process") as lam:
        lam.create("told", TELLS)
        arn = lam.client.get_function(FunctionName="told")["Configuration"]["FunctionArn"]
        scheduler = client_at(lam.url, "scheduler", ACCOUNT)
        scheduler.list_schedules()  # so that the next call takes no time, and this server ends before the moment comes
        at = datetime.now(UTC) + timedelta(seconds=5)
        target = {"Arn": arn, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler", "Input": '"now"'}
        expression = f"at({at:%Y-%m-%dT%H:%M:%S})"
        scheduler.create_schedule(
            Name="once", ScheduleExpression=expression, FlexibleTimeWindow=OFF, Target=target,
            ActionAfterCompletion="DELETE",
        )  # fmt: skip

    with served(tmp_path, "process") as lam:
        eventually(lambda: "GOT" in lam.page("logs?function=told").decode(), "its event")
        assert client_at(lam.url, "scheduler", ACCOUNT).list_schedules()["Schedules"] == []


def _at_least(count: int, found: list[Any]) -> list[Any]:
    return found if len(found) >= count else []


def printed(lam: OwnLam, name: str) -> list[Any]:
    """What it got, by its log."""
    found = lam.own_events(name)
    return [json.loads(line.removeprefix("GOT ")) for line in found if line.startswith("GOT ")]
