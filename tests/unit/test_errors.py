"""Each error has AWS's code, status, text key and Type (contract 1.2), and builds its own text (1.3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_emu import errors
from lambda_emu.gateway.answers import error_answer

F = "arn:aws:lambda:us-east-1:123456789012:function:f"
PARAMETER = "InvalidParameterValueException"
BUSY = "The operation cannot be performed at this time. "
TOO_LARGE = "RequestEntityTooLargeException"


def user(key: str, text: str) -> dict[str, str]:
    return {"Type": "User", key: text}


ANSWERS: list[tuple[errors.LambdaError, str, int, dict[str, Any]]] = [
    (errors.MalformedRequest("no"), "SerializationException", 400, {"Message": "no"}),
    (errors.MalformedHttpRequest(), "MalformedHttpRequestException", 400, {
        "message": "The request is malformed at the HTTP level"
    }),
    (errors.HeadTooLarge(65536, 100), "RequestHeaderFieldsTooLargeException", 431, {
        "message": "The request line and headers must have at most 65536 bytes and 100 fields"
    }),
    (errors.ServiceUnavailable(), "ServiceUnavailableException", 503, {
        "Type": "Service", "message": "Too many requests or connections at once"
    }),
    (errors.UnknownPath("GET", "/"), "UnknownOperationException", 404, {"Message": "No operation of Lambda has GET /"}),
    (
        errors.ConstraintViolations(["a", "b"]),
        "ValidationException",
        400,
        {"message": "2 validation errors detected: a; b"},
    ),
    (
        errors.MemoryAboveLimit(3008),
        "ValidationException",
        400,
        {
            "message": "'MemorySize' value failed to satisfy constraint: "
            "Member must have value less than or equal to 3008"
        },
    ),
    (
        errors.PayloadNotJson("x"),
        "InvalidRequestContentException",
        400,
        user("message", "Could not parse request body into json: Could not parse payload into json: x"),
    ),
    (errors.RequestTooLarge(6291456, "InvokeFunction"), TOO_LARGE, 413, {
        "message": "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
    }),
    (errors.EventTooLarge(1048577), TOO_LARGE, 413, {
        "message": "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    }),
    (errors.ZippedTooLarge(), TOO_LARGE, 413, {"message": "Zipped size must be smaller than 52428800 bytes"}),
    (errors.AccessDenied(), "AccessDeniedException", 403, {"Message": None}),
    (errors.FunctionNotFound(F), "ResourceNotFoundException", 404, user("Message", f"Function not found: {F}")),
    (errors.FunctionExists("f"), "ResourceConflictException", 409, user("message", "Function already exist: f")),
    (errors.UpdateInProgress(F), "ResourceConflictException", 409, user(
        "message", f"{BUSY}An update is in progress for resource: {F}"
    )),
    (errors.FunctionPending(), "ResourceConflictException", 409, user(
        "message", f"{BUSY}The function is currently in the following state: Pending"
    )),
    (errors.StillBeingCreated(F), "ResourceConflictException", 409, user(
        "message", f"{BUSY}The resource {F} is currently in the following state: 'Pending'. StateReasonCode: 'Creating'"
    )),
    (errors.RevisionMismatch(), "PreconditionFailedException", 412, user(
        "message",
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
    )),
    (errors.TooManyRequests("CallerRateLimitExceeded"), "TooManyRequestsException", 429, {
        "Reason": "CallerRateLimitExceeded", "Type": "User", "message": "Rate Exceeded."
    }),
    (errors.ServiceFailure("broken"), "ServiceException", 500, {"Type": "Service", "Message": "broken"}),
    (errors.ShuttingDown(), "ServiceException", 503, {"Type": "Service", "Message": "lambda-emu is shutting down."}),
    (errors.NoRoom("disk full"), "ServiceException", 507, {
        "Type": "Service",
        "Message": "There is no room left where lambda-emu keeps its data: disk full. Nothing was changed.",
    }),
    (errors.Busy("64 reads are waiting already"), "TooManyRequestsException", 429, {
        "Reason": "CallerRateLimitExceeded",
        **user("message", "Rate Exceeded. 64 reads are waiting already; try again in a moment."),
    }),
    (errors.NotBuiltYet("Operation X"), "NotImplementedException", 501, {
        "Type": "Service", "Message": "Operation X is not built into lambda-emu yet"
    }),
    (errors.InvalidZip(), PARAMETER, 400, user(
        "message", "Could not unzip uploaded file. Please check your file, then try to upload again."
    )),
    (errors.UnzippedTooLarge(), PARAMETER, 400, user("message", "Unzipped size must be smaller than 262144000 bytes")),
    (errors.UnknownRuntime("x", ["a", "b"]), PARAMETER, 400, user(
        "message",
        "Value x at 'runtime' failed to satisfy constraint: "
        "Member must satisfy enum value set: [a, b] or be a valid ARN",
    )),
    (errors.ReservedConcurrencyTooHigh(100), PARAMETER, 400, {
        "message": "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [100]."
    }),
    (errors.LevelsWithText(), PARAMETER, 400, user(
        "message",
        'LogLevel is not supported when LogFormat is set to "Text". '
        'Remove LogLevel from your request or change the LogFormat to "JSON" and try again.',
    )),
]  # fmt: skip


@pytest.mark.parametrize(("error", "code", "status", "body"), ANSWERS, ids=[type(row[0]).__name__ for row in ANSWERS])
def test_an_error_is_answered_as_aws_does(
    error: errors.LambdaError, code: str, status: int, body: dict[str, Any]
) -> None:
    answer = error_answer(error, "an id")

    assert answer.status == status
    assert json.loads(answer.body) == body
    assert {("x-amzn-ErrorType", code), ("x-amzn-RequestId", "an id")} <= set(answer.headers)


def test_every_error_is_exported_and_has_a_code_and_a_status() -> None:
    exported = {getattr(errors, name) for name in errors.__all__} - {errors.LambdaError}

    assert exported == set(_descendants(errors.LambdaError))
    assert all(error.code and 400 <= error.status < 600 for error in exported)


def _descendants(cls: type[errors.LambdaError]) -> list[type[errors.LambdaError]]:
    return [found for child in cls.__subclasses__() for found in (child, *_descendants(child))]
