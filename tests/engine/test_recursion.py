"""A function that causes its own next invocation is stopped when it ran 16 times. docs/contract/invoke.md#recursion."""

from __future__ import annotations

import json
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import ClientError
from test_destinations import ACCOUNT, REGION, Account, account, emulated
from waiting import Eventually

from lambda_emu.arn import Scope, Target
from lambda_emu.invoke.lineage import MOST_RUNS

__all__ = ["account", "emulated"]


# Each names the function by event["next"], and itself by "of", in a chain that an SDK passes on.
AGAIN = """
import json, os, boto3
def handler(event, context):
    print("run", event.get("n", 0))
    event["n"] = event.get("n", 0) + 1
    kind = event["by"]
    if kind == "invoke":
        boto3.client("lambda").invoke(FunctionName=event["next"], Payload=json.dumps(event), InvocationType="Event")
    if kind == "topic":
        boto3.client("sns").publish(TopicArn=event["next"], Message=json.dumps(event))
"""
FROM_TOPIC = AGAIN.replace(
    "event, context):",
    """event, context):
    event = json.loads(event["Records"][0]["Sns"]["Message"]) if "Records" in event else event""",
)
FROM_BUCKET = """
import boto3
def handler(event, context):
    record = event["Records"][0]["s3"]
    number = int(record["object"]["key"])
    print("run", number)
    boto3.client("s3").put_object(Bucket=record["bucket"]["name"], Key=str(number + 1), Body=b"x")
"""
FROM_QUEUE = """
import boto3
sqs = boto3.client("sqs")
def handler(event, context):
    for record in event["Records"]:
        print("run", record["body"])
        url = sqs.get_queue_url(QueueName=record["eventSourceARN"].split(":")[5])["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=str(int(record["body"]) + 1))
"""
CALLER = """
import json, boto3
from botocore.config import Config
def handler(event, context):
    lam = boto3.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    try:
        answer = lam.invoke(FunctionName=context.function_name, Payload=json.dumps({"n": event["n"] + 1}))
    except lam.exceptions.RecursiveInvocationException as error:
        told = error.response
        return {"n": event["n"], "error": told["Error"]["Code"], "status": told["ResponseMetadata"]["HTTPStatusCode"]}
    return json.load(answer["Payload"])
"""


def create(account: Account, name: str, code: str, **config: Any) -> str:
    """Its ARN."""
    variables = {"AWS_ENDPOINT_URL": account.lam.emulator.url}
    account.lam.create(name, code, Environment={"Variables": variables}, **config)
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def runs(account: Account, name: str) -> int:
    """How often it ran, once none of its runs goes on: what becomes of the last is known before that is over."""
    while any(one.state == "BUSY" for one in account.lam.environments(name)):
        Event().wait(0.01)
    return len([line for line in account.lam.own_events(name) if line.startswith("run")])


def reports(account: Account, name: str) -> int:
    """How many of its invocations are over."""
    return sum(reported for _, reported in account.lam.events(name))


def test_a_function_that_sends_itself_events_is_stopped_and_the_last_is_a_dead_letter(
    account: Account, eventually: Eventually
) -> None:
    dead = account.queue("dead")
    create(account, "again", AGAIN, DeadLetterConfig={"TargetArn": dead})

    account.send("again", by="invoke", next="again")

    (letter,) = eventually(lambda: account.messages(dead), "the event that is dropped")
    assert runs(account, "again") == MOST_RUNS
    assert json.loads(letter["Body"])["n"] == MOST_RUNS


def test_two_that_send_each_other_events_are_stopped(account: Account, eventually: Eventually) -> None:
    dead = account.queue("dead-two")
    for name, other in (("ping", "pong"), ("pong", "ping")):
        code = AGAIN.replace('event["next"]', repr(other))
        create(account, name, code, DeadLetterConfig={"TargetArn": dead})

    account.send("ping", by="invoke")

    eventually(lambda: account.messages(dead), "the event that is dropped")
    assert {runs(account, "ping"), runs(account, "pong")} == {MOST_RUNS, MOST_RUNS + 1}


