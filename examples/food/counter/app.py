"""Takes orders: each is an execution of the state machine, by whose name its guest asks how it stands."""

import json
import os

import boto3

states, dynamodb = boto3.client("stepfunctions"), boto3.client("dynamodb")


def handler(event, context):
    if event["routeKey"] == "GET /meals/{id}":
        return show(event["pathParameters"]["id"])
    id = event["requestContext"]["requestId"]
    region, account = context.invoked_function_arn.split(":")[3:5]
    states.start_execution(
        stateMachineArn=f"arn:aws:states:{region}:{account}:stateMachine:{os.environ['MACHINE']}",
        name=id,
        input=json.dumps({**json.loads(event["body"]), "id": id}),
    )
    return answer(202, {"id": id})


def show(id):
    found = dynamodb.get_item(TableName="meals", Key={"id": {"S": id}}).get("Item")
    if found is None:
        return answer(404, {"message": "It is on its way, or nobody ordered it."})
    return answer(200, {name: value["S"] for name, value in found.items()})


def answer(status, body):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
