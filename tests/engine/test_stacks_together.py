"""Stacks within stacks, and what stacks export to others, by CloudFormation's API. docs/cloudformation.md."""

from __future__ import annotations

from stack_rig import Stacks, stacks

__all__ = ["stacks"]

CHILD = """
Parameters: {Seconds: {Type: String}}
Resources: {Jobs: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: !Ref Seconds}}}
Outputs: {Name: {Value: !GetAtt Jobs.QueueName}}
"""
PARENT = """
Parameters: {Seconds: {Type: Number, Default: 10}}
Resources:
  Child:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: "https://templates.s3.amazonaws.com/child.yaml", Parameters: {Seconds: !Ref Seconds}}
Outputs: {Name: {Value: !GetAtt Child.Outputs.Name}}
"""
EXPORTING = """
Resources: {Jobs: {Type: AWS::SQS::Queue}}
Outputs: {Name: {Value: !GetAtt Jobs.QueueName, Export: {Name: jobs}}}
"""
IMPORTING = """
Resources: {Told: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !ImportValue jobs}}}
"""


def test_a_stack_has_stacks_within_it_whose_templates_are_in_s3(stacks: Stacks) -> None:
    s3 = stacks.sdk("s3")
    s3.create_bucket(Bucket="templates")
    s3.put_object(Bucket="templates", Key="child.yaml", Body=CHILD)
    s3.put_object(Bucket="templates", Key="parent.yaml", Body=PARENT)

    stacks.client.create_stack(StackName="parent", TemplateURL=f"{stacks.lam.url}/templates/parent.yaml")
    stacks.wait("stack_create_complete", "parent")

    parent = stacks.one("parent")
    child = stacks.one(stacks.resources("parent")["Child"]["PhysicalResourceId"])
    assert (child["StackStatus"], child["ParentId"], child["RootId"]) == (
        "CREATE_COMPLETE",
        parent["StackId"],
        parent["StackId"],
    )
    queue = stacks.outputs("parent")["Name"]
    assert queue.startswith(child["StackName"])
    events = stacks.events(child["StackId"])
    assert (events[0], events[-1]) == (
        (child["StackName"], "CREATE_IN_PROGRESS"),
        (child["StackName"], "CREATE_COMPLETE"),
    )
    assert ("Jobs", "CREATE_COMPLETE") in events
    assert {name for name, _ in stacks.events("parent")} == {"parent", "Child"}

    stacks.update("parent", PARENT, Parameters=[{"ParameterKey": "Seconds", "ParameterValue": "20"}])
    sqs = stacks.sdk("sqs")
    asked = {"QueueUrl": sqs.get_queue_url(QueueName=queue)["QueueUrl"], "AttributeNames": ["VisibilityTimeout"]}
    assert sqs.get_queue_attributes(**asked)["Attributes"] == {"VisibilityTimeout": "20"}

    protect = stacks.client.update_termination_protection
    protect(StackName="parent", EnableTerminationProtection=True)
    assert stacks.one(child["StackId"])["EnableTerminationProtection"]
    for name in (child["StackName"], "parent"):
        said = stacks.refused("delete_stack", StackName=name)
        assert said[2] == f"Stack [{name}] cannot be deleted while TerminationProtection is enabled"
    asked = {"StackName": child["StackName"], "EnableTerminationProtection": False}
    assert stacks.refused("update_termination_protection", **asked)[1] == "ValidationError"
    protect(StackName="parent", EnableTerminationProtection=False)
    stacks.delete("parent")
    assert stacks.one(child["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_what_a_stack_exports_others_import_and_it_stays_meanwhile(stacks: Stacks) -> None:
    made = stacks.create("exporting", EXPORTING)
    queue = stacks.outputs("exporting")["Name"]
    exports = stacks.client.list_exports()["Exports"]
    assert exports == [{"ExportingStackId": made["StackId"], "Name": "jobs", "Value": queue}]
    assert stacks.refused("list_imports", ExportName="jobs")[2] == "Export 'jobs' is not imported by any stack."

    stacks.create("importing", IMPORTING)
    assert stacks.client.list_imports(ExportName="jobs")["Imports"] == ["importing"]
    told = stacks.resources("importing")["Told"]["PhysicalResourceId"]
    assert stacks.sdk("ssm").get_parameter(Name=told)["Parameter"]["Value"] == queue
    stacks.client.delete_stack(StackName="exporting")
    stacks.becomes("exporting", "CREATE_COMPLETE")
    assert stacks.one("exporting")["StackStatusReason"] == (
        "Delete canceled. Cannot delete export jobs as it is in use by importing."
    )

    stacks.delete("importing")
    stacks.delete("exporting")
    assert not stacks.client.list_exports()["Exports"]
