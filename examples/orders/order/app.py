"""Takes orders: sets portions of a dish aside, and says so on the bus. Tells how an order stands, too."""

import json
import uuid

import boto3

PORTIONS, PRICE = 10, 12

dynamodb, events = boto3.client("dynamodb"), boto3.client("events")


def handler(event, context):
    if event["routeKey"] == "GET /orders/{id}":
        return show(event["pathParameters"]["id"])
    wanted = json.loads(event["body"])
    order = {**wanted, "id": str(uuid.uuid4()), "total": wanted["count"] * PRICE}
    try:
        place(order)
    except dynamodb.exceptions.TransactionCanceledException:
        return answer(409, {"message": f"There are not so many portions of {order['dish']}."})
    entry = {"Source": "order", "DetailType": "OrderPlaced", "Detail": json.dumps(order), "EventBusName": "delivery"}
    events.put_events(Entries=[entry])
    return answer(202, order)


def place(order):
    """The order and the portions, both or neither."""
    row = {"id": {"S": order["id"]}, "state": {"S": "PLACED"}}
    aside = {
        "TableName": "dishes",
        "Key": {"name": {"S": order["dish"]}},
        "UpdateExpression": "SET portions = if_not_exists(portions, :all) - :count",
        "ConditionExpression": "attribute_not_exists(portions) OR portions >= :count",
        "ExpressionAttributeValues": {":all": {"N": str(PORTIONS)}, ":count": {"N": str(order["count"])}},
    }
    dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": "orders", "Item": row}}, {"Update": aside}])


def show(id):
    found = dynamodb.get_item(TableName="orders", Key={"id": {"S": id}}).get("Item")
    if found is None:
        return answer(404, {"message": "There is no such order."})
    return answer(200, {"id": id, "state": found["state"]["S"]})


def answer(status, body):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
