"""AWS's JSON protocols on the wire: the operation in X-Amz-Target; members, answers and errors as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.json import encode

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import Answer, hint_headers
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request

JSON = "application/x-amz-json-1.0"
JSON_1_1 = "application/x-amz-json-1.1"
Told = Callable[[LambdaError | None, Mapping[str, Any] | None], None]
"""Answers once, with an error or a result."""
MOST_NAMED = 128
"""Characters of the name of an operation."""


def operation_of(request: Request, target: bytes) -> str:
    """What stands behind the service's target, such as `AWSEvents.`; empty if another service's stands there."""
    named = request.head.first.get(b"x-amz-target", b"")
    return named[len(target) :][:MOST_NAMED].decode("latin-1") if named.startswith(target) else ""


def json_answer(result: Mapping[str, Any] | None, request: Request) -> Answer:
    """In JSON 1.1. None: nothing is told."""
    headers = [("Content-Type", JSON_1_1), ("x-amzn-RequestId", request.request_id)]
    return Answer(200, headers, b"{}" if result is None else encode(result))


def json_error(error: LambdaError, request: Request, kind: str = JSON, more: Mapping[str, Any] | None = None) -> Answer:
    """kind: the content type. more: members of this error beside its text."""
    text = {} if error.text is None else {"message": error.text}
    headers = [("Content-Type", kind), ("x-amzn-RequestId", request.request_id), *hint_headers(error)]
    return Answer(error.status, headers, encode({"__type": error.code, **text, **(more or {})}))


def teller(call: Call) -> Told:
    """In JSON 1.1."""

    def told(error: LambdaError | None, result: Mapping[str, Any] | None) -> None:
        request = call.request
        call.answer(json_answer(result, request) if error is None else json_error(error, request, JSON_1_1))

    return told
