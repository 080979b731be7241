"""State machines of the shapes that AWS's sample projects have, with functions in real sandboxes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from machines_rig import Machines, machines
from own import OwnLam
from services_rig import ACCOUNT, Inbox, create_table, lam, sdk
from waiting import eventually

__all__ = ["lam", "machines"]

STATES = "arn:aws:states:::"
JOB = """
import boto3
table = boto3.resource("dynamodb").Table("jobs")
def handler(event, context):
    if "guid" not in event:
        table.put_item(Item={"id": "job", "looks": 0})
        return "job"
    row = table.update_item(Key={"id": event["guid"]}, UpdateExpression="ADD looks :one",
        ExpressionAttributeValues={":one": 1}, ReturnValues="ALL_NEW")["Attributes"]
    return "SUCCEEDED" if row["looks"] > 2 else "RUNNING"
"""
CALLS_BACK = """
import json
import boto3
def handler(event, context):
    for record in event["Records"]:
        asked = json.loads(record["body"])
        boto3.client("stepfunctions").send_task_success(taskToken=asked["TaskToken"],
            output=json.dumps({"said": asked["MessageTitle"]}))
"""
PRICE = """
def handler(event, context):
    if event.get("price", 0) < 0:
        raise ValueError("no price")
    return {"stock": event.get("stock", "any"), "price": event.get("price", 50)}
