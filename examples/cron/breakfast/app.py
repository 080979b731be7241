"""Runs when its schedules are due, with what each of them says."""

READY = {"breakfast": "breakfast is ready", "coffee": "there is fresh coffee"}


def handler(event, context):
    print(READY[event["what"]])
