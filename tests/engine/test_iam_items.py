"""Policies may ask which items of a table somebody reads and writes, and which attributes. See test_iam.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from iam_rig import ACCOUNT, REGION, SECRET, Account, allow, refusal
from own import own_emulator

TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/notes"
OWN = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"]}}
ADA = {"owner": {"S": "ada"}, "id": {"S": "1"}}
BOB = {"owner": {"S": "bob"}, "id": {"S": "1"}}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder, environ = tmp_path_factory.mktemp("strict"), {"LAMBDA_EMU_ROOT_SECRET": SECRET}
    with own_emulator(folder, "process", environ, stems=0, account=ACCOUNT, iam="enforce") as lam:
        account = Account(lam, ACCOUNT)
        index = {
            "IndexName": "by-id",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
        account.root.client("dynamodb").create_table(
            TableName="notes",
            KeySchema=[{"AttributeName": "owner", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("owner", "id")],
            GlobalSecondaryIndexes=[index],
            BillingMode="PAY_PER_REQUEST",
        )
        yield account


def test_a_user_reads_and_writes_the_items_that_are_his(strict: Account) -> None:
    table = strict.user("ada", allow("dynamodb:*", [TABLE, f"{TABLE}/index/*"], Condition=OWN)).client("dynamodb")
    strict.root.client("dynamodb").put_item(TableName="notes", Item=BOB)
    query = {"TableName": "notes", "KeyConditionExpression": "#o = :o", "ExpressionAttributeNames": {"#o": "owner"}}

    def calls(item: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
        put = {"Put": {"TableName": "notes", "Item": item}}
        return [
            ("put_item", {"TableName": "notes", "Item": item}),
            ("get_item", {"TableName": "notes", "Key": item}),
            ("query", {**query, "ExpressionAttributeValues": {":o": item["owner"]}}),
            ("batch_get_item", {"RequestItems": {"notes": {"Keys": [ADA, item] if item != ADA else [ADA]}}}),
            ("batch_write_item", {"RequestItems": {"notes": [{"PutRequest": {"Item": item}}]}}),
            ("transact_write_items", {"TransactItems": [put]}),
            ("delete_item", {"TableName": "notes", "Key": item}),
        ]

    for operation, members in calls(ADA):
        assert getattr(table, operation)(**members)
    for operation, members in calls(BOB):
        assert refusal(getattr(table, operation), **members)[0] == "AccessDeniedException", operation


def test_the_leading_key_of_an_index_is_its_own(strict: Account) -> None:
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["1"]}}
    user = strict.user("by-index", allow("dynamodb:Query", f"{TABLE}/index/by-id", Condition=condition))
    asked = {"TableName": "notes", "IndexName": "by-id", "KeyConditionExpression": "id = :id"}
    query = user.client("dynamodb").query

    assert query(**asked, ExpressionAttributeValues={":id": {"S": "1"}})
    assert refusal(query, **asked, ExpressionAttributeValues={":id": {"S": "2"}})[0] == "AccessDeniedException"


def test_a_user_sees_the_attributes_that_he_may(strict: Account) -> None:
    condition = {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["owner", "id", "title"]},
        "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    }
    get = strict.user("clerk", allow("dynamodb:GetItem", TABLE, Condition=condition)).client("dynamodb").get_item
    asked = {"TableName": "notes", "Key": BOB}

    assert get(**asked, ProjectionExpression="#o, title", ExpressionAttributeNames={"#o": "owner"})
    assert refusal(get, **asked, ProjectionExpression="title, secret")[0] == "AccessDeniedException"
    hidden = {"ProjectionExpression": "#s", "ExpressionAttributeNames": {"#s": "secret"}}
    assert refusal(get, **asked, **hidden)[0] == "AccessDeniedException"
