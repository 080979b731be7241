"""Lets machines in whose key is known."""

KEYS = {"k-42": "printer"}


def handler(event, context):
    machine = KEYS.get(event["headers"].get("x-key", ""))
    return {"isAuthorized": machine is not None, "context": {"machine": machine}}
