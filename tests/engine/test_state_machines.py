"""State machines: executions with functions in real sandboxes, as a user of boto3 sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from machines_rig import PASS, ROLE, Machines, add, machines
from own import OwnLam
from services_rig import ACCOUNT, Inbox, lam, sdk
from waiting import eventually

__all__ = ["add", "lam", "machines"]


@pytest.mark.slow
def test_a_machine_without_an_end_fails_by_its_history(machines: Machines) -> None:
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}

    ended = machines.ended(machines.begin(machines.create("endless", states)), limit_s=300)

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert ended["cause"] == "The execution reached the maximum number of history events (25000)."
    asked = {"executionArn": ended["executionArn"], "reverseOrder": True, "maxResults": 2}
    last = machines.states.get_execution_history(**asked)
    assert [event["id"] for event in last["events"]] == [25_000, 24_999]
    assert "nextToken" in last


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
