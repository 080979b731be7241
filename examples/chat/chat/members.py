"""Who is in which room, and how everybody there is told."""

import json
import os

import boto3

members = boto3.resource("dynamodb").Table("members")
sockets = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ.get("SOCKETS"))  # on AWS: https://…/dev


def tell(room, message):
    """How many heard it. Who has left without a word is forgotten."""
    there = members.query(
        IndexName="rooms", KeyConditionExpression="room = :room", ExpressionAttributeValues={":room": room}
    )["Items"]
    heard = 0
    for member in there:
        try:
            sockets.post_to_connection(ConnectionId=member["connection"], Data=json.dumps(message).encode())
            heard += 1
        except sockets.exceptions.GoneException:
            members.delete_item(Key={"connection": member["connection"]})
    return heard
