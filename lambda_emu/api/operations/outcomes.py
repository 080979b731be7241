"""What came of an invocation, as the answer to Invoke and to InvokeWithResponseStream.

docs/contract/invoke.md#responses.
"""

from __future__ import annotations

import base64
import json

from lambda_emu.api.context import RequestContext
from lambda_emu.api.elsewhere import hint, hint_of_account
from lambda_emu.api.wire import event_stream
from lambda_emu.environment.invocation import Outcome
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import AccessDenied, FunctionNotFound
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.http.event_stream import CONTENT_TYPE
from lambda_emu.invoke.request import GatheredReply, InvokeRequest

Headers = list[tuple[str, str]]

UNHANDLED = "Unhandled"


def whole_answer(outcome: Outcome, headers: Headers) -> Answer:
    """The payload as it is; what else there is to tell goes into headers."""
    headers.append(("Content-Type", "application/json"))
    if outcome.failed:
        headers.append(("X-Amz-Function-Error", UNHANDLED))
    if outcome.tail is not None:
        headers.append(("X-Amz-Log-Result", base64.b64encode(outcome.tail).decode()))
    return Answer(200, headers, outcome.payload)


def streamed_answer(outcome: Outcome, headers: Headers) -> Answer:
    """An event stream of the payload, or of its error, and an InvokeComplete.

    How the function's own content type travels beside the stream's is not recorded.
    """
    headers.append(("Content-Type", CONTENT_TYPE))
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


class WholeReply(GatheredReply):
    """The answer to an Invoke that waits, in one piece."""

    write = staticmethod(whole_answer)

    def __init__(self, call: Call, context: RequestContext, request: InvokeRequest) -> None:
        self._call = call
        self._context = context
        self.request = request

    def done(self, outcome: Outcome) -> None:
        request = self.request
        headers = [
            ("x-amzn-RequestId", request.request_id),
            ("X-Amz-Executed-Version", outcome.executed_version),
            ("X-Amzn-Trace-Id", request.trace_id or ""),
        ]
        self._call.answer(self.write(outcome, headers))

    def refused(self, error: LambdaError) -> None:
        if isinstance(error, FunctionNotFound):
            hint(self._context, error, {"FunctionName": self.request.target.id.arn()})
        elif isinstance(error, AccessDenied):
            hint_of_account(self._context, error, self.request.target)
        self._call.fail(error)


class StreamedReply(WholeReply):
    """The answer to InvokeWithResponseStream."""

    write = staticmethod(streamed_answer)


class KeptReply(WholeReply):
    """The event is on disk."""

    def done(self, _: Outcome) -> None:
        request = self.request
        headers = [("x-amzn-RequestId", request.request_id), ("X-Amzn-Trace-Id", request.trace_id or "")]
        self._call.answer(Answer(202, headers))


class DryRunReply(WholeReply):
    """It could be run."""

    def done(self, _: Outcome) -> None:
        self._call.answer(Answer(204, [("x-amzn-RequestId", self.request.request_id)]))
