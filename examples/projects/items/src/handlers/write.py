"""Puts an item into the table, or takes it out."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["ITEMS_TABLE"])


def handler(event, context):
    key = {"id": event["pathParameters"]["id"]}
    if event["httpMethod"] == "DELETE":
        table.delete_item(Key=key)
        return {"statusCode": 204}
    table.put_item(Item=json.loads(event["body"]) | key)
    return {"statusCode": 201, "headers": {"Location": f"/Prod/{key['id']}"}}
