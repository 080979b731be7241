"""What CloudFormation refuses, in its words, and what becomes of what cannot be made. docs/cloudformation.md."""

from __future__ import annotations

import json
from typing import Any

import pytest
from own import own_emulator
from stack_rig import Stacks, stacks

__all__ = ["stacks"]

SIGNAL = {"LogicalResourceId": "a", "UniqueId": "a", "Status": "SUCCESS"}
QUEUE = "Resources: {Jobs: {Type: AWS::SQS::Queue}}"
ROLE = "Resources: {Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}}"
STAGE = "Parameters: {Stage: {Type: String, AllowedValues: [test, prod], Default: %s}}\n" + QUEUE
SIZE = "Parameters: {Size: {Type: Number, MinValue: 2, MaxValue: 4, Default: %s}}\n" + QUEUE
HOSTILE = 'Parameters: {Name: {Type: String, AllowedPattern: "(a+)+$", Default: %s}}\n' + QUEUE
BROKEN = """
Resources:
  Jobs: {Type: AWS::SQS::Queue}
  Broken: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 99999999}, DependsOn: Jobs}
"""


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (None, "Either Template URL or Template Body must be specified."),
        ("just words", "Template format error: unsupported structure."),
        ("{", "Template format error: JSON not well-formed. (line 1, column 2)"),
        ("a: [", "Template format error: YAML not well-formed. (line 1, column 5)"),
        ("Description: nothing", "Template format error: At least one Resources member must be defined."),
        ("Resources: {}", "Template format error: At least one Resources member must be defined."),
        (f"Resource: {{}}\n{QUEUE}", "Invalid template property or properties [Resource]"),
        (
            "Resources: {Jobs: {}}",
            "Template format error: [/Resources/Jobs] Every Resources object must contain a Type member.",
        ),
        ("Resources: {Jobs: {Type: Queue}}", "Template format error: Unrecognized resource types: [Queue]"),
        (
            "Resources: {Jobs: {Type: AWS::SQS::Queue, DependsOn: News}}",
            "Template format error: Unresolved resource dependencies [News] in the Resources block of the template",
        ),
        (
            QUEUE + "\nOutputs: {Url: {Value: !Ref Job}}",
            "Template format error: Unresolved resource dependencies [Job] in the Outputs block of the template",
        ),
        (
            QUEUE + "\nOutputs: {Arn: {Value: !GetAtt Job.Arn}}",
            "Template error: instance of Fn::GetAtt references undefined resource Job",
        ),
        ("Parameters: {Stage: {Type: String}}\n" + QUEUE, "Parameters: [Stage] must have values"),
        (STAGE % "dev", "Parameter 'Stage' must be one of AllowedValues"),
        (SIZE % "one", "Parameter 'Size' must be a number"),
        (SIZE % "1", "Parameter 'Size' must be a number not less than 2"),
        (SIZE % "5", "Parameter 'Size' must be a number not greater than 4"),
    ],
)
def test_a_template_that_cannot_be_is_refused_in_the_words_of_aws(
    stacks: Stacks, template: str | None, text: str
) -> None:
    members = {} if template is None else {"TemplateBody": template}
    assert stacks.refused("create_stack", StackName="wrong", **members) == (400, "ValidationError", text)
    assert stacks.refused("describe_stacks", StackName="wrong")[2] == "Stack with id wrong does not exist"


@pytest.mark.parametrize(
    ("resource", "more", "text"),
    [
        ({"DependsOn": 5}, {}, "Resources.Jobs.DependsOn: must be the name of a resource, or a list of them"),
        ({"DependsOn": [{}]}, {}, "Resources.Jobs.DependsOn: must be the name of a resource, or a list of them"),
        (
            {"Properties": {"Tags": {"Fn::GetAtt": {"a": 1}}}},
            {},
            "Resources.Jobs.Properties.Tags.Fn::GetAtt: must be the name of a resource and of an attribute",
        ),
        ({"Properties": {"Tags": {"Ref": ["a"]}}}, {}, "Resources.Jobs.Properties.Tags.Ref: must be a name"),
        ({}, {"Transform": [5]}, "Transform: must be a name, a mapping with Name, or a list of these"),
        ({}, {"Parameters": ["x"]}, "Parameters: must be a mapping"),
        ({}, {"Outputs": 5}, "Outputs: must be a mapping"),
    ],
)
def test_what_is_of_another_shape_is_told_with_its_place(
    stacks: Stacks, resource: dict[str, Any], more: dict[str, Any], text: str
) -> None:
    template = json.dumps({"Resources": {"Jobs": {"Type": "AWS::SQS::Queue", **resource}}, **more})
    for members in ({"StackName": "shaped"}, {}):
        said = stacks.refused("create_stack" if members else "validate_template", TemplateBody=template, **members)
        assert said == (400, "ValidationError", f"Template format error: {text}")


