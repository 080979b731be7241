"""What large requests ask for, of which not everything is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from lambda_emu.access.demands.items import item_context
from lambda_emu.access.reading import demands_of
from lambda_emu.access.sparse import Unreadable
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
    small = demands_of(service, with_target(target, json.dumps(few).encode()), OURS)

    assert [replace(each, items=()) for each in large] == [replace(each, items=()) for each in small]
    for one, other in zip(large, small, strict=True):
        assert str(item_context(one.items, "k")).replace(LARGE, "x") == str(item_context(other.items, "k"))


@pytest.mark.parametrize(
    "broken",
    [b'"\\ud800": 1', b'"Put": {"TableName": "\xff"}', b'"Put": {"TableName": nul}', b'"Put": ' + b"[" * 100_000],
)
def test_what_is_large_and_cannot_be_read_is_refused_or_about_anything(broken: bytes) -> None:
    """Whoever serves it might read it."""
    body = b'{"Item": "%s", "TransactItems": [{"Put": {"TableName": "t"}}, {%s}]}' % (LARGE.encode(), broken)

    assert whole("TransactWriteItems", body) in (None, "*")


@pytest.mark.parametrize("broken", [b'{"S": "\\ud800"}', b'{"S": "\xff"}', b'{"S": nul}', b"[" * 100_000])
def test_an_item_that_cannot_be_read_is_refused_or_about_anything(broken: bytes) -> None:
    body = b'{"TableName": "t", "Item": {"a": {"S": "%s"}, "k": %s}}' % (LARGE.encode(), broken)

    assert whole("PutItem", body) in (None, "*")


def test_what_is_small_and_no_text_is_about_anything() -> None:
    [demand] = demands_of("dynamodb", with_target("PutItem", b'{"TableName": "\xff"}'), OURS)

    assert demand.resource == "*"


def whole(target: str, body: bytes) -> str | None:
    """The resource that is asked for; None: it is refused."""
    try:
        [demand] = demands_of("dynamodb", with_target(target, body), OURS)
        item_context(demand.items, "k")
    except Unreadable:
        return None
    return demand.resource


def with_target(target: str, body: bytes) -> Request:
    asked = Request(Head(b"POST", b"/", [(b"x-amz-target", f"X.{target}".encode())], "1.1", True), b"/", b"", "id")
    asked.body = body
    return asked
