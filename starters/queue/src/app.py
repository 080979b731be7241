"""Takes orders from a queue; one that cannot be read stays in it, and the others of its batch are done."""

import json


def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            order = json.loads(record["body"])
            print("ordered", order["item"])
        except (ValueError, KeyError):
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
