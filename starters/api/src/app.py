"""Notes in a table, by an HTTP API."""

import base64
import json

import boto3

TABLE = boto3.resource("dynamodb").Table("notes")


def handler(event, context):
    if event["routeKey"] == "GET /notes":
        return {"notes": TABLE.scan()["Items"]}
    body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"]  # as its Content-Type has it
    note = {"id": event["pathParameters"]["id"], "text": json.loads(body)["text"]}
    TABLE.put_item(Item=note)
    return note