def test_so_are_two_who_are_told_each_others_results(account: Account, eventually: Eventually) -> None:
    dead = account.queue("dead-told")
    for name in ("tick", "tock"):
        create(account, name, "def handler(event, context): print('run')", DeadLetterConfig={"TargetArn": dead})
    for name, other in (("tick", "tock"), ("tock", "tick")):
        account.tell(name, OnSuccess=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{other}")

    account.send("tick")

    eventually(lambda: account.messages(dead), "the event that is dropped")
    assert {runs(account, "tick"), runs(account, "tock")} == {MOST_RUNS, MOST_RUNS + 1}


def test_so_is_one_behind_a_topic(account: Account, eventually: Eventually) -> None:
    topic, dead = account.sns.create_topic(Name="loop")["TopicArn"], account.queue("dead-topic")
    arn = create(account, "heard", FROM_TOPIC, DeadLetterConfig={"TargetArn": dead})
    account.sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)

    account.send("heard", by="topic", next=topic)

    eventually(lambda: account.messages(dead), "the event that is dropped")
    assert runs(account, "heard") == MOST_RUNS


def test_so_is_one_behind_a_bucket(account: Account, eventually: Eventually) -> None:
    dead = account.queue("dead-bucket")
    arn = create(account, "stored", FROM_BUCKET, DeadLetterConfig={"TargetArn": dead})
    account.s3.create_bucket(Bucket="loop")
    told: Any = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    account.s3.put_bucket_notification_configuration(Bucket="loop", NotificationConfiguration=told)

    account.s3.put_object(Bucket="loop", Key="0", Body=b"x")

    eventually(lambda: account.messages(dead), "the event that is dropped")
    assert runs(account, "stored") == MOST_RUNS


def invoke_in_chain(account: Account, name: str, header: str, **event: Any) -> Any:
    """As somebody whose request came with this header; `mark` stands for the function."""
    mark = Target(Scope(ACCOUNT, REGION).function(name)).mark
    client = account.sdk("lambda")
    traced = {"X-Amzn-Trace-Id": header.format(mark=mark)}
    client.meta.events.register("before-call", lambda params, **_: params["headers"].update(traced))
    return json.load(client.invoke(FunctionName=name, Payload=json.dumps(event))["Payload"])


def test_one_that_invokes_itself_and_waits_is_refused(account: Account) -> None:
    create(account, "caller", CALLER, Timeout=60)

    answer = invoke_in_chain(account, "caller", "Root=1-5;Lineage=13:{mark}:12", n=14)

    assert answer == {"n": MOST_RUNS, "error": "RecursiveInvocationException", "status": 400}


@pytest.mark.parametrize("header", ["Root=1-5;Lineage=90:{mark}:16", "Lineage=90:{mark}:255;Root=1-5"])
def test_loops_are_stopped_unless_they_are_allowed(account: Account, header: str) -> None:
    """A caller who says that he is in one is believed, whatever way he writes it."""
    account.lam.create("named", "def handler(event, context): return 1")
    with pytest.raises(ClientError) as refused:
        invoke_in_chain(account, "named", header)
    assert refused.value.response["Error"]["Code"] == "RecursiveInvocationException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400

    account.lam.client.put_function_recursion_config(FunctionName="named", RecursiveLoop="Allow")

    assert invoke_in_chain(account, "named", header) == 1


def test_so_is_one_that_sends_to_its_own_queue_and_the_message_is_retried_as_its_queue_says(
    account: Account, eventually: Eventually
) -> None:
    dead = account.queue("dead-own")
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})
    queue = account.queue("own", RedrivePolicy=redrive, VisibilityTimeout="10")
    create(account, "own", FROM_QUEUE, Timeout=10)
    mapping = account.lam.client.create_event_source_mapping(FunctionName="own", EventSourceArn=queue)
    url = account.sqs.get_queue_url(QueueName="own")["QueueUrl"]

    account.sqs.send_message(QueueUrl=url, MessageBody="0")
    eventually(lambda: reports(account, "own") == MOST_RUNS, "all runs to be over")
    eventually(lambda: account.counts("own") == (0, 1), "the last message alone to be in flight")
    account.lam.pass_time(10)

    (letter,) = eventually(lambda: account.messages(dead), "the message that is not taken any more")
    account.lam.client.delete_event_source_mapping(UUID=mapping["UUID"])
    assert letter["Body"] == str(MOST_RUNS)
    assert runs(account, "own") == MOST_RUNS
