"""Charges the card of each order, and says on the bus how that went. An order that comes twice is charged once."""

import json

import boto3

MOST = 100
"""What a card has."""

dynamodb, events = boto3.client("dynamodb"), boto3.client("events")


def handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["body"])["detail"]
        paid = order["total"] <= MOST and pay(order)
        tell("OrderPaid" if paid else "PaymentFailed", order)


def pay(order):
    """Whether the order is paid now, or was before."""
    change = {"TableName": "orders", "Key": {"id": {"S": order["id"]}}, "ExpressionAttributeNames": {"#state": "state"}}
    states = {":placed": {"S": "PLACED"}, ":paid": {"S": "PAID"}}
    try:
        dynamodb.update_item(
            **change,
            UpdateExpression="SET #state = :paid",
            ConditionExpression="#state IN (:placed, :paid)",
            ExpressionAttributeValues=states,
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def tell(what, order):
    entry = {"Source": "payment", "DetailType": what, "Detail": json.dumps(order), "EventBusName": "delivery"}
    events.put_events(Entries=[entry])
