"""Documents that lie in S3, as `package` leaves them there: what APIs and state machines are, and what is included.

docs/sam.md#types.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from sam_projects_rig import ask
from stack_rig import Stacks, stacks
from waiting import eventually

__all__ = ["stacks"]

MOCK = """
      responses: {'200': {description: all}}
      x-amazon-apigateway-integration:
        type: mock
        requestTemplates: {application/json: '{"statusCode": 200}'}
        responses: {default: {statusCode: '200', responseTemplates: {application/json: '["PET"]'}}}
"""
REST = f"openapi: 3.0.1\ninfo: {{title: pets, version: '1'}}\npaths:\n  /pets:\n    get:{MOCK}"
HTTP = json.dumps(
    {
        "openapi": "3.0.1",
        "info": {"title": "web", "version": "1"},
        "paths": {"/away": {"get": {"responses": {}}}},
        "tags": [{"name": "stored"}],
    }
)
MACHINE = """
StartAt: Wait
States:
  Wait: {Type: Wait, Seconds: ${Seconds}, Next: Say}
  Say: {Type: Pass, Result: {said: '${Word}'}, End: true}
"""
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Rest: {Type: AWS::Serverless::Api, Properties: {StageName: v1, DefinitionUri: s3://packaged/rest}}
  Http: {Type: AWS::Serverless::HttpApi, Properties: {DefinitionUri: s3://packaged/http}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: {Bucket: packaged, Key: machine, Version: !Ref Which}
      DefinitionSubstitutions: {Seconds: 0, Word: hello}
Parameters: {Which: {Type: String}}
Outputs:
  Rest: {Value: !Sub 'https://${Rest}.execute-api.${AWS::Region}.amazonaws.com/v1/'}
  Http: {Value: !Ref Http}
  Machine: {Value: !Ref Machine}
"""
INCLUDES = """
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 7
      Fn::Transform: {Name: AWS::Include, Parameters: {Location: WHERE}}
"""
CAPABLE = {"Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]}


@pytest.fixture(scope="module")
def packaged(stacks: Stacks) -> Any:
    """A bucket with versions, in which documents are put."""
    s3 = stacks.sdk("s3")
    s3.create_bucket(Bucket="packaged")
    s3.put_bucket_versioning(Bucket="packaged", VersioningConfiguration={"Status": "Enabled"})
    return s3


def put(s3: Any, key: str, text: str) -> str:
    """Its version."""
    return str(s3.put_object(Bucket="packaged", Key=key, Body=text.encode())["VersionId"])


def test_apis_and_machines_are_what_lies_in_s3(stacks: Stacks, packaged: Any) -> None:
    put(packaged, "rest", REST)
    put(packaged, "http", HTTP)
    first, second = put(packaged, "machine", MACHINE), put(packaged, "machine", MACHINE.replace("said", "told"))
    which = [{"ParameterKey": "Which", "ParameterValue": first}]

    stacks.create("packaged", TEMPLATE, Parameters=which, **CAPABLE)

    told = stacks.outputs("packaged")
    assert ask(f"{told['Rest']}pets") == (200, ["PET"])
    routes = stacks.sdk("apigatewayv2").get_routes(ApiId=told["Http"])["Items"]
    assert [one["RouteKey"] for one in routes] == ["GET /away"]
    assert result(stacks, told["Machine"]) == {"said": "hello"}

    which[0]["ParameterValue"] = second
    stacks.update("packaged", TEMPLATE, Parameters=which, **CAPABLE)

    assert result(stacks, told["Machine"]) == {"told": "hello"}
    stacks.delete("packaged")


def result(stacks: Stacks, machine: str) -> Any:
    states = stacks.sdk("stepfunctions")
    begun = states.start_execution(stateMachineArn=machine)["executionArn"]

    def ended() -> Any:
        return states.describe_execution(executionArn=begun).get("output")

    return json.loads(eventually(ended, "the output of the execution"))


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("{Bucket: packaged, Key: none}", "NoSuchKey: The specified key does not exist."),
        ("{Bucket: packaged, Key: broken}", "DefinitionS3Location:1: not YAML"),
    ],
)
def test_a_document_that_cannot_be_is_told_with_its_reason(
    stacks: Stacks, packaged: Any, location: str, said: str, name: str
) -> None:
    put(packaged, "broken", "{a: [")
    machine = (
        f"{{Type: AWS::StepFunctions::StateMachine, Properties: {{RoleArn: a, DefinitionS3Location: {location}}}}}"
    )

    stacks.client.create_stack(StackName=name, TemplateBody=f"Resources: {{Machine: {machine}}}")
    stacks.becomes(name, "ROLLBACK_COMPLETE")

    events = stacks.client.describe_stack_events(StackName=name)["StackEvents"]
    assert said in next(one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == "CREATE_FAILED")


def test_a_template_includes_what_lies_in_s3(stacks: Stacks, packaged: Any, name: str) -> None:
    put(packaged, "queue.yaml", "DelaySeconds: !Ref Delay\n")
    template = INCLUDES.replace("WHERE", "s3://packaged/queue.yaml") + "Parameters: {Delay: {Type: Number, Default: 4}}"

    stacks.create(name, template, **CAPABLE)

    queue = stacks.resources(name)["Jobs"]["PhysicalResourceId"]
    told = stacks.sdk("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert (told["DelaySeconds"], told["VisibilityTimeout"]) == ("4", "7")


def test_so_does_one_that_is_nested(stacks: Stacks, packaged: Any, name: str) -> None:
    put(packaged, "part.json", '{"DelaySeconds": 3}')
    outputs = "Outputs: {Url: {Value: !Ref Jobs}}"
    put(packaged, "within.yaml", INCLUDES.replace("WHERE", "s3://packaged/part.json") + outputs)
    within = (
        "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://packaged.s3.amazonaws.com/within.yaml}}"
    )

    stacks.create(name, f"Resources: {{Within: {within}}}\nOutputs: {{Url: {{Value: !GetAtt Within.Outputs.Url}}}}")

    found = stacks.sdk("sqs").get_queue_attributes(QueueUrl=stacks.outputs(name)["Url"], AttributeNames=["All"])
    assert found["Attributes"]["DelaySeconds"] == "3"


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("s3://packaged/none", "NoSuchKey"),
        ("s3://packaged", "s3://packaged names no object"),
        ("queue.yaml", "Location must be that of an object in S3: s3://bucket/key"),
        ("https://example.com/queue.yaml", "Location must be that of an object in S3: s3://bucket/key"),
        ("s3://packaged/large", "s3://packaged/large is larger than 262144 bytes"),
        ("s3://packaged/deep", "nested"),
    ],
)
def test_what_cannot_be_included_is_refused_at_once(stacks: Stacks, packaged: Any, location: str, said: str) -> None:
    put(packaged, "large", "a: " + "x" * 262_144)
    put(packaged, "deep", "[" * 5000)

    status, code, text = stacks.refused(
        "create_stack", StackName="n", TemplateBody=INCLUDES.replace("WHERE", location), **CAPABLE
    )

    assert (status, code) == (400, "ValidationError")
    assert text.startswith("Transform AWS::Include failed with: ")
    assert said in text
