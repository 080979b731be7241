"""How a stack goes, and what of it stays where somebody wants that. docs/cloudformation.md."""

from __future__ import annotations

import logging

import pytest
from stack_rig import Stacks, stacks

__all__ = ["stacks"]

FULL = """
Resources:
  Full: {Type: AWS::S3::Bucket}
  Jobs: {Type: AWS::SQS::Queue, DependsOn: Full}
"""
QUEUE = "Resources: {Jobs: {Type: AWS::SQS::Queue, Metadata: {Owner: Ada}, Properties: {QueueName: %s}}}"
ON_CREATE, EXCEPT = "RetainExceptOnCreate", {"RetainExceptOnCreate": True}


def stuck(stacks: Stacks, name: str) -> str:
    """A stack that cannot be deleted, since its bucket has an object. The bucket's name."""
    stacks.create(name, FULL)
    bucket = stacks.resources(name)["Full"]["PhysicalResourceId"]
    stacks.sdk("s3").put_object(Bucket=bucket, Key="kept", Body=b"1")
    stacks.client.delete_stack(StackName=name)
    stacks.becomes(name, "DELETE_FAILED")
    return str(bucket)


def test_what_cannot_be_deleted_is_retained_where_somebody_says_so(stacks: Stacks) -> None:
    id = stacks.create("early", FULL)["StackId"]
    assert stacks.refused("delete_stack", StackName="early", RetainResources=["Full"]) == (
        400,
        "ValidationError",
        f"Invalid operation on stack [{id}]. When you delete a stack, specify which resources to retain only when the "
        "stack is in the DELETE_FAILED state.",
    )
    stacks.delete("early")

    bucket = stuck(stacks, "stuck")
    gone = "The specified resources to retain must be in a valid state. Do not specify resources that are in the "
    for name in ("Jobs", "Nobody"):  # it went already, and there was none
        said = stacks.refused("delete_stack", StackName="stuck", RetainResources=[name])
        assert said == (400, "ValidationError", f"{gone}DELETE_COMPLETE state.")
    id = stacks.one("stuck")["StackId"]
    stacks.client.delete_stack(StackName="stuck", RetainResources=["Full"])
    stacks.becomes(id, "DELETE_COMPLETE")
    assert stacks.events(id)[-2:] == [("Full", "DELETE_SKIPPED"), ("stuck", "DELETE_COMPLETE")]
    assert stacks.sdk("s3").get_object(Bucket=bucket, Key="kept")["Body"].read() == b"1"


def test_a_deletion_by_force_leaves_what_cannot_be_deleted(stacks: Stacks) -> None:
    id = stacks.create("early", FULL)["StackId"]
    assert stacks.refused("delete_stack", StackName="early", DeletionMode="FORCE_DELETE_STACK")[2] == (
        f"Invalid operation on stack [{id}]. You can activate DeletionMode FORCE_DELETE_STACK in a delete stack "
        "operation only when the stack is in the DELETE_FAILED state."
    )
    stacks.delete("early")

    bucket = stuck(stacks, "forced")
    id = stacks.one("forced")["StackId"]
    stacks.client.delete_stack(StackName="forced", DeletionMode="FORCE_DELETE_STACK")
    stacks.becomes(id, "DELETE_COMPLETE")
    assert stacks.events(id)[-2:] == [("Full", "DELETE_SKIPPED"), ("forced", "DELETE_COMPLETE")]
    assert stacks.sdk("s3").head_bucket(Bucket=bucket)


def test_a_change_of_the_deletion_policy_alone_is_told_and_counts(stacks: Stacks) -> None:
    stacks.create("policy", QUEUE % "policy-jobs")
    kept = QUEUE.replace("Metadata", "DeletionPolicy: Retain, Metadata") % "policy-jobs"
    stacks.client.create_change_set(StackName="policy", ChangeSetName="one", TemplateBody=kept)
    (change,) = stacks.client.describe_change_set(StackName="policy", ChangeSetName="one")["Changes"]
    resource = change["ResourceChange"]
    assert (resource["Action"], resource["Replacement"], resource["Scope"]) == ("Modify", "False", ["DeletionPolicy"])
    assert resource["Details"][0]["Target"] == {"Attribute": "DeletionPolicy", "RequiresRecreation": "Never"}

    id = stacks.update("policy", kept)["StackId"]
    stacks.delete("policy")

    assert ("Jobs", "DELETE_SKIPPED") in stacks.events(id)
    url = stacks.sdk("sqs").get_queue_url(QueueName="policy-jobs")["QueueUrl"]
    stacks.sdk("sqs").delete_queue(QueueUrl=url)


@pytest.mark.parametrize(
    ("policy", "more", "stays"), [("Retain", {}, True), ("Retain", EXCEPT, False), (ON_CREATE, {}, False)]
)
def test_what_is_to_be_retained_stays_though_its_stack_cannot_be_made(
    stacks: Stacks, policy: str, more: dict[str, bool], stays: bool
) -> None:
    broken = "  Broken: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 99999999}, DependsOn: Jobs}\n"
    jobs = f"  Jobs: {{Type: AWS::SQS::Queue, DeletionPolicy: {policy}, Properties: {{QueueName: retained}}}}\n"
    stacks.client.create_stack(StackName="unmade", TemplateBody=f"Resources:\n{jobs}{broken}", **more)
    stacks.becomes("unmade", "ROLLBACK_COMPLETE")

    assert (("Jobs", "DELETE_SKIPPED") in stacks.events("unmade")) == stays
    sqs = stacks.sdk("sqs")
    assert len(sqs.list_queues(QueueNamePrefix="retained").get("QueueUrls", [])) == stays
    stacks.delete("unmade")
    for url in sqs.list_queues(QueueNamePrefix="retained").get("QueueUrls", []):
        sqs.delete_queue(QueueUrl=url)


def test_a_resource_is_told_of_with_its_metadata(stacks: Stacks) -> None:
    stacks.create("detail", QUEUE % "detail-jobs")
    detail = stacks.client.describe_stack_resource(StackName="detail", LogicalResourceId="Jobs")["StackResourceDetail"]
    assert detail["Metadata"] == '{"Owner": "Ada"}'
    stacks.delete("detail")


def test_what_a_stack_has_no_effect_with_is_told_in_the_log(stacks: Stacks, caplog: pytest.LogCaptureFixture) -> None:
    template = QUEUE.replace("QueueName", "Colour: red, QueueName") % "odd"
    with caplog.at_level(logging.WARNING):
        stacks.create("odd", template)
    assert "stack odd: Resources.Jobs.Properties.Colour: has no effect here" in caplog.messages
    stacks.delete("odd")