@pytest.mark.parametrize(
    ("operation", "members", "code", "text"),
    [
        ("create_stack", {"TemplateBody": ROLE}, "InsufficientCapabilitiesException", "[CAPABILITY_IAM]"),
        (
            "create_stack",
            {"TemplateBody": ROLE.replace("Assume", "RoleName: a, Assume"), "Capabilities": ["CAPABILITY_IAM"]},
            "InsufficientCapabilitiesException",
            "Requires capabilities : [CAPABILITY_NAMED_IAM]",
        ),
        (
            "create_stack",
            {"TemplateBody": "Transform: AWS::Serverless-2016-10-31\n" + QUEUE},
            "InsufficientCapabilitiesException",
            "Requires capabilities : [CAPABILITY_AUTO_EXPAND]",
        ),
        (
            "create_stack",
            {"TemplateBody": QUEUE, "Parameters": [{"ParameterKey": "No", "ParameterValue": "1"}]},
            "ValidationError",
            "Parameters: [No] do not exist in the template",
        ),
        ("create_stack", {"TemplateBody": QUEUE + " " * 51_200}, "ValidationError", "less than or equal to 51200"),
        ("create_stack", {"TemplateURL": "https://s3.amazonaws.com/none/t"}, "ValidationError", "S3 error: "),
        ("create_stack", {"TemplateURL": "ftp://none/t"}, "ValidationError", "TemplateURL must be a supported URL."),
        ("create_stack", {"TemplateURL": "http://["}, "ValidationError", "TemplateURL must be a supported URL."),
        ("create_stack", {"TemplateBody": HOSTILE % ("a" * 40 + "b")}, "ValidationError", "AllowedPattern '(a+)+$'"),
        ("update_stack", {"TemplateBody": QUEUE}, "ValidationError", "Stack with id wrong does not exist"),
        ("list_stack_resources", {}, "ValidationError", "Stack with id wrong does not exist"),
        ("describe_stack_events", {}, "ValidationError", "Stack [wrong] does not exist"),
        ("get_template", {}, "ValidationError", "Stack with id wrong does not exist"),
        ("signal_resource", SIGNAL, "NotImplemented", "SignalResource of CloudFormation is not served"),
    ],
)
def test_a_request_that_cannot_be_is_refused_in_the_words_of_aws(
    stacks: Stacks, operation: str, members: dict[str, Any], code: str, text: str
) -> None:
    status, found, said = stacks.refused(operation, StackName="wrong", **members)
    assert (status, found) == (501 if code == "NotImplemented" else 400, code)
    assert text in said


@pytest.mark.parametrize(
    "code",
    [
        "/etc",
        "{S3Bucket: lambda-emu.local, S3Key: /etc}",
        "{Placed: {sha256: 0, size: 1}}",
        "{ZipFile: [1]}",
    ],
)
def test_a_request_names_no_file_of_this_machine(stacks: Stacks, code: str) -> None:
    function = "Type: AWS::Lambda::Function, Properties: {Runtime: python3.11, Handler: a.b, Role: %s, Code: %s}"
    template = f"Resources: {{Hello: {{{function % (stacks.lam.role, code)}}}}}"
    if "Placed" in code:
        said = stacks.refused("create_stack", StackName="local", TemplateBody=template)
        assert said[2] == "Encountered unsupported property Placed"
        return
    stacks.client.create_stack(StackName="local", TemplateBody=template)
    stacks.becomes("local", "ROLLBACK_COMPLETE")
    assert ("Hello", "CREATE_FAILED") in stacks.events("local")
    stacks.delete("local")


@pytest.mark.parametrize(
    ("resource", "text"),
    [
        ("AWS::Serverless::Function, Properties: {CodeUri: /etc, Handler: a.b, Runtime: python3.11", "CodeUri"),
        ("AWS::Serverless::StateMachine, Properties: {DefinitionUri: /etc/passwd", "DefinitionUri"),
    ],
)
def test_a_template_of_sam_names_no_file_of_this_machine(stacks: Stacks, resource: str, text: str) -> None:
    template = f"Transform: AWS::Serverless-2016-10-31\nResources: {{Hello: {{Type: {resource}}}}}}}"
    capabilities = ["CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM"]
    said = stacks.refused("create_stack", StackName="local", TemplateBody=template, Capabilities=capabilities)
    start = "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification document. "
    assert said[2].startswith(f"{start}Number of errors found: 1. Resource with id [Hello] is invalid. ")
    assert text in said[2]


