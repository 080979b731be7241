"""What large requests ask for, of which not everything is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_emu.access.reading import demands_of
from lambda_emu.arn import Scope
from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head

OURS = Scope("111111111111", "us-east-1")
LARGE = "x" * 70_000
PUT = {"TableName": "t", "Item": {"k": {"S": LARGE}}}


@pytest.mark.parametrize(
    ("service", "target", "members"),
    [
        ("dynamodb", "BatchWriteItem", {"RequestItems": {"a": [{"PutRequest": {"Item": PUT}}], "b": []}}),
        ("dynamodb", "TransactWriteItems", {"TransactItems": [{"Put": PUT}, [], None, {"Delete": {"TableName": "u"}}]}),
        ("dynamodb", "ExecuteStatement", {"Statement": 'SELECT * FROM "t"', "Parameters": [LARGE]}),
        ("dynamodb", "PutItem", PUT | {"ReturnValues": "NONE"}),
        ("kinesis", "PutRecords", {"StreamName": "s", "Records": [{"Data": LARGE, "PartitionKey": "p"}]}),
        ("events", "PutEvents", {"Entries": [{"Detail": LARGE, "EventBusName": "b"}, {"EventBusName": 1}]}),
        ("sqs", "SendMessage", {"QueueUrl": "http://localhost:9000/111111111111/q", "MessageBody": LARGE}),
        ("dynamodb", "PutItem", {"TableName": 7, "Item": LARGE}),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_what_is_large_asks_for_the_same(service: str, target: str, members: Any, indent: int | None) -> None:
    few = json.loads(json.dumps(members).replace(LARGE, "x"))

    large = demands_of(service, with_target(target, json.dumps(members, indent=indent).encode()), OURS)

    assert large == demands_of(service, with_target(target, json.dumps(few).encode()), OURS)


@pytest.mark.parametrize(
    "broken",
    [b'"\\ud800": 1', b'"Put": {"TableName": "\xff"}', b'"Put": {"TableName": nul}', b'"Put": ' + b"[" * 100_000],
)
def test_what_is_large_and_cannot_be_read_is_about_anything(broken: bytes) -> None:
    """Whoever serves it may read it."""
    body = b'{"Item": "%s", "TransactItems": [{"Put": {"TableName": "t"}}, {%s}]}' % (LARGE.encode(), broken)

    [demand] = demands_of("dynamodb", with_target("TransactWriteItems", body), OURS)

    assert (demand.action, demand.resource) == ("dynamodb:TransactWriteItems", "*")


def test_what_is_small_and_no_text_is_about_anything() -> None:
    [demand] = demands_of("dynamodb", with_target("PutItem", b'{"TableName": "\xff"}'), OURS)

    assert demand.resource == "*"


def with_target(target: str, body: bytes) -> Request:
    asked = Request(Head(b"POST", b"/", [(b"x-amz-target", f"X.{target}".encode())], "1.1", True), b"/", b"", "id")
    asked.body = body
    return asked
