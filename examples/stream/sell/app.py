"""POST {"product": "tea", "price": 3} puts a sale into the stream; the sales of a product are in one shard."""

import base64
import json

import boto3

kinesis = boto3.client("kinesis")


def handler(event, context):
    try:
        asked = json.loads(body_of(event))
        sale = {"product": str(asked["product"])[:100], "price": int(asked["price"])}
    except (ValueError, KeyError, TypeError):
        return {"statusCode": 400, "body": 'POST {"product": "tea", "price": 3}\n'}
    put = kinesis.put_record(StreamName="sales", Data=json.dumps(sale), PartitionKey=sale["product"])
    return {"shard": put["ShardId"], "sequenceNumber": put["SequenceNumber"]}


def body_of(event):
    """What curl posts it calls a form, and a form comes as base64."""
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body
