"""State machines: executions with functions in real sandboxes, as a user of boto3 sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from machines_rig import ROLE, Machines
from own import OwnLam
from services_rig import ACCOUNT, Inbox, lam, sdk
from waiting import eventually

__all__ = ["lam"]

ADD = """
def handler(event, context):
    if "fail" in event:
        raise ValueError(event["fail"])
    return {"sum": event.get("a", 0) + event.get("b", 0)}
"""
INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}
JSONATA = {"QueryLanguage": "JSONata"}
PASS = {"Type": "Pass", "End": True}


@pytest.fixture(scope="module")
def machines(lam: OwnLam) -> Machines:
    return Machines(lam)


@pytest.fixture(scope="module")
def add(machines: Machines) -> str:
    return machines.function("add", ADD)


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


def test_maps_and_branches_come_together(machines: Machines, add: str) -> None:
    one = {"StartAt": "Add", "States": {"Add": {"Type": "Task", "Resource": add, "End": True}}}
    each = {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ItemProcessor": one, "ResultPath": "$.sums"}
    branches = [one | {"StartAt": "A", "States": {"A": PASS | {"Result": name}}} for name in "xy"]
    both = {"Type": "Parallel", "Branches": branches, "ResultPath": "$.names", "End": True}
    machine = machines.create("together", {"Each": each | {"Next": "Both"}, "Both": both})

    output = machines.output(machine, {"items": [{"a": 1}, {"b": 2}, {"a": 3}]})

    assert output["sums"] == [{"sum": 1}, {"sum": 2}, {"sum": 3}]
    assert output["names"] == ["x", "y"]


def test_a_failed_branch_ends_the_others(machines: Machines) -> None:
    fails = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Broken", "Cause": "it is"}}}
    waits = {"StartAt": "B", "States": {"B": {"Type": "Wait", "Seconds": 3600, "End": True}}}
    both = {"Type": "Parallel", "Branches": [fails, waits], "Catch": [{"ErrorEquals": ["Broken"], "Next": "C"}]}

    assert machines.output(machines.create("breaks", {"P": both | {"End": True}, "C": PASS})) == {
        "Error": "Broken",
        "Cause": "it is",
    }


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


def test_expressions_of_jsonata(machines: Machines, add: str) -> None:
    called = {"FunctionName": add, "Payload": {"a": "{% $n %}", "b": "{% $sum($states.input.list) %}"}}
    states: dict[str, Any] = {
        "Keep": {"Type": "Pass", "Assign": {"n": "{% $states.input.n + 1 %}", "text": 'say "hi"\n'}, "Next": "Add"},
        "Add": INVOKE | {"Arguments": called, "Output": "{% {'sum': $states.result.Payload.sum, 'text': $text} %}"},
    }
    states["Add"]["End"] = True

    output = machines.output(machines.create("jsonata", states, **JSONATA), {"n": 1, "list": [1, 2, 3]})

    assert output == {"sum": 8, "text": 'say "hi"\n'}


@pytest.mark.parametrize(
    ("name", "expression", "why"),
    [
        ("type", "'a' + 1", "threw an error during evaluation. T2001: The left side of the + operator must evaluate"),
        ("nothing", "$states.input.absent", "returned nothing (undefined)."),
        (
            "deep",
            "($f := function($n) {1 + $f($n)}; $f(1))",
            "threw an error during evaluation. D1011: Stack overflow.",
        ),
        ("endless", "($f := function($n) {$f($n)}; $f(1))", "threw an error during evaluation. D1012: "),
        ("large", "$count([1..9999999])", "threw an error during evaluation. D2014: "),
        ("pattern", "$match($states.input.text, /^(a|aa)+$/)", "threw an error during evaluation. "),
        ("function", "$sum", "returned an unsupported result type."),
    ],
)
def test_what_an_expression_fails_by_is_told_and_takes_no_long(
    machines: Machines, name: str, expression: str, why: str
) -> None:
    states = {"Ask": {"Type": "Pass", "Output": f"{{% {expression} %}}", "End": True}}

    ended = machines.run(machines.create(f"query-{name}", states, **JSONATA), {"text": "a" * 5000 + "b"})

    assert (ended["status"], ended["error"]) == ("FAILED", "States.QueryEvaluationError")
    told = "An error occurred while executing the state 'Ask' (entered at the event id #2). The JSONata expression "
    assert ended["cause"].startswith(f"{told}'{expression}' specified for the field 'Output' {why}")
    assert (ended["stopDate"] - ended["startDate"]).total_seconds() < 20


def test_a_machine_without_an_end_fails_by_its_history(machines: Machines) -> None:
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}

    ended = machines.ended(machines.begin(machines.create("endless", states)), limit_s=300)

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert ended["cause"] == "The execution reached the maximum number of history events (25000)."
    asked = {"executionArn": ended["executionArn"], "reverseOrder": True, "maxResults": 2}
    last = machines.states.get_execution_history(**asked)
    assert [event["id"] for event in last["events"]] == [25_000, 24_999]
    assert "nextToken" in last


def test_a_choice_that_nothing_matches_fails(machines: Machines) -> None:
    rule = {"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Big"}
    machine = machines.create("choice", {"C": {"Type": "Choice", "Choices": [rule]}, "Big": {"Type": "Succeed"}})

    assert machines.output(machine, {"n": 6}) == {"n": 6}
    ended = machines.run(machine, {"n": 5})

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert "Failed to transition out of the state." in ended["cause"]


def test_a_choice_about_what_is_not_there_fails_whatever_the_default_is(machines: Machines) -> None:
    missing = {"Variable": "$.n", "NumericEquals": 5}
    there = {"Variable": "$.n", "IsPresent": True}
    states: dict[str, Any] = {
        "C": {"Type": "Choice", "Choices": [missing | {"Next": "End"}], "Default": "End"},
        "End": {"Type": "Succeed"},
    }
    asked = {**states, "C": {**states["C"], "Choices": [{"And": [there, missing], "Next": "End"}]}}

    ended = machines.run(machines.create("missing", states), {})

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert ended["cause"] == (
        "An error occurred while executing the state 'C' (entered at the event id #2). "
        "Invalid path '$.n': The choice state's condition path references an invalid value."
    )
    assert machines.output(machines.create("asked", asked), {}) == {}


def test_an_action_that_a_service_has_not_is_named(machines: Machines) -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getobject", "Parameters": {}, "End": True}

    ended = machines.run(machines.create("misspelt", {"A": task}), {})

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert ended["cause"].endswith("S3 has no action getobject; getObject is one")


def test_an_execution_is_stopped_at_once_whatever_it_waits_for(machines: Machines) -> None:
    slow = machines.function("slow", "import time\ndef handler(event, context):\n    time.sleep(5)\n")
    execution = machines.begin(machines.create("stopped", {"A": {"Type": "Task", "Resource": slow, "End": True}}))

    machines.states.stop_execution(executionArn=execution, error="Enough", cause="said so")

    told = machines.states.describe_execution(executionArn=execution)
    assert (told["status"], told["error"], told["cause"]) == ("ABORTED", "Enough", "said so")
    assert machines.history(told)[-1] == "ExecutionAborted"


def test_timeouts_go_by_the_clock_of_work(machines: Machines, lam: OwnLam) -> None:
    waits = {"A": {"Type": "Wait", "Seconds": 7200, "End": True}}
    execution = machines.begin(machines.create("too-long", waits, TimeoutSeconds=3600))

    lam.pass_time(3601)

    assert machines.ended(execution)["status"] == "TIMED_OUT"


def test_an_execution_of_the_same_name_is_the_same_while_it_runs(machines: Machines) -> None:
    machine = machines.create("named", {"A": {"Type": "Wait", "Seconds": 3600, "End": True}})
    first = machines.begin(machine, {"n": 1}, name="one")

    assert machines.begin(machine, {"n": 1}, name="one") == first
    with pytest.raises(ClientError, match=f"ExecutionAlreadyExists.*: Execution Already Exists: '{first}'"):
        machines.begin(machine, {"n": 2}, name="one")
    machines.states.stop_execution(executionArn=first)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        machines.begin(machine, {"n": 1}, name="one")


def test_executions_are_listed_by_pages_and_status(machines: Machines) -> None:
    machine = machines.create("listed", {"A": PASS})
    begun = [machines.run(machine)["executionArn"] for _ in range(5)]

    pages = machines.states.get_paginator("list_executions").paginate(
        stateMachineArn=machine, statusFilter="SUCCEEDED", PaginationConfig={"PageSize": 2}
    )
    found = [[one["executionArn"] for one in page["executions"]] for page in pages]

    assert [len(page) for page in found] == [2, 2, 1]
    assert [arn for page in found for arn in page] == begun[::-1]
    assert machines.states.list_executions(stateMachineArn=machine, statusFilter="FAILED")["executions"] == []


def test_a_machine_begins_another_and_waits_for_it(machines: Machines, add: str) -> None:
    inner = machines.create("inner", {"Add": {"Type": "Task", "Resource": add, "End": True}})
    begins = {"StateMachineArn": inner, "Input": {"a": 1, "b": 7}}
    outer = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": begins}

    output = machines.output(machines.create("outer", {"Begin": outer | {"End": True}}))

    assert (output["Status"], output["Output"]) == ("SUCCEEDED", {"sum": 8})


# -- Maps whose items are executions ---------------------------------------------------------------


def distributed(state: Any, **members: Any) -> dict[str, Any]:
    """The states of a machine that has each item taken by this one."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    processor = {"ProcessorConfig": config, "StartAt": "Item", "States": {"Item": state | {"End": True}}}
    return {"Map": {"Type": "Map", "ItemProcessor": processor, "End": True} | members}


