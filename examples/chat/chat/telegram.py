"""An update as Telegram sends it to a bot's webhook, with the secret that setWebhook was told."""

import base64
import hmac
import json
import os

from members import tell

SECRET = os.environ["SECRET_TOKEN"].encode()


def handler(event, context):
    said = event["headers"].get("x-telegram-bot-api-secret-token", "").encode()
    if not hmac.compare_digest(said, SECRET):
        return {"statusCode": 401, "body": "who are you?"}
    body = event.get("body") or ""
    update = json.loads(base64.b64decode(body) if event["isBase64Encoded"] else body)
    message = update.get("message") or {}
    room, _, text = message.get("text", "").partition(" ")
    heard = tell(room, {"room": room, "from": message.get("from", {}).get("first_name"), "text": text})
    answer = {"method": "sendMessage", "chat_id": message.get("chat", {}).get("id"), "text": f"{heard} heard it"}
    return {"statusCode": 200, "body": json.dumps(answer)}
