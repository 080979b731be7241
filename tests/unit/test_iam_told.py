"""What conditions are told of items, attributes and tags."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_emu.access.demand import Asking
from lambda_emu.access.demands.items import attributes, leading_keys
from lambda_emu.arn import Scope
from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head

KEY = {"owner": {"S": "ada"}, "id": {"N": "1"}}
NAMES = {"ExpressionAttributeNames": {"#o": "owner"}}
VALUES = {"ExpressionAttributeValues": {":o": {"S": "ada"}, ":n": {"N": "3"}}}


@pytest.mark.parametrize(
    ("members", "keys"),
    [
        ({"Key": KEY}, ("ada",)),
        ({"Item": {"owner": {"B": "YWRh"}}}, ("YWRh",)),
        ({"Keys": [KEY, {"owner": {"S": "bob"}}, KEY]}, ("ada", "bob")),
        ({"PutRequest": {"Item": KEY}}, ("ada",)),
        ({"DeleteRequest": {"Key": KEY}}, ("ada",)),
        ({"KeyConditionExpression": "owner = :o AND id > :n", **VALUES}, ("ada",)),
        ({"KeyConditionExpression": "id > :n and :o = #o", **NAMES, **VALUES}, ("ada",)),
        ({"KeyConditionExpression": "(#o=:o)", **NAMES, **VALUES}, ("ada",)),
        (
            {"KeyConditions": {"owner": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "ada"}]}}},
            ("ada",),
        ),
        ({"FilterExpression": "owner = :o", **VALUES}, ()),
        ({"Key": "odd", "Item": [], "Keys": {}, "PutRequest": 1, "KeyConditions": {"owner": []}}, ()),
        ({"Key": {"owner": {"S": 1}}, "KeyConditionExpression": 7}, ()),
    ],
)
def test_leading_keys_are_those_that_are_asked_for(members: dict[str, Any], keys: tuple[str, ...]) -> None:
    assert leading_keys(members, "owner") == keys


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"Key": KEY, "AttributesToGet": ["title"]}, {"owner", "id", "title"}),
        ({"ProjectionExpression": "#o, title, place.city, tags[0]", **NAMES}, {"owner", "title", "place", "tags"}),
        (
            {"UpdateExpression": "SET title = if_not_exists(title, :n), #o = :o REMOVE old ADD seen :n", **NAMES},
            {"title", "owner", "old", "seen"},
        ),
        ({"ConditionExpression": "attribute_not_exists(lock) AND size(title) < :n"}, {"lock", "title"}),
        ({"AttributeUpdates": {"title": {}}, "Expected": {"lock": {}}}, {"title", "lock"}),
        ({}, set()),
        ({"ProjectionExpression": ["odd"], "AttributesToGet": "odd", "Item": 1}, set()),
    ],
)
def test_attributes_are_those_that_are_named(members: dict[str, Any], named: set[str]) -> None:
    assert set(attributes(members)) == named


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"tags": {"Team": "a"}}, {"aws:requesttag/team": "a", "aws:tagkeys": ("Team",)}),
        ({"Tags": [{"Key": "Team", "Value": "a"}]}, {"aws:requesttag/team": "a", "aws:tagkeys": ("Team",)}),
        ({"tags": [{"key": "Team", "value": "a"}]}, {"aws:requesttag/team": "a", "aws:tagkeys": ("Team",)}),
        ({"TagKeys": ["Team", "x"]}, {"aws:tagkeys": ("Team", "x")}),
        ({"Tags": 1, "TagKeys": 2}, {}),
        ({"Tags": [1, {"Key": 2}], "TagKeys": []}, {}),
        ({}, {}),
    ],
)
def test_tags_are_told_however_a_service_writes_them(members: dict[str, Any], told: dict[str, Any]) -> None:
    request = Request(Head(b"POST", b"/", [], "1.1", True), b"/", b"", "id")
    asking = Asking("sqs", "CreateQueue", members, Scope("0" * 12, "us-east-1"), request)

    assert asking.demand().context == told
