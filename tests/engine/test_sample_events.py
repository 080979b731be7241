"""Sample events have the shape of those that a server sends: each source is made to send one, and they are compared."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sample_rig import ARN, NAME, Hearer, hearer, sample, shape
from services_rig import ACCOUNT
from waiting import Eventually

RESOURCES = "{buckets: {versions: {versioning: yes}}, tables: {photos: {key: id, stream: NEW_AND_OLD_IMAGES}}}"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hearer]:
    kinds = ("sqs: jobs", "sqs: ordered.fifo", "sns: news", "kinesis: clicks", "dynamodb: photos", "logs: /app/orders")
    objects = [
        f"s3: {{bucket: {name}, events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*']}}"
        for name in ("objects", "versions")
    ]
    rules = [f"eventbridge: {{pattern: {{source: [{name}]}}}}" for name in ("shop", "aws.s3")]
    with hearer(tmp_path_factory.mktemp("project")) as made:
        made.deploy(f"[{', '.join(f'{{{one}}}' for one in (*kinds, *objects, *rules))}]", RESOURCES)
        yield made


def test_messages_of_queues(told: Hearer, eventually: Eventually) -> None:
    sqs = told.sdk("sqs")
    jobs, ordered = (sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in ("jobs", "ordered.fifo"))

    sqs.send_message(QueueUrl=jobs, MessageBody="a plain one")
    given = {"kind": {"DataType": "String", "StringValue": "new"}}
    sqs.send_message(QueueUrl=jobs, MessageBody="one with more", MessageAttributes=given)
    sqs.send_message(QueueUrl=ordered, MessageBody="in order", MessageGroupId="g", MessageDeduplicationId="1")

    assert shape(sample("sqs", "message")) == shape(told.heard(eventually, "a plain one"))
    attributes = sample("sqs", "message", attributes='{"kind": "new"}')
    assert shape(attributes) == shape(told.heard(eventually, "one with more"))
    assert shape(sample("sqs", "fifo-message")) == shape(told.heard(eventually, "in order"))


def test_messages_to_topics(told: Hearer, eventually: Eventually) -> None:
    sns = told.sdk("sns")
    [topic] = [one["TopicArn"] for one in sns.list_topics()["Topics"]]

    sns.publish(TopicArn=topic, Message="some news", Subject="Greetings")

    assert shape(sample("sns", "notification")) == shape(told.heard(eventually, "some news"))


def test_objects(told: Hearer, eventually: Eventually) -> None:
    s3 = told.sdk("s3")
    s3.put_object(Bucket="objects", Key="cat", Body=b"a cat")
    s3.copy_object(Bucket="objects", Key="dog", CopySource="objects/cat")
    parts = {
        "Bucket": "objects",
        "Key": "cow",
        "UploadId": s3.create_multipart_upload(Bucket="objects", Key="cow")["UploadId"],
    }
    tag = s3.upload_part(**parts, PartNumber=1, Body=b"a cow")["ETag"]
    s3.complete_multipart_upload(**parts, MultipartUpload={"Parts": [{"ETag": tag, "PartNumber": 1}]})
    s3.delete_object(Bucket="objects", Key="cat")
    s3.put_object(Bucket="versions", Key="cat", Body=b"a cat")
    s3.delete_object(Bucket="versions", Key="cat")

    for type, name in (
        ("put", "ObjectCreated:Put"),
        ("copy", "ObjectCreated:Copy"),
        ("multipart-upload", "ObjectCreated:CompleteMultipartUpload"),
        ("delete", "ObjectRemoved:Delete"),
    ):
        real = told.heard(eventually, f'"{name}"', '"name": "objects"')
        assert shape(sample("s3", type)) == shape(real)
        assert sample("s3", type)["Records"][0]["eventName"] == real["Records"][0]["eventName"] == name
    real = told.heard(eventually, '"ObjectCreated:Put"', '"name": "versions"')
    assert shape(sample("s3", "put", version_id="v")) == shape(real)
    real = told.heard(eventually, '"ObjectRemoved:DeleteMarkerCreated"')
    assert shape(sample("s3", "delete-marker")) == shape(real)


def test_objects_on_the_bus(told: Hearer, eventually: Eventually) -> None:
    s3 = told.sdk("s3")
    s3.create_bucket(Bucket="told")
    s3.put_bucket_notification_configuration(Bucket="told", NotificationConfiguration={"EventBridgeConfiguration": {}})

    s3.put_object(Bucket="told", Key="cat", Body=b"a cat")
    s3.delete_object(Bucket="told", Key="cat")

    assert shape(sample("s3", "object-created")) == shape(told.heard(eventually, '"Object Created"'))
    assert shape(sample("s3", "object-deleted")) == shape(told.heard(eventually, '"Object Deleted"'))


def test_changes_of_items(told: Hearer, eventually: Eventually) -> None:
    dynamodb = told.sdk("dynamodb")
    key = {"id": {"S": "photo-1"}}
    for likes in ("1", "2"):
        dynamodb.put_item(TableName="photos", Item=key | {"owner": {"S": "Ada"}, "likes": {"N": likes}})
    dynamodb.delete_item(TableName="photos", Key=key)

    for type in ("insert", "modify", "remove"):
        real = told.heard(eventually, '"aws:dynamodb"', type.upper())
        record = next(one for one in real["Records"] if one["eventName"] == type.upper())
        assert shape(sample("dynamodb", type)["Records"][0]) == shape(record)


def test_records_of_streams(told: Hearer, eventually: Eventually) -> None:
    told.sdk("kinesis").put_record(StreamName="clicks", PartitionKey="p", Data=b"a click")

    assert shape(sample("kinesis", "records")) == shape(told.heard(eventually, '"aws:kinesis"'))


def test_events_on_a_bus(told: Hearer, eventually: Eventually) -> None:
    entry = {"Source": "shop", "DetailType": "OrderPlaced", "Detail": '{"order": 1}'}
    told.sdk("events").put_events(Entries=[entry])

    assert shape(sample("eventbridge", "event")) == shape(told.heard(eventually, '"OrderPlaced"'))


def test_times_of_rules_and_schedules(told: Hearer, eventually: Eventually) -> None:
    events = told.sdk("events")
    rule = events.put_rule(Name="often", ScheduleExpression="rate(1 minute)")["RuleArn"]
    told.lam.client.add_permission(
        FunctionName=NAME,
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule,
    )
    events.put_targets(Rule="often", Targets=[{"Id": "1", "Arn": ARN}])
    at = datetime.now(UTC) + timedelta(seconds=30)
    told.sdk("scheduler").create_schedule(
        Name="once",
        ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": ARN, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler"},
    )

    told.lam.clock.advance(61)

    assert shape(sample("eventbridge", "schedule")) == shape(told.heard(eventually, '"aws.events"'))
    assert shape(sample("scheduler", "schedule")) == shape(told.heard(eventually, '"aws.scheduler"'))


def test_lines_of_logs(told: Hearer, eventually: Eventually) -> None:
    logs = told.sdk("logs")
    logs.create_log_stream(logGroupName="/app/orders", logStreamName="s")
    lines = [{"timestamp": int(told.lam.clock.now_s() * 1000), "message": "ERROR no customer"}]
    logs.put_log_events(logGroupName="/app/orders", logStreamName="s", logEvents=lines)

    real = told.heard(eventually, '"awslogs"')

    assert shape(sample("logs", "subscription")) == shape(real)
    assert shape(_unpacked(sample("logs", "subscription"))) == shape(_unpacked(real))


def test_alarms(told: Hearer, eventually: Eventually) -> None:
    cloudwatch = told.sdk("cloudwatch")
    told.lam.client.add_permission(
        FunctionName=NAME,
        StatementId="alarm",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
    )
    cloudwatch.put_metric_alarm(
        AlarmName="orders-fail",
        AlarmDescription="Orders fail",
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": NAME}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[ARN],
    )
    cloudwatch.put_composite_alarm(
        AlarmName="shop-fails", AlarmDescription="The shop", AlarmRule="ALARM(orders-fail)", AlarmActions=[ARN]
    )
    for state in ("OK", "ALARM"):
        cloudwatch.set_alarm_state(AlarmName="orders-fail", StateValue=state, StateReason="so", StateReasonData="{}")

    assert shape(sample("alarms", "metric")) == shape(
        told.heard(eventually, '"alarmData"', '"alarmName": "orders-fail"')
    )
    assert shape(sample("alarms", "composite")) == shape(
        told.heard(eventually, '"alarmData"', '"alarmName": "shop-fails"')
    )


def test_e_mails(told: Hearer, eventually: Eventually) -> None:
    ses = told.sdk("ses")
    ses.verify_email_identity(EmailAddress="ada@example.com")
    told.lam.client.add_permission(
        FunctionName=NAME, StatementId="ses", Action="lambda:InvokeFunction", Principal="ses.amazonaws.com"
    )
    ses.create_receipt_rule_set(RuleSetName="rules")
    ses.set_active_receipt_rule_set(RuleSetName="rules")
    action = {"LambdaAction": {"FunctionArn": ARN, "InvocationType": "Event"}}
    rule = {"Name": "orders", "Enabled": True, "Recipients": ["orders@example.com"], "Actions": [action]}
    ses.create_receipt_rule(RuleSetName="rules", Rule=rule)

    message = {"Subject": {"Data": "An order"}, "Body": {"Text": {"Data": "One cake, please."}}}
    ses.send_email(Source="Ada <ada@example.com>", Destination={"ToAddresses": ["orders@example.com"]}, Message=message)

    assert shape(sample("ses", "receipt")) == shape(told.heard(eventually, '"aws:ses"'))


def test_records_on_their_way_to_a_bucket(told: Hearer, eventually: Eventually) -> None:
    told.sdk("s3").create_bucket(Bucket="delivered")
    role = f"arn:aws:iam::{ACCOUNT}:role/firehose"
    parameters = {"LambdaArn": ARN, "BufferIntervalInSeconds": "0"}
    named = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
    told.sdk("firehose").create_delivery_stream(
        DeliveryStreamName="s",
        ExtendedS3DestinationConfiguration={
            "RoleARN": role,
            "BucketARN": "arn:aws:s3:::delivered",
            "BufferingHints": {"IntervalInSeconds": 0},
            "ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": named}]},
        },
    )

    told.sdk("firehose").put_record(DeliveryStreamName="s", Record={"Data": b"a click"})

    assert shape(sample("firehose", "transform")) == shape(told.heard(eventually, '"deliveryStreamArn"'))


def test_rotations_of_secrets(told: Hearer, eventually: Eventually) -> None:
    secrets = told.sdk("secretsmanager")
    told.lam.client.add_permission(
        FunctionName=NAME,
        StatementId="secrets",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
    )
    secrets.create_secret(Name="shop", SecretString="old")

    secrets.rotate_secret(SecretId="shop", RotationLambdaARN=ARN)

    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        made = sample("secretsmanager", "rotation", step=step)
        assert shape(made) == shape(told.heard(eventually, f'"{step}"'))


def test_results_of_functions(told: Hearer, eventually: Eventually) -> None:
    client = told.lam.client
    told.lam.create("first", "def handler(event, context):\n    return 1 / event['order']\n")
    destinations: Any = {"OnSuccess": {"Destination": ARN}, "OnFailure": {"Destination": ARN}}
    client.put_function_event_invoke_config(
        FunctionName="first", MaximumRetryAttempts=0, DestinationConfig=destinations
    )

    for order in (1, 0):
        client.invoke(FunctionName="first", InvocationType="Event", Payload=json.dumps({"order": order}).encode())

    for type, condition in (("success", "Success"), ("failure", "RetriesExhausted")):
        made, real = sample("destinations", type), told.heard(eventually, '"requestPayload"', f'"{condition}"')
        assert shape(made | {"responsePayload": None}) == shape(real | {"responsePayload": None})
        assert made["requestContext"]["condition"] == real["requestContext"]["condition"]


def _unpacked(event: Any) -> Any:
    return json.loads(gzip.decompress(b64decode(event["awslogs"]["data"])))
