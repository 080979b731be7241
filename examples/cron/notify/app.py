"""Runs once for each reminder."""


def handler(event, context):
    print(f"{event['due']}: {event['text']}")
