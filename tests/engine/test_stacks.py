"""Stacks are made, told of, changed and removed by CloudFormation's API. docs/cloudformation.md."""

from __future__ import annotations

import json

from stack_rig import Stacks, stacks

__all__ = ["stacks"]

TEMPLATE = """
Description: A function and its queue
Parameters:
  Greeting: {Type: String, Default: Hello}
  Secret: {Type: String, Default: hush, NoEcho: true}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
  Jobs: {Type: AWS::SQS::Queue}
  Hello:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Environment:
        Variables:
          GREETING: !Ref Greeting
          STACK: !Ref AWS::StackName
          KEY: !Ref Secret
          LONG: !Sub "a ${Secret} word"
      Code:
        ZipFile: |
          import os
          def handler(event, context):
              return f"{os.environ['GREETING']}, {event['name']}, from {os.environ['STACK']}"
Outputs:
  Function: {Value: !Ref Hello, Description: Its name}
  Queue: {Value: !GetAtt Jobs.Arn, Export: {Name: !Sub "${AWS::StackName}-queue"}}
"""
IAM = ["CAPABILITY_IAM"]


def test_a_stack_is_made_told_of_and_removed(stacks: Stacks) -> None:
    made = stacks.client.create_stack(
        StackName="hello",
        TemplateBody=TEMPLATE,
        Capabilities=IAM,
        Parameters=[{"ParameterKey": "Greeting", "ParameterValue": "Good morning"}],
        Tags=[{"Key": "team", "Value": "a"}],
    )
    stacks.wait("stack_exists", "hello")
    stacks.wait("stack_create_complete", "hello")

    stack = stacks.one("hello")
    assert stack["StackId"] == made["StackId"]
    assert (stack["StackStatus"], stack["Description"]) == ("CREATE_COMPLETE", "A function and its queue")
    assert {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]} == {
        "Greeting": "Good morning",
        "Secret": "****",
    }
    assert (stack["Tags"], stack["Capabilities"]) == ([{"Key": "team", "Value": "a"}], IAM)
    exported = {one["OutputKey"]: one.get("ExportName") for one in stack["Outputs"]}
    assert exported == {"Function": None, "Queue": "hello-queue"}
    function = stacks.outputs("hello")["Function"]
    answer = stacks.lam.client.invoke(FunctionName=function, Payload=json.dumps({"name": "Ada"}))
    assert json.loads(answer["Payload"].read()) == "Good morning, Ada, from hello"

    resources = stacks.resources("hello")
    assert {name: (one["ResourceType"], one["ResourceStatus"]) for name, one in resources.items()} == {
        "Hello": ("AWS::Lambda::Function", "CREATE_COMPLETE"),
        "Jobs": ("AWS::SQS::Queue", "CREATE_COMPLETE"),
        "Role": ("AWS::IAM::Role", "CREATE_COMPLETE"),
    }
    assert resources["Hello"]["PhysicalResourceId"] == function
    events = stacks.events("hello")
    assert (events[0], events[-1]) == (("hello", "CREATE_IN_PROGRESS"), ("hello", "CREATE_COMPLETE"))
    told = stacks.client.describe_stack_events(StackName="hello")["StackEvents"]
    (said,) = [one["ResourceProperties"] for one in told if "GREETING" in one.get("ResourceProperties", "")]
    variables = json.loads(said)["Environment"]["Variables"]
    assert (variables["GREETING"], variables["KEY"], variables["LONG"]) == ("Good morning", "****", "a **** word")
    assert events.index(("Role", "CREATE_COMPLETE")) < events.index(("Hello", "CREATE_IN_PROGRESS"))

    stacks.client.delete_stack(StackName="hello")
    stacks.wait("stack_delete_complete", "hello")
    assert stacks.refused("describe_stacks", StackName="hello") == (
        400,
        "ValidationError",
        "Stack with id hello does not exist",
    )
    assert stacks.one(made["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert not stacks.lam.client.list_functions()["Functions"]


def test_a_stack_is_changed_in_place(stacks: Stacks) -> None:
    stacks.create("changed", TEMPLATE, Capabilities=IAM)
    parameters = [{"ParameterKey": "Greeting", "ParameterValue": "Hi"}]

    stacks.update("changed", TEMPLATE, Capabilities=IAM, Parameters=parameters)

    assert stacks.one("changed")["LastUpdatedTime"] > stacks.one("changed")["CreationTime"]
    answer = stacks.lam.client.invoke(FunctionName=stacks.outputs("changed")["Function"], Payload='{"name": "Ada"}')
    assert json.loads(answer["Payload"].read()) == "Hi, Ada, from changed"
    same = {"StackName": "changed", "Capabilities": IAM, "Parameters": parameters}
    assert stacks.refused("update_stack", TemplateBody=TEMPLATE, **same) == (
        400,
        "ValidationError",
        "No updates are to be performed.",
    )
    stacks.delete("changed")
