"""Sorts parcels by their address; those that have none come back, and at last to the queue of the undeliverable."""

import json


def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            parcel = json.loads(record["body"])
            print(f"sorted {parcel['id']} to {parcel['address']}")
        except (KeyError, ValueError) as error:
            print(f"not sorted: {error!r}")
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
