"""Prints the news, which come straight from the topic or by a queue."""

import json


def handler(event, context):
    for record in event["Records"]:
        news = record["Sns"] if "Sns" in record else json.loads(record["body"])
        print("news:", news["Message"])
