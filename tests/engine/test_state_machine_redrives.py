"""Executions that failed go on where they failed, as a user of boto3 sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from machines_rig import Machines, machines
from own import OwnLam
from services_rig import ACCOUNT, lam, sdk

__all__ = ["lam", "machines"]

PASS = {"Type": "Pass", "End": True}
FIND = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:headBucket"}
ONE = {"StartAt": "Find", "States": {"Find": FIND | {"Parameters": {"Bucket.$": "$"}, "End": True}}}
FAILS = {"Type": "Fail", "Error": "Broken"}


def _redriven(machines: Machines, execution: str) -> Any:
    machines.states.redrive_execution(executionArn=execution)
    return machines.ended(execution)


def _make_bucket(lam: OwnLam, name: str) -> None:
    sdk(lam, "s3").create_bucket(Bucket=name)


def test_an_execution_goes_on_with_the_state_that_failed(machines: Machines, lam: OwnLam) -> None:
    last = PASS | {"Parameters": {"text.$": "$text", "count.$": "$$.Execution.RedriveCount"}}
    states = {
        "First": {"Type": "Pass", "Assign": {"text": 'say "hi"'}, "Next": "Find"},
        "Find": FIND | {"Parameters": {"Bucket": "comes-late"}, "Next": "Last"},
        "Last": last,
    }
    failed = machines.run(machines.create("goes-on", states), {"n": 1})
    assert (failed["status"], failed["redriveStatus"], failed["redriveCount"]) == ("FAILED", "REDRIVABLE", 0)
    before = machines.history(failed)
    _make_bucket(lam, "comes-late")

    ended = _redriven(machines, failed["executionArn"])

    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"text": 'say "hi"', "count": 1})
    assert (ended["redriveCount"], ended["startDate"]) == (1, failed["startDate"])
    assert ended["redriveDate"] >= failed["stopDate"]
    assert ended["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    assert machines.history(ended)[: len(before)] == before
    assert machines.history(ended)[len(before) :] == [
        "ExecutionRedriven",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    events = machines.events(ended["executionArn"])
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert events[len(before)]["executionRedrivenEventDetails"] == {"redriveCount": 1}


def test_of_branches_those_go_on_that_failed_or_were_ended_with_them(machines: Machines, lam: OwnLam) -> None:
    done = {"StartAt": "Done", "States": {"Done": PASS | {"Result": "done"}}}
    waits = {"StartAt": "Waits", "States": {"Waits": {"Type": "Wait", "Seconds": 3600, "Next": "On"}, "On": PASS}}
    find = FIND | {"Parameters": {"Bucket": "of-a-branch"}, "ResultPath": None, "End": True}
    brief = {"Type": "Wait", "Seconds": 1, "Next": "Find"}
    finds = {"StartAt": "Brief", "States": {"Brief": brief, "Find": find}}
    machine = machines.create("branches", {"Both": {"Type": "Parallel", "Branches": [done, waits, finds], "End": True}})
    failed = machines.run(machine, {"n": 1})
    assert failed["status"] == "FAILED"
    before = len(machines.history(failed))
    _make_bucket(lam, "of-a-branch")

    machines.states.redrive_execution(executionArn=failed["executionArn"])
    lam.clock.advance(3600)
    ended = machines.ended(failed["executionArn"])

    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", ["done", {"n": 1}, {"n": 1}])
    more = machines.events(ended["executionArn"])[before:]
    assert [event["type"] for event in more].count("TaskScheduled") == 1
    entered = [event["stateEnteredEventDetails"]["name"] for event in more if "stateEnteredEventDetails" in event]
    assert entered == ["On"]


def test_of_items_those_are_worked_on_that_failed_as_often_as_it_takes(machines: Machines, lam: OwnLam) -> None:
    _make_bucket(lam, "item-0")
    each = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": ONE, "ResultSelector": {"all.$": "$"}, "End": True}
    machine = machines.create("items", {"Each": each})
    failed = machines.run(machine, ["item-0", "item-1", "item-2"])
    tasks = [machines.history(failed).count("TaskScheduled")]

    for name in ("item-1", "item-2"):
        assert machines.ended(failed["executionArn"])["status"] == "FAILED"
        _make_bucket(lam, name)
        ended = _redriven(machines, failed["executionArn"])
        tasks.append(machines.history(ended).count("TaskScheduled"))

    assert (ended["status"], len(json.loads(ended["output"])["all"]), ended["redriveCount"]) == ("SUCCEEDED", 3, 2)
    assert tasks == [2, 4, 5]
    assert machines.history(ended).count("MapStateEntered") == 1


def test_a_state_that_is_tried_again_after_a_redrive_begins_anew(machines: Machines) -> None:
    done = {"StartAt": "Done", "States": {"Done": PASS}}
    fails = {"StartAt": "Brief", "States": {"Brief": {"Type": "Wait", "Seconds": 1, "Next": "No"}, "No": FAILS}}
    both = {"Type": "Parallel", "Branches": [done, fails], "End": True}
    both["Retry"] = [{"ErrorEquals": ["Broken"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    failed = machines.run(machines.create("anew", {"Both": both}))
    assert machines.history(failed).count("PassStateEntered") == 2
    before = len(machines.history(failed))

    ended = _redriven(machines, failed["executionArn"])

    assert (ended["status"], ended["error"]) == ("FAILED", "Broken")
    more = machines.history(ended)[before:]
    assert (more.count("PassStateEntered"), more.count("ParallelStateStarted")) == (1, 1)


def test_what_was_stopped_or_timed_out_goes_on_too_and_its_time_begins_anew(machines: Machines, lam: OwnLam) -> None:
    states = {"W": {"Type": "Wait", "Seconds": 100, "End": True}}
    execution = machines.begin(machines.create("limited", states, TimeoutSeconds=50))
    lam.clock.advance(60)
    assert machines.ended(execution)["status"] == "TIMED_OUT"

    machines.states.redrive_execution(executionArn=execution)
    machines.states.stop_execution(executionArn=execution, cause="by hand")
    stopped = machines.ended(execution)
    machines.states.redrive_execution(executionArn=execution)
    again = machines.states.describe_execution(executionArn=execution)
    lam.clock.advance(60)

    assert (stopped["status"], stopped["redriveStatus"], again["status"]) == ("ABORTED", "REDRIVABLE", "RUNNING")
    assert "stopDate" not in again
    assert "cause" not in again
    assert (machines.ended(execution)["status"], machines.ended(execution)["redriveCount"]) == ("TIMED_OUT", 2)


def test_what_may_not_be_redriven_is_refused_with_the_reason(machines: Machines) -> None:
    waits = machines.begin(machines.create("still", {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}))
    done = machines.run(machines.create("done", {"A": PASS}))["executionArn"]
    redrive = machines.states.redrive_execution

    with pytest.raises(ClientError, match=r"ExecutionNotRedrivable.*Execution is RUNNING and cannot be redriven"):
        redrive(executionArn=waits)
    with pytest.raises(ClientError, match=r"ExecutionNotRedrivable.*Execution is SUCCEEDED and cannot be redriven"):
        redrive(executionArn=done)
    with pytest.raises(ClientError, match="ExecutionDoesNotExist"):
        redrive(executionArn=done + "-none")
    with pytest.raises(ClientError, match="InvalidArn"):
        redrive(executionArn=f"arn:aws:states:us-east-1:{ACCOUNT}:express:e:n:1")
    machines.states.stop_execution(executionArn=waits)


def test_a_clients_token_means_one_redrive(machines: Machines) -> None:
    machine = machines.create("tokens", {"A": FAILS})
    redriven, other = (machines.run(machine)["executionArn"] for _ in range(2))

    first = machines.states.redrive_execution(executionArn=redriven, clientToken="one")
    machines.ended(redriven)
    again = machines.states.redrive_execution(executionArn=redriven, clientToken="one")

    assert first["redriveDate"] == again["redriveDate"]
    assert machines.ended(redriven)["redriveCount"] == 1
    for wanted, arn in (("REDRIVEN", redriven), ("NOT_REDRIVEN", other)):
        listed = machines.states.list_executions(stateMachineArn=machine, redriveFilter=wanted)["executions"]
        assert [one["executionArn"] for one in listed] == [arn]