def test_items_come_from_an_object_and_results_go_to_one(machines: Machines, lam: OwnLam) -> None:
    s3 = sdk(lam, "s3")
    s3.create_bucket(Bucket="items")
    s3.put_object(Bucket="items", Key="rows.csv", Body="name,age\nada,36\nalan,41\n")
    place = {"Bucket": "items", "Key": "rows.csv"}
    csv = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}
    reader = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": csv, "Parameters": place}
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "items", "Prefix": "out"}}
    machine = machines.create("rows", distributed({"Type": "Pass"}, ItemReader=reader, ResultWriter=writer))

    output = machines.output(machine)

    manifest = json.loads(s3.get_object(Bucket="items", Key=output["ResultWriterDetails"]["Key"])["Body"].read())
    assert manifest["MapRunArn"] == output["MapRunArn"]
    (run,) = machines.states.list_map_runs(executionArn=machines.last)["mapRuns"]
    told = machines.states.describe_map_run(mapRunArn=run["mapRunArn"])
    assert (told["status"], told["itemCounts"]["total"], told["itemCounts"]["succeeded"]) == ("SUCCEEDED", 2, 2)


def test_items_come_in_batches(machines: Machines) -> None:
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"all.$": "$.all"}}
    selector = {"at.$": "$$.Map.Item.Index", "is.$": "$$.Map.Item.Value"}
    states = distributed({"Type": "Pass"}, ItemBatcher=batcher, ItemsPath="$.items", ItemSelector=selector)

    assert machines.output(machines.create("batches", states), {"items": ["a", "b", "c"], "all": 3}) == [
        {"BatchInput": {"all": 3}, "Items": [{"at": 0, "is": "a"}, {"at": 1, "is": "b"}]},
        {"BatchInput": {"all": 3}, "Items": [{"at": 2, "is": "c"}]},
    ]


