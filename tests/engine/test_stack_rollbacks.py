"""A stack becomes again what it was: cancelled, out of time, or after it was left half made. docs/cloudformation.md."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from stack_rig import Stacks, stacks
from waiting import eventually

__all__ = ["stacks"]

JOBS = "Resources:\n  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: %s, VisibilityTimeout: %d}}\n"
BROKEN = "  Broken: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 99999999}, DependsOn: [Jobs]}\n"
WAITS = """
  Gate: {Type: AWS::CloudFormation::WaitConditionHandle, DependsOn: Jobs}
  Opened: {Type: AWS::CloudFormation::WaitCondition, Properties: {Handle: !Ref Gate, Timeout: 600}}
"""
THING = """
  Maker:
    Type: AWS::Lambda::Function
    Properties:
      Role: %s
      Runtime: python3.11
      Handler: index.handler
      Code:
        ZipFile: |
          import cfnresponse
          def handler(event, context):
              goes_back = event["RequestType"] == "Update" and event["ResourceProperties"]["Size"] == "1"
              cfnresponse.send(event, context, "FAILED" if goes_back else "SUCCESS", {}, "thing")
  Thing: {Type: Custom::Thing, Properties: {ServiceToken: !GetAtt Maker.Arn, Size: %d}}
"""


@contextmanager
def waiting(stacks: Stacks, operation: str, **members: Any) -> Iterator[str]:
    """A stack that is being made or changed, and waits; by its name."""
    name = members["StackName"]
    with ThreadPoolExecutor() as threads:
        asked = threads.submit(getattr(stacks.client, operation), **members)
        eventually(lambda: ("Opened", "CREATE_IN_PROGRESS") in _events(stacks, name), "it to wait")
        yield name
        asked.result(60)


def _events(stacks: Stacks, name: str) -> list[tuple[str, str]]:
    known = [one["StackName"] for one in stacks.client.list_stacks()["StackSummaries"]]
    return stacks.events(name) if name in known else []


def reason(stacks: Stacks, name: str, logical_id: str, status: str) -> str | None:
    """What the last such event says."""
    events = stacks.client.describe_stack_events(StackName=name)["StackEvents"]
    found = next(one for one in events if (one["LogicalResourceId"], one["ResourceStatus"]) == (logical_id, status))
    said: str | None = found.get("ResourceStatusReason")
    return said


def visibility(stacks: Stacks, name: str) -> str:
    url = stacks.resources(name)["Jobs"]["PhysicalResourceId"]
    asked = stacks.sdk("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    return str(asked["Attributes"]["VisibilityTimeout"])


def test_an_update_that_is_cancelled_is_undone(stacks: Stacks) -> None:
    stacks.create("cancelled", JOBS % ("cancelled", 10))
    refusal = (400, "ValidationError", "CancelUpdateStack cannot be called from current stack status")
    assert stacks.refused("cancel_update_stack", StackName="cancelled") == refusal

    changed = JOBS % ("cancelled", 20) + WAITS
    with waiting(stacks, "update_stack", StackName="cancelled", TemplateBody=changed, DisableRollback=True):
        stacks.client.cancel_update_stack(StackName="cancelled")
        stacks.becomes("cancelled", "UPDATE_ROLLBACK_COMPLETE")

    assert reason(stacks, "cancelled", "Opened", "CREATE_FAILED") == "Resource creation cancelled"
    assert reason(stacks, "cancelled", "cancelled", "UPDATE_ROLLBACK_IN_PROGRESS") == "User Initiated"
    assert visibility(stacks, "cancelled") == "10"
    assert list(stacks.resources("cancelled")) == ["Jobs"]
    stacks.delete("cancelled")


def test_a_stack_that_is_not_made_in_its_time_is_rolled_back(stacks: Stacks) -> None:
    asked = {"StackName": "late", "TemplateBody": JOBS % ("late", 10) + WAITS, "TimeoutInMinutes": 1}
    with waiting(stacks, "create_stack", **asked):
        stacks.lam.pass_time(61)
        stacks.becomes("late", "ROLLBACK_COMPLETE")

    assert stacks.one("late")["TimeoutInMinutes"] == 1
    assert reason(stacks, "late", "late", "ROLLBACK_IN_PROGRESS") == (
        "Stack creation time exceeded the specified timeout. Rollback requested by user."
    )
    stacks.delete("late")


def test_a_stack_that_is_being_made_can_be_deleted(stacks: Stacks) -> None:
    asked = {"StackName": "unwanted", "TemplateBody": JOBS % ("unwanted", 10) + WAITS}
    with waiting(stacks, "create_stack", **asked):
        id = stacks.one("unwanted")["StackId"]
        refused = stacks.refused("delete_stack", StackName="unwanted", RetainResources=["Jobs"])
        assert refused[1] == "ValidationError"
        assert stacks.one("unwanted")["StackStatus"] == "CREATE_IN_PROGRESS"
        stacks.client.delete_stack(StackName="unwanted")
        stacks.becomes(id, "DELETE_COMPLETE")
    assert not stacks.sdk("sqs").list_queues(QueueNamePrefix="unwanted").get("QueueUrls")


def test_what_was_left_half_made_is_rolled_back_when_somebody_says_so(stacks: Stacks) -> None:
    made = stacks.client.create_stack(StackName="half", TemplateBody=JOBS % ("half", 10) + BROKEN, DisableRollback=True)
    stacks.becomes("half", "CREATE_FAILED")
    assert stacks.client.rollback_stack(StackName="half")["StackId"] == made["StackId"]
    stacks.becomes("half", "ROLLBACK_COMPLETE")
    assert stacks.events("half")[-1] == ("half", "ROLLBACK_COMPLETE")
    assert not stacks.resources("half")
    stacks.delete("half")


def test_what_was_left_half_changed_is_again_what_it_was(stacks: Stacks) -> None:
    """What was replaced is there again itself, and what was made since goes."""
    first = JOBS % ("first", 10)
    id = stacks.create("changed", first)["StackId"]
    url = stacks.resources("changed")["Jobs"]["PhysicalResourceId"]
    stacks.sdk("sqs").send_message(QueueUrl=url, MessageBody="kept")
    said = stacks.refused("rollback_stack", StackName="changed")
    assert said == (400, "ValidationError", f"Stack:{id} is in CREATE_COMPLETE state and can not be rolled back.")
    for name in ("second", "third"):
        broken = JOBS % (name, 20) + "  More: {Type: AWS::SNS::Topic}\n" + BROKEN
        stacks.client.update_stack(StackName="changed", TemplateBody=broken, DisableRollback=True)
        stacks.becomes("changed", "UPDATE_FAILED")

    stacks.client.rollback_stack(StackName="changed")
    stacks.becomes("changed", "UPDATE_ROLLBACK_COMPLETE")

    assert {name: one["PhysicalResourceId"] for name, one in stacks.resources("changed").items()} == {"Jobs": url}
    assert stacks.client.get_template(StackName="changed")["TemplateBody"] == first
    queues = stacks.sdk("sqs").list_queues()["QueueUrls"]
    assert queues == [url]
    (message,) = stacks.sdk("sqs").receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "kept"
    stacks.delete("changed")


def test_what_failed_and_stays_is_never_rolled_back_to_the_state_that_failed(stacks: Stacks) -> None:
    """A change that would be rolled back is refused; one that is cancelled leaves it as it was, to be rolled back."""
    first, again = JOBS % ("failed", 10), JOBS % ("failed", 30)
    stacks.create("failed", first)
    stacks.client.update_stack(StackName="failed", TemplateBody=JOBS % ("failed", 20) + BROKEN, DisableRollback=True)
    stacks.becomes("failed", "UPDATE_FAILED")
    said = (
        "This stack is currently in a non-terminal [UPDATE_FAILED] state. To update the stack from this state, please "
        "use the disable-rollback parameter with update-stack API. To rollback to the last known good state, use the "
        "rollback-stack API"
    )
    refusal = (400, "ValidationError", said)
    assert stacks.refused("update_stack", StackName="failed", TemplateBody=again) == refusal
    stacks.client.create_change_set(StackName="failed", ChangeSetName="again", TemplateBody=again)
    assert stacks.refused("execute_change_set", StackName="failed", ChangeSetName="again") == refusal

    with waiting(stacks, "update_stack", StackName="failed", TemplateBody=again + WAITS, DisableRollback=True):
        stacks.client.cancel_update_stack(StackName="failed")
        stacks.becomes("failed", "UPDATE_FAILED")
    assert visibility(stacks, "failed") == "20"

    stacks.client.rollback_stack(StackName="failed")
    stacks.becomes("failed", "UPDATE_ROLLBACK_COMPLETE")
    assert visibility(stacks, "failed") == "10"
    assert stacks.client.get_template(StackName="failed")["TemplateBody"] == first
    stacks.delete("failed")


def test_a_rollback_that_failed_is_continued_without_what_cannot_be_changed_back(stacks: Stacks) -> None:
    def template(size: int, more: str = "") -> str:
        queue = JOBS % ("stuck", 10 * size)
        return queue + THING % (stacks.lam.role, size) + more

    id = stacks.create("stuck", template(1))["StackId"]
    refusal = (400, "ValidationError", "ContinueUpdateRollback cannot be called from current stack status")
    assert stacks.refused("continue_update_rollback", StackName="stuck") == refusal
    broken = BROKEN.replace("[Jobs]", "[Jobs, Thing]")
    stacks.client.update_stack(StackName="stuck", TemplateBody=template(2, broken))
    stacks.becomes("stuck", "UPDATE_ROLLBACK_FAILED")
    assert stacks.refused("update_stack", StackName="stuck", TemplateBody=template(2))[2] == (
        f"Stack:{id} is in UPDATE_ROLLBACK_FAILED state and can not be updated."
    )

    stacks.client.continue_update_rollback(StackName="stuck")
    stacks.becomes("stuck", "UPDATE_ROLLBACK_FAILED")
    assert stacks.one("stuck")["StackStatusReason"] == "The following resource(s) failed to update: [Thing]. "
    said = stacks.refused("continue_update_rollback", StackName="stuck", ResourcesToSkip=["Jobs"])
    assert said[:2] == (400, "ValidationError")

    stacks.client.continue_update_rollback(StackName="stuck", ResourcesToSkip=["Thing"])
    stacks.becomes("stuck", "UPDATE_ROLLBACK_COMPLETE")
    assert visibility(stacks, "stuck") == "10"
    assert stacks.resources("stuck")["Thing"]["ResourceStatus"] == "UPDATE_COMPLETE"
    assert stacks.client.get_template(StackName="stuck")["TemplateBody"] == template(1)
    stacks.update("stuck", template(3))
    assert visibility(stacks, "stuck") == "30"
    stacks.delete("stuck")
