"""What public templates are made of, in small ones of our own: made whole, or told why not. docs/cloudformation.md."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import urlopen

import pytest
from stack_rig import Stacks, stacks
from waiting import eventually

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


def reasons(stacks: Stacks, name: str) -> str:
    """All that its events say of why."""
    events = stacks.client.describe_stack_events(StackName=name)["StackEvents"]
    return "\n".join(one.get("ResourceStatusReason", "") for one in events)


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

    assert said in reasons(stacks, name)


def test_what_is_not_there_is_told_in_the_words_of_its_service(stacks: Stacks) -> None:
    topic = "arn:aws:sns:us-east-1:000000000000:nowhere"
    properties = f"{{TopicArn: '{topic}', Protocol: sqs, Endpoint: 'arn:aws:sqs:us-east-1:000000000000:jobs'}}"
    template = f"Resources: {{Told: {{Type: AWS::SNS::Subscription, Properties: {properties}}}}}"

    stacks.client.create_stack(StackName="nowhere", TemplateBody=template)
    stacks.becomes("nowhere", "ROLLBACK_COMPLETE")

    assert "Subscribe: NotFound: Topic does not exist" in reasons(stacks, "nowhere")


UNSERVED = """
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Part:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Net, CidrBlock: !Select [1, !Cidr [!GetAtt Net.CidrBlock, 4, 8]]}
  Wall: {Type: AWS::WAFv2::WebACL, Properties: {Scope: REGIONAL}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: walls
          PolicyDocument: {Statement: [{Effect: Allow, Action: "wafv2:*", Resource: !GetAtt Wall.Arn}]}
Outputs:
  Wall: {Value: !GetAtt Wall.Arn}
  Block: {Value: !GetAtt Part.CidrBlock}
"""


def test_what_nobody_serves_has_values_that_others_can_be_made_with(stacks: Stacks) -> None:
    stacks.create("unserved", UNSERVED, Capabilities=ALL)

    wall = stacks.resources("unserved")["Wall"]["PhysicalResourceId"]
    assert stacks.outputs("unserved") == {
        "Wall": f"arn:aws:wafv2:us-east-1:000000000000:web-acl/{wall}",
        "Block": "10.0.1.0/24",
    }
    stacks.delete("unserved")


EXTENDED = """
Transform: AWS::LanguageExtensions
Parameters: {Stage: {Type: String, Default: prod}}
Mappings:
  Names: {prod: {Queues: [One, Two]}, dev: {Queues: [One]}}
  Ends: {prod: {Policy: Retain}, dev: {Policy: Delete}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsNothing: !Equals [!Ref AWS::NoValue, prod]
Resources:
  Fn::ForEach::Queues:
    - Name
    - !FindInMap [Names, !Ref Stage, Queues]
    - "Queue${Name}":
        Type: AWS::SQS::Queue
        DeletionPolicy: !FindInMap [Ends, !Ref Stage, Policy]
        Properties: {Tags: [{Key: name, Value: !Ref Name}]}
  Other:
    Type: AWS::SQS::Queue
    Condition: IsNothing
  Topic:
    Type: AWS::SNS::Topic
    DeletionPolicy: !If [IsProd, Delete, Retain]
    Properties: {DisplayName: !GetAtt [!Sub "Queue${First}", QueueName]}
Outputs:
  Fn::ForEach::Names:
    - Name
    - [One]
    - "Arn${Name}": {Value: !GetAtt [!Sub "Queue${Name}", Arn]}
"""


def test_functions_stand_where_the_language_s_extensions_let_them(stacks: Stacks) -> None:
    template = EXTENDED.replace("${First}", "One")
    stacks.create("extended", template, Capabilities=ALL)

    queues = {name: one["PhysicalResourceId"] for name, one in stacks.resources("extended").items() if "Queue" in name}
    assert sorted(queues) == ["QueueOne", "QueueTwo"]
    assert stacks.outputs("extended")["ArnOne"].endswith(queues["QueueOne"].rpartition("/")[2])
    topic = stacks.resources("extended")["Topic"]["PhysicalResourceId"]
    stacks.delete("extended")
    sqs = stacks.sdk("sqs")
    assert all(sqs.get_queue_attributes(QueueUrl=one, AttributeNames=["QueueArn"]) for one in queues.values())
    assert topic not in {one["TopicArn"] for one in stacks.sdk("sns").list_topics()["Topics"]}


def test_a_stack_is_given_outputs_of_another_that_it_does_not_export(stacks: Stacks) -> None:
    asked = "Fn::GetStackOutput: {StackName: giving, OutputName: Word}"
    taking = f"Resources: {{Topic: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: {{{asked}}}}}}}}}"
    giving = "Resources: {Jobs: {Type: AWS::SQS::Queue}}\nOutputs: {Word: {Value: %s}}"
    stacks.client.create_stack(StackName="early", TemplateBody=taking)
    stacks.becomes("early", "ROLLBACK_COMPLETE")
    assert "Fn::GetStackOutput: Stack with id giving does not exist" in reasons(stacks, "early")
    stacks.create("giving", giving % "old")

    stacks.create("taking", taking)
    stacks.update("giving", giving % "new")  # nothing holds it back

    topic = stacks.resources("taking")["Topic"]["PhysicalResourceId"]
    told = stacks.sdk("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    assert told["DisplayName"] == "old"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (
            "Parameters: {Stage: {Type: String, Default: dev}}\n"
            "Rules: {Only: {Assertions: [{Assert: !Contains [[prod], !Ref Stage], AssertDescription: only prod}]}}\n"
            "Resources: {Jobs: {Type: AWS::SQS::Queue}}",
            "Template error: Rules.Only.Assertions[0]: only prod",
        ),
        (
            "Resources: {Jobs: {Type: AWS::SQS::Queue, DeletionPolicy: [Retain]}}",
            "Template error: Resources.Jobs.DeletionPolicy: every DeletionPolicy member must be a string",
        ),
        (
            "Resources: {Jobs: {Type: AWS::SQS::Queue, DeletionPolicy: Rettain}}",
            "Template format error: Unrecognized DeletionPolicy Rettain for resource Jobs",
        ),
        (
            "Resources: {Jobs: {Type: AWS::SQS::Queue, UpdateReplacePolicy: RetainExceptOnCreate}}",
            "Template format error: Unrecognized UpdateReplacePolicy RetainExceptOnCreate for resource Jobs",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(stacks: Stacks, template: str, said: str) -> None:
    assert stacks.refused("create_stack", StackName="never", TemplateBody=template) == (400, "ValidationError", said)


LED_ON = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      AutoPublishAlias: live
      Definition: {StartAt: A, States: {A: {Type: Pass, End: true}}}
      Events: {Shop: {Type: EventBridgeRule, Properties: {Pattern: {source: [shop]}}}}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [shop]}
      Targets:
        - {Id: logs, Arn: !GetAtt Jobs.Arn}
        - {Id: api, Arn: !Sub "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:abcdefghij/Prod/GET/pets"}
  Jobs: {Type: AWS::SQS::Queue}
Outputs:
  Machine: {Value: !Ref Machine}
  Rule: {Value: !Ref Rule}
"""


def test_events_lead_to_an_alias_of_a_state_machine_and_past_what_nobody_serves(stacks: Stacks) -> None:
    stacks.create("led", LED_ON, Capabilities=ALL)
    outputs, events, states = stacks.outputs("led"), stacks.sdk("events"), stacks.sdk("stepfunctions")
    assert [one["Id"] for one in events.list_targets_by_rule(Rule=outputs["Rule"])["Targets"]] == ["logs"]

    events.put_events(Entries=[{"Source": "shop", "DetailType": "sold", "Detail": "{}"}])

    eventually(lambda: states.list_executions(stateMachineArn=outputs["Machine"])["executions"], "an execution")
    stacks.delete("led")


def test_an_api_whose_document_is_no_mapping_is_not_made_empty(stacks: Stacks) -> None:
    template = "Resources: {Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: pets, Body: [1]}}}"
    stacks.client.create_stack(StackName="no-document", TemplateBody=template)
    stacks.becomes("no-document", "ROLLBACK_COMPLETE")
    assert "Body must be a mapping, as a document of OpenAPI is" in reasons(stacks, "no-document")


def test_code_that_is_no_mapping_is_told_so(stacks: Stacks) -> None:
    properties = (
        "{Runtime: python3.12, Handler: a.b, Role: 'arn:aws:iam::000000000000:role/a', Code: 's3://code/a.zip'}"
    )
    template = f"Resources: {{Hello: {{Type: AWS::Lambda::Function, Properties: {properties}}}}}"
    stacks.client.create_stack(StackName="no-mapping", TemplateBody=template)
    stacks.becomes("no-mapping", "ROLLBACK_COMPLETE")
    assert "Code must be a mapping" in reasons(stacks, "no-mapping")
