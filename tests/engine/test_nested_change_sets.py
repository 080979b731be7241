"""Change sets that look into stacks within stacks. docs/cloudformation.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stack_rig import Stacks, stacks

__all__ = ["stacks"]

BUCKET = "https://looked-into.s3.amazonaws.com"
LEAF = "Resources: {Jobs: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: %s}}}"
MIDDLE = f"""
Parameters: {{Topic: {{Type: String}}}}
Resources:
  Leaf: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: "{BUCKET}/leaf.yaml"}}}}
  Named: {{Type: AWS::SSM::Parameter, Properties: {{Type: String, Value: !Ref Topic}}}}
"""
OUTER = f"""
Resources:
  News: {{Type: AWS::SNS::Topic}}
  Middle:
    Type: AWS::CloudFormation::Stack
    Properties: {{TemplateURL: "{BUCKET}/middle.yaml", Parameters: {{Topic: !Ref News}}}}
"""


def keep(stacks: Stacks, name: str, body: str) -> None:
    s3 = stacks.sdk("s3")
    s3.create_bucket(Bucket="looked-into")
    s3.put_object(Bucket="looked-into", Key=name, Body=body)


def look(stacks: Stacks, name: str, change_set: str, **members: Any) -> Any:
    members = {"ChangeSetType": "UPDATE", "TemplateBody": OUTER, **members}
    made = stacks.client.create_change_set(
        StackName=name, ChangeSetName=change_set, IncludeNestedStacks=True, **members
    )
    return stacks.client.describe_change_set(ChangeSetName=made["Id"])


def below(stacks: Stacks, one: Any, logical_id: str) -> Any:
    """The change set of a stack within."""
    return stacks.client.describe_change_set(ChangeSetName=changes(one)[logical_id]["ChangeSetId"])


def changes(one: Any) -> Mapping[str, Any]:
    found = [change["ResourceChange"] for change in one["Changes"]]
    return {change["LogicalResourceId"]: change for change in found}


def of_stacks(stacks: Stacks) -> list[str]:
    return [one["StackStatus"] for one in stacks.client.describe_stacks()["Stacks"]]


def test_a_change_set_looks_into_stacks_within_and_makes_and_changes_them_as_it_says(stacks: Stacks) -> None:
    keep(stacks, "leaf.yaml", LEAF % 10)
    keep(stacks, "middle.yaml", MIDDLE)
    root = look(stacks, "outer", "first", ChangeSetType="CREATE")
    middle = below(stacks, root, "Middle")
    leaf = below(stacks, middle, "Leaf")

    assert [one["Status"] for one in (root, middle, leaf)] == ["CREATE_COMPLETE"] * 3
    assert all(one["IncludeNestedStacks"] for one in (root, middle, leaf))
    assert [one.get("ParentChangeSetId") for one in (root, middle, leaf)] == [
        None,
        root["ChangeSetId"],
        middle["ChangeSetId"],
    ]
    assert {one["RootChangeSetId"] for one in (middle, leaf)} == {root["ChangeSetId"]}
    assert {name: one["Action"] for name, one in changes(leaf).items()} == {"Jobs": "Add"}
    assert middle["Parameters"] == [
        {"ParameterKey": "Topic", "ParameterValue": "{{changeSet:KNOWN_AFTER_APPLY}}"},
    ]
    assert stacks.one(leaf["StackId"])["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert stacks.one(leaf["StackId"])["RootId"] == root["StackId"]

    keep(stacks, "leaf.yaml", LEAF % 11)  # which is not what was looked at
    stacks.client.execute_change_set(ChangeSetName=root["ChangeSetId"])
    stacks.wait("stack_create_complete", "outer")
    made = stacks.one(leaf["StackId"])
    assert (made["StackStatus"], made["ChangeSetId"]) == ("CREATE_COMPLETE", leaf["ChangeSetId"])
    assert stacks.resources("outer")["Middle"]["PhysicalResourceId"] == middle["StackId"]
    assert stacks.events(leaf["StackId"])[:2] == [
        (leaf["StackName"], "REVIEW_IN_PROGRESS"),
        (leaf["StackName"], "CREATE_IN_PROGRESS"),
    ]
    assert seconds(stacks, leaf) == "10"
    executed = stacks.client.describe_change_set(ChangeSetName=leaf["ChangeSetId"])
    assert executed["ExecutionStatus"] == "EXECUTE_COMPLETE"

    second = look(stacks, "outer", "second")
    assert {*changes(second)} == {"Middle"}  # what its own template says is the same
    (detail,) = changes(second)["Middle"]["Details"]
    assert detail["ChangeSource"] == "Automatic"
    leaf = below(stacks, below(stacks, second, "Middle"), "Leaf")
    assert changes(leaf)["Jobs"]["Action"] == "Modify"
    stacks.client.execute_change_set(ChangeSetName="second", StackName="outer")
    stacks.wait("stack_update_complete", "outer")
    assert seconds(stacks, leaf) == "11"

    third = look(stacks, "outer", "third")
    assert (third["Status"], third["StatusReason"][:41]) == ("FAILED", "The submitted information didn't contain ")
    stacks.delete("outer")
    assert stacks.one(leaf["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def seconds(stacks: Stacks, leaf: Any) -> str:
    queue = stacks.resources(leaf["StackId"])["Jobs"]["PhysicalResourceId"]
    asked = {"QueueUrl": queue, "AttributeNames": ["VisibilityTimeout"]}
    return str(stacks.sdk("sqs").get_queue_attributes(**asked)["Attributes"]["VisibilityTimeout"])


def test_one_within_goes_with_its_root_alone(stacks: Stacks) -> None:
    keep(stacks, "leaf.yaml", LEAF % 10)
    keep(stacks, "middle.yaml", MIDDLE)
    root = look(stacks, "rooted", "first", ChangeSetType="CREATE")
    id = below(stacks, root, "Middle")["ChangeSetId"]
    for operation, done in (("execute_change_set", "executed"), ("delete_change_set", "deleted")):
        status, code, said = stacks.refused(operation, ChangeSetName=id)
        assert (status, code) == (400, "InvalidChangeSetStatus")
        assert said.startswith(f"ChangeSet [{id}] is nested and cannot be {done} on its own")
    assert of_stacks(stacks) == ["REVIEW_IN_PROGRESS"] * 3

    stacks.client.delete_change_set(ChangeSetName=root["ChangeSetId"])
    assert stacks.refused("describe_change_set", ChangeSetName=id)[1] == "ChangeSetNotFound"
    assert of_stacks(stacks) == ["REVIEW_IN_PROGRESS"]
    look(stacks, "rooted", "second", ChangeSetType="CREATE")
    stacks.delete("rooted")
    assert of_stacks(stacks) == []


def test_what_cannot_be_within_fails_the_change_sets_above_it(stacks: Stacks) -> None:
    keep(stacks, "leaf.yaml", "Resources: {Power: {Type: AWS::IAM::Group}}")
    keep(stacks, "middle.yaml", MIDDLE)
    root = look(stacks, "failing", "first", ChangeSetType="CREATE")
    summaries: dict[str, Any] = {}
    for name in (one["StackId"] for one in stacks.client.describe_stacks()["Stacks"]):
        summaries |= {one["ChangeSetId"]: one for one in stacks.client.list_change_sets(StackName=name)["Summaries"]}
    told = "Nested change set {} was not successfully created: Currently in FAILED."
    (middle,) = (one for one in summaries.values() if one.get("ParentChangeSetId") == root["ChangeSetId"])
    (leaf,) = (one for one in summaries.values() if one.get("ParentChangeSetId") == middle["ChangeSetId"])
    assert (root["Status"], root["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert root["StatusReason"] == told.format(middle["ChangeSetId"])
    assert middle["StatusReason"] == told.format(leaf["ChangeSetId"])
    assert leaf["StatusReason"] == "Requires capabilities : [CAPABILITY_IAM]"

    keep(stacks, "leaf.yaml", MIDDLE.replace("leaf", "middle"))
    root = look(stacks, "failing", "circle", ChangeSetType="CREATE")
    assert root["Status"] == "FAILED"
    stacks.delete("failing")


def test_stacks_that_were_only_looked_at_go_with_the_stack_and_change_sets_with_its_change(stacks: Stacks) -> None:
    keep(stacks, "leaf.yaml", LEAF % 10)
    keep(stacks, "middle.yaml", MIDDLE)
    bad = "    DependsOn: Bad\n  Bad: {Type: AWS::SQS::Queue, Properties: {QueueName: no name}}\n"
    root = look(stacks, "unreached", "first", ChangeSetType="CREATE", TemplateBody=OUTER + bad)
    stacks.client.execute_change_set(ChangeSetName=root["ChangeSetId"])
    stacks.becomes("unreached", "ROLLBACK_COMPLETE")
    assert sorted(of_stacks(stacks)) == ["REVIEW_IN_PROGRESS", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"]
    stacks.delete("unreached")
    assert of_stacks(stacks) == []

    topic = "Resources: {News: {Type: AWS::SNS::Topic}%s}"
    stacks.create("passed", topic % "")
    root = look(stacks, "passed", "first")
    stacks.update("passed", topic % ", More: {Type: AWS::SNS::Topic}")
    for one in (stacks.client.describe_change_set(ChangeSetName=root["ChangeSetId"]), below(stacks, root, "Middle")):
        assert one["ExecutionStatus"] == "OBSOLETE"
    stacks.delete("passed")
    assert of_stacks(stacks) == []


def test_more_stacks_than_may_be_within_one_another_are_not_looked_into(stacks: Stacks) -> None:
    keep(stacks, "leaf.yaml", LEAF % 10)
    one = f'Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: "{BUCKET}/leaf.yaml"}}'
    many = "Resources:\n" + "".join(f"  L{number}: {{{one}}}\n" for number in range(210))

    root = look(stacks, "many", "first", ChangeSetType="CREATE", TemplateBody=many)

    failed = root["StatusReason"].split()[3]
    said = stacks.client.describe_change_set(ChangeSetName=failed)["StatusReason"]
    assert said == "more than 200 templates are in one another"
    stacks.delete("many")
    assert of_stacks(stacks) == []
