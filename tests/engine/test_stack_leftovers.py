"""What a stack has no more is removed some time, whatever becomes of its changes. docs/cloudformation.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from own import own_emulator
from stack_rig import Stacks, stacks
from waiting import eventually

__all__ = ["stacks"]

QUEUE = "{Type: AWS::SQS::Queue, Properties: {QueueName: %s}}"
TOPIC = "{Type: AWS::SNS::Topic, Properties: {TopicName: %s}}"
BROKEN = "  Broken: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 99999999}, DependsOn: Jobs}\n"
WAITS = """
  Handle: {Type: AWS::CloudFormation::WaitConditionHandle, DependsOn: Jobs}
  Waits: {Type: AWS::CloudFormation::WaitCondition, Properties: {Handle: !Ref Handle, Timeout: 300}}
"""


def template(jobs: str, more: str = "") -> str:
    return f"Resources:\n  Jobs: {jobs}\n{more}"


def there(stacks: Stacks) -> set[str]:
    """The names of all queues and topics."""
    queues = stacks.sdk("sqs").list_queues().get("QueueUrls", [])
    topics = [one["TopicArn"] for one in stacks.sdk("sns").list_topics()["Topics"]]
    return {one.rpartition("/")[2] for one in queues} | {one.rpartition(":")[2] for one in topics}


@pytest.mark.parametrize("after", [QUEUE % "second", TOPIC % "second"])
def test_what_was_replaced_goes_with_the_next_change_or_the_stack(stacks: Stacks, after: str) -> None:
    """Whether another one has its place, or one of another type."""
    for ends in ("changed", "deleted"):
        stacks.create("left", template(QUEUE % "first"))
        broken = template(after, BROKEN)
        stacks.client.update_stack(StackName="left", TemplateBody=broken, DisableRollback=True)
        stacks.becomes("left", "UPDATE_FAILED")
        assert there(stacks) == {"first", "second"}

        if ends == "changed":
            stacks.update("left", template(after), DisableRollback=True)
            assert there(stacks) == {"second"}
            assert ("Jobs", "DELETE_COMPLETE") in stacks.events("left")
        stacks.delete("left")
        assert there(stacks) == set()


def test_what_was_replaced_twice_goes_whole_and_what_is_to_be_kept_stays(stacks: Stacks) -> None:
    stacks.create("left", template(QUEUE % "first"))
    kept = "{Type: AWS::SQS::Queue, UpdateReplacePolicy: Retain, Properties: {QueueName: third}}"
    for jobs in (QUEUE % "second", kept):
        broken = template(jobs, BROKEN)
        stacks.client.update_stack(StackName="left", TemplateBody=broken, DisableRollback=True)
        stacks.becomes("left", "UPDATE_FAILED")
    assert there(stacks) == {"first", "second", "third"}

    stacks.update("left", template(kept), DisableRollback=True)

    assert there(stacks) == {"second", "third"}
    stacks.delete("left")
    stacks.sdk("sqs").delete_queue(QueueUrl=f"{stacks.lam.url}/000000000000/second")


def test_what_was_replaced_when_the_server_ended_goes_with_the_next_change(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", stems=0) as lam:
        stacks = Stacks(lam)
        stacks.create("begun", template(QUEUE % "first"))
        stacks.client.update_stack(StackName="begun", TemplateBody=template(QUEUE % "second", WAITS))
        eventually(lambda: ("Waits", "CREATE_IN_PROGRESS") in stacks.events("begun"), "it waits", 60)

    with own_emulator(tmp_path, "process", stems=0) as lam:
        stacks = Stacks(lam)
        assert there(stacks) == {"first", "second"}
        assert stacks.one("begun")["StackStatus"].endswith("_FAILED")

        stacks.update("begun", template(QUEUE % "second"), DisableRollback=True)

        assert there(stacks) == {"second"}


def test_a_rollback_has_again_what_was_replaced_by_another_type(stacks: Stacks) -> None:
    stacks.create("again", template(QUEUE % "first"))
    stacks.client.update_stack(StackName="again", TemplateBody=template(TOPIC % "second", BROKEN))
    stacks.becomes("again", "UPDATE_ROLLBACK_COMPLETE")

    assert there(stacks) == {"first"}
    assert stacks.resources("again")["Jobs"]["ResourceType"] == "AWS::SQS::Queue"
    stacks.delete("again")
    assert there(stacks) == set()


CUSTOM = """
  Maker:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: maker
      Role: %s
      Runtime: python3.11
      Handler: index.handler
      Code:
        ZipFile: |
          import json, cfnresponse
          def handler(event, context):
              print(json.dumps(event))
              size = event["ResourceProperties"]["Size"]
              was = event.get("PhysicalResourceId")
              new = event["RequestType"] == "Create" or event["ResourceProperties"].get("New")
              stays = event["RequestType"] == "Delete" and "Stays" in event["ResourceProperties"]
              cfnresponse.send(event, context, "FAILED" if stays else "SUCCESS", {}, f"of-{size}" if new else was)
  Jobs:
    Type: Custom::Thing
    Properties: {ServiceToken: !GetAtt Maker.Arn, Size: %d, %s}
