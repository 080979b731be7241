"""Reads what the topic told the queue, and logs it."""

import json


def handler(event, context):
    for record in event["Records"]:
        photo = json.loads(json.loads(record["body"])["Message"])
        print(f"{photo['key']} is in the album")
