"""Warns of a place that froze since its last reading."""

import os

import boto3

sns = boto3.client("sns")


def handler(event, context):
    for record in event["Records"]:
        before = record["dynamodb"].get("OldImage", {}).get("celsius", {}).get("N", "1")
        after = record["dynamodb"].get("NewImage", {}).get("celsius", {}).get("N", "1")
        if float(after) <= 0 < float(before):
            place = record["dynamodb"]["Keys"]["place"]["S"]
            sns.publish(TopicArn=os.environ["TOPIC"], Subject="Frost", Message=f"{place}: {after}")
