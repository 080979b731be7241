"""A template with each type of event that is served, and what functions live among. docs/sam.md#types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest
from boto_rig import client_at
from own import OwnLam, own_emulator
from project_events_rig import heard
from waiting import Eventually

HEAR = """
import json, os
def handler(event, context):
    print("HEARD", json.dumps([event, dict(os.environ)]))
    return {"statusCode": 200, "body": os.environ["TABLE"]}
"""
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: python3.11, Handler: app.handler, CodeUri: src}}
Resources:
  Hear:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: hear
      AutoPublishAlias: live
      ReservedConcurrentExecutions: 70
      Layers: [!Ref Words]
      Environment: {Variables: {TABLE: !Ref Items, QUEUE: !Ref Jobs, SECRET: !Ref Secret, LEVEL: !GetAtt Level.Value}}
      EventInvokeConfig: {MaximumRetryAttempts: 1}
      FunctionUrlConfig: {AuthType: NONE}
      Policies: [{DynamoDBCrudPolicy: {TableName: !Ref Items}}, AWSLambda_ReadOnlyAccess]
      Events:
        Queue: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: 2}}
        Topic: {Type: SNS, Properties: {Topic: !Ref News, FilterPolicy: {kind: [new]}}}
        Bucket: {Type: S3, Properties: {Bucket: !Ref Photos, Events: 's3:ObjectCreated:*'}}
        Changes: {Type: DynamoDB, Properties: {Stream: !GetAtt Items.StreamArn, StartingPosition: TRIM_HORIZON}}
        Stream: {Type: Kinesis, Properties: {Stream: !GetAtt Clicks.Arn, StartingPosition: TRIM_HORIZON}}
        Rule: {Type: EventBridgeRule, Properties: {Pattern: {source: [shop]}}}
        Rate: {Type: Schedule, Properties: {Schedule: rate(1 hour), Input: '{"by": "rule"}'}}
        Timer: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 hour), Input: '{"by": "scheduler"}'}}
        Lines: {Type: CloudWatchLogs, Properties: {LogGroupName: !Ref Group, FilterPattern: loud}}
  Words: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer}}
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: '20'
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 2}
  Dead: {Type: AWS::SQS::Queue}
  News: {Type: AWS::SNS::Topic}
  Photos: {Type: AWS::S3::Bucket}
  Items:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Clicks: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
  Group: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 7}}
  Level: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: high}}
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {GenerateSecretString: {PasswordLength: 12}}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {StartAt: A, States: {A: {Type: Task, Resource: '${Hear}', End: true}}}
      DefinitionSubstitutions: {Hear: !GetAtt Hear.Arn}
      Policies: [{LambdaInvokePolicy: {FunctionName: !Ref Hear}}]
Outputs:
  Machine: {Value: !Ref Machine}
  Jobs: {Value: !Ref Jobs}
  Url: {Value: !GetAtt HearUrl.FunctionUrl}
  Photos: {Value: !Ref Photos}
  Items: {Value: !Ref Items}
  News: {Value: !Ref News}
  Clicks: {Value: !Ref Clicks}
  Group: {Value: !Ref Group}
"""


