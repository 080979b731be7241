"""Names and ids that stacks make are new each time, and stacks within stacks keep what others import of them.

docs/cloudformation.md.
"""

from __future__ import annotations

import pytest
from stack_rig import Stacks, stacks

__all__ = ["stacks"]

KEPT = "Resources:\n  Jobs: {Type: AWS::SQS::Queue, DeletionPolicy: Retain}\n"
OTHER = "  Other: {Type: AWS::SNS::Topic}\n"
BROKEN = "  Broken: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 99999999}, DependsOn: Jobs}\n"
WITHIN = """
  %s:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: "https://named.s3.amazonaws.com/%s.yaml"}
"""
EXPORTS = """
Resources: {Jobs: {Type: AWS::SQS::Queue}}
Outputs: {Name: {Value: !GetAtt Jobs.QueueName, Export: {Name: inner-jobs}}}
"""
IMPORTS = "Resources: {Told: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !ImportValue inner-jobs}}}"
IN_USE = "Delete canceled. Cannot delete export inner-jobs as it is in use by outsider."


@pytest.fixture(autouse=True, scope="module")
def templates(stacks: Stacks) -> None:
    s3 = stacks.sdk("s3")
    s3.create_bucket(Bucket="named")
    middle = f"Resources:\n{WITHIN % ('Exports', 'exports')}"
    for name, body in (("exports", EXPORTS), ("imports", IMPORTS), ("middle", middle)):
        s3.put_object(Bucket="named", Key=f"{name}.yaml", Body=body)


def queues(stacks: Stacks, name: str) -> set[str]:
    """The queues of a stack of a name."""
    urls = stacks.sdk("sqs").list_queues(QueueNamePrefix=f"{name}-").get("QueueUrls", [])
    return {one.rpartition("/")[2] for one in urls}


def test_what_a_stack_left_is_no_part_of_the_next_one_of_its_name(stacks: Stacks) -> None:
    stacks.create("kept", KEPT)
    (first,) = queues(stacks, "kept")
    stacks.delete("kept")

    stacks.client.create_stack(StackName="kept", TemplateBody=KEPT.replace("Retain", "Delete") + BROKEN)
    stacks.becomes("kept", "ROLLBACK_COMPLETE")
    assert queues(stacks, "kept") == {first}
    stacks.delete("kept")

    stacks.create("kept", KEPT)
    assert len(queues(stacks, "kept")) == 2
    stacks.delete("kept")


def test_what_a_template_left_out_is_no_part_of_what_it_names_so_later(stacks: Stacks) -> None:
    stacks.create("again", KEPT + OTHER)
    (first,) = queues(stacks, "again")
    stacks.update("again", f"Resources:\n{OTHER}")

    goes = KEPT.replace("Retain", "Delete")
    stacks.update("again", goes + OTHER)
    (second,) = queues(stacks, "again") - {first}
    stacks.update("again", goes.replace("Delete", "Delete, Properties: {VisibilityTimeout: 10}"))
    assert queues(stacks, "again") == {first, second}  # it keeps its name
    stacks.update("again", f"Resources:\n{OTHER}")

    assert queues(stacks, "again") == {first}
    stacks.delete("again")


def test_a_stack_within_that_is_made_again_is_another_one(stacks: Stacks) -> None:
    outer = f"Resources:\n{OTHER}{WITHIN % ('Inner', 'exports')}"
    ids = set()
    for _ in range(2):
        stacks.create("outer", outer)
        inner = stacks.resources("outer")["Inner"]["PhysicalResourceId"]
        ids.add(inner)
        stacks.update("outer", f"Resources:\n{OTHER}")
        assert stacks.one(inner)["StackStatus"] == "DELETE_COMPLETE"
        stacks.update("outer", outer)
        ids.add(stacks.resources("outer")["Inner"]["PhysicalResourceId"])
        stacks.delete("outer")

    assert len(ids) == 4
    for one in ids:
        statuses = [status for name, status in stacks.events(one) if name == one.split("/")[1]]
        done = ["CREATE_IN_PROGRESS", "CREATE_COMPLETE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
        assert statuses == done


@pytest.mark.parametrize("inner", ["exports", "middle"])
def test_what_a_stack_within_exports_stays_while_others_import_it(stacks: Stacks, inner: str) -> None:
    """However deep it is."""
    outer = f"Resources:\n{OTHER}{WITHIN % ('Inner', inner)}"
    stacks.create("outer", outer)
    stacks.create("outsider", IMPORTS)
    before = stacks.resources("outer")

    stacks.client.delete_stack(StackName="outer")
    stacks.becomes("outer", "CREATE_COMPLETE")
    assert stacks.one("outer")["StackStatusReason"] == IN_USE
    assert stacks.resources("outer") == before

    stacks.update("outer", f"Resources:\n{OTHER}")
    id = before["Inner"]["PhysicalResourceId"]
    assert stacks.one(id)["StackStatus"] == "CREATE_COMPLETE"
    events = stacks.client.describe_stack_events(StackName="outer")["StackEvents"]
    failed = [one for one in events if one["ResourceStatus"] == "DELETE_FAILED"]
    assert [(one["LogicalResourceId"], one["ResourceStatusReason"]) for one in failed] == [("Inner", IN_USE)]
    assert stacks.client.list_exports()["Exports"]

    stacks.delete("outsider")
    stacks.delete("outer")
    assert stacks.one(id)["StackStatus"] == "DELETE_COMPLETE"
    assert not stacks.client.list_exports()["Exports"]


def test_what_goes_with_it_keeps_no_stack(stacks: Stacks) -> None:
    """Of two within one stack, one imports of the other; both go, with it or at an update."""
    imports = (WITHIN % ("Also", "imports")).rstrip() + "\n    DependsOn: Inner\n"
    outer = f"Resources:\n{OTHER}{WITHIN % ('Inner', 'middle')}{imports}"
    stacks.create("outer", outer)
    stacks.update("outer", f"Resources:\n{OTHER}")
    assert set(stacks.resources("outer")) == {"Other"}

    stacks.update("outer", outer)
    stacks.delete("outer")
    assert not stacks.client.list_exports()["Exports"]
