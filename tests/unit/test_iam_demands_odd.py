"""What requests ask for that are written as no SDK writes them: nothing is hidden by that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from iam_demands_rig import ACCOUNT, FUNCTION, KEY, OURS, TARGET, arn, sent

from lambda_emu.access.demands.functions import route
from lambda_emu.access.reading import demands_of
from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head

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
