"""Notes by their id, and the greeting that the stack has as an output."""

import json
import os
import time

import boto3


def handler(event, context):
    note = event["path"].strip("/")
    if not note:
        page = boto3.client("s3").get_object(Bucket=os.environ["PAGES"], Key="index.html")
        return {"statusCode": 200, "headers": {"Content-Type": "text/html"}, "body": page["Body"].read().decode()}
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    if event["httpMethod"] == "PUT":
        table.put_item(Item={"id": note, "text": event["body"]})
        return {"statusCode": 204}
    found = table.get_item(Key={"id": note}).get("Item")
    return {"statusCode": 200 if found else 404, "body": json.dumps(found)}


def on_event(event, context):
    """Asked by CDK's provider, when the stack makes, changes or removes a greeting."""
    name = event["ResourceProperties"]["Name"]
    return {"PhysicalResourceId": f"greeting-{name}", "Began": time.time()}


def is_complete(event, context):
    """Asked by CDK's state machine until a greeting that was begun is there, which takes two seconds."""
    if event["RequestType"] != "Delete" and time.time() < event["Began"] + 2:
        return {"IsComplete": False}
    return {"IsComplete": True, "Data": {"Text": f"Hello, {event['ResourceProperties']['Name']}"}}
