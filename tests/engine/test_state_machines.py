"""State machines: executions with functions in real sandboxes, as a user of boto3 sees them."""

from __future__ import annotations

import json

import pytest
from machines_rig import Machines
from own import OwnLam
from services_rig import lam

__all__ = ["lam"]

ADD = """
def handler(event, context):
    return {"sum": event["a"] + event["b"]}
"""


@pytest.fixture(scope="module")
def machines(lam: OwnLam) -> Machines:
    return Machines(lam)


def test_a_function_is_a_task_by_its_arn(machines: Machines) -> None:
    arn = machines.function("add", ADD)
    machine = machines.create("adds", {"Add": {"Type": "Task", "Resource": arn, "End": True}})

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
