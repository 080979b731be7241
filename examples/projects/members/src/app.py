"""Says by whom it is called."""


def handler(event, context):
    authorizer = event["requestContext"].get("authorizer", {})
    if "jwt" in authorizer:
        return {"member": authorizer["jwt"]["claims"]["email"]}
    return authorizer.get("lambda", {"status": "well"})
