"""A stack's policy says what updates may do to its resources. docs/cloudformation.md."""

from __future__ import annotations

import json
from typing import Any

import pytest
from stack_rig import Stacks, stacks

__all__ = ["stacks"]

TEMPLATE = """
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: %s, VisibilityTimeout: %d}}
  More: {Type: AWS::SNS::Topic}
"""
ALL = {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}
OF_QUEUES = {"StringEquals": {"ResourceType": ["AWS::SQS::Queue"]}}
FIRST = TEMPLATE % ("first", 10)
CHANGED, REPLACED, REMOVED = TEMPLATE % ("first", 20), TEMPLATE % ("other", 10), FIRST.partition("  More")[0]
DENIED = "Action denied by stack policy: Statement [#1] does not allow [%s] for resource [LogicalResourceId/%s];"


def deny(**more: Any) -> str:
    return json.dumps({"Statement": [ALL, {"Effect": "Deny", "Principal": "*", **more}]})


def failed(stacks: Stacks) -> list[tuple[str, str]]:
    """Who was not updated, and why."""
    events = stacks.client.describe_stack_events(StackName="guarded")["StackEvents"]
    return [
        (one["LogicalResourceId"], one["ResourceStatusReason"])
        for one in events
        if one["ResourceStatus"] == "UPDATE_FAILED"
    ]


@pytest.fixture
def guarded(stacks: Stacks) -> Any:
    stacks.create("guarded", FIRST)
    yield stacks
    stacks.delete("guarded")


CASES = {
    "changed": (deny(Action="Update:*", Resource="LogicalResourceId/Jobs"), CHANGED, "Jobs", "Update:*"),
    "replaced": (deny(Action=["Update:Delete", "Update:Replace"], Resource="*"), REPLACED, "Jobs", "Update:Replace"),
    "removed": (deny(Action="Update:Delete", Resource="LogicalResourceId/M*"), REMOVED, "More", "Update:Delete"),
    "by-type": (
        deny(NotAction="Update:Delete", Resource="*", Condition=OF_QUEUES),
        CHANGED,
        "Jobs",
        "Update:Modify",
    ),
    "not-allowed": (json.dumps({"Statement": {**ALL, "Action": "Update:Delete"}}), CHANGED, "Jobs", None),
}


@pytest.mark.parametrize(("policy", "template", "name", "action"), CASES.values(), ids=CASES)
def test_what_the_policy_denies_is_not_done_and_the_update_undone(
    guarded: Stacks, policy: str, template: str, name: str, action: str | None
) -> None:
    guarded.client.set_stack_policy(StackName="guarded", StackPolicyBody=policy)
    assert guarded.client.get_stack_policy(StackName="guarded")["StackPolicyBody"] == policy

    guarded.client.update_stack(StackName="guarded", TemplateBody=template)

    guarded.becomes("guarded", "UPDATE_ROLLBACK_COMPLETE")
    text = "Action not allowed by stack policy" if action is None else DENIED % (action, name)
    assert failed(guarded) == [(name, text)]
    assert sorted(guarded.resources("guarded")) == ["Jobs", "More"]
    assert guarded.resources("guarded")["Jobs"]["PhysicalResourceId"].endswith("/first")


def test_another_policy_may_hold_during_an_update_and_what_is_not_denied_is_done(guarded: Stacks) -> None:
    policy = deny(Action=["Update:Replace", "Update:Delete"], Resource="LogicalResourceId/Jobs")
    guarded.client.set_stack_policy(StackName="guarded", StackPolicyBody=policy)
    guarded.update("guarded", CHANGED)

    during = json.dumps({"Statement": ALL})
    guarded.update("guarded", REPLACED, StackPolicyDuringUpdateBody=during)

    assert guarded.resources("guarded")["Jobs"]["PhysicalResourceId"].endswith("/other")
    assert guarded.client.get_stack_policy(StackName="guarded")["StackPolicyBody"] == policy


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ("{", "Invalid stack policy"),
        ('{"Statement": 5}', "Invalid stack policy"),
        ("[" * 10_000, "Invalid stack policy"),
        (json.dumps({"Statement": {**ALL, "Principal": "me"}}), "Principal must be '*'"),
        (json.dumps({"Statement": {**ALL, "Action": "Update:Nothing"}}), "Unknown action [Update:Nothing]"),
        (json.dumps({"Statement": {**ALL, "Condition": {"Bool": {"a": "b"}}}}), "Condition must be"),
    ],
)
def test_a_policy_that_cannot_be_read_is_refused(stacks: Stacks, policy: str, text: str) -> None:
    members = {"StackName": "refused", "TemplateBody": FIRST, "StackPolicyBody": policy}
    status, code, said = stacks.refused("create_stack", **members)
    assert (status, code) == (400, "ValidationError")
    assert said.startswith(f"Error validating stack policy: {text}")
