import json
import time
import uuid

import boto3

TABLE = boto3.resource("dynamodb").Table("tasks")
MOST_CHARACTERS = 200
HEADERS = {
    "Content-Type": "application/json",
    "Access-Control-Allow-Origin": "*",  # pages of any origin may ask; a REST API leaves that to its integrations
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "Content-Type",
}


def handler(event, context):
    try:
        status, said = HANDLERS[event["httpMethod"]](event)
    except BadTask as error:
        status, said = 400, {"message": str(error)}
    return {"statusCode": status, "headers": HEADERS, "body": json.dumps(said)}


class BadTask(Exception):
    pass


def tell(event):
    items = sorted(TABLE.scan()["Items"], key=lambda item: item["at_ms"])
    return 200, [{"id": item["id"], "text": item["text"], "done": item["done"]} for item in items]


def add(event):
    text = body_of(event).get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > MOST_CHARACTERS:
        raise BadTask(f"A task has 1 to {MOST_CHARACTERS} characters.")
    task = {"id": str(uuid.uuid4()), "text": text.strip(), "done": False}
    TABLE.put_item(Item=task | {"at_ms": time.time_ns() // 1_000_000})
    return 201, task


def tick(event):
    done = body_of(event).get("done")
    if not isinstance(done, bool):
        raise BadTask("A task is done, or it is not.")
    try:
        TABLE.update_item(
            Key={"id": event["pathParameters"]["id"]},
            UpdateExpression="SET done = :done",
            ConditionExpression="attribute_exists(id)",
            ExpressionAttributeValues={":done": done},
        )
    except TABLE.meta.client.exceptions.ConditionalCheckFailedException:
        return 404, {"message": "There is no such task."}
    return 200, {}


def remove(event):
    TABLE.delete_item(Key={"id": event["pathParameters"]["id"]})
    return 200, {}


def let_ask(event):
    """A browser asks whether its page may."""
    return 200, {}


def body_of(event):
    try:
        body = json.loads(event["body"] or "{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise BadTask("The body is no JSON object.")
    return body


HANDLERS = {"GET": tell, "POST": add, "PUT": tick, "DELETE": remove, "OPTIONS": let_ask}
