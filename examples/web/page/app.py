from pathlib import Path

PAGE = Path(__file__).with_name("index.html").read_text()


def handler(event, context):
    return {"statusCode": 200, "headers": {"Content-Type": "text/html; charset=utf-8"}, "body": PAGE}
