"""For each photo that comes, how large it is, as JSON in another bucket."""

import json
import struct
from urllib.parse import unquote_plus

import boto3

S3 = boto3.client("s3")


def handler(event, context):
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        head = S3.get_object(Bucket=bucket, Key=key, Range="bytes=0-23")["Body"].read()
        width, height = struct.unpack(">II", head[16:24])  # of a PNG: its first chunk begins with them
        S3.put_object(Bucket="sizes", Key=f"{key}.json", Body=json.dumps({"width": width, "height": height}))
        print(key, "is", width, "x", height)
