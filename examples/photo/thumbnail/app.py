"""For each photo in the bucket: a thumbnail to another bucket, a row in a table, a message on a topic."""

import json
import os
from urllib.parse import unquote_plus

import boto3
from PIL import Image, ImageOps

THUMBNAILS, TABLE, TOPIC = "thumbnails", "photos", "photos"
LONGEST = 320  # pixels

s3, dynamodb, sns = boto3.client("s3"), boto3.client("dynamodb"), boto3.client("sns")


def handler(event, context):
    topic = topic_of(context.invoked_function_arn)
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        key = unquote_plus(record["s3"]["object"]["key"])
        try:
            photo = add(bucket, key)
        except Image.UnidentifiedImageError:  # no photo: another attempt would find it no better
            print(f"{key} is no picture")
            continue
        sns.publish(TopicArn=topic, Subject="A photo", Message=json.dumps(photo))


def topic_of(function_arn):
    """In the function's own account and region."""
    _, partition, _, region, account, *_ = function_arn.split(":")
    return f"arn:{partition}:sns:{region}:{account}:{TOPIC}"


def add(bucket, key):
    """Files on the way, so that a photo may be larger than memory; /tmp is there for a next one."""
    try:
        s3.download_file(bucket, key, "/tmp/photo")
        with Image.open("/tmp/photo") as picture:
            small = ImageOps.exif_transpose(picture).convert("RGB")  # upright, however the camera was held
            width, height = small.size
            small.thumbnail((LONGEST, LONGEST))
            small.save("/tmp/thumbnail", "JPEG")
        s3.upload_file("/tmp/thumbnail", THUMBNAILS, key, ExtraArgs={"ContentType": "image/jpeg"})
    finally:
        for name in ("photo", "thumbnail"):
            if os.path.exists(f"/tmp/{name}"):
                os.remove(f"/tmp/{name}")
    photo = {"key": key, "width": width, "height": height}
    numbers = {name: {"N": str(photo[name])} for name in ("width", "height")}
    dynamodb.put_item(TableName=TABLE, Item={"key": {"S": key}, **numbers})
    print(f"{key}: {width} x {height}")
    return photo