"""


def task(resource: str, **members: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, **members}


def test_a_job_is_polled_until_it_is_done(machines: Machines, lam: OwnLam) -> None:
    create_table(sdk(lam, "dynamodb"), "jobs")
    job = machines.function("job", JOB)
    done = [
        {"Variable": "$.status", "StringEquals": "FAILED", "Next": "Job Failed"},
        {"Variable": "$.status", "StringEquals": "SUCCEEDED", "Next": "Get Final Job Status"},
    ]
    machine = machines.create(
        "job-poller",
        {
            "Submit Job": task(job, Parameters={}, ResultPath="$.guid", Next="Wait X Seconds"),
            "Wait X Seconds": {"Type": "Wait", "SecondsPath": "$.wait_time", "Next": "Get Job Status"},
            "Get Job Status": task(job, InputPath="$", ResultPath="$.status", Next="Job Complete?"),
            "Job Complete?": {"Type": "Choice", "Choices": done, "Default": "Wait X Seconds"},
            "Job Failed": {"Type": "Fail", "Cause": "AWS Batch Job Failed", "Error": "DescribeJob returned FAILED"},
            "Get Final Job Status": task(job, ResultPath="$.final", End=True),
        },
    )

    output = machines.output(machine, {"wait_time": 1})

    assert output == {"wait_time": 1, "guid": "job", "status": "SUCCEEDED", "final": "SUCCEEDED"}
    states = [event["stateEnteredEventDetails"]["name"] for event in machines.events(machines.last) if _enters(event)]
    assert states.count("Wait X Seconds") == 3


def test_a_timer_publishes_when_its_time_comes(machines: Machines, lam: OwnLam) -> None:
    inbox, sns = Inbox(lam, "timed"), sdk(lam, "sns")
    topic = sns.create_topic(Name="timer")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn, Attributes={"RawMessageDelivery": "true"})
    sends = {"TopicArn.$": "$.topic", "Message.$": "$.message"}
    machine = machines.create(
        "task-timer",
        {
            "Wait for Timestamp": {"Type": "Wait", "TimestampPath": "$.timer", "Next": "Send SNS Message"},
            "Send SNS Message": task(f"{STATES}sns:publish", Parameters=sends, End=True),
        },
    )
    timer = datetime.now(UTC) + timedelta(seconds=2)

    machines.output(machine, {"topic": topic, "message": "now", "timer": timer.strftime("%Y-%m-%dT%H:%M:%SZ")})

    assert inbox.next()["Body"] == "now"
    assert datetime.now(UTC) >= timer.replace(microsecond=0)


def test_a_function_calls_back_with_the_token_of_a_message(machines: Machines, lam: OwnLam) -> None:
    inbox = Inbox(lam, "callbacks")
    machines.function("calls-back", CALLS_BACK)
    lam.client.create_event_source_mapping(FunctionName="calls-back", EventSourceArn=inbox.arn)
    body = {"MessageTitle": "Task started by Step Functions. Waiting for callback.", "TaskToken.$": "$$.Task.Token"}
    asks = {"QueueUrl": inbox.url, "MessageBody": body}
    failed = [{"ErrorEquals": ["States.ALL"], "Next": "Notify Failure"}]
    start = task(f"{STATES}sqs:sendMessage.waitForTaskToken", Parameters=asks, Catch=failed, Next="Notify Success")
    machine = machines.create(
        "callback",
        {
            "Start Task And Wait For Callback": start,
            "Notify Success": {"Type": "Succeed"},
            "Notify Failure": {"Type": "Fail"},
        },
    )

    assert machines.output(machine) == {"said": body["MessageTitle"]}


def test_records_are_transferred_one_by_one(machines: Machines, lam: OwnLam) -> None:
    inbox, dynamodb = Inbox(lam, "transferred"), sdk(lam, "dynamodb")
    create_table(dynamodb, "seeded")
    for id in ("a", "b"):
        dynamodb.put_item(TableName="seeded", Item={"id": {"S": id}, "message": {"S": f"message {id}"}})
    read = {"TableName": "seeded", "Key": {"id": {"S.$": "$.list[0]"}}}
    send = {"MessageBody.$": "$.found.Item.message.S", "QueueUrl": inbox.url}
    not_done = {"Not": {"Variable": "$.list[0]", "StringEquals": "DONE"}, "Next": "Read Next Message"}
    machine = machines.create(
        "transfer",
        {
            "For Loop Condition": {"Type": "Choice", "Choices": [not_done], "Default": "Succeed"},
            "Read Next Message": task(
                f"{STATES}dynamodb:getItem", Parameters=read, ResultPath="$.found", Next="Send Message to SQS"
            ),
            "Send Message to SQS": task(
                f"{STATES}sqs:sendMessage", Parameters=send, ResultPath="$.sent", Next="Pop Element from List"
            ),
            "Pop Element from List": {
                "Type": "Pass",
                "Parameters": {"list.$": "$.list[1:]"},
                "Next": "For Loop Condition",
            },
            "Succeed": {"Type": "Succeed"},
        },
    )

    machines.output(machine, {"list": ["a", "b", "DONE"]})

    assert inbox.bodies(2) == ["message a", "message b"]


def test_messages_are_processed_by_a_map_that_is_fanned_out(machines: Machines) -> None:
    price = machines.function("fan-out", PRICE)
    again = [{"ErrorEquals": ["Lambda.ServiceException", "Lambda.TooManyRequestsException"], "MaxAttempts": 6}]
    failed = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}]
    one = {
        "StartAt": "Process",
        "States": {
            "Process": task(price, Retry=again, Catch=failed, End=True),
            "Failed": {"Type": "Pass", "End": True},
        },
    }
    empty = {"Variable": "$.messages[0]", "IsPresent": False, "Next": "Finish"}
    machine = machines.create(
        "fan-out",
        {
            "Are there messages to process?": {"Type": "Choice", "Choices": [empty], "Default": "Process messages"},
            "Process messages": {"Type": "Map", "ItemsPath": "$.messages", "Iterator": one, "Next": "Finish"},
            "Finish": {"Type": "Succeed"},
        },
    )

    assert machines.output(machine, {"messages": []}) == {"messages": []}
    good, bad = machines.output(machine, {"messages": [{"price": 3}, {"price": -1}]})

    assert (good["price"], bad["error"]["Error"]) == (3, "ValueError")


def test_a_workflow_within_a_workflow_tells_who_began_it(machines: Machines) -> None:
    inner = machines.create("within", {"Say": {"Type": "Pass", "End": True}})
    by = {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id"}
    begins = {"Input": {"NeedCallback": False, **by}, "StateMachineArn": inner}
    waits = task(f"{STATES}states:startExecution.sync", Parameters=begins, Next="Parallel")
    tells = task(f"{STATES}states:startExecution", Parameters=begins, End=True)
    branches = [{"StartAt": name, "States": {name: tells}} for name in ("One", "Two")]
    both = {"Type": "Parallel", "Branches": branches, "End": True}
    machine = machines.create("around", {"Begin and wait": waits, "Parallel": both})

    started = machines.output(machine)
    outer = machines.last

    assert len({one["ExecutionArn"] for one in started}) == 2
    for one in started:
        assert json.loads(machines.ended(one["ExecutionArn"])["input"]) == {
            "NeedCallback": False,
            "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": outer,
        }


def test_stocks_are_traded_once_a_human_has_agreed(machines: Machines, lam: OwnLam) -> None:
    checks, inbox = machines.function("checks", PRICE), Inbox(lam, "approvals")
    sns = sdk(lam, "sns")
    topic = sns.create_topic(Name="trades")["TopicArn"]
    asks = {"MessageBody": {"Input.$": "$", "TaskToken.$": "$$.Task.Token"}, "QueueUrl": inbox.url}
    recommends = [{"Variable": "$.recommended", "StringEquals": "buy", "Next": "Buy Stock"}]
    choose = {"price.$": "$.Payload.price", "stock.$": "$.Payload.stock"}
    machine = machines.create(
        "trading",
        {
            "Check Stock Price": task(
                f"{STATES}lambda:invoke",
                Parameters={"FunctionName": checks, "Payload.$": "$"},
                ResultSelector=choose,
                Next="Request Human Approval",
            ),
            "Request Human Approval": task(
                f"{STATES}sqs:sendMessage.waitForTaskToken", Parameters=asks, ResultPath="$.answer", Next="Recommend"
            ),
            "Recommend": {
                "Type": "Pass",
                "Parameters": {"recommended.$": "$.answer.do", "stock.$": "$.stock"},
                "Next": "Buy or Sell?",
            },
            "Buy or Sell?": {"Type": "Choice", "Choices": recommends, "Default": "Sell Stock"},
            "Buy Stock": task(checks, Parameters={"stock.$": "$.stock"}, ResultPath="$.bought", Next="Report Result"),
            "Sell Stock": {"Type": "Fail"},
            "Report Result": task(
                f"{STATES}sns:publish", Parameters={"TopicArn": topic, "Message": {"Input.$": "$"}}, End=True
            ),
        },
    )
    execution = machines.begin(machine, {"stock": "ABC", "price": 12})

    asked = json.loads(inbox.next()["Body"])
    machines.states.send_task_success(taskToken=asked["TaskToken"], output='{"do": "buy"}')

    assert asked["Input"] == {"price": 12, "stock": "ABC"}
    assert "MessageId" in json.loads(machines.ended(execution)["output"])


def test_a_rule_begins_a_machine_with_the_event(machines: Machines, lam: OwnLam) -> None:
    machine, events = machines.create("ruled", {"A": {"Type": "Pass", "End": True}}), sdk(lam, "events")
    events.put_rule(Name="to-machine", EventPattern='{"source": ["shop"]}')
    role = f"arn:aws:iam::{ACCOUNT}:role/machines"
    events.put_targets(Rule="to-machine", Targets=[{"Id": "1", "Arn": machine, "RoleArn": role}])

    events.put_events(Entries=[{"Source": "shop", "DetailType": "paid", "Detail": '{"total": 3}'}])

    found = eventually(lambda: machines.states.list_executions(stateMachineArn=machine)["executions"], "an execution")
    ended = machines.ended(found[0]["executionArn"])
    assert json.loads(ended["output"])["detail"] == {"total": 3}


def _enters(event: Any) -> bool:
    return "stateEnteredEventDetails" in event
