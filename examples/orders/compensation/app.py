"""Undoes an order that was not paid: its portions go back, and the bus hears of it. Twice is no more than once."""

import json

import boto3

dynamodb, events = boto3.client("dynamodb"), boto3.client("events")


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])["detail"]
        try:
            cancel(order)
        except dynamodb.exceptions.TransactionCanceledException:
            print(f"{order['id']} was cancelled before")
            continue
        entry = {"Source": "compensation", "DetailType": "OrderCancelled", "Detail": json.dumps(order)}
        events.put_events(Entries=[{**entry, "EventBusName": "delivery"}])


def cancel(order):
    """The state and the portions, both or neither."""
    state = {
        "TableName": "orders",
        "Key": {"id": {"S": order["id"]}},
        "UpdateExpression": "SET #state = :cancelled",
        "ConditionExpression": "#state = :placed",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {":placed": {"S": "PLACED"}, ":cancelled": {"S": "CANCELLED"}},
    }
    back = {
        "TableName": "dishes",
        "Key": {"name": {"S": order["dish"]}},
        "UpdateExpression": "ADD portions :count",
        "ExpressionAttributeValues": {":count": {"N": str(order["count"])}},
    }
    dynamodb.transact_write_items(TransactItems=[{"Update": state}, {"Update": back}])
