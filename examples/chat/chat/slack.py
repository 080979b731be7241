"""A slash command as Slack sends it: `/say kitchen It is served`. Signed, and of the last five minutes."""

import base64
import hashlib
import hmac
import json
import os
import time
from urllib.parse import parse_qs

from members import tell

SECRET = os.environ["SIGNING_SECRET"].encode()
LATEST_S = 300


def handler(event, context):
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event["isBase64Encoded"] else body.encode()
    if not is_signed(event["headers"], raw):
        return {"statusCode": 401, "body": "not signed"}
    if event["headers"].get("content-type", "").startswith("application/json"):
        return {"statusCode": 200, "body": json.dumps({"challenge": json.loads(raw)["challenge"]})}
    said = {name: values[0] for name, values in parse_qs(raw.decode()).items()}
    room, _, text = said.get("text", "").partition(" ")
    heard = tell(room, {"room": room, "from": said.get("user_name"), "text": text})
    return {"statusCode": 200, "body": json.dumps({"response_type": "ephemeral", "text": f"{heard} heard it"})}


def is_signed(headers, raw):
    """As Slack's page "Verifying requests" has it: by what came, before anything is made of it."""
    at, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not at.isdigit() or abs(time.time() - int(at)) > LATEST_S:
        return False  # somebody may have kept it, to send it again
    expected = "v0=" + hmac.new(SECRET, b"v0:%s:%s" % (at.encode(), raw), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())
