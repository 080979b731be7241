"""What requests ask for, as boto3 writes them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from iam_demands_rig import (
    ACCOUNT,
    CODE,
    FUNCTION,
    KEY,
    MACHINE,
    NEW,
    OTHER,
    OURS,
    PASS,
    QUEUE,
    ROLE,
    TABLE,
    TARGET,
    TOPIC,
    URL,
    arn,
    ask,
    sent,
)

from lambda_emu.access.reading import DEMANDS, demands_of, service_of

ROWS: list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = [
    ("sqs", "send_message", {"QueueUrl": URL, "MessageBody": "m"}, [("sqs:SendMessage", QUEUE)]),
    ("sqs", "delete_message_batch", {"QueueUrl": URL, "Entries": []}, [("sqs:DeleteMessage", QUEUE)]),
    (
        "sqs",
        "receive_message",
        {"QueueUrl": URL.replace(ACCOUNT, OTHER)},
        [("sqs:ReceiveMessage", arn("sqs", "jobs", OTHER))],
    ),
    (
        "sqs",
        "get_queue_url",
        {"QueueName": "jobs", "QueueOwnerAWSAccountId": OTHER},
        [("sqs:GetQueueUrl", arn("sqs", "jobs", OTHER))],
    ),
    ("sqs", "create_queue", {"QueueName": "jobs"}, [("sqs:CreateQueue", QUEUE)]),
    ("sqs", "list_queues", {}, [("sqs:ListQueues", "*")]),
    ("sns", "publish", {"TopicArn": TOPIC, "Message": "m"}, [("sns:Publish", TOPIC)]),
    ("sns", "publish_batch", {"TopicArn": TOPIC, "PublishBatchRequestEntries": []}, [("sns:Publish", TOPIC)]),
    ("sns", "publish", {"PhoneNumber": "+1555", "Message": "m"}, [("sns:Publish", "*")]),
    ("sns", "unsubscribe", {"SubscriptionArn": f"{TOPIC}:1-2"}, [("sns:Unsubscribe", TOPIC)]),
    ("sns", "create_topic", {"Name": "news"}, [("sns:CreateTopic", TOPIC)]),
    ("dynamodb", "get_item", {"TableName": "t", "Key": KEY}, [("dynamodb:GetItem", TABLE)]),
    ("dynamodb", "get_item", {"TableName": TABLE, "Key": KEY}, [("dynamodb:GetItem", TABLE)]),
    (
        "dynamodb",
        "query",
        {"TableName": "t", "IndexName": "index", "KeyConditionExpression": "id = :i"},
        [("dynamodb:Query", f"{TABLE}/index/index")],
    ),
    (
        "dynamodb",
        "batch_get_item",
        {"RequestItems": {"t": {"Keys": [KEY]}, "u": {"Keys": [KEY]}}},
        [("dynamodb:BatchGetItem", TABLE), ("dynamodb:BatchGetItem", arn("dynamodb", "table/u"))],
    ),
    (
        "dynamodb",
        "transact_write_items",
        {"TransactItems": [{"Put": {"TableName": "t", "Item": KEY}}, {"Delete": {"TableName": "u", "Key": KEY}}]},
        [("dynamodb:PutItem", TABLE), ("dynamodb:DeleteItem", arn("dynamodb", "table/u"))],
    ),
    (
        "dynamodb",
        "execute_statement",
        {"Statement": 'SELECT * FROM "t"."i" WHERE id=?'},
        [("dynamodb:PartiQLSelect", f"{TABLE}/index/i")],
    ),
    (
        "dynamodb",
        "execute_statement",
        {"Statement": "insert into t value {'id': '1'}"},
        [("dynamodb:PartiQLInsert", TABLE)],
    ),
    ("dynamodb", "list_tables", {}, [("dynamodb:ListTables", "*")]),
    (
        "dynamodbstreams",
        "describe_stream",
        {"StreamArn": f"{TABLE}/stream/1"},
        [("dynamodb:DescribeStream", f"{TABLE}/stream/1")],
    ),
    (
        "kinesis",
        "put_record",
        {"StreamName": "s", "Data": b"d", "PartitionKey": "k"},
        [("kinesis:PutRecord", arn("kinesis", "stream/s"))],
    ),
    ("kinesis", "list_streams", {}, [("kinesis:ListStreams", "*")]),
    (
        "events",
        "put_events",
        {"Entries": [{"Source": "s", "DetailType": "d", "Detail": "{}"}]},
        [("events:PutEvents", arn("events", "event-bus/default"))],
    ),
    (
        "events",
        "put_targets",
        {"Rule": "r", "Targets": [{"Id": "1", **TARGET}]},
        [("events:PutTargets", arn("events", "rule/r")), PASS],
    ),
    ("events", "put_rule", {"Name": "r", "EventBusName": "b"}, [("events:PutRule", arn("events", "rule/b/r"))]),
    ("events", "create_event_bus", {"Name": "b"}, [("events:CreateEventBus", arn("events", "event-bus/b"))]),
    (
        "events",
        "create_archive",
        {"ArchiveName": "a", "EventSourceArn": "arn:aws:x"},
        [("events:CreateArchive", arn("events", "archive/a"))],
    ),
    (
        "scheduler",
        "create_schedule",
        {"Name": "n", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": TARGET},
        [("scheduler:CreateSchedule", arn("scheduler", "schedule/default/n")), PASS],
    ),
    (
        "scheduler",
        "get_schedule",
        {"Name": "n", "GroupName": "g"},
        [("scheduler:GetSchedule", arn("scheduler", "schedule/g/n"))],
    ),
    ("scheduler", "list_schedules", {}, [("scheduler:ListSchedules", "*")]),
    (
        "logs",
        "put_log_events",
        {"logGroupName": "/g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "m"}]},
        [("logs:PutLogEvents", arn("logs", "log-group:/g:log-stream:s"))],
    ),
    ("logs", "describe_log_groups", {}, [("logs:DescribeLogGroups", arn("logs", "log-group::log-stream:"))]),
    ("stepfunctions", "start_execution", {"stateMachineArn": MACHINE}, [("states:StartExecution", MACHINE)]),
    (
        "stepfunctions",
        "create_state_machine",
        {"name": "m", "definition": "{}", "roleArn": ROLE},
        [("states:CreateStateMachine", MACHINE), PASS],
    ),
    ("stepfunctions", "list_state_machines", {}, [("states:ListStateMachines", "*")]),
    (
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "n"},
        [("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:n"))],
    ),
    ("secretsmanager", "list_secrets", {}, [("secretsmanager:ListSecrets", "*")]),
    ("ssm", "get_parameter", {"Name": "/a/b:3"}, [("ssm:GetParameter", arn("ssm", "parameter/a/b"))]),
    (
        "ssm",
        "get_parameters",
        {"Names": ["a", "/b"]},
        [("ssm:GetParameters", arn("ssm", "parameter/a")), ("ssm:GetParameters", arn("ssm", "parameter/b"))],
    ),
    ("ssm", "get_parameters_by_path", {"Path": "/a/"}, [("ssm:GetParametersByPath", arn("ssm", "parameter/a/"))]),
    ("s3", "list_buckets", {}, [("s3:ListAllMyBuckets", "*")]),
    ("s3", "create_bucket", {"Bucket": "buc"}, [("s3:CreateBucket", "arn:aws:s3:::buc")]),
    ("s3", "list_objects_v2", {"Bucket": "buc"}, [("s3:ListBucket", "arn:aws:s3:::buc")]),
    ("s3", "head_bucket", {"Bucket": "buc"}, [("s3:ListBucket", "arn:aws:s3:::buc")]),
    ("s3", "get_bucket_policy", {"Bucket": "buc"}, [("s3:GetBucketPolicy", "arn:aws:s3:::buc")]),
    ("s3", "delete_bucket_policy", {"Bucket": "buc"}, [("s3:DeleteBucketPolicy", "arn:aws:s3:::buc")]),
    ("s3", "put_object", {"Bucket": "buc", "Key": "a b/ü", "Body": b"x"}, [("s3:PutObject", "arn:aws:s3:::buc/a b/ü")]),
    (
        "s3",
        "get_object",
        {"Bucket": "buc", "Key": "k", "VersionId": "1"},
        [("s3:GetObjectVersion", "arn:aws:s3:::buc/k")],
    ),
    ("s3", "get_object_tagging", {"Bucket": "buc", "Key": "k"}, [("s3:GetObjectTagging", "arn:aws:s3:::buc/k")]),
    (
        "s3",
        "copy_object",
        {"Bucket": "buc", "Key": "k", "CopySource": "other/k+"},
        [("s3:PutObject", "arn:aws:s3:::buc/k"), ("s3:GetObject", "arn:aws:s3:::other/k+")],
    ),
    (
        "s3",
        "delete_objects",
        {"Bucket": "buc", "Delete": {"Objects": [{"Key": "a"}, {"Key": "b&c"}]}},
        [("s3:DeleteObject", "arn:aws:s3:::buc/a"), ("s3:DeleteObject", "arn:aws:s3:::buc/b&c")],
    ),
    (
        "s3",
        "abort_multipart_upload",
        {"Bucket": "buc", "Key": "k", "UploadId": "u"},
        [("s3:AbortMultipartUpload", "arn:aws:s3:::buc/k")],
    ),
    ("lambda", "invoke", {"FunctionName": "f"}, [("lambda:InvokeFunction", FUNCTION)]),
    ("lambda", "invoke", {"FunctionName": "f:live"}, [("lambda:InvokeFunction", f"{FUNCTION}:live")]),
    ("lambda", "invoke", {"FunctionName": "f", "Qualifier": "1"}, [("lambda:InvokeFunction", f"{FUNCTION}:1")]),
    (
        "lambda",
        "invoke",
        {"FunctionName": arn("lambda", "function:g", OTHER)},
        [("lambda:InvokeFunction", arn("lambda", "function:g", OTHER))],
    ),
    ("lambda", "create_function", NEW, [("lambda:CreateFunction", FUNCTION), PASS]),
    (
        "lambda",
        "update_function_configuration",
        {"FunctionName": "f", "Role": ROLE},
        [("lambda:UpdateFunctionConfiguration", FUNCTION), PASS],
    ),
    ("lambda", "get_function", {"FunctionName": "f"}, [("lambda:GetFunction", FUNCTION)]),
    ("lambda", "list_functions", {}, [("lambda:ListFunctions", "*")]),
    (
        "lambda",
        "get_layer_version",
        {"LayerName": "l", "VersionNumber": 2},
        [("lambda:GetLayerVersion", arn("lambda", "layer:l:2"))],
    ),
    (
        "lambda",
        "publish_layer_version",
        {"LayerName": "l", "Content": CODE},
        [("lambda:PublishLayerVersion", arn("lambda", "layer:l"))],
    ),
    ("lambda", "list_event_source_mappings", {"FunctionName": "f"}, [("lambda:ListEventSourceMappings", "*")]),
    (
        "lambda",
        "get_event_source_mapping",
        {"UUID": "e" * 36},
        [("lambda:GetEventSourceMapping", arn("lambda", "event-source-mapping:" + "e" * 36))],
    ),
    ("lambda", "tag_resource", {"Resource": FUNCTION, "Tags": {"a": "b"}}, [("lambda:TagResource", FUNCTION)]),
    (
        "lambda",
        "create_function_url_config",
        {"FunctionName": "f", "AuthType": "NONE"},
        [("lambda:CreateFunctionUrlConfig", FUNCTION)],
    ),
]


@pytest.mark.parametrize(("service", "operation", "members", "wanted"), ROWS)
def test_a_request_asks_for_actions_on_resources(
    service: str, operation: str, members: dict[str, Any], wanted: list[tuple[str, str]]
) -> None:
    assert ask(service, operation, **members) == wanted


def test_conditions_are_told_what_a_service_knows() -> None:
    name, asked = sent("s3", "list_objects_v2", Bucket="buc", Prefix="home/", MaxKeys=5)
    [listed] = demands_of(name, asked, OURS)
    assert (listed.context["s3:prefix"], listed.context["s3:max-keys"]) == ("home/", "5")

    name, asked = sent("events", "put_events", Entries=[{"Source": "shop", "DetailType": "sold", "Detail": "{}"}])
    [put] = demands_of(name, asked, OURS)
    assert put.context == {"events:source": "shop", "events:detail-type": "sold"}

    name, asked = sent("lambda", "create_function", **NEW)
    assert demands_of(name, asked, OURS)[1].context == {"iam:passedtoservice": "lambda.amazonaws.com"}


def test_a_request_is_of_the_service_that_it_is_signed_for_whatever_else_it_says() -> None:
    _, asked = sent("secretsmanager", "get_secret_value", SecretId="n")
    asked.head.first[b"x-amz-target"] = b"AmazonSSM.GetSecretValue"

    service = service_of(tuple(DEMANDS), asked)

    assert service == "secretsmanager"
    assert [each.action for each in demands_of(service, asked, OURS)] == ["secretsmanager:GetSecretValue"]


def test_a_role_is_passed_on_by_the_member_alone_that_is_one() -> None:
    other = ROLE + "s"
    inner = {"Role": other, "ZipFile": f'x","Role":"{other}'}
    name, asked = sent("lambda", "create_function", **NEW | {"Environment": {"Variables": inner}})
    swapped = json.dumps(dict(sorted(json.loads(asked.body).items()))).encode()
    for body in (asked.body, swapped):
        asked.body = body
        assert [(each.action, each.resource) for each in demands_of(name, asked, OURS)][1:] == [PASS]
    asked.body = b"{" + b'"a":1,' * 300_000 + asked.body[1:]
    assert [(each.action, each.resource) for each in demands_of(name, asked, OURS)][1:] == [("iam:PassRole", "*")]


def test_secrets_in_a_batch_are_asked_for_each() -> None:
    assert ask("secretsmanager", "batch_get_secret_value", SecretIdList=["s", "t"]) == [
        ("secretsmanager:BatchGetSecretValue", "*"),
        ("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:s")),
        ("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:t")),
    ]
