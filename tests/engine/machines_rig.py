"""State machines of one server, and their executions until they are over."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from own import OwnLam
from services_rig import ACCOUNT, sdk

ROLE = f"arn:aws:iam::{ACCOUNT}:role/machines"
LIMIT_S = 60
ADD = """
def handler(event, context):
    if "fail" in event:
        raise ValueError(event["fail"])
    return {"sum": event.get("a", 0) + event.get("b", 0)}
"""
INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}
PASS = {"Type": "Pass", "End": True}


class Machines:
    def __init__(self, lam: Any) -> None:
        self.lam = lam
        self.last = ""
        """The ARN of the execution that was begun last."""
        self.states = sdk(lam, "stepfunctions", inject_host_prefix=False)

    def function(self, name: str, code: str) -> str:
        """A function's ARN."""
        self.lam.create(name, code)
        return f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"

    def create(self, name: str, states: Mapping[str, Any], **members: Any) -> str:
        """The ARN of a machine that begins with its first state. members: of its definition, but `type` and `role`."""
        kind, role = members.pop("type", "STANDARD"), members.pop("role", ROLE)
        definition = json.dumps({"StartAt": next(iter(states)), "States": states} | members)
        made = self.states.create_state_machine(name=name, definition=definition, roleArn=role, type=kind)
        return str(made["stateMachineArn"])

    def begin(self, machine: str, given: object = None, **members: Any) -> str:
        """The ARN of an execution that has begun."""
        begun = self.states.start_execution(stateMachineArn=machine, input=json.dumps(given or {}), **members)
        self.last = str(begun["executionArn"])
        return self.last

    def ended(self, execution: str, limit_s: float = LIMIT_S) -> Any:
        """What it has come to."""
        until_s = time.monotonic() + limit_s
        while time.monotonic() < until_s:
            told = self.states.describe_execution(executionArn=execution)
            if told["status"] != "RUNNING":
                return told
            time.sleep(0.02)
        raise AssertionError(f"waited {limit_s:g} s for its end; its last events: {self.events(execution)[-20:]}")

    def run(self, machine: str, given: object = None) -> Any:
        """What an execution comes to."""
        return self.ended(self.begin(machine, given))

    def events(self, execution: str) -> list[Any]:
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=execution)
        return [event for page in pages for event in page["events"]]

    def history(self, ended: Mapping[str, Any]) -> list[str]:
        """The types of its events."""
        return [event["type"] for event in self.events(ended["executionArn"])]

    def output(self, machine: str, given: object = None) -> Any:
        """Of an execution that succeeds."""
        ended = self.run(machine, given)
        assert ended["status"] == "SUCCEEDED", (ended, self.events(ended["executionArn"]))
        return json.loads(ended["output"])


@pytest.fixture(scope="module")
def machines(lam: OwnLam) -> Machines:
    return Machines(lam)


@pytest.fixture(scope="module")
def add(machines: Machines) -> str:
    """The ARN of a function that adds `a` and `b`, or fails by `fail`."""
    return machines.function("add", ADD)
