"""What types of a template do for one another when they are used: events go where it says, by the rights it gives.

One template, served strictly and with `iam: enforce`: each of its properties has an effect, and nobody may do more than
it says. docs/sam.md#types.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from iam_rig import ACCOUNT, SECRET, Party
from own import OwnLam, own_emulator
from waiting import Eventually

TELL = """
import json, os, boto3
import words
def handler(event, context):
    if event.get("fail"):
        raise ValueError("told to")
    told = json.dumps({"by": os.environ["AS"], "word": words.WORD, "event": event})
    boto3.client("sqs").send_message(QueueUrl=os.environ["INBOX"], MessageBody=told)
"""
ITEMS = """
import os, boto3
def handler(event, context):
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    try:
        getattr(table, event["do"])(**event["with"])
    except Exception as error:
        return str(error).partition(" when calling")[0]
    return "done"
"""
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: python3.11, Handler: tell.handler, CodeUri: src, MemorySize: 256, Timeout: 20}}
Resources:
  Words: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer, CompatibleRuntimes: [python3.11]}}
  Inbox: {Type: AWS::SQS::Queue}
  Lost: {Type: AWS::SQS::Queue}
  MaySend:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Inbox, !Ref Lost]
      PolicyDocument:
        Statement:
          - Effect: Allow
            Principal: {Service: [events.amazonaws.com, sns.amazonaws.com, s3.amazonaws.com]}
            Action: sqs:SendMessage
            Resource: [!GetAtt Inbox.Arn, !GetAtt Lost.Arn]
  # -- rules
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: shop}}
  Sold:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Bus
      EventPattern: {source: [shop], detail: {price: [{numeric: ['>', 10]}]}}
      Targets:
        - Id: queue
          Arn: !GetAtt Inbox.Arn
          InputTransformer: {InputPathsMap: {what: $.detail.what}, InputTemplate: '{"sold": <what>, "by": "rule"}'}
        - {Id: machine, Arn: !Ref Machine, RoleArn: !GetAtt Begins.Arn, InputPath: $.detail}
  Begins:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: 'sts:AssumeRole'}]
      Policies:
        - PolicyName: begins
          PolicyDocument: {Statement: [{Effect: Allow, Action: 'states:StartExecution', Resource: !Ref Machine}]}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: machine.asl.json
      DefinitionSubstitutions: {Table: !Ref Items, Tell: !GetAtt Tell.Arn}
      Policies: [{DynamoDBWritePolicy: {TableName: !Ref Items}}, {LambdaInvokePolicy: {FunctionName: !Ref Tell}}]
  Tell:
    Type: AWS::Serverless::Function
    Properties:
      Layers: [!Ref Words]
      Environment: {Variables: {AS: Tell, INBOX: !Ref Inbox}}
      Policies: [{SQSSendMessagePolicy: {QueueName: !GetAtt Inbox.QueueName}}]
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Lost.Arn}
      EventInvokeConfig: {MaximumRetryAttempts: 0}
      Events:
        Changes:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Items.StreamArn
            StartingPosition: TRIM_HORIZON
            FilterCriteria:
              Filters:
                - Pattern: '{"dynamodb": {"NewImage": {"id": {"S": [{"prefix": "de"}]}, "cents": {"N": ["5000"]}}}}'
        Clicks:
          Type: Kinesis
          Properties:
            Stream: !GetAtt Clicks.Arn
            StartingPosition: TRIM_HORIZON
            FilterCriteria: {Filters: [{Pattern: '{"data": {"kind": ["buy"]}}'}]}
  Items:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Clicks: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
  # -- connectors
  Writes:
    Type: AWS::Serverless::Function
    Connectors: {ToItems: {Properties: {Destination: {Id: Items}, Permissions: [Write]}}}
    Properties: {Handler: items.handler, Environment: {Variables: {TABLE: !Ref Items}}}
  Reads:
    Type: AWS::Serverless::Function
    Properties: {Handler: items.handler, Environment: {Variables: {TABLE: !Ref Items}}}
  ReadsItems:
    Type: AWS::Serverless::Connector
    Properties: {Source: {Id: Reads}, Destination: {Id: Items}, Permissions: [Read]}
  # -- what lines of a log lead to
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: shop}}
  Failures:
    Type: AWS::Logs::MetricFilter
    Properties:
      LogGroupName: !Ref Group
      FilterPattern: '"ERROR"'
      MetricTransformations: [{MetricName: Failures, MetricNamespace: Shop, MetricValue: '1'}]
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: Shop
      MetricName: Failures
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
      TreatMissingData: notBreaching
      AlarmActions: [!Ref News]
  News: {Type: AWS::SNS::Topic}
  Heard:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref News, Protocol: sqs, Endpoint: !GetAtt Inbox.Arn, RawMessageDelivery: true}
  Lines:
    Type: AWS::Logs::SubscriptionFilter
    Properties:
      LogGroupName: !Ref Group
      FilterPattern: loud
      DestinationArn: !GetAtt Deliveries.Arn
      RoleArn: !GetAtt Delivers.Arn
  Deliveries:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      ExtendedS3DestinationConfiguration:
        BucketARN: !GetAtt Kept.Arn
        RoleARN: !GetAtt Delivers.Arn
        Prefix: lines/
        CompressionFormat: UNCOMPRESSED
        BufferingHints: {IntervalInSeconds: 0, SizeInMBs: 1}
  Delivers:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - Effect: Allow
            Principal: {Service: [firehose.amazonaws.com, logs.amazonaws.com]}
            Action: sts:AssumeRole
      Policies:
        - PolicyName: delivers
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: 's3:*', Resource: [!GetAtt Kept.Arn, !Sub '${Kept.Arn}/*']}
              - {Effect: Allow, Action: ['firehose:PutRecord', 'firehose:PutRecordBatch'], Resource: '*'}
  # -- buckets
  Kept:
    Type: AWS::S3::Bucket
    DependsOn: MaySend
    Properties:
      NotificationConfiguration:
        QueueConfigurations:
          - Event: s3:ObjectCreated:*
            Queue: !GetAtt Inbox.Arn
            Filter: {S3Key: {Rules: [{Name: prefix, Value: in/}, {Name: suffix, Value: .csv}]}}
        EventBridgeConfiguration: {EventBridgeEnabled: true}
  Gone:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [aws.s3], detail-type: [Object Deleted], detail: {bucket: {name: [!Ref Kept]}}}
      Targets: [{Id: queue, Arn: !GetAtt Inbox.Arn, InputPath: $.detail.object.key}]
Outputs:
  Inbox: {Value: !Ref Inbox}
  Lost: {Value: !Ref Lost}
  Kept: {Value: !Ref Kept}
  Items: {Value: !Ref Items}
  Clicks: {Value: !Ref Clicks}
  Deliveries: {Value: !Ref Deliveries}
"""
MACHINE = {
    "StartAt": "Keep",
    "States": {
        "Keep": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:putItem",
            "Parameters": {"TableName": "${Table}", "Item": {"id": {"S.$": "$.what"}, "cents": {"N": "1"}}},
            "ResultPath": None,
            "Next": "Tell",
        },
        "Tell": {"Type": "Task", "Resource": "${Tell}", "End": True},
    },
}


