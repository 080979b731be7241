"""What requests ask for, as boto3 writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from lambda_emu.access.demands.functions import route
from lambda_emu.access.reading import DEMANDS, demands_of, service_of
from lambda_emu.arn import Scope
from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head

ACCOUNT, REGION = "111111111111", "us-east-1"
OTHER = "222222222222"
OURS = Scope(ACCOUNT, REGION)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
PASS = ("iam:PassRole", ROLE)


def ask(service: str, operation: str, **members: Any) -> list[tuple[str, str]]:
    """The actions and resources of what boto3 sends."""
    name, asked = sent(service, operation, **members)
    return [(demand.action, demand.resource) for demand in demands_of(name, asked, OURS)]


def sent(service: str, operation: str, **members: Any) -> tuple[str, Request]:
    """Whose it is found to be, and the request."""
    caught: list[Any] = []

    def catch(request: Any, **_: Any) -> AWSResponse:
        caught.append(request)
        return AWSResponse(request.url, 200, {}, None)

    client = boto3.client(
        service,
        region_name=REGION,
        endpoint_url="http://localhost:9000",
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="s",
        config=Config(inject_host_prefix=False, s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )
    client.meta.events.register("before-send", catch)
    try:
        getattr(client, operation)(**members)
    except Exception:  # noqa: BLE001 - nobody answered
        assert caught
    [request] = caught
    _, _, rest = request.url.partition("//")
    target = "/" + rest.partition("/")[2]
    headers = [(key.lower().encode(), _bytes(value)) for key, value in request.headers.items()]
    path, _, query = target.encode().partition(b"?")
    asked = Request(Head(request.method.encode(), target.encode(), headers, "1.1", True), path, query, "id")
    asked.body = _bytes(request.body or b"") if not hasattr(request.body, "read") else request.body.read()
    found = service_of(tuple(DEMANDS), asked)
    assert found is not None
    return found, asked


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def arn(service: str, resource: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{REGION}:{account}:{resource}"


URL = f"http://localhost:9000/{ACCOUNT}/jobs"
QUEUE = arn("sqs", "jobs")
TOPIC = arn("sns", "news")
TABLE = arn("dynamodb", "table/t")
KEY = {"id": {"S": "1"}}
CODE: Any = {"ZipFile": b"PK" * 30_000}
NEW: Any = {"FunctionName": "f", "Role": ROLE, "Code": CODE, "Handler": "h", "Runtime": "python3.13"}
FUNCTION = arn("lambda", "function:f")
MACHINE = arn("states", "stateMachine:m")
TARGET: Any = {"Arn": FUNCTION, "RoleArn": ROLE}

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


WRONG = b'{"TableName": 1, "RequestItems": [], "Statements": 3}'


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 3000, WRONG])
def test_what_cannot_be_read_asks_for_everything(body: bytes) -> None:
    name, asked = sent("dynamodb", "list_tables")
    asked.body = body
    asked.head.first[b"x-amz-target"] = b"DynamoDB_20120810.GetItem"

    assert [(each.action, each.resource) for each in demands_of(name, asked, OURS)] == [("dynamodb:GetItem", "*")]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/2015-03-31/%66unctions/f/invocations", ("lambda:InvokeFunction", FUNCTION)),
        ("/2015-03-31/functions/%66/invocations/", ("lambda:InvokeFunction", FUNCTION)),
        ("/2015-03-31//functions/f/invocations", ("lambda:UnknownOperation", "*")),
        ("/elsewhere", ("lambda:UnknownOperation", "*")),
    ],
)
def test_no_way_to_write_a_path_asks_for_nothing(path: str, wanted: tuple[str, str]) -> None:
    asked = Request(Head(b"POST", path.encode(), [], "1.1", True), path.encode(), b"", "id")

    assert [(each.action, each.resource) for each in demands_of("lambda", asked, OURS)] == [wanted]


SCHEDULED = {
    "Name": "s",
    "ScheduleExpression": "rate(1 hour)",
    "Target": TARGET,
    "FlexibleTimeWindow": {"Mode": "OFF"},
}
NAMED_TWICE = [
    ("dynamodb", "get_item", {"TableName": "t", "Key": {"id": {"S": "1"}}}, b'"RequestItems":{}'),
    ("dynamodb", "get_item", {"TableName": "t", "Key": {"id": {"S": "1"}}}, b'"RequestItems":{"open":{}}'),
    ("dynamodb", "get_item", {"TableName": "t", "Key": {"id": {"S": "1"}}}, b'"Statement":"select * from open"'),
    ("dynamodb", "get_item", {"TableName": "t", "Key": {"id": {"S": "1"}}}, b'"StreamArn":"open"'),
    ("dynamodb", "get_item", {"TableName": "t", "Key": {"id": {"S": "1"}}}, b'"IndexName":"open"'),
    ("dynamodb", "transact_get_items", {"TransactItems": [{"Get": {"TableName": "t", "Key": {}}}]}, b'"TableName":"o"'),
    ("kinesis", "get_records", {"ShardIterator": "x"}, b'"StreamName":"t"'),
    ("kinesis", "describe_stream", {"StreamName": "t"}, b'"StreamARN":"arn:open"'),
    ("events", "put_rule", {"Name": "t", "EventPattern": "{}"}, b'"ResourceARN":"arn:open"'),
    ("events", "put_rule", {"Name": "t", "EventPattern": "{}"}, b'"Rule":"open"'),
    ("logs", "delete_log_group", {"logGroupName": "t"}, b'"resourceArn":"arn:open"'),
    ("logs", "delete_log_group", {"logGroupName": "t"}, b'"logGroupIdentifier":"open"'),
    ("secretsmanager", "get_secret_value", {"SecretId": "t"}, b'"Name":"open"'),
    ("ssm", "get_parameter", {"Name": "t"}, b'"Names":["open"]'),
    ("sqs", "receive_message", {"QueueUrl": f"http://localhost/{ACCOUNT}/t"}, b'"QueueName":"open"'),
    ("sqs", "receive_message", {"QueueUrl": f"http://localhost/{ACCOUNT}/t"}, b'"SourceArn":"arn:open"'),
    ("stepfunctions", "describe_execution", {"executionArn": "arn:t"}, b'"stateMachineArn":"arn:open"'),
    ("scheduler", "create_schedule", SCHEDULED, b'"ResourceArn":"arn:open"'),
]


@pytest.mark.parametrize(("service", "operation", "members", "more"), NAMED_TWICE, ids=lambda one: str(one)[:30])
def test_naming_something_else_as_well_hides_nothing(
    service: str, operation: str, members: dict[str, Any], more: bytes
) -> None:
    name, asked = sent(service, operation, **members)
    plain = demands_of(name, asked, OURS)
    asked.body = asked.body[:-1] + b"," + more + b"}"

    found = {(each.action, each.resource) for each in demands_of(name, asked, OURS)}

    assert {(each.action, each.resource) for each in plain} - {("kinesis:GetRecords", "*")} <= found


def test_of_what_a_form_says_twice_the_topic_is_asked_about_that_is_used() -> None:
    name, asked = sent("sns", "publish", TopicArn=arn("sns", "t"), Message="m")
    topic = ("sns:Publish", arn("sns", "t"))
    more = f"&Action=ListTopics&TopicArn={arn('sns', 'open')}&TargetArn={arn('sns', 'u')}"
    asked.body += more.encode() + b"&a=1" * 3000

    found = [(each.action, each.resource) for each in demands_of(name, asked, OURS)]

    assert found == [topic, ("sns:Publish", arn("sns", "u"))]


@pytest.mark.parametrize(
    "begin", ["//2015-03-31/functions/f", "/2015-03-31/function%73/f", "/%32015-03-31/functions/f"]
)
def test_however_a_path_is_written_it_asks_for_the_same(begin: str) -> None:
    for end in ("/invocations", "/invocation%73", "/invocations/"):
        found = route("POST", begin + end, "LayerName=l&Arn=arn:open")
        assert found == ("Invoke", {"FunctionName": "f"})


def test_what_is_no_operation_is_asked_about_too() -> None:
    name, asked = sent("lambda", "get_function", FunctionName="f")
    asked.path = b"/2015-03-31/nothing"

    assert [each.resource for each in demands_of(name, asked, OURS)] == ["*"]


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


def test_more_than_any_operation_takes_is_not_asked_about_each() -> None:
    name, asked = sent("dynamodb", "batch_get_item", RequestItems={"t": {"Keys": [KEY]}})
    asked.body = json.dumps({"RequestItems": {str(number): {} for number in range(50_000)}}).encode()

    found = demands_of(name, asked, OURS)

    assert len(found) == 1001
    assert (found[-1].action, found[-1].resource) == ("dynamodb:BatchGetItem", "*")


@pytest.mark.parametrize("body", [b"<Delete/>", b"<Delete><Object><Key >k</Key></Object></Delete>", b"\xff\xfe<\0"])
def test_keys_that_are_written_in_another_way_may_be_any(body: bytes) -> None:
    name, asked = sent("s3", "delete_objects", Bucket="buc", Delete={"Objects": [{"Key": "k"}]})
    asked.body = body

    assert [each.resource for each in demands_of(name, asked, OURS)] == ["arn:aws:s3:::buc/*"]


def test_a_request_that_names_nothing_asks_for_something() -> None:
    name, asked = sent("events", "put_events", Entries=[{"Source": "s"}])
    asked.body = b'{"Entries": []}'

    assert len(demands_of(name, asked, OURS)) == 1


def test_keys_are_found_in_a_body_that_lies_in_a_file(tmp_path: Path) -> None:
    name, asked = sent("s3", "delete_objects", Bucket="buc", Delete={"Objects": [{"Key": "k"}]})
    asked.body, asked.body_file = b"", tmp_path / "body"
    asked.body_file.write_bytes(b"<Delete>" + b"<Object><Key>k</Key></Object>" * 900 + b"</Delete>")

    assert {each.resource for each in demands_of(name, asked, OURS)} == {"arn:aws:s3:::buc/k"}
