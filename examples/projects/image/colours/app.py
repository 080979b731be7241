"""Names colours by a file that is in the image."""

import json
from pathlib import Path

COLOURS = json.loads(Path("/var/task/colours.json").read_text())


def name_colour(event, context):
    name = COLOURS.get(event["pathParameters"]["code"])
    return {"statusCode": 404 if name is None else 200, "body": json.dumps({"colour": name})}