def test_a_name_is_there_once_and_a_protected_stack_stays(stacks: Stacks) -> None:
    made = stacks.create("once", QUEUE, EnableTerminationProtection=True, ClientRequestToken="first")

    again = stacks.client.create_stack(StackName="once", TemplateBody=QUEUE, ClientRequestToken="first")
    assert again["StackId"] == made["StackId"]
    assert stacks.refused("create_stack", StackName="once", TemplateBody=QUEUE) == (
        400,
        "AlreadyExistsException",
        "Stack [once] already exists",
    )
    assert stacks.refused("create_stack", StackName="1st", TemplateBody=QUEUE)[2] == (
        "1 validation error detected: Value '1st' at 'stackName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
    )
    assert stacks.refused("delete_stack", StackName="once")[2] == (
        "Stack [once] cannot be deleted while TerminationProtection is enabled"
    )
    stacks.client.update_termination_protection(StackName="once", EnableTerminationProtection=False)
    stacks.delete("once")
    stacks.client.delete_stack(StackName="once")  # it is gone already


def test_what_cannot_be_made_is_rolled_back(stacks: Stacks) -> None:
    made = stacks.client.create_stack(StackName="broken", TemplateBody=BROKEN)
    stacks.becomes("broken", "ROLLBACK_COMPLETE")
    events = stacks.events("broken")
    assert ("Broken", "CREATE_FAILED") in events
    assert events[-1] == ("broken", "ROLLBACK_COMPLETE")
    assert not stacks.sdk("sqs").list_queues(QueueNamePrefix="broken").get("QueueUrls")
    assert stacks.refused("update_stack", StackName="broken", TemplateBody=QUEUE)[2] == (
        f"Stack:{made['StackId']} is in ROLLBACK_COMPLETE state and can not be updated."
    )
    stacks.delete("broken")

    stacks.create("broken", QUEUE)
    stacks.client.update_stack(StackName="broken", TemplateBody=BROKEN)
    stacks.becomes("broken", "UPDATE_ROLLBACK_COMPLETE")
    assert list(stacks.resources("broken")) == ["Jobs"]
    assert stacks.client.get_template(StackName="broken")["TemplateBody"] == QUEUE
    stacks.delete("broken")


def test_what_failed_stays_where_that_is_asked_for_and_can_be_changed_again(stacks: Stacks) -> None:
    stacks.client.create_stack(StackName="kept", TemplateBody=BROKEN, DisableRollback=True)
    stacks.becomes("kept", "CREATE_FAILED")
    assert stacks.resources("kept")["Jobs"]["ResourceStatus"] == "CREATE_COMPLETE"

    assert stacks.one("kept")["DisableRollback"] is True

    whole = BROKEN.replace("99999999", "10")
    assert stacks.refused("update_stack", StackName="kept", TemplateBody=whole)[2].startswith(
        "This stack is currently in a non-terminal [CREATE_FAILED] state."
    )
    stacks.update("kept", whole, DisableRollback=True)
    assert {one["ResourceStatus"] for one in stacks.resources("kept").values()} == {"CREATE_COMPLETE"}
    stacks.delete("kept")

    made = stacks.client.create_stack(StackName="kept", TemplateBody=BROKEN, OnFailure="DELETE")
    stacks.becomes(made["StackId"], "DELETE_COMPLETE")


def test_a_stack_that_was_worked_on_when_the_server_ended_is_told_as_failed(tmp_path: Any) -> None:
    from msgspec.structs import replace

    with own_emulator(tmp_path, "process", stems=0) as lam:
        stacks = Stacks(lam)
        stacks.create("begun", QUEUE)
        store, scope = lam.emulator.store, lam.emulator.scope
        record = store.stacks.get(scope, "begun")
        assert record is not None
        busy = replace(record, status="UPDATE_IN_PROGRESS")
        store.write(lambda transaction: transaction.put(store.stacks, scope, busy.key, busy))

    with own_emulator(tmp_path, "process", stems=0) as lam:
        stacks = Stacks(lam)
        stack = stacks.one("begun")
        assert (stack["StackStatus"], stack["StackStatusReason"]) == (
            "UPDATE_FAILED",
            "lambda-emu ended while this stack was worked on",
        )
        stacks.update("begun", QUEUE, DisableRollback=True)  # the same once more
        stacks.delete("begun")
