"""Greets in the language that is asked for, as ?language=fr."""

import json
import os

GREETINGS = {"en": "Good morning", "fr": "Bonjour", "de": "Guten Morgen"}


def lambda_handler(event, context):
    wanted = (event["queryStringParameters"] or {}).get("language", os.environ["DEFAULT_LANGUAGE"])
    if wanted not in GREETINGS:
        return {"statusCode": 404, "body": json.dumps({"message": f"nobody speaks {wanted}"})}
    return {"statusCode": 200, "body": json.dumps({"message": GREETINGS[wanted]})}
