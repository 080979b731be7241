"""Writes down what came out."""


def handler(event, context):
    print("kept", event["requestPayload"]["of"], event["responsePayload"]["quotient"])
