"""What a stack's resources and topics get of it: its tags, and each of its events. docs/cloudformation.md."""

from __future__ import annotations

import json
from typing import Any

import pytest
from stack_rig import Stacks, stacks
from waiting import eventually

__all__ = ["stacks"]

TEMPLATE = """
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: tagged, Tags: [{Key: own, Value: jobs}]}}
  Store:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Bucket: {Type: AWS::S3::Bucket}
  Key: {Type: AWS::KMS::Key}
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: tagged, ProtocolType: HTTP}}
  Rest: {Type: AWS::ApiGateway::RestApi, Properties: {Name: tagged}}
  Hello:
    Type: AWS::Lambda::Function
    Properties: {Role: %s, Runtime: python3.11, Handler: index.handler, Code: {ZipFile: 'def handler(*_): pass'}}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      {ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, MetricName: m, Namespace: n, Period: 60,
       Statistic: Sum, Threshold: 1}
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties: {RoleArn: %s, DefinitionString: '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'}
"""
QUEUE = "Parameters: {Secret: {Type: String, NoEcho: true}}\nResources: {Jobs: {Type: AWS::SQS::Queue%s}}"
TEAM = [{"Key": "team", "Value": "a"}, {"Key": "own", "Value": "stack"}]


def tags(stacks: Stacks, name: str) -> dict[str, Any]:
    """Of a queue, a table, a bucket and a function of the stack."""
    ids = {key: one["PhysicalResourceId"] for key, one in stacks.resources(name).items()}
    table = stacks.sdk("dynamodb").describe_table(TableName=ids["Store"])["Table"]["TableArn"]
    function = stacks.lam.client.get_function(FunctionName=ids["Hello"])
    of_table = stacks.sdk("dynamodb").list_tags_of_resource(ResourceArn=table)["Tags"]
    of_bucket = stacks.sdk("s3").get_bucket_tagging(Bucket=ids["Bucket"])["TagSet"]
    return {
        "Jobs": stacks.sdk("sqs").list_queue_tags(QueueUrl=ids["Jobs"])["Tags"],
        "Store": {one["Key"]: one["Value"] for one in of_table},
        "Bucket": {one["Key"]: one["Value"] for one in of_bucket},
        "Hello": function["Tags"],
        "Api": stacks.sdk("apigatewayv2").get_api(ApiId=ids["Api"])["Tags"],
        "Rest": stacks.sdk("apigateway").get_rest_api(restApiId=ids["Rest"])["tags"],
    }


def test_resources_get_the_tags_of_their_stack_where_they_have_none_of_that_name(stacks: Stacks) -> None:
    template = TEMPLATE % (stacks.lam.role, stacks.lam.role)
    stacks.create("tagged", template, Tags=TEAM)
    of_stack = {"team": "a", "own": "stack"}
    assert tags(stacks, "tagged") == {
        **dict.fromkeys(["Store", "Bucket", "Hello", "Api", "Rest"], of_stack),
        "Jobs": {"team": "a", "own": "jobs"},
    }

    stacks.update("tagged", template, Tags=[{"Key": "team", "Value": "b"}])
    changed = tags(stacks, "tagged")
    assert (changed["Jobs"], changed["Hello"]) == ({"team": "b", "own": "jobs"}, {"team": "b"})
    assert (changed["Store"], changed["Bucket"]) == ({"team": "b"}, {"team": "b"})
    stacks.delete("tagged")


@pytest.fixture
def mail(stacks: Stacks) -> tuple[str, str]:
    """A topic, and the queue that gets what it is told."""
    sns, sqs = stacks.sdk("sns"), stacks.sdk("sqs")
    topic = sns.create_topic(Name="told")["TopicArn"]
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic, queue


def test_a_stacks_topics_are_told_of_each_event(stacks: Stacks, mail: tuple[str, str]) -> None:
    topic, queue = mail
    lost = f"{topic}-of-nobody"
    made = stacks.client.create_stack(
        StackName="news",
        TemplateBody=QUEUE % ", Properties: {Tags: [{Key: of, Value: !Ref Secret}]}",
        Parameters=[{"ParameterKey": "Secret", "ParameterValue": "hush"}],
        NotificationARNs=[topic, lost],
        ClientRequestToken="token",
    )
    stacks.becomes("news", "CREATE_COMPLETE")
    told: list[dict[str, str]] = []

    def arrives(count: int) -> bool:
        found = stacks.sdk("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        for one in found:
            body = json.loads(one["Body"])
            assert body["Subject"] == "AWS CloudFormation Notification"
            lines = body["Message"].splitlines()
            told.append({name: value[1:-1] for name, _, value in (line.partition("=") for line in lines)})
            stacks.sdk("sqs").delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
        return len(told) >= count

    eventually(lambda: arrives(5), "each event", 30)
    events = stacks.client.describe_stack_events(StackName="news")["StackEvents"]
    assert sorted(one["EventId"] for one in told) == sorted(one["EventId"] for one in events)
    (first,) = [one for one in told if one["ResourceStatusReason"] == "User Initiated"]
    assert (first["StackId"], first["ResourceType"], first["ResourceStatus"]) == (
        made["StackId"],
        "AWS::CloudFormation::Stack",
        "CREATE_IN_PROGRESS",
    )
    assert (first["Namespace"], first["ResourceProperties"]) == ("000000000000", "null")
    assert {one["ClientRequestToken"] for one in told} == {"token"}
    assert "hush" not in str(told)
    stacks.delete("news")
    eventually(lambda: arrives(9), "what becomes of it", 30)
    assert "DELETE_COMPLETE" in [one["ResourceStatus"] for one in told]
