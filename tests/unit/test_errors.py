"""Each error has AWS's code, status, text key and Type (docs/contract/api.md#errors), and builds its own text."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest

import lambda_emu
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.code import InvalidZip, UnzippedTooLarge
from lambda_emu.errors.request import (
    ConstraintViolations,
    HeadTooLarge,
    MalformedRequest,
    PayloadNotJson,
    RequestTooLarge,
    UnknownPath,
    ZippedTooLarge,
)
from lambda_emu.errors.resources import (
    AccessDenied,
    FunctionNotFound,
    FunctionPending,
    RevisionMismatch,
    StillBeingCreated,
    UpdateInProgress,
)
from lambda_emu.errors.service import (
    NoRoom,
    NotBuiltYet,
    ServiceFailure,
    ServiceUnavailable,
    ShuttingDown,
    TooManyRequests,
)
from lambda_emu.gateway.answers import error_answer
from lambda_emu.gateway.refusals import Busy, MalformedHttpRequest
from lambda_emu.invoke.rules import EventTooLarge
from lambda_emu.model.changes.refusals import FunctionExists, MemoryAboveLimit
from lambda_emu.model.concurrency.refusals import ReservedConcurrencyTooHigh
from lambda_emu.model.function.logging_config import LevelsWithText
from lambda_emu.model.function.runtime_names import UnknownRuntime

F = "arn:aws:lambda:us-east-1:123456789012:function:f"
PARAMETER = "InvalidParameterValueException"
BUSY = "The operation cannot be performed at this time. "
TOO_LARGE = "RequestEntityTooLargeException"


def user(key: str, text: str) -> dict[str, str]:
    return {"Type": "User", key: text}


ANSWERS: list[tuple[LambdaError, str, int, dict[str, Any]]] = [
    (MalformedRequest("no"), "SerializationException", 400, {"Message": "no"}),
    (MalformedHttpRequest(), "MalformedHttpRequestException", 400, {
        "message": "The request is malformed at the HTTP level"
    }),
    (HeadTooLarge(65536, 100), "RequestHeaderFieldsTooLargeException", 431, {
        "message": "The request line and headers must have at most 65536 bytes and 100 fields"
    }),
    (ServiceUnavailable(), "ServiceUnavailableException", 503, {
        "Type": "Service", "message": "Too many requests or connections at once"
    }),
    (UnknownPath("GET", "/"), "UnknownOperationException", 404, {"Message": "No operation of Lambda has GET /"}),
    (
        ConstraintViolations(["a", "b"]),
        "ValidationException",
        400,
        {"message": "2 validation errors detected: a; b"},
    ),
    (
        MemoryAboveLimit(3008),
        "ValidationException",
        400,
        {
            "message": "'MemorySize' value failed to satisfy constraint: "
            "Member must have value less than or equal to 3008"
        },
    ),
    (
        PayloadNotJson("x"),
        "InvalidRequestContentException",
        400,
        user("message", "Could not parse request body into json: Could not parse payload into json: x"),
    ),
    (RequestTooLarge(6291456, "InvokeFunction"), TOO_LARGE, 413, {
        "message": "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
    }),
    (EventTooLarge(1048577), TOO_LARGE, 413, {
        "message": "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    }),
    (ZippedTooLarge(), TOO_LARGE, 413, {"message": "Zipped size must be smaller than 52428800 bytes"}),
    (AccessDenied(), "AccessDeniedException", 403, {"Message": None}),
    (FunctionNotFound(F), "ResourceNotFoundException", 404, user("Message", f"Function not found: {F}")),
    (FunctionExists("f"), "ResourceConflictException", 409, user("message", "Function already exist: f")),
    (UpdateInProgress(F), "ResourceConflictException", 409, user(
        "message", f"{BUSY}An update is in progress for resource: {F}"
    )),
    (FunctionPending(), "ResourceConflictException", 409, user(
        "message", f"{BUSY}The function is currently in the following state: Pending"
    )),
    (StillBeingCreated(F), "ResourceConflictException", 409, user(
        "message", f"{BUSY}The resource {F} is currently in the following state: 'Pending'. StateReasonCode: 'Creating'"
    )),
    (RevisionMismatch(), "PreconditionFailedException", 412, user(
        "message",
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
    )),
    (TooManyRequests("CallerRateLimitExceeded"), "TooManyRequestsException", 429, {
        "Reason": "CallerRateLimitExceeded", "Type": "User", "message": "Rate Exceeded."
    }),
    (ServiceFailure("broken"), "ServiceException", 500, {"Type": "Service", "Message": "broken"}),
    (ShuttingDown(), "ServiceException", 503, {"Type": "Service", "Message": "lambda-emu is shutting down."}),
    (NoRoom("disk full"), "ServiceException", 507, {
        "Type": "Service",
        "Message": "There is no room left where lambda-emu keeps its data: disk full. Nothing was changed.",
    }),
    (Busy("64 reads are waiting already"), "TooManyRequestsException", 429, {
        "Reason": "CallerRateLimitExceeded",
        **user("message", "Rate Exceeded. 64 reads are waiting already; try again in a moment."),
    }),
    (NotBuiltYet("Operation X"), "NotImplementedException", 501, {
        "Type": "Service", "Message": "Operation X is not built into lambda-emu yet"
    }),
    (InvalidZip(), PARAMETER, 400, user(
        "message", "Could not unzip uploaded file. Please check your file, then try to upload again."
    )),
    (UnzippedTooLarge(), PARAMETER, 400, user("message", "Unzipped size must be smaller than 262144000 bytes")),
    (UnknownRuntime("x", ["a", "b"]), PARAMETER, 400, user(
        "message",
        "Value x at 'runtime' failed to satisfy constraint: "
        "Member must satisfy enum value set: [a, b] or be a valid ARN",
    )),
    (ReservedConcurrencyTooHigh(100), PARAMETER, 400, {
        "message": "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [100]."
    }),
    (LevelsWithText(), PARAMETER, 400, user(
        "message",
        'LogLevel is not supported when LogFormat is set to "Text". '
        'Remove LogLevel from your request or change the LogFormat to "JSON" and try again.',
    )),
]  # fmt: skip


@pytest.mark.parametrize(("error", "code", "status", "body"), ANSWERS, ids=[type(row[0]).__name__ for row in ANSWERS])
def test_an_error_is_answered_as_aws_does(error: LambdaError, code: str, status: int, body: dict[str, Any]) -> None:
    answer = error_answer(error, "an id")

    assert answer.status == status
    assert json.loads(answer.body) == body
    assert {("x-amzn-ErrorType", code), ("x-amzn-RequestId", "an id")} <= set(answer.headers)


def test_every_error_has_a_code_and_a_status_and_a_name_that_its_service_has_once() -> None:
    found = every_error()

    assert len(found) > 100
    assert [error for error in found if not (error.code and 400 <= error.status < 600)] == []
    names = Counter((service_of(error), error.__name__) for error in found)
    assert [name for name, count in names.items() if count > 1] == []


def service_of(error: type[LambdaError]) -> str:
    """The room of a service around Lambda; else empty."""
    return found[1] if (found := re.match(r"lambda_emu\.services\.(\w+)", error.__module__)) else ""


def every_error() -> list[type[LambdaError]]:
    """All that lambda-emu answers, wherever they are defined."""
    for module in walk_packages(lambda_emu.__path__, "lambda_emu."):
        import_module(module.name)
    return [error for error in _descendants(LambdaError) if error.__module__.startswith("lambda_emu.")]


def _descendants(cls: type[LambdaError]) -> list[type[LambdaError]]:
    return [found for child in cls.__subclasses__() for found in (child, *_descendants(child))]
