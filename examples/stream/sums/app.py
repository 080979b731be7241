"""What is returned as `state` comes again with the next records of its window and shard; a last time with none."""

import base64
import json
import os

import boto3

sqs = boto3.client("sqs")


def handler(event, context):
    sums = event["state"]
    for record in event["Records"]:
        sale = json.loads(base64.b64decode(record["kinesis"]["data"]))
        sums[sale["product"]] = sums.get(sale["product"], 0) + sale["price"]
    if event["isFinalInvokeForWindow"]:
        tell({"from": event["window"]["start"], "until": event["window"]["end"], "sums": sums})
    return {"state": sums}


def tell(total):
    print(json.dumps(total))
    queue = sqs.get_queue_url(QueueName=os.environ["TOTALS"])["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(total))
