"""Keeps the latest reading of each place."""

import base64
import json
import os
from decimal import Decimal

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, context):
    for record in event["Records"]:
        table.put_item(Item=json.loads(base64.b64decode(record["kinesis"]["data"]), parse_float=Decimal))