@pytest.mark.parametrize(("name", "percent", "status"), [("some", 50, "SUCCEEDED"), ("none", 0, "FAILED")])
def test_as_many_items_may_fail_as_is_tolerated(
    machines: Machines, add: str, name: str, percent: int, status: str
) -> None:
    states = distributed({"Type": "Task", "Resource": add}, ToleratedFailurePercentage=percent)

    ended = machines.run(machines.create(f"tolerates-{name}", states), [{"a": 1}, {"fail": "no"}])

    assert ended["status"] == status
    if status == "FAILED":
        assert ended["error"] == "States.ExceedToleratedFailureThreshold"
    else:
        assert json.loads(ended["output"]) == [{"sum": 1}]


# -- tasks that wait for somebody's word -----------------------------------------------------------


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


# -- express ---------------------------------------------------------------------------------------


def test_an_express_machine_is_waited_for(machines: Machines, add: str) -> None:
    machine = machines.create("express", {"Add": {"Type": "Task", "Resource": add, "End": True}}, type="EXPRESS")

    ended = machines.states.start_sync_execution(stateMachineArn=machine, input='{"a": 1, "b": 4}')

    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"sum": 5})
    assert ":express:express:" in ended["executionArn"]
    assert ended["billingDetails"]["billedMemoryUsedInMB"] == 64
    failed = machines.states.start_sync_execution(stateMachineArn=machine, input='{"fail": "no"}')
    assert (failed["status"], failed["error"]) == ("FAILED", "ValueError")


