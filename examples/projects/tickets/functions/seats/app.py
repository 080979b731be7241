"""How many seats a show still has."""

FREE = {"early": 2, "late": 40}


def lambda_handler(event, context):
    return {"free": FREE.get(event["show"], 0)}
