"""What a request about a stack is answered at once: asked again, or for what cannot be made. docs/cloudformation.md."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.request import Request, urlopen

import pytest
from stack_rig import Stacks, stacks
from waiting import eventually

__all__ = ["stacks"]

QUEUE = "Resources: {Jobs: {Type: AWS::SQS::Queue}}"
WAITS = """
Resources:
  Gate: {Type: AWS::CloudFormation::WaitConditionHandle}
  Opened: {Type: AWS::CloudFormation::WaitCondition, Properties: {Handle: !Ref Gate, Timeout: 60}}
"""
CIRCLE = """
Resources:
  One: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub '${Two.QueueName}-1'}}
  Two: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub '${One.QueueName}-2'}}
"""
IMPORTS = "Resources: {Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: !ImportValue nobodys}}}"
SIGNAL = b'{"Status": "SUCCESS", "UniqueId": "1", "Data": "", "Reason": ""}'
STORED = """
Parameters:
  Seconds: {Type: 'AWS::SSM::Parameter::Value<String>', Default: seconds}
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: !Ref Seconds}}
"""
SAM = """
Transform: AWS::Serverless-2016-10-31
Resources: {Things: {Type: AWS::Serverless::SimpleTable}}
"""


def test_an_update_that_is_asked_for_again_while_it_goes_on_is_the_same_one(stacks: Stacks) -> None:
    id = stacks.create("again", QUEUE)["StackId"]
    asked = {"StackName": "again", "TemplateBody": WAITS, "ClientRequestToken": "token"}
    with ThreadPoolExecutor() as threads:
        first = threads.submit(stacks.client.update_stack, **asked)
        eventually(lambda: ("Opened", "CREATE_IN_PROGRESS") in stacks.events("again"), "it to wait")

        assert stacks.client.update_stack(**asked)["StackId"] == id

        assert stacks.refused("update_stack", **(asked | {"ClientRequestToken": "other"}))[2] == (
            f"Stack:{id} is in UPDATE_IN_PROGRESS state and can not be updated."
        )
        gate = stacks.resources("again")["Gate"]["PhysicalResourceId"]
        urlopen(Request(gate, SIGNAL, method="PUT"), timeout=30).close()
        assert first.result(30)["StackId"] == id
    stacks.becomes("again", "UPDATE_COMPLETE")
    stacks.delete("again")


@pytest.mark.parametrize("more", [{}, {"DisableRollback": True}])
def test_what_needs_itself_is_refused_before_a_stack_is_begun(stacks: Stacks, more: dict[str, Any]) -> None:
    text = "Circular dependency between resources: [One, Two]"
    refusal = (400, "ValidationError", text)
    assert stacks.refused("create_stack", StackName="circle", TemplateBody=CIRCLE, **more) == refusal
    assert stacks.refused("describe_stacks", StackName="circle")[2] == "Stack with id circle does not exist"

    stacks.create("circle", QUEUE)
    assert stacks.refused("update_stack", StackName="circle", TemplateBody=CIRCLE, **more) == refusal
    assert stacks.one("circle")["StackStatus"] == "CREATE_COMPLETE"
    stacks.delete("circle")


def test_what_is_refused_before_anything_is_made_is_rolled_back_only_where_that_is_wanted(stacks: Stacks) -> None:
    stacks.client.create_stack(StackName="lost", TemplateBody=IMPORTS, DisableRollback=True)
    stacks.becomes("lost", "CREATE_FAILED")
    assert "No export named nobodys found" in stacks.one("lost")["StackStatusReason"]
    stacks.delete("lost")

    made = stacks.client.create_stack(StackName="lost", TemplateBody=IMPORTS, OnFailure="DELETE")
    stacks.becomes(made["StackId"], "DELETE_COMPLETE")
    statuses = [status for _, status in stacks.events(made["StackId"])]
    assert statuses == ["CREATE_IN_PROGRESS", "CREATE_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_what_is_undone_has_its_topics_again(stacks: Stacks) -> None:
    topics = ["arn:aws:sns:us-east-1:000000000000:one"]
    stacks.create("told", QUEUE, NotificationARNs=topics)
    stacks.client.update_stack(StackName="told", TemplateBody=IMPORTS, NotificationARNs=[])
    stacks.becomes("told", "UPDATE_ROLLBACK_COMPLETE")
    assert stacks.one("told")["NotificationARNs"] == topics
    stacks.delete("told")


def test_a_template_with_macros_is_told_as_it_was_processed_unless_asked_otherwise(stacks: Stacks) -> None:
    stacks.create("expanded", SAM, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    get = stacks.client.get_template
    assert get(StackName="expanded")["TemplateBody"]["Resources"]["Things"]["Type"] == "AWS::DynamoDB::Table"
    assert get(StackName="expanded", TemplateStage="Original")["TemplateBody"] == SAM
    stacks.delete("expanded")

    stacks.create("plain", QUEUE)
    assert {get(StackName="plain", **one)["TemplateBody"] for one in ({}, {"TemplateStage": "Processed"})} == {QUEUE}
    stacks.delete("plain")


def test_what_systems_manager_has_is_looked_up_at_the_call(stacks: Stacks) -> None:
    missing = "Unable to fetch parameters [seconds] from parameter store for this account."
    assert stacks.refused("create_stack", StackName="stored", TemplateBody=STORED) == (400, "ValidationError", missing)
    assert stacks.refused("describe_stacks", StackName="stored")[2] == "Stack with id stored does not exist"

    ssm = stacks.sdk("ssm")
    ssm.put_parameter(Name="seconds", Type="String", Value="10")
    assert stacks.create("stored", STORED)["Parameters"] == [
        {"ParameterKey": "Seconds", "ParameterValue": "seconds", "ResolvedValue": "10"}
    ]
    assert stacks.refused("update_stack", StackName="stored", UsePreviousTemplate=True)[2] == (
        "No updates are to be performed."
    )

    ssm.put_parameter(Name="seconds", Type="String", Value="20", Overwrite=True)
    stacks.client.update_stack(StackName="stored", UsePreviousTemplate=True)
    stacks.becomes("stored", "UPDATE_COMPLETE")
    assert timeout_of(stacks) == "20"
    stacks.delete("stored")


def timeout_of(stacks: Stacks) -> str:
    url = stacks.resources("stored")["Jobs"]["PhysicalResourceId"]
    found = stacks.sdk("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    return str(found["Attributes"]["VisibilityTimeout"])


def test_a_change_set_has_what_systems_manager_had_when_it_was_made(stacks: Stacks) -> None:
    ssm = stacks.sdk("ssm")
    ssm.put_parameter(Name="seconds", Type="String", Value="30", Overwrite=True)
    stacks.create("stored", STORED)
    ssm.put_parameter(Name="seconds", Type="String", Value="40", Overwrite=True)
    made = stacks.client.create_change_set(StackName="stored", ChangeSetName="one", TemplateBody=STORED)["Id"]
    found = stacks.client.describe_change_set(ChangeSetName=made)
    assert found["Parameters"][0]["ResolvedValue"] == "40"
    (change,) = found["Changes"]
    (detail,) = change["ResourceChange"]["Details"]
    assert detail["Target"]["Name"] == "VisibilityTimeout"

    ssm.put_parameter(Name="seconds", Type="String", Value="50", Overwrite=True)
    stacks.client.execute_change_set(ChangeSetName=made)
    eventually(lambda: timeout_of(stacks) == "40", "the change")
    stacks.becomes("stored", "UPDATE_COMPLETE")
    stacks.delete("stored")
