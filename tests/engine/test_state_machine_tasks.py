"""Tasks of state machines: functions, services, expressions and tokens, as a user of boto3 sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from machines_rig import INVOKE, PASS, Machines, add, machines
from own import OwnLam
from services_rig import ACCOUNT, Inbox, lam, sdk

__all__ = ["add", "lam", "machines"]


def test_a_function_is_a_task_by_its_arn(machines: Machines, add: str) -> None:
    machine = machines.create("adds", {"Add": {"Type": "Task", "Resource": add, "End": True}})

    ended = machines.run(machine, {"a": 2, "b": 3})

    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"sum": 5})
    assert (ended["name"], ended["stateMachineArn"]) == (ended["executionArn"].rpartition(":")[2], machine)
    assert machines.history(ended) == [
        "ExecutionStarted",
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]


def test_lambda_invoke_tells_how_it_was_invoked(machines: Machines, add: str) -> None:
    task = INVOKE | {"Parameters": {"FunctionName": add, "Payload.$": "$"}, "End": True}

    output = machines.output(machines.create("invokes", {"Add": task}), {"a": 1, "b": 2})

    assert (output["Payload"], output["StatusCode"], output["ExecutedVersion"]) == ({"sum": 3}, 200, "$LATEST")
    assert output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert output["SdkHttpMetadata"]["HttpHeaders"]["x-amzn-RequestId"] == output["SdkResponseMetadata"]["RequestId"]


def test_a_failed_function_is_tried_again_and_caught(machines: Machines, add: str) -> None:
    again = {"ErrorEquals": ["ValueError"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1}
    caught = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}
    task = INVOKE | {
        "Parameters": {"FunctionName": add, "Payload": {"fail": "no"}},
        "Retry": [again],
        "Catch": [caught],
    }
    machine = machines.create("tries", {"Add": task | {"End": True}, "Caught": PASS})

    ended = machines.run(machine, {"x": 1})

    output = json.loads(ended["output"])
    assert (output["x"], output["error"]["Error"]) == (1, "ValueError")
    assert json.loads(output["error"]["Cause"])["errorMessage"] == "no"
    assert machines.history(ended).count("TaskFailed") == 3


@pytest.mark.parametrize("task", ["arn", "invoke"])
def test_what_lambda_refuses_is_an_error_of_lambdas_name(machines: Machines, add: str, task: str) -> None:
    by_arn = {"Type": "Task", "Resource": f"{add}-none"}
    asks = by_arn if task == "arn" else INVOKE | {"Parameters": {"FunctionName": f"{add}-none"}}

    ended = machines.run(machines.create(f"refused-{task}", {"Add": asks | {"End": True}}))

    assert (ended["status"], ended["error"]) == ("FAILED", "Lambda.ResourceNotFoundException")
    assert ended["cause"].startswith(f"Function not found: {add}-none:$LATEST (Service: AWSLambda; Status Code: 404")


def test_other_services_are_asked_as_the_role_and_in_its_account(machines: Machines) -> None:
    bucket, key = "of-a-machine", {"Bucket": "of-a-machine", "Key": "k"}
    sdk_of = "arn:aws:states:::aws-sdk:"
    states = {
        "Make": {"Type": "Task", "Resource": f"{sdk_of}s3:createBucket", "Parameters": {"Bucket": bucket}},
        "Put": {"Type": "Task", "Resource": f"{sdk_of}s3:putObject", "Parameters": key | {"Body": {"n": 1}}},
        "Get": {"Type": "Task", "Resource": f"{sdk_of}s3:getObject", "Parameters": key, "ResultPath": "$.got"},
        "Who": {"Type": "Task", "Resource": f"{sdk_of}sts:getCallerIdentity", "Parameters": {}, "ResultPath": "$.who"},
    }
    names = list(states)
    following = [{"Next": name} for name in names[1:]] + [{"End": True}]
    unsaid = {"ResultPath": None}
    linked = {name: unsaid | states[name] | then for name, then in zip(names, following, strict=True)}

    output = machines.output(machines.create("asks", linked))

    assert output["got"]["Body"] == '{"n":1}'
    assert output["who"]["Account"] == ACCOUNT
    assert f":sts::{ACCOUNT}:assumed-role/machines/" in output["who"]["Arn"]


def test_an_api_is_asked_by_the_host_that_it_has_on_aws(machines: Machines, lam: OwnLam) -> None:
    tells = "def handler(event, context):\n    return [event['rawPath'], event['rawQueryString']]\n"
    function, gateway = machines.function("of-an-api", tells), sdk(lam, "apigatewayv2")
    api = gateway.create_api(Name="asked", ProtocolType="HTTP", Target=function)["ApiId"]
    lam.client.add_permission(
        FunctionName="of-an-api",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    asks = {"ApiEndpoint": f"{api}.execute-api.us-east-1.amazonaws.com", "Method": "GET", "AuthType": "IAM_ROLE"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::apigateway:invoke", "End": True}
    found = asks | {"Path": "/a/b", "QueryParameters": {"n": ["1"]}}
    absent = asks | {"ApiEndpoint": "absent.execute-api.us-east-1.amazonaws.com"}

    output = machines.output(machines.create("asks-api", {"A": task | {"Parameters": found}}))
    failed = machines.run(machines.create("asks-none", {"A": task | {"Parameters": absent}}))

    assert (output["StatusCode"], output["ResponseBody"]) == (200, ["/a/b", "n=1"])
    assert (failed["status"], failed["error"]) == ("FAILED", "ApiGateway.404")


def test_a_fifo_topic_has_messages_in_their_group(machines: Machines, lam: OwnLam) -> None:
    sns, inbox = sdk(lam, "sns"), Inbox(lam, "grouped.fifo", FifoQueue="true")
    topic = sns.create_topic(Name="grouped.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox.arn, Attributes={"RawMessageDelivery": "true"})
    said = {"TopicArn": topic, "Message": "hello", "MessageGroupId": "g", "MessageDeduplicationId": "1"}
    publish = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": said, "End": True}

    machines.output(machines.create("publishes", {"Publish": publish}))

    message = inbox.next()
    assert (message["Body"], message["Attributes"]["MessageGroupId"]) == ("hello", "g")


def test_errors_of_services_are_named_as_by_sdk_2_for_java(machines: Machines) -> None:
    get = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
        "Parameters": {"Bucket": "no-bucket", "Key": "k"},
    }
    item = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:getItem", "End": True}
    item |= {"Parameters": {"TableName": "none", "Key": {"id": {"S": "x"}}}}

    assert (
        machines.run(machines.create("no-bucket", {"Get": get | {"End": True}}))["error"] == "S3.NoSuchBucketException"
    )
    assert machines.run(machines.create("no-table", {"Get": item}))["error"] == "DynamoDb.ResourceNotFoundException"


def test_an_action_that_a_service_has_not_is_named(machines: Machines) -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getobject", "Parameters": {}, "End": True}

    ended = machines.run(machines.create("misspelt", {"A": task}), {})

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert ended["cause"].endswith("S3 has no action getobject; getObject is one")


@pytest.fixture
def token(machines: Machines, lam: OwnLam) -> Any:
    """Begins an execution that waits for a token's word: the execution and the token."""
    sqs = sdk(lam, "sqs")
    url = sqs.create_queue(QueueName="tokens")["QueueUrl"]
    sends = {"QueueUrl": url, "MessageBody": {"token.$": "$$.Task.Token"}}
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": sends}

    def begin(name: str, **members: Any) -> tuple[str, str]:
        execution = machines.begin(machines.create(name, {"Ask": task | members | {"End": True}}))
        (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return execution, json.loads(message["Body"])["token"]

    return begin


def test_a_task_ends_by_its_tokens_word(machines: Machines, token: Any) -> None:
    execution, given = token("succeeds")

    machines.states.send_task_success(taskToken=given, output='{"done": true}')

    assert json.loads(machines.ended(execution)["output"]) == {"done": True}
    with pytest.raises(ClientError, match=r"TaskTimedOut.*: Task Timed Out: 'Provided task does not exist anymore'"):
        machines.states.send_task_success(taskToken=given, output="{}")
    with pytest.raises(ClientError, match="InvalidToken"):
        machines.states.send_task_success(taskToken="nobody", output="{}")


def test_a_task_fails_by_its_tokens_word(machines: Machines, token: Any) -> None:
    execution, given = token("fails")

    machines.states.send_task_failure(taskToken=given, error="Refused", cause="by hand")

    ended = machines.ended(execution)
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Refused", "by hand")


def test_heartbeats_keep_a_task_by_the_clock_of_work(machines: Machines, token: Any, lam: OwnLam) -> None:
    execution, given = token("beats", HeartbeatSeconds=600, TimeoutSeconds=7200)

    for _ in range(3):
        lam.pass_time(500)
        machines.states.send_task_heartbeat(taskToken=given)
    assert machines.states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    lam.pass_time(700)

    ended = machines.ended(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")


def test_an_activity_is_done_by_a_worker_of_the_users_own(machines: Machines) -> None:
    activity = machines.states.create_activity(name="by-hand")["activityArn"]
    states = {"Do": {"Type": "Task", "Resource": activity, "TimeoutSeconds": 600, "End": True}}
    execution = machines.begin(machines.create("activity", states), {"n": 1})

    task = machines.states.get_activity_task(activityArn=activity, workerName="me")
    machines.states.send_task_success(taskToken=task["taskToken"], output='{"n": 2}')

    assert json.loads(task["input"]) == {"n": 1}
    ended = machines.ended(execution)
    assert json.loads(ended["output"]) == {"n": 2}
    assert machines.history(ended)[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