"""


@pytest.mark.parametrize("more", ["Name: thing", "New: 'yes'"])
def test_who_makes_a_resource_is_told_the_stack_in_a_rollback_too(stacks: Stacks, more: str) -> None:
    """Whether it made another one at the change, or changed the one that there is."""
    name = f"asks-{more[:2].lower()}"

    def requests() -> list[dict[str, Any]]:
        logs = stacks.sdk("logs")
        found = logs.filter_log_events(logGroupName="/aws/lambda/maker", filterPattern='"ResponseURL"')["events"]
        said = [json.loads(one["message"]) for one in found]
        return [one for one in said if f"stack/{name}/" in one["StackId"] or not one["StackId"]]

    def stack(size: int) -> str:
        return "Resources:" + CUSTOM % (stacks.lam.role, size, more)

    made = stacks.create(name, stack(1))
    stacks.client.update_stack(StackName=name, TemplateBody=stack(2) + BROKEN)
    stacks.becomes(name, "UPDATE_ROLLBACK_COMPLETE")
    assert {one["StackId"] for one in requests()} == {made["StackId"]}
    last = "Delete" if "New" in more else "Update"
    eventually(lambda: [one["RequestType"] for one in requests()] == ["Create", "Update", last], "it is asked", 30)
    assert stacks.resources(name)["Jobs"]["PhysicalResourceId"] == "of-1"
    stacks.delete(name)


OUTER = """
Resources:
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: "https://within.s3.amazonaws.com/inner.yaml"}
"""


def test_what_could_not_be_undone_within_is_not_undone_without(stacks: Stacks) -> None:
    s3 = stacks.sdk("s3")
    s3.create_bucket(Bucket="within")
    custom = "Resources:" + CUSTOM % (stacks.lam.role, 1, "Stays: 'yes'")
    s3.put_object(Bucket="within", Key="inner.yaml", Body=custom.partition("  Jobs:")[0])
    stacks.create("outer", OUTER)
    s3.put_object(Bucket="within", Key="inner.yaml", Body=custom + BROKEN)

    stacks.client.update_stack(StackName="outer", TemplateBody=OUTER + "    DeletionPolicy: Delete\n")

    stacks.becomes("outer", "UPDATE_ROLLBACK_FAILED")
    inner = stacks.one(stacks.resources("outer")["Inner"]["PhysicalResourceId"])
    assert inner["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    reason = "The following resource(s) failed to roll back: [%s]. "
    assert inner["StackStatusReason"] == reason % "Jobs"
    assert stacks.one("outer")["StackStatusReason"] == reason % "Inner"


TRUST = '{Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}]}'
NAMED = f"{{RoleName: power, AssumeRolePolicyDocument: {TRUST}}}"


@pytest.mark.parametrize(
    ("within", "given", "needed"),
    [
        (f"Resources: {{Power: {{Type: AWS::IAM::Role, Properties: {NAMED}}}}}", "IAM", "NAMED_IAM"),
        ("Transform: AWS::LanguageExtensions\nResources: {Jobs: {Type: AWS::SQS::Queue}}", "NAMED_IAM", "AUTO_EXPAND"),
    ],
    ids=["roles", "macros"],
)
def test_a_stack_within_needs_the_capabilities_that_the_outermost_is_given(
    stacks: Stacks, within: str, given: str, needed: str
) -> None:
    """Asked for when it is made, in the event of the resource; so it is where a change set made the outermost."""
    s3, bucket, name = stacks.sdk("s3"), f"powers-{len(within)}", f"powers-{len(within)}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="inner.yaml", Body=within)
    outer = OUTER.replace("within", bucket)
    members = {"StackName": name, "ChangeSetName": "one"}

    stacks.client.create_change_set(
        **members, ChangeSetType="CREATE", TemplateBody=outer, Capabilities=[f"CAPABILITY_{given}"]
    )
    stacks.client.execute_change_set(**members)
    stacks.becomes(name, "ROLLBACK_COMPLETE")
    events = stacks.client.describe_stack_events(StackName=name)["StackEvents"]
    said = {one.get("ResourceStatusReason") for one in events if one["LogicalResourceId"] == "Inner"}
    assert f"Requires capabilities : [CAPABILITY_{needed}]" in said
    stacks.delete(name)

    stacks.create(name, outer, Capabilities=[f"CAPABILITY_{needed}"])
    stacks.delete(name)
