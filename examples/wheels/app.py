import orjson


def handler(event, context):
    return orjson.loads(orjson.dumps({**event, "by": "orjson"}))
