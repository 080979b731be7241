"""What public templates are made of, in small ones of our own: made whole, or told why not. docs/cloudformation.md."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import urlopen

import pytest
from stack_rig import Stacks, stacks

__all__ = ["stacks"]

ALL = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
DEFINITION = """
StartAt: Say
States:
  Say: {Type: Pass, Result: {Word: "${Word}"}, End: true}
"""
PETS = {
    "openapi": "3.0.1",
    "info": {"title": "pets", "version": "1"},
    "paths": {
        "/pets": {
            "get": {
                "responses": {"200": {"description": "all"}},
                "x-amazon-apigateway-integration": {
                    "type": "mock",
                    "requestTemplates": {"application/json": '{"statusCode": 200}'},
                    "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": "[1]"}}},
                },
            }
        }
    },
}
PACKAGED = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: s3://packaged/machine.asl.yaml
      DefinitionSubstitutions: {Word: hello}
  Pets:
    Type: AWS::Serverless::Api
    Properties: {StageName: v1, DefinitionUri: s3://packaged/pets.json}
  Toys:
    Type: AWS::ApiGatewayV2::Api
    Properties: {BodyS3Location: {Bucket: packaged, Key: toys.json}}
Outputs:
  Machine: {Value: !Ref Machine}
  Pets: {Value: !Sub "https://${Pets}.execute-api.${AWS::Region}.amazonaws.com/v1/pets"}
  Toys: {Value: !Ref Toys}
"""


def put(stacks: Stacks, bucket: str, **objects: Any) -> None:
    s3 = stacks.sdk("s3")
    s3.create_bucket(Bucket=bucket)
    for name, said in objects.items():
        s3.put_object(Bucket=bucket, Key=name, Body=said if isinstance(said, str) else json.dumps(said))


def test_definitions_are_read_from_where_package_puts_them(stacks: Stacks) -> None:
    routes = {"openapi": "3.0.1", "info": {"title": "toys"}, "paths": {"/toys": {"get": {"responses": {}}}}}
    put(stacks, "packaged", **{"machine.asl.yaml": DEFINITION, "pets.json": PETS, "toys.json": routes})

    stacks.create("packaged", PACKAGED, Capabilities=ALL)

    outputs = stacks.outputs("packaged")
    told = stacks.sdk("stepfunctions").describe_state_machine(stateMachineArn=outputs["Machine"])["definition"]
    assert json.loads(told)["States"]["Say"]["Result"] == {"Word": "hello"}
    with urlopen(outputs["Pets"]) as answer:
        assert answer.read() == b"[1]"
    found = stacks.sdk("apigatewayv2").get_routes(ApiId=outputs["Toys"])["Items"]
    assert [one["RouteKey"] for one in found] == ["GET /toys"]
    stacks.delete("packaged")


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("{Bucket: nowhere, Key: x}", "GetObject: NoSuchBucket: The specified bucket does not exist"),
        ("{Bucket: packaged}", "DefinitionS3Location must be a mapping with Bucket and Key"),
        ("{Bucket: packaged, Key: torn}", "DefinitionS3Location:1: not YAML"),
    ],
)
def test_a_definition_that_cannot_be_read_is_told(stacks: Stacks, location: str, said: str) -> None:
    put(stacks, "packaged", torn="{a: [")
    template = f"""
Resources:
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties: {{RoleArn: "arn:aws:iam::000000000000:role/any", DefinitionS3Location: {location}}}
"""
    name = f"torn-{abs(hash(location))}"
    stacks.client.create_stack(StackName=name, TemplateBody=template)
    stacks.becomes(name, "ROLLBACK_COMPLETE")

    events = stacks.client.describe_stack_events(StackName=name)["StackEvents"]
    assert [one for one in events if said in one.get("ResourceStatusReason", "")]


def test_what_is_not_there_is_told_in_the_words_of_its_service(stacks: Stacks) -> None:
    topic = "arn:aws:sns:us-east-1:000000000000:nowhere"
    properties = f"{{TopicArn: '{topic}', Protocol: sqs, Endpoint: 'arn:aws:sqs:us-east-1:000000000000:jobs'}}"
    template = f"Resources: {{Told: {{Type: AWS::SNS::Subscription, Properties: {properties}}}}}"

    stacks.client.create_stack(StackName="nowhere", TemplateBody=template)
    stacks.becomes("nowhere", "ROLLBACK_COMPLETE")

    events = stacks.client.describe_stack_events(StackName="nowhere")["StackEvents"]
    told = [one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == "CREATE_FAILED"]
    assert told[0].startswith("Subscribe: NotFound: Topic does not exist")