def test_events_of_an_execution_come_to_its_log_group(machines: Machines, lam: OwnLam) -> None:
    logs = sdk(lam, "logs")
    logs.create_log_group(logGroupName="/machines/logged")
    group = {"logGroupArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/machines/logged:*"}
    logging = {"level": "ALL", "includeExecutionData": True, "destinations": [{"cloudWatchLogsLogGroup": group}]}
    definition = json.dumps({"StartAt": "A", "States": {"A": PASS}})
    machine = machines.states.create_state_machine(
        name="logged", definition=definition, roleArn=ROLE, type="EXPRESS", loggingConfiguration=logging
    )["stateMachineArn"]

    ended = machines.states.start_sync_execution(stateMachineArn=machine, input='{"n": 1}')

    def lines() -> list[Any]:
        found = logs.filter_log_events(logGroupName="/machines/logged")["events"]
        return [json.loads(event["message"]) for event in found] if len(found) == 4 else []

    told = eventually(lines, "its events")
    assert [line["type"] for line in told] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert {line["execution_arn"] for line in told} == {ended["executionArn"]}
    assert json.loads(told[-1]["details"]["output"]) == {"n": 1}


def test_rules_hear_how_executions_stand(machines: Machines, lam: OwnLam) -> None:
    events, inbox = sdk(lam, "events"), Inbox(lam, "statuses")
    pattern = {"source": ["aws.states"], "detail": {"status": ["SUCCEEDED"]}}
    events.put_rule(Name="ended", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="ended", Targets=[{"Id": "1", "Arn": inbox.arn}])

    ended = machines.run(machines.create("heard", {"A": PASS}), {"n": 1})

    told = json.loads(inbox.next()["Body"])
    assert (told["detail-type"], told["resources"]) == (
        "Step Functions Execution Status Change",
        [ended["executionArn"]],
    )
    assert (told["detail"]["status"], told["detail"]["output"]) == ("SUCCEEDED", '{"n":1}')
    events.remove_targets(Rule="ended", Ids=["1"])
    events.delete_rule(Name="ended")


