"""Stacks that import what others export, and stacks within stacks, by CloudFormation's API. docs/cloudformation.md."""

from __future__ import annotations

import uuid

from stack_rig import Stacks, stacks
from waiting import eventually

__all__ = ["stacks"]

OWNER = """
Parameters: {Name: {Type: String, Default: jobs}}
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Name}}
Outputs:
  Jobs: {Value: !GetAtt Jobs.QueueName, Export: {Name: !Sub '${AWS::StackName}-name'}}
"""
USER = """
Parameters: {Owner: {Type: String, Default: owner}}
Resources:
  Copy:
    Type: AWS::SSM::Parameter
    Properties: {Name: copy, Type: String, Value: !ImportValue {'Fn::Sub': '${Owner}-name'}}
"""
ALONE = "Resources:\n  Copy: {Type: AWS::SSM::Parameter, Properties: {Name: copy, Type: String, Value: none}}\n"


def ended(stacks: Stacks, name: str) -> str:
    """The status that a stack has when nothing is done to it any more."""
    eventually(lambda: not stacks.one(name)["StackStatus"].endswith("_IN_PROGRESS"), "an end", limit_s=60)
    return str(stacks.one(name)["StackStatus"])


def reasons(stacks: Stacks, name: str) -> list[str]:
    events = stacks.client.describe_stack_events(StackName=name)["StackEvents"]
    return [one["ResourceStatusReason"] for one in events if "ResourceStatusReason" in one]


def test_what_is_imported_can_neither_change_nor_go_until_nobody_imports_it(stacks: Stacks) -> None:
    stacks.create("owner", OWNER)
    stacks.create("user", USER)
    assert stacks.sdk("ssm").get_parameter(Name="copy")["Parameter"]["Value"] == "jobs"
    assert stacks.client.list_imports(ExportName="owner-name")["Imports"] == ["user"]

    stacks.client.delete_stack(StackName="owner")
    assert ended(stacks, "owner") == "CREATE_COMPLETE"
    in_use = "Cannot delete export owner-name as it is in use by user."
    assert stacks.one("owner")["StackStatusReason"] == f"Delete canceled. {in_use}"
    other = [{"ParameterKey": "Name", "ParameterValue": "others"}]
    stacks.client.update_stack(StackName="owner", TemplateBody=OWNER, Parameters=other)
    assert ended(stacks, "owner") == "UPDATE_ROLLBACK_COMPLETE"
    assert "Cannot update export owner-name as it is in use by user." in " ".join(reasons(stacks, "owner"))
    assert stacks.outputs("owner") == {"Jobs": "jobs"}
    urls = stacks.sdk("sqs").list_queues()["QueueUrls"]
    assert [one.rpartition("/")[2] for one in urls] == ["jobs"]

    stacks.update("user", ALONE)
    assert stacks.refused("list_imports", ExportName="owner-name") == (
        400,
        "ValidationError",
        "Export 'owner-name' is not imported by any stack.",
    )
    stacks.delete("owner")
    stacks.delete("user")


def test_what_nobody_exports_cannot_be_imported_and_what_somebody_exports_not_exported_again(stacks: Stacks) -> None:
    stacks.client.create_stack(StackName="lost", TemplateBody=USER.replace("owner", "nobody"))
    assert ended(stacks, "lost") == "ROLLBACK_COMPLETE"
    assert "No export named nobody-name found" in " ".join(reasons(stacks, "lost"))

    same = OWNER.replace("${AWS::StackName}-name", "one-name")
    stacks.create("first", same)
    stacks.client.create_stack(StackName="second", TemplateBody=same.replace("Default: jobs", "Default: more"))
    assert ended(stacks, "second") == "ROLLBACK_COMPLETE"
    assert "Export with name one-name is already exported by stack first." in " ".join(reasons(stacks, "second"))
    for name in ("lost", "first", "second"):
        stacks.delete(name)


OUTER = """
Resources:
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: WHERE
      Parameters: {Name: inner-jobs}
Outputs:
  Jobs: {Value: !GetAtt Inner.Outputs.Jobs}
"""


def test_a_stack_within_a_stack_is_made_of_a_template_in_s3(stacks: Stacks) -> None:
    bucket = f"templates-{uuid.uuid4()}"
    stacks.sdk("s3").create_bucket(Bucket=bucket)
    stacks.sdk("s3").put_object(Bucket=bucket, Key="inner.yaml", Body=OWNER.encode())
    url = f"https://{bucket}.s3.amazonaws.com/inner.yaml"

    stacks.client.create_stack(StackName="outer", TemplateBody=OUTER.replace("WHERE", url))
    assert ended(stacks, "outer") == "CREATE_COMPLETE", reasons(stacks, "outer")

    assert stacks.outputs("outer") == {"Jobs": "inner-jobs"}
    inner = stacks.resources("outer")["Inner"]["PhysicalResourceId"]
    found = stacks.one(inner)
    assert (found["StackStatus"], found["ParentId"]) == ("CREATE_COMPLETE", stacks.one("outer")["StackId"])
    assert found["Outputs"][0]["ExportName"] == f"{found['StackName']}-name"
    assert "Jobs" in stacks.client.get_template(StackName=inner)["TemplateBody"]["Resources"]
    assert stacks.events(inner) == [
        (found["StackName"], "CREATE_IN_PROGRESS"),
        ("Jobs", "CREATE_IN_PROGRESS"),
        ("Jobs", "CREATE_IN_PROGRESS"),
        ("Jobs", "CREATE_COMPLETE"),
        (found["StackName"], "CREATE_COMPLETE"),
    ]
    assert ("Jobs", "CREATE_COMPLETE") not in stacks.events("outer")

    bad = OUTER.replace("WHERE", url).replace("inner-jobs", "no name")
    stacks.client.update_stack(StackName="outer", TemplateBody=bad)
    assert ended(stacks, "outer") == "UPDATE_ROLLBACK_COMPLETE"
    told = " ".join(reasons(stacks, "outer"))
    assert f"Embedded stack {inner} was not successfully updated: The following resource(s) failed" in told
    assert stacks.one(inner)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"

    stacks.delete("outer")
    assert stacks.one(inner)["StackStatus"] == "DELETE_COMPLETE"
    assert "QueueUrls" not in stacks.sdk("sqs").list_queues()


def test_who_asks_the_api_names_no_file_of_this_machine(stacks: Stacks) -> None:
    stacks.client.create_stack(StackName="files", TemplateBody=OUTER.replace("WHERE", "/etc/passwd"))
    assert ended(stacks, "files") == "ROLLBACK_COMPLETE"

    assert "TemplateURL must be a supported URL." in reasons(stacks, "files")
    stacks.delete("files")
