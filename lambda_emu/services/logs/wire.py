"""JSON 1.1, the operation in X-Amz-Target; members are checked by botocore's model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec.json import decode, encode

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.answers import HINT, Answer
from lambda_emu.gateway.request import Request
from lambda_emu.services.logs.errors import ConstraintsBroken, MalformedLogsRequest, MalformedQuery
from lambda_emu.services.shapes import Shapes, WrongType

TARGET = b"Logs_20140328."
TYPE = "application/x-amz-json-1.1"
UNCHECKED = ("InputLogEvents",)
"""There may be 10,000 of them."""

Members = Mapping[str, Any]


def operation_of(request: Request) -> str:
    target = request.head.first.get(b"x-amz-target", b"")
    return target[len(TARGET) :].decode("latin-1")[:128]


def parse(operation: str, request: Request, shapes: Shapes) -> Members:
    """The members of a request. LogsError."""
    try:
        given = decode(request.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise MalformedLogsRequest(str(error)) from error
    if not isinstance(given, dict):
        raise MalformedLogsRequest("The body is no object.")
    try:
        members = shapes.typed(operation, given)
    except WrongType as error:
        raise MalformedLogsRequest(str(error)) from error
    faults = shapes.faults(operation, members)
    if faults:
        raise ConstraintsBroken(faults)
    return members


@cache
def shapes_of(operations: tuple[str, ...]) -> Shapes:
    return Shapes("logs", operations, UNCHECKED)


def render(result: Members, request: Request) -> Answer:
    return Answer(200, _headers(request), encode(result))


def render_error(error: LambdaError, request: Request) -> Answer:
    body: dict[str, Any] = {"__type": error.code, "message": error.text}
    if isinstance(error, MalformedQuery):
        location = {"startCharOffset": error.start, "endCharOffset": error.end}
        body["queryCompileError"] = {"location": location, "message": error.text}
    headers = _headers(request)
    if error.hint is not None:
        headers.append((HINT, error.hint.encode("ascii", "backslashreplace").decode()))
    return Answer(error.status, headers, encode(body))


def _headers(request: Request) -> list[tuple[str, str]]:
    return [("Content-Type", TYPE), ("x-amzn-RequestId", request.request_id)]
