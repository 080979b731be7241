"""The form that SDKs speak since 2023: JSON 1.0, the operation in X-Amz-Target, errors with the old code beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.json import encode

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer, hint_headers
from lambda_emu.gateway.request import Request
from lambda_emu.services.sqs.errors import SqsError, UnknownSqsOperation
from lambda_emu.services.sqs.wire.members import INPUTS, Members, read
from lambda_emu.signatures.refusals import BadSignature

TARGET = b"AmazonSQS."
TYPE = "application/x-amz-json-1.0"


def parse(request: Request) -> tuple[str, Members]:
    """The operation and its members. SqsError."""
    target = request.head.first.get(b"x-amz-target", b"")
    name = target[len(TARGET) :].decode("latin-1")
    if name not in INPUTS:
        raise UnknownSqsOperation(name)
    return name, read(name, request.body)


def render(operation: str, result: Mapping[str, Any] | None, request_id: str) -> Answer:  # noqa: ARG001 - as `Form`
    body = encode(result) if result else b"{}"
    return Answer(200, [("Content-Type", TYPE), ("x-amzn-RequestId", request_id)], body)


def render_error(error: LambdaError, request_id: str) -> Answer:
    """Errors of the gateway are told in the same form."""
    shape = error.shape if isinstance(error, SqsError) else "com.amazon.coral.service"
    body = {"__type": f"{shape}#{error.code}", "message": error.text}
    headers = [
        ("Content-Type", TYPE),
        ("x-amzn-RequestId", request_id),
        ("x-amzn-query-error", f"{query_code(error)};{sender(error)}"),
    ]
    headers += hint_headers(error)
    return Answer(error.status, headers, encode(body))


def query_code(error: LambdaError) -> str:
    return error.query_code if isinstance(error, SqsError | BadSignature) else error.code.removesuffix("Exception")


def sender(error: LambdaError) -> str:
    """Whose fault it is."""
    return "Receiver" if error.status >= 500 else "Sender"
