"""Makes a picture of 64 pixels at most of each that is uploaded."""

import os
import tempfile
from urllib.parse import unquote_plus

import boto3
from PIL import Image

s3 = boto3.client("s3")


def handler(event, context):
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        with tempfile.NamedTemporaryFile(suffix=".png") as file:
            s3.download_file(bucket, key, file.name)
            with Image.open(file.name) as picture:
                picture.thumbnail((64, 64))
                picture.save(file.name)
            s3.upload_file(file.name, os.environ["SMALL"], key)
