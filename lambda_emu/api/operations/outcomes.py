"""What came of an invocation, as the answer to Invoke and to InvokeWithResponseStream. Contract: invoke.md 2.2."""

from __future__ import annotations

import base64
import json

from lambda_emu.api.wire import event_stream
from lambda_emu.environment.invocation import Outcome
from lambda_emu.gateway.answers import Answer

Headers = list[tuple[str, str]]

UNHANDLED = "Unhandled"


def common_headers(request_id: str, version: str, trace_id: str) -> Headers:
    """Of every answer that tells an outcome. version: the one that ran."""
    return [("x-amzn-RequestId", request_id), ("X-Amz-Executed-Version", version), ("X-Amzn-Trace-Id", trace_id)]


def whole(outcome: Outcome, headers: Headers) -> Answer:
    """The payload as it is; what else there is to tell goes into headers."""
    headers.append(("Content-Type", "application/json"))
    if outcome.failed:
        headers.append(("X-Amz-Function-Error", UNHANDLED))
    if outcome.tail is not None:
        headers.append(("X-Amz-Log-Result", base64.b64encode(outcome.tail).decode()))
    return Answer(200, headers, outcome.payload)


def streamed(outcome: Outcome, headers: Headers) -> Answer:
    """An event stream of the payload, or of its error, and an InvokeComplete.

    How the function's own content type travels beside the stream's is not recorded.
    """
    headers.append(("Content-Type", event_stream.CONTENT_TYPE))
    headers.append(("X-Amzn-Remapped-Content-Type", "application/json"))
    chunks = [] if outcome.failed else [*event_stream.payload_chunks(outcome.payload)]
    complete = event_stream.invoke_complete(
        {
            "ErrorCode": _error_type(outcome.payload) if outcome.failed else None,
            "ErrorDetails": outcome.payload.decode("utf-8", "replace") if outcome.failed else None,
            "LogResult": None if outcome.tail is None else base64.b64encode(outcome.tail).decode(),
        }
    )
    return Answer(200, headers, b"".join((*chunks, complete)))


def _error_type(payload: bytes) -> str:
    """The errorType that an error names; one may be anything a runtime posted."""
    try:
        error = json.loads(payload)
    except (ValueError, RecursionError):
        return UNHANDLED
    found = error.get("errorType") if isinstance(error, dict) else None
    return found if isinstance(found, str) else UNHANDLED
