"""Change sets say what would become of a stack, and do it when they are told to. docs/cloudformation.md."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from stack_rig import QUICK, Stacks, stacks

__all__ = ["stacks"]

TEMPLATE = """
Parameters: {Seconds: {Type: Number, Default: 10, MinValue: 1}}
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: !Ref Seconds}}
  News: {Type: AWS::SNS::Topic}
"""
NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


def looked_up(stacks: Stacks, name: str, **members: Any) -> Any:
    """A change set of a stack, once it is there."""
    made = stacks.client.create_change_set(StackName=name, **members)
    asked = {"ChangeSetName": made["Id"]}
    stacks.client.get_waiter("change_set_create_complete").wait(**asked, WaiterConfig=QUICK)
    return stacks.client.describe_change_set(**asked)


def told(change_set: Any) -> list[tuple[str, str, str | None]]:
    changes = [one["ResourceChange"] for one in change_set["Changes"]]
    return [(one["Action"], one["LogicalResourceId"], one.get("Replacement")) for one in changes]


def test_a_change_set_makes_a_stack_changes_it_and_says_before_what_it_will_do(stacks: Stacks) -> None:
    name = "looked-at"
    first = looked_up(stacks, name, ChangeSetName="one", ChangeSetType="CREATE", TemplateBody=TEMPLATE)
    assert (first["Status"], first["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert told(first) == [("Add", "Jobs", None), ("Add", "News", None)]
    assert stacks.one(name)["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert not stacks.resources(name)

    stacks.client.execute_change_set(ChangeSetName="one", StackName=name)
    stacks.wait("stack_create_complete", name)
    assert stacks.events(name)[:2] == [(name, "REVIEW_IN_PROGRESS"), (name, "CREATE_IN_PROGRESS")]
    assert stacks.one(name)["ChangeSetId"] == first["ChangeSetId"]

    changed = TEMPLATE.replace("  News: {Type: AWS::SNS::Topic}\n", "  More: {Type: AWS::SQS::Queue}\n")
    parameters = [{"ParameterKey": "Seconds", "ParameterValue": "20"}]
    second = looked_up(stacks, name, ChangeSetName="two", TemplateBody=changed, Parameters=parameters)
    assert told(second) == [("Modify", "Jobs", "False"), ("Add", "More", None), ("Remove", "News", None)]
    (detail,) = second["Changes"][0]["ResourceChange"]["Details"]
    assert (detail["Target"]["Name"], detail["ChangeSource"]) == ("VisibilityTimeout", "DirectModification")

    stacks.client.execute_change_set(ChangeSetName="two", StackName=name)
    stacks.wait("stack_update_complete", name)
    assert sorted(stacks.resources(name)) == ["Jobs", "More"]
    queue = stacks.resources(name)["Jobs"]["PhysicalResourceId"]
    attributes = stacks.sdk("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])
    assert attributes["Attributes"] == {"VisibilityTimeout": "20"}
    assert [one["ExecutionStatus"] for one in stacks.client.list_change_sets(StackName=name)["Summaries"]] == [
        "EXECUTE_COMPLETE"
    ]
    assert stacks.refused("execute_change_set", ChangeSetName="two", StackName=name)[:2] == (
        400,
        "InvalidChangeSetStatus",
    )
    stacks.delete(name)


def test_a_change_set_without_changes_fails_in_the_words_of_aws_and_can_be_deleted(stacks: Stacks) -> None:
    stacks.create("same", TEMPLATE)

    made = stacks.client.create_change_set(StackName="same", ChangeSetName="none", UsePreviousTemplate=True)

    found = stacks.client.describe_change_set(ChangeSetName=made["Id"])
    assert (found["Status"], found["ExecutionStatus"], found["StatusReason"]) == ("FAILED", "UNAVAILABLE", NO_CHANGES)
    stacks.client.delete_change_set(ChangeSetName="none", StackName="same")
    assert stacks.refused("describe_change_set", ChangeSetName="none", StackName="same") == (
        404,
        "ChangeSetNotFound",
        "ChangeSet [none] does not exist",
    )
    stacks.delete("same")


def test_a_change_set_is_of_a_stack_that_is_there_or_of_one_that_is_not(stacks: Stacks) -> None:
    members = {"ChangeSetName": "one", "TemplateBody": TEMPLATE}
    assert stacks.refused("create_change_set", StackName="nobody", **members) == (
        400,
        "ValidationError",
        "Stack [nobody] does not exist",
    )
    stacks.create("somebody", TEMPLATE)
    assert stacks.refused("create_change_set", StackName="somebody", ChangeSetType="CREATE", **members)[2] == (
        "Stack [somebody] already exists and cannot be created again with the changeSet [one]."
    )
    stacks.delete("somebody")


def test_what_was_looked_up_of_a_stack_that_is_another_by_now_cannot_be_executed(stacks: Stacks) -> None:
    stacks.create("moved", TEMPLATE)
    old = looked_up(stacks, "moved", ChangeSetName="old", TemplateBody=TEMPLATE.replace("10", "20"))
    stacks.update("moved", TEMPLATE.replace("10", "30"))

    (found,) = stacks.client.list_change_sets(StackName="moved")["Summaries"]
    assert (found["Status"], found["ExecutionStatus"]) == ("CREATE_COMPLETE", "OBSOLETE")
    assert stacks.refused("execute_change_set", ChangeSetName="old", StackName="moved") == (
        400,
        "InvalidChangeSetStatus",
        f"ChangeSet [{old['ChangeSetId']}] cannot be executed in its current execution status of [OBSOLETE]",
    )
    stacks.client.delete_change_set(ChangeSetName=old["ChangeSetId"])
    stacks.delete("moved")


def test_an_execution_that_is_asked_for_again_is_the_same_one(stacks: Stacks) -> None:
    looked_up(stacks, "again", ChangeSetName="one", ChangeSetType="CREATE", TemplateBody=TEMPLATE)
    asked = {"ChangeSetName": "one", "StackName": "again", "ClientRequestToken": "token"}
    stacks.client.execute_change_set(**asked)
    stacks.wait("stack_create_complete", "again")

    stacks.client.execute_change_set(**asked)
    assert stacks.one("again")["StackStatus"] == "CREATE_COMPLETE"
    assert stacks.refused("execute_change_set", **(asked | {"ClientRequestToken": "other"}))[2].endswith(
        "cannot be executed in its current execution status of [EXECUTE_COMPLETE]"
    )
    stacks.delete("again")


def test_change_sets_that_begin_one_stack_at_once_are_of_one_stack(stacks: Stacks) -> None:
    def create(number: int) -> str:
        members = {"ChangeSetName": f"set-{number}", "ChangeSetType": "CREATE", "TemplateBody": TEMPLATE}
        return str(stacks.client.create_change_set(StackName="at-once", **members)["StackId"])

    with ThreadPoolExecutor(8) as threads:
        ids = {*threads.map(create, range(8))}

    assert ids == {stacks.one("at-once")["StackId"]}
    assert len(stacks.client.list_change_sets(StackName="at-once")["Summaries"]) == 8
    assert stacks.events("at-once") == [("at-once", "REVIEW_IN_PROGRESS")]
    stacks.client.execute_change_set(ChangeSetName="set-3", StackName="at-once")
    stacks.wait("stack_create_complete", "at-once")
    stacks.delete("at-once")
