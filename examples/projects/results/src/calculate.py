"""Divides; not by nothing."""


def handler(event, context):
    asked = event if "by" in event else event["queryStringParameters"]
    return {"quotient": float(asked["of"]) / float(asked["by"]), "version": context.function_version}
