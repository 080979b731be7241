"""Says who came in."""


def handler(event, context):
    return {"statusCode": 200, "body": f'{{"came in": "{event["requestContext"]["authorizer"]["principalId"]}"}}'}
