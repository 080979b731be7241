"""TestState: one state alone, as a user of boto3 sees it. What is expected is recorded of AWS where it can be."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from machines_rig import ROLE, Machines, machines
from own import OwnLam
from services_rig import ACCOUNT, lam
from waiting import eventually

__all__ = ["lam", "machines"]

ADD = """
def handler(event, context):
    if "fail" in event:
        raise ValueError(event["fail"])
    return {"sum": event.get("a", 0) + event.get("b", 0)}
"""
PASS = {"Type": "Pass", "End": True}
TASK: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
TASK |= {"Parameters": {"QueueUrl": "http://q", "MessageBody.$": "$.text"}}
MAP = {"Type": "Map", "ItemProcessor": {"StartAt": "A", "States": {"A": PASS}}, "End": True}
BOTH = {"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": PASS}}] * 2, "End": True}


@pytest.fixture(scope="module")
def add(machines: Machines) -> str:
    return machines.function("added", ADD)


def _tried(machines: Machines, state: Any, given: object = None, **members: Any) -> Any:
    told = machines.states.test_state(definition=json.dumps(state), input=json.dumps(given or {}), **members)
    del told["ResponseMetadata"]
    return told


def _seen(told: Any) -> dict[str, Any]:
    """Texts of JSON as what they say."""
    return {name: json.loads(one) if isinstance(one, str) else one for name, one in told["inspectionData"].items()}


def test_a_pass_shows_each_step_of_its_data(machines: Machines) -> None:
    state = PASS | {"InputPath": "$.in", "Parameters": {"n.$": "$.n", "m": 1}, "ResultPath": "$.more"}
    given = {"in": {"n": 5}, "other": 1}

    told = _tried(machines, state, given, inspectionLevel="DEBUG")

    assert (told["status"], json.loads(told["output"])) == ("SUCCEEDED", given | {"more": {"n": 5, "m": 1}})
    assert _seen(told) == {
        "input": given,
        "afterInputPath": {"n": 5},
        "afterParameters": {"n": 5, "m": 1},
        "afterResultSelector": {"n": 5, "m": 1},
        "afterResultPath": given | {"more": {"n": 5, "m": 1}},
    }
    assert _tried(machines, state, given) == {"status": "SUCCEEDED", "output": told["output"]}


def test_a_pass_with_a_result_shows_that(machines: Machines) -> None:
    told = _tried(machines, PASS | {"Result": {"r": 1}}, {"n": 1}, inspectionLevel="TRACE")

    result = {"r": 1}
    assert _seen(told) == {
        "input": {"n": 1},
        "result": result,
        "afterResultSelector": result,
        "afterResultPath": result,
    }


def test_a_choice_says_where_it_leads_and_a_fail_what_it_says(machines: Machines) -> None:
    rule = {"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Big"}
    choice = {"Type": "Choice", "Choices": [rule], "Default": "Small"}

    chosen = [_tried(machines, choice, {"n": n})["nextState"] for n in (6, 1)]
    failed = _tried(machines, {"Type": "Fail", "Error": "E", "Cause": "C"}, {"n": 1}, inspectionLevel="DEBUG")
    passed = _tried(machines, {"Type": "Pass", "Next": "Two"})

    assert chosen == ["Big", "Small"]
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "E", "C")
    assert passed["nextState"] == "Two"


def test_a_task_runs_its_function_as_the_role(machines: Machines, add: str) -> None:
    state = {"Type": "Task", "Resource": add, "ResultPath": "$.r", "Next": "Then"}

    told = _tried(machines, state, {"a": 1, "b": 2}, roleArn=ROLE, inspectionLevel="DEBUG")

    assert (told["status"], told["nextState"]) == ("SUCCEEDED", "Then")
    assert _seen(told)["result"] == {"sum": 3}
    assert json.loads(told["output"])["r"] == {"sum": 3}


def test_a_task_that_fails_says_who_would_handle_it(machines: Machines, add: str) -> None:
    state = {"Type": "Task", "Resource": add, "End": True}
    again = {"ErrorEquals": ["ValueError"], "IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 2}
    caught = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Handler"}
    given = {"fail": "no"}

    plain = _tried(machines, state, given, roleArn=ROLE)
    retried = _tried(machines, state | {"Retry": [again]}, given, roleArn=ROLE, inspectionLevel="DEBUG")
    handled = _tried(machines, state | {"Catch": [caught]}, given, roleArn=ROLE, inspectionLevel="DEBUG")

    assert (plain["status"], plain["error"]) == ("FAILED", "ValueError")
    assert (retried["status"], retried["error"]) == ("RETRIABLE", "ValueError")
    assert retried["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 3}
    assert (handled["status"], handled["nextState"], handled["error"]) == ("CAUGHT_ERROR", "Handler", "ValueError")
    assert json.loads(handled["output"])["error"]["Error"] == "ValueError"
    assert handled["inspectionData"]["errorDetails"] == {"catchIndex": 0}


def test_a_state_in_jsonata_has_variables_and_arguments(machines: Machines, add: str) -> None:
    state = {"Type": "Task", "QueryLanguage": "JSONata", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
    state |= {"Arguments": {"FunctionName": add, "Payload": {"a": "{% $n %}", "b": "{% $states.input.b %}"}}}
    state |= {"Assign": {"sum": "{% $states.result.Payload.sum %}"}, "Output": "{% $states.result.Payload %}"}
    variables = json.dumps({"n": 2})

    told = _tried(machines, state, {"b": 3}, roleArn=ROLE, variables=variables, inspectionLevel="DEBUG")

    assert json.loads(told["output"]) == {"sum": 5}
    assert _seen(told)["afterArguments"]["Payload"] == {"a": 2, "b": 3}
    assert _seen(told)["variables"] == {"n": 2, "sum": 5}
    assert "afterInputPath" not in told["inspectionData"]


def test_a_state_is_tried_where_it_stands_in_a_machine(machines: Machines) -> None:
    inner = {"StartAt": "In", "States": {"In": PASS | {"Result": 7}}}
    states = {"First": {"Type": "Pass", "Next": "Each"}, "Each": MAP | {"ItemProcessor": inner}}
    machine = {"StartAt": "First", "States": states}

    assert _tried(machines, machine, {"n": 1}, stateName="First")["nextState"] == "Each"
    assert _tried(machines, machine, stateName="In")["output"] == "7"
    with pytest.raises(ClientError, match=r"ValidationException.*: State not found in definition"):
        _tried(machines, machine, stateName="None")


def test_a_mock_stands_for_what_a_state_does(machines: Machines) -> None:
    answer = {"MessageId": "1", "MD5OfMessageBody": "2"}
    waits = TASK | {"Resource": TASK["Resource"] + ".waitForTaskToken"}
    again = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 5}]
    error = {"errorOutput": {"error": "States.TaskFailed", "cause": "C"}}
    configuration = {"retrierRetryCount": 2}
    level = {"inspectionLevel": "DEBUG"}

    sent = _tried(machines, TASK, {"text": "hi"}, mock={"result": json.dumps(answer)}, **level)
    waited = _tried(machines, waits, {"text": "hi"}, mock={"result": "[1]", "fieldValidationMode": "NONE"})
    mapped = _tried(machines, MAP | {"ItemsPath": "$.list"}, {"list": [1, 2]}, mock={"result": "[3,4]"}, **level)
    both = _tried(machines, BOTH, mock={"result": "[1,2]"})
    state = TASK | {"Retry": again}
    failed = _tried(machines, state, {"text": ""}, mock=error, stateConfiguration=configuration, **level)

    assert json.loads(sent["output"]) == answer
    assert _seen(sent)["afterParameters"] == {"QueueUrl": "http://q", "MessageBody": "hi"}
    assert [json.loads(one["output"]) for one in (waited, mapped, both)] == [[1], [3, 4], [1, 2]]
    assert _seen(mapped)["afterItemsPath"] == [1, 2]
    assert (failed["status"], failed["error"], failed["cause"]) == ("RETRIABLE", "States.TaskFailed", "C")
    assert failed["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 18}


def test_a_context_is_what_a_mocked_state_sees(machines: Machines) -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True, "OutputPath": "$.id"}
    state |= {"Parameters": {"QueueUrl": "q", "MessageBody": "b"}, "ResultSelector": {"id.$": "$$.Execution.Id"}}
    context = {"Execution": {"Id": "arn:aws:states:us-east-1:1:execution:M:n"}}

    told = _tried(machines, state, context=json.dumps(context), mock={"result": "{}", "fieldValidationMode": "NONE"})

    assert json.loads(told["output"]) == context["Execution"]["Id"]


VALIDATION = "ValidationException"
OF_MAPS = "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass"
ACTIVITY = {"Type": "Task", "Resource": f"arn:aws:states:us-east-1:{ACCOUNT}:activity:a", "End": True}
MISSING = "Mock result schema validation error: Required field 'ExecutionArn' is missing"
NO_TEXT = "Mock result schema validation error: Field 'MessageId' must be a string"
BEGINS = TASK | {"Resource": "arn:aws:states:::states:startExecution"}


@pytest.mark.parametrize(
    ("state", "members", "code", "text"),
    [
        (TASK, {}, VALIDATION, "RoleArn must be specified when testing a Task state"),
        (MAP, {}, "InvalidDefinition", OF_MAPS),
        (BOTH, {}, "InvalidDefinition", OF_MAPS),
        (ACTIVITY, {"roleArn": ROLE}, "InvalidDefinition", "only when a mock is specified"),
        ({"Type": "Nothing"}, {}, "InvalidDefinition", "SCHEMA_VALIDATION_FAILED"),
        (PASS, {"mock": {"result": "{}"}}, VALIDATION, "State type 'Pass' is not supported when a mock is specified"),
        (TASK, {"mock": {"result": "{"}}, VALIDATION, "Mocked result must be valid JSON"),
        (TASK, {"mock": {"result": '{"MessageId": 1}'}}, VALIDATION, NO_TEXT),
        (BEGINS, {"mock": {"result": "{}"}}, VALIDATION, MISSING),
        (MAP, {"mock": {"result": "{}"}}, VALIDATION, "Mocked result must be an array."),
        (
            BOTH,
            {"mock": {"result": "[1]"}},
            VALIDATION,
            "Mocked result must contain the same number of items as number of Parallel branches.",
        ),
        (
            TASK,
            {"mock": {"result": "{}", "errorOutput": {"error": "E"}}},
            VALIDATION,
            "A test mock should have only one of the following fields: [result, errorOutput].",
        ),
        (
            TASK,
            {"mock": {"result": "{}"}, "revealSecrets": True},
            VALIDATION,
            "TestState does not support RevealSecrets when a mock is specified.",
        ),
    ],
)
def test_what_cannot_be_tried_is_refused(machines: Machines, state: Any, members: Any, code: str, text: str) -> None:
    with pytest.raises(ClientError) as refused:
        _tried(machines, state, **members)

    assert refused.value.response["Error"]["Code"] == code
    assert text in refused.value.response["Error"]["Message"]


def test_a_state_takes_five_minutes_at_most(machines: Machines, lam: OwnLam) -> None:
    with ThreadPoolExecutor(1) as thread:
        trying = thread.submit(_tried, machines, {"Type": "Wait", "Seconds": 3600, "End": True})

        def is_over() -> bool:
            lam.clock.advance(60)
            machines.states.list_state_machines()  # by which the services hear of the time
            return trying.done()

        eventually(is_over, "the state to be given up")
        told = trying.result()

    assert (told["status"], told["error"]) == ("FAILED", "States.Timeout")
