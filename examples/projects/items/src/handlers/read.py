"""What the table has: all of it, or one item."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["ITEMS_TABLE"])


def list_items(event, context):
    return answer(200, table.scan()["Items"])


def get_item(event, context):
    found = table.get_item(Key={"id": event["pathParameters"]["id"]}).get("Item")
    return answer(404, None) if found is None else answer(200, found)


def answer(status, body):
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
