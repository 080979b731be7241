"""POST {"text": "call Ada", "in_s": 60} has `notify` run in a minute; GET tells what is still to come."""

import base64
import json
import os
import uuid
from datetime import UTC, datetime, timedelta

import boto3

scheduler = boto3.client("scheduler")
MOST_CHARACTERS = 200
LONGEST_S = 366 * 86_400


def handler(event, context):
    if event["routeKey"] == "GET /reminders":
        return reminders()
    try:
        asked = json.loads(body_of(event))
        text, in_s = str(asked["text"])[:MOST_CHARACTERS], int(asked["in_s"])
    except (ValueError, KeyError, TypeError):
        return answer(400, {"error": 'POST {"text": "call Ada", "in_s": 60}'})
    if not 0 < in_s <= LONGEST_S:
        return answer(400, {"error": f"in_s must be from 1 to {LONGEST_S}"})
    sent_s = event["requestContext"]["timeEpoch"] / 1000
    at = datetime.fromtimestamp(sent_s, UTC) + timedelta(seconds=in_s)
    return answer(201, remind(text, at))


def body_of(event):
    """What curl posts it calls a form, and of a form an HTTP API makes base64."""
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body


def remind(text, at):
    """The name of the schedule says nothing, so that two reminders may say the same."""
    name = f"reminder-{uuid.uuid4()}"
    scheduler.create_schedule(
        Name=name,
        Description=text,
        ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": os.environ["NOTIFY"],
            "RoleArn": "arn:aws:iam::000000000000:role/reminders",
            "Input": json.dumps({"text": text, "due": "<aws.scheduler.scheduled-time>"}),
        },
    )
    return {"name": name, "at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}


def reminders():
    found = scheduler.list_schedules(NamePrefix="reminder-", State="ENABLED")["Schedules"]
    return answer(200, [one["Name"] for one in found])


def answer(status, told):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(told)}