class Shop:
    """Its root user, and what comes into the queue that all is told to."""

    def __init__(self, lam: OwnLam) -> None:
        self.lam = lam
        self.root = Party(lam, ACCOUNT)
        self.outputs = dict(lam.emulator.addresses)
        self._heard: list[str] = []

    def client(self, service: str) -> Any:
        return self.root.client(service)

    def received(self, queue: str = "Inbox") -> list[str]:
        """All of a queue until now."""
        sqs, url = self.client("sqs"), self.outputs[queue]
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        self._heard += [one["Body"] for one in got]
        return self._heard

    def hears(self, eventually: Eventually, *texts: str, queue: str = "Inbox") -> str:
        """The message that has all of these texts in it, once it has come."""

        def look() -> list[str]:
            return [one for one in self.received(queue) if all(text in one for text in texts)]

        found: list[str] = eventually(look, f"a message with {texts} among {self._heard}")
        return found[0]

    def invoke(self, function: str, event: Mapping[str, Any], how: str = "RequestResponse") -> Any:
        told = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event), InvocationType=how)
        return json.loads(told["Payload"].read() or b"null")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("stack")
    files = {"src/tell.py": TELL, "src/items.py": ITEMS, "layer/python/words.py": "WORD = 'layered'"}
    for name, text in (files | {"machine.asl.json": json.dumps(MACHINE), "template.yaml": TEMPLATE}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    environ = {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    with own_emulator(folder, "process", environ, stems=0, account=ACCOUNT, iam="enforce", strict="true") as lam:
        yield Shop(lam)


def test_a_rule_tells_its_targets_what_its_transformer_makes_and_begins_a_machine(
    shop: Shop, eventually: Eventually
) -> None:
    """The machine keeps it in a table, whose stream is filtered, and has a function tell it, by a layer."""
    entries = [
        {"Source": "shop", "DetailType": "sale", "Detail": json.dumps(detail), "EventBusName": "shop"}
        for detail in ({"what": "pen", "price": 3}, {"what": "desk", "price": 300})
    ]
    shop.client("events").put_events(Entries=entries)

    assert json.loads(shop.hears(eventually, "sold")) == {"sold": "desk", "by": "rule"}
    told = json.loads(shop.hears(eventually, "layered", "desk"))
    assert told == {"by": "Tell", "word": "layered", "event": {"what": "desk", "price": 300}}
    kept = shop.client("dynamodb").scan(TableName=shop.outputs["Items"])["Items"]
    assert kept == [{"id": {"S": "desk"}, "cents": {"N": "1"}}]
    assert not [one for one in shop.received() if "pen" in one]


def test_streams_tell_what_their_filters_let_through(shop: Shop, eventually: Eventually) -> None:
    items = shop.client("dynamodb")
    for id, cents in (("cheap", "5"), ("dear", "5000")):
        items.put_item(TableName=shop.outputs["Items"], Item={"id": {"S": id}, "cents": {"N": cents}})
    for kind in ("look", "buy"):
        data = json.dumps({"kind": kind}).encode()
        shop.client("kinesis").put_record(StreamName=shop.outputs["Clicks"], Data=data, PartitionKey=kind)

    shop.hears(eventually, "aws:dynamodb", "dear")
    shop.hears(eventually, "aws:kinesis", '"partitionKey": "buy"')
    assert not [one for one in shop.received() if "cheap" in one or '"partitionKey": "look"' in one]


def test_connectors_let_a_function_do_what_they_say_and_no_more(shop: Shop) -> None:
    put = {"do": "put_item", "with": {"Item": {"id": "by connector"}}}
    get = {"do": "get_item", "with": {"Key": {"id": "by connector"}}}

    assert (shop.invoke("Writes", put), shop.invoke("Reads", get)) == ("done", "done")
    for refused in (shop.invoke("Writes", get), shop.invoke("Reads", put)):
        assert refused == "An error occurred (AccessDeniedException)"


def test_an_event_that_fails_is_in_the_dead_letter_queue(shop: Shop, eventually: Eventually) -> None:
    shop.invoke("Tell", {"fail": "once"}, "Event")

    assert json.loads(shop.hears(eventually, "once", queue="Lost")) == {"fail": "once"}


def test_lines_of_a_log_are_delivered_to_a_bucket_and_ring_an_alarm(shop: Shop, eventually: Eventually) -> None:
    logs = shop.client("logs")
    logs.create_log_stream(logGroupName="shop", logStreamName="s")
    at_ms = int(shop.lam.now_s() * 1000)
    events = [{"timestamp": at_ms, "message": text} for text in ("ERROR: sold out", "a loud bang", "nothing")]
    logs.put_log_events(logGroupName="shop", logStreamName="s", logEvents=events)

    s3, bucket = shop.client("s3"), shop.outputs["Kept"]

    def listed() -> list[str]:
        shop.lam.pass_time(1)
        return [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix="lines/").get("Contents", [])]

    assert eventually(listed, "an object with lines")[0].startswith("lines/")
    shop.lam.pass_time(61)
    alarm = json.loads(shop.hears(eventually, "NewStateValue"))
    assert (alarm["NewStateValue"], alarm["Trigger"]["MetricName"]) == ("ALARM", "Failures")


def test_a_bucket_tells_a_queue_by_its_filter_and_a_rule_of_what_goes(shop: Shop, eventually: Eventually) -> None:
    s3, bucket = shop.client("s3"), shop.outputs["Kept"]
    for key in ("in/a.txt", "out/a.csv", "in/a.csv"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    s3.delete_object(Bucket=bucket, Key="out/a.csv")

    assert json.loads(shop.hears(eventually, "ObjectCreated:Put"))["Records"][0]["s3"]["object"]["key"] == "in/a.csv"
    assert shop.hears(eventually, '"out/a.csv"') == '"out/a.csv"'
    assert not [one for one in shop.received() if "a.txt" in one]