def test_nothing_is_kept_of_express_executions(machines: Machines) -> None:
    machine = machines.create("unkept", {"A": PASS}, type="EXPRESS")
    begun = machines.begin(machine)

    with pytest.raises(ClientError, match="StateMachineTypeNotSupported"):
        machines.states.list_executions(stateMachineArn=machine)
    with pytest.raises(ClientError, match=r"InvalidArn.*Resource type not valid in this context: express"):
        machines.states.describe_execution(executionArn=begun)
    standard = machines.create("kept", {"A": PASS})
    with pytest.raises(ClientError, match="StateMachineTypeNotSupported"):
        machines.states.start_sync_execution(stateMachineArn=standard)


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({"input": "{"}, "InvalidExecutionInput", "Invalid State Machine Execution Input: "),
        ({"input": "NaN"}, "InvalidExecutionInput", "Invalid State Machine Execution Input: "),
        ({"input": "[" * 100_000}, "InvalidExecutionInput", "Invalid State Machine Execution Input: "),
        ({"input": json.dumps("a" * 262_143)}, "ValidationException", "less than or equal to 262144"),
        ({"name": "a b"}, "InvalidName", "Invalid Name: 'a b'"),
        ({"stateMachineArn": "machine"}, "InvalidArn", "Invalid Arn: 'Invalid ARN: machine'"),
    ],
)
def test_what_is_no_execution_is_refused(machines: Machines, members: dict[str, str], code: str, text: str) -> None:
    arn = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:absent"
    if "stateMachineArn" not in members:
        machines.create("there", {"A": PASS})
    asked = {"stateMachineArn": arn.replace("absent", "there")} | members

    with pytest.raises(ClientError) as refused:
        machines.states.start_execution(**asked)

    assert refused.value.response["Error"]["Code"] == code
    assert text in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("states", "fault"),
    [
        ({"A": {"Type": "Pass", "Next": "B"}}, "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next"),
        ({"A": PASS, "B": PASS}, 'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B'),
        ({"A": {"End": True}}, "SCHEMA_VALIDATION_FAILED: These fields are required: [Type] at /States/A"),
        (
            {"A": {"Type": "Task", "Resource": "x", "End": True}},
            "SCHEMA_VALIDATION_FAILED: Value is not a valid resource",
        ),
        ({"A": {"Type": "Wait", "Seconds": "x", "End": True}}, "SCHEMA_VALIDATION_FAILED: "),
    ],
)
def test_what_is_no_definition_is_refused(machines: Machines, states: Any, fault: str) -> None:
    with pytest.raises(ClientError) as refused:
        machines.create("broken", states)

    error = refused.value.response["Error"]
    assert (error["Code"], error["Message"][:35]) == ("InvalidDefinition", "Invalid State Machine Definition: '")
    assert fault in error["Message"]
    definition = json.dumps({"StartAt": "A", "States": states})
    told = machines.states.validate_state_machine_definition(definition=definition)
    assert (told["result"], told["diagnostics"][0]["severity"]) == ("FAIL", "ERROR")


def test_a_machine_is_made_once(machines: Machines) -> None:
    machine = machines.create("once", {"A": PASS})

    assert machines.create("once", {"A": PASS}) == machine
    with pytest.raises(ClientError, match=f"StateMachineAlreadyExists.*: State Machine Already Exists: '{machine}'"):
        machines.create("once", {"B": PASS})


def test_a_machine_that_is_deleted_takes_its_executions_with_it(machines: Machines) -> None:
    machine = machines.create("gone", {"A": {"Type": "Wait", "Seconds": 3600, "End": True}})
    execution = machines.begin(machine)

    machines.states.delete_state_machine(stateMachineArn=machine)

    with pytest.raises(ClientError, match="ExecutionDoesNotExist"):
        machines.states.describe_execution(executionArn=execution)
    again = machines.create("gone", {"A": PASS})
    assert machines.states.list_executions(stateMachineArn=again)["executions"] == []


def test_an_alias_leads_to_a_version(machines: Machines) -> None:
    machine = machines.create("versions", {"A": PASS | {"Result": 1}})
    first = machines.states.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
    routes = [{"stateMachineVersionArn": first, "weight": 100}]
    alias = machines.states.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    second = json.dumps({"StartAt": "A", "States": {"A": PASS | {"Result": 2}}})
    machines.states.update_state_machine(stateMachineArn=machine, definition=second)

    assert (machines.output(alias), machines.output(first), machines.output(machine)) == (1, 1, 2)
    with pytest.raises(ClientError, match="ConflictException"):
        machines.states.delete_state_machine_version(stateMachineVersionArn=first)
    listed = machines.states.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
    assert [one["stateMachineVersionArn"] for one in listed] == [first]
