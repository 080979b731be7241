"""Rooms. A client joins one, and what it says there everybody there hears, itself included."""

import json

from members import members, tell


def handler(event, context):
    connection = event["requestContext"]["connectionId"]
    routes = {"$disconnect": leave, "join": join, "say": say}
    answer = routes.get(event["requestContext"]["routeKey"], explain)(connection, event)
    return {"statusCode": 200, "body": json.dumps(answer) if answer else None}


def join(connection, event):
    said = json.loads(event["body"])
    room, name = str(said.get("room", "lobby")), str(said.get("name", "somebody"))
    members.put_item(Item={"connection": connection, "room": room, "name": name})
    tell(room, {"room": room, "joined": name})


def say(connection, event):
    member = members.get_item(Key={"connection": connection}).get("Item")
    if member is None:
        return {"error": "join a room first"}
    tell(
        member["room"], {"room": member["room"], "from": member["name"], "text": json.loads(event["body"]).get("text")}
    )
    return None


def leave(connection, event):
    gone = members.delete_item(Key={"connection": connection}, ReturnValues="ALL_OLD").get("Attributes")
    if gone:
        tell(gone["room"], {"room": gone["room"], "left": gone["name"]})


def explain(connection, event):
    return {"error": 'say {"action": "join", "room": …, "name": …} or {"action": "say", "text": …}'}