class Account:
    def __init__(self, lam: OwnLam) -> None:
        self.lam = lam
        self.outputs = dict(lam.emulator.addresses)

    def client(self, service: str) -> Any:
        return client_at(self.lam.url, service)

    def heard(self, eventually: Eventually, text: str) -> Any:
        """With the variables of the function."""
        return heard(self.lam, eventually, text)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("stack")
    for name, text in (("src/app.py", HEAR), ("layer/words.txt", "hi"), ("template.yaml", TEMPLATE)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    with own_emulator(folder, "process", stems=0) as lam:
        yield Account(lam)


def test_each_event_of_a_template_has_the_function_run(account: Account, eventually: Eventually) -> None:
    told = account.outputs
    account.client("sqs").send_message(QueueUrl=told["Jobs"], MessageBody="by queue")
    account.client("sns").publish(
        TopicArn=told["News"],
        Message="by topic",
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "new"}},
    )
    account.client("s3").put_object(Bucket=told["Photos"], Key="by-bucket.jpg", Body=b"x")
    account.client("dynamodb").put_item(TableName=told["Items"], Item={"id": {"S": "by change"}})
    account.client("kinesis").put_record(StreamName=told["Clicks"], Data=b"by stream", PartitionKey="by partition")
    account.client("events").put_events(Entries=[{"Source": "shop", "DetailType": "by event", "Detail": "{}"}])
    logs = account.client("logs")
    logs.create_log_stream(logGroupName=told["Group"], logStreamName="s")
    at_ms = int(account.lam.emulator.work_clock.now_s() * 1000)
    event = {"timestamp": at_ms, "message": "a loud line"}
    logs.put_log_events(logGroupName=told["Group"], logStreamName="s", logEvents=[event])
    with urlopen(f"{told['Url']}by-url", timeout=30) as answer:
        assert answer.read().decode() == told["Items"]

    for text in ("by queue", "by topic", "by-bucket.jpg", "by change", "by partition", "by event", "awslogs", "by-url"):
        account.heard(eventually, text)
    _, variables = account.heard(eventually, "by queue")
    assert variables["QUEUE"].endswith(
        told["Jobs"].partition("000000000000")[2]
    )  # by an address that is reached inside
    assert (variables["LEVEL"], variables["AWS_LAMBDA_FUNCTION_VERSION"]) == ("high", "1")


def test_schedules_of_a_template_are_there(account: Account) -> None:
    assert account.client("scheduler").list_schedules()["Schedules"][0]["State"] == "ENABLED"
    rules = account.client("events").list_rules()["Rules"]
    assert sorted(rule.get("ScheduleExpression", "") for rule in rules) == ["", "rate(1 hour)"]


def test_a_state_machine_of_a_template_runs_its_function(account: Account, eventually: Eventually) -> None:
    states = account.client("stepfunctions")
    begun = states.start_execution(stateMachineArn=account.outputs["Machine"], input='{"by": "machine"}')

    def ended() -> Any:
        told = states.describe_execution(executionArn=begun["executionArn"])
        return told if told["status"] != "RUNNING" else None

    assert eventually(ended, "the end of the execution")["status"] == "SUCCEEDED"
    account.heard(eventually, '"by": "machine"')


def test_what_hangs_on_a_function_is_there(account: Account) -> None:
    client = account.lam.client
    function = client.get_function(FunctionName="hear")

    assert function["Concurrency"]["ReservedConcurrentExecutions"] == 70
    assert len(function["Configuration"]["Layers"]) == 1
    assert client.get_alias(FunctionName="hear", Name="live")["FunctionVersion"] == "1"
    config = client.get_function_event_invoke_config(FunctionName="hear", Qualifier="live")
    assert config["MaximumRetryAttempts"] == 1
    role = function["Configuration"]["Role"].rpartition("/")[2]
    iam = account.client("iam")
    assert len(iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]) >= 2
    assert len(iam.list_role_policies(RoleName=role)["PolicyNames"]) == 1
    queue = account.client("sqs").get_queue_attributes(QueueUrl=account.outputs["Jobs"], AttributeNames=["All"])
    assert queue["Attributes"]["VisibilityTimeout"] == "20"


def test_a_reset_makes_all_of_it_again(account: Account) -> None:
    account.client("s3").put_object(Bucket=account.outputs["Photos"], Key="gone", Body=b"x")

    account.lam.emulator.reset()

    found = account.client("s3").list_objects_v2(Bucket=dict(account.lam.emulator.addresses)["Photos"])
    assert found["KeyCount"] == 0
    assert account.lam.client.get_alias(FunctionName="hear", Name="live")["FunctionVersion"] == "1"
