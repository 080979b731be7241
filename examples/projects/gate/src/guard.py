"""Lets in who says `allow NAME`, keeps out who says `deny`, and knows nobody else."""


def handler(event, context):
    word, _, name = event["authorizationToken"].partition(" ")
    if word not in ("allow", "deny"):
        raise Exception("Unauthorized")  # which API Gateway takes for a 401
    statement = {"Action": "execute-api:Invoke", "Effect": word.title(), "Resource": event["methodArn"]}
    return {"principalId": name, "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
