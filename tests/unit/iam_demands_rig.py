"""Requests as boto3 writes them, and what they ask for."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from lambda_emu.access.reading import DEMANDS, demands_of, service_of
from lambda_emu.arn import Scope
from lambda_emu.gateway.request import Request
from lambda_emu.http.message import Head

ACCOUNT, REGION = "111111111111", "us-east-1"
OTHER = "222222222222"
OURS = Scope(ACCOUNT, REGION)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
PASS = ("iam:PassRole", ROLE)


def ask(service: str, operation: str, **members: Any) -> list[tuple[str, str]]:
    """The actions and resources of what boto3 sends."""
    name, asked = sent(service, operation, **members)
    return [(demand.action, demand.resource) for demand in demands_of(name, asked, OURS)]


def sent(service: str, operation: str, **members: Any) -> tuple[str, Request]:
    """Whose it is found to be, and the request."""
    caught: list[Any] = []

    def catch(request: Any, **_: Any) -> AWSResponse:
        caught.append(request)
        return AWSResponse(request.url, 200, {}, None)

    client = boto3.client(
        service,
        region_name=REGION,
        endpoint_url="http://localhost:9000",
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="s",
        config=Config(inject_host_prefix=False, s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )
    client.meta.events.register("before-send", catch)
    try:
        getattr(client, operation)(**members)
    except Exception:  # noqa: BLE001 - nobody answered
        assert caught
    [request] = caught
    _, _, rest = request.url.partition("//")
    target = "/" + rest.partition("/")[2]
    headers = [(key.lower().encode(), _bytes(value)) for key, value in request.headers.items()]
    path, _, query = target.encode().partition(b"?")
    asked = Request(Head(request.method.encode(), target.encode(), headers, "1.1", True), path, query, "id")
    asked.body = _bytes(request.body or b"") if not hasattr(request.body, "read") else request.body.read()
    found = service_of(tuple(DEMANDS), asked)
    assert found is not None
    return found, asked


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def arn(service: str, resource: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{REGION}:{account}:{resource}"


URL = f"http://localhost:9000/{ACCOUNT}/jobs"
QUEUE = arn("sqs", "jobs")
TOPIC = arn("sns", "news")
TABLE = arn("dynamodb", "table/t")
KEY = {"id": {"S": "1"}}
CODE: Any = {"ZipFile": b"PK" * 30_000}
NEW: Any = {"FunctionName": "f", "Role": ROLE, "Code": CODE, "Handler": "h", "Runtime": "python3.13"}
FUNCTION = arn("lambda", "function:f")
MACHINE = arn("states", "stateMachine:m")
TARGET: Any = {"Arn": FUNCTION, "RoleArn": ROLE}
