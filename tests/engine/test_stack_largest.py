"""The largest stack that CloudFormation takes, made and removed, and what is larger. docs/cloudformation.md."""

from __future__ import annotations

import json

import pytest
from stack_rig import Stacks, stacks

__all__ = ["stacks"]

MOST = 500
KEPT_EVENTS = 2_000
CAPABLE = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


def template(queues: int) -> str:
    """Short, since a request may say 51,200 bytes. Each needs the one before it, so that their order is a long way."""
    resources = {
        f"Q{number}": {
            "Type": "AWS::SQS::Queue",
            "Properties": {},
            **({"DependsOn": f"Q{number - 1}"} if number else {}),
        }
        for number in range(queues)
    }
    return json.dumps({"Resources": resources}, separators=(",", ":"))


@pytest.mark.slow
def test_the_largest_stack_is_made_and_removed(stacks: Stacks) -> None:
    stacks.create("largest", template(MOST))
    pages = stacks.client.get_paginator("list_stack_resources").paginate(StackName="largest")
    assert sum(len(page["StackResourceSummaries"]) for page in pages) == MOST
    made = stacks.events("largest")
    assert (len(made), made[-1]) == (3 * MOST + 2, ("largest", "CREATE_COMPLETE"))

    id = stacks.one("largest")["StackId"]
    stacks.delete("largest")

    told = stacks.events(id)
    assert (len(told), told[-1]) == (KEPT_EVENTS, ("largest", "DELETE_COMPLETE"))
    assert not stacks.sdk("sqs").list_queues(QueueNamePrefix="largest-").get("QueueUrls")


def test_one_more_is_refused(stacks: Stacks) -> None:
    _, code, text = stacks.refused("create_stack", StackName="larger", TemplateBody=template(MOST + 1))

    assert code == "ValidationError"
    assert text == "Template format error: Number of resources, 501, is greater than maximum allowed, 500"


def test_what_sam_makes_more_of_is_refused_too(stacks: Stacks) -> None:
    """A function of SAM with an alias is four."""
    properties = {
        "Runtime": "python3.11",
        "Handler": "index.handler",
        "InlineCode": "def handler(event, context): pass",
    }
    one = {"Type": "AWS::Serverless::Function", "Properties": {**properties, "AutoPublishAlias": "live"}}
    functions = {f"F{number}": one for number in range(MOST // 4 + 1)}
    body = json.dumps({"Transform": "AWS::Serverless-2016-10-31", "Resources": functions}, separators=(",", ":"))

    _, code, text = stacks.refused("create_stack", StackName="larger", TemplateBody=body, Capabilities=CAPABLE)

    assert code == "ValidationError"
    assert text.endswith("Number of resources, 504, is greater than maximum allowed, 500")
