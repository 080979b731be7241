"""Greets: {"name": "Ada"} is answered by {"greeting": "Hello, Ada"}."""


def handler(event, context):
    return {"greeting": f"Hello, {event.get('name', 'World')}"}
