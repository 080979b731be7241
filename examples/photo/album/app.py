"""A page that shows all photos, the same as JSON, and the thumbnails themselves."""

import base64
import json
from html import escape
from urllib.parse import quote

import boto3
from botocore.exceptions import ClientError

THUMBNAILS, TABLE = "thumbnails", "photos"
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Photos</title>
<style>body {{ font-family: sans-serif; margin: 2rem }} figure {{ display: inline-block; margin: 1rem }}</style>
<h1>Photos</h1>
{figures}
"""
FIGURE = (
    '<figure><img src="thumbnails/{source}" alt="{name}"><figcaption>{name}, {width} x {height}</figcaption></figure>'
)

s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")


def handler(event, context):
    if event["routeKey"] == "GET /photos":
        return answer(200, "application/json", json.dumps(photos()))
    if event["routeKey"].startswith("GET /thumbnails/"):
        return thumbnail(event["pathParameters"]["key"])
    return answer(200, "text/html; charset=utf-8", page(photos()))


def photos():
    found = []
    for page in dynamodb.get_paginator("scan").paginate(TableName=TABLE):
        for item in page["Items"]:
            numbers = {name: int(item[name]["N"]) for name in ("width", "height")}
            found.append({"key": item["key"]["S"], **numbers})
    return sorted(found, key=lambda photo: photo["key"])


def page(photos):
    figures = [figure(**photo) for photo in photos]
    return PAGE.format(figures="\n".join(figures) or "<p>None yet.</p>")


def figure(key, width, height):
    return FIGURE.format(source=quote(key), name=escape(key), width=width, height=height)


def thumbnail(key):
    try:
        content = s3.get_object(Bucket=THUMBNAILS, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        return answer(404, "text/plain", "There is no such photo.")
    body = base64.b64encode(content).decode()
    return {**answer(200, "image/jpeg", body), "isBase64Encoded": True}


def answer(status, content_type, body):
    return {"statusCode": status, "headers": {"content-type": content_type}, "body": body}
