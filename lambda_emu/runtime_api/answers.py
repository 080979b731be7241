"""The answers of the Runtime API, as bytes ready to send. docs/contract/runtime.md#runtime-api."""

from __future__ import annotations

import json
from collections.abc import Mapping

from lambda_emu.http.head_reader import HeadLimits
from lambda_emu.http.message import answer_head
from lambda_emu.runtime_api.session import DeliveredEvent, Refused

HEAD_LIMITS = HeadLimits(large_field=(b"lambda-runtime-function-xray-error-cause", 1 << 20))
"""AWS's clients put a whole stack trace into this field, as long as it has less than 1 MB."""
MOST_CONNECTIONS = 64
"""Of one environment."""


def _answer(status: int, body: object, *, close: bool = False) -> bytes:
    payload = json.dumps(body, separators=(",", ":")).encode()
    return answer_head(status, [("Content-Type", "application/json")], len(payload), close=close) + payload


def _error(status: int, kind: str, text: str, *, close: bool = False) -> bytes:
    return _answer(status, {"errorMessage": text, "errorType": kind}, close=close)


def refusal(refused: Refused) -> bytes:
    """What the runtime is told of a call that is not accepted."""
    return _error(refused.status, refused.kind, str(refused))


def event_head(event: DeliveredEvent, attempt_id: str, deadline_ms: int) -> bytes:
    """The head of the answer to /next; the event's payload follows."""
    optional = ""
    if event.trace_id is not None:
        optional += f"Lambda-Runtime-Trace-Id: {event.trace_id}\r\n"
    if event.client_context is not None:
        optional += f"Lambda-Runtime-Client-Context: {event.client_context}\r\n"
    if event.tenant_id is not None:
        optional += f"Lambda-Runtime-Aws-Tenant-Id: {event.tenant_id}\r\n"
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Content-Type: application/json\r\n"
        f"Lambda-Runtime-Aws-Request-Id: {event.request_id}\r\n"
        f"Lambda-Runtime-Invocation-Id: {attempt_id}\r\n"
        f"Lambda-Runtime-Deadline-Ms: {deadline_ms}\r\n"
        f"Lambda-Runtime-Invoked-Function-Arn: {event.invoked_arn}\r\n"
        f"{optional}"
        f"Content-Length: {len(event.payload)}\r\n\r\n"
    )
    return head.encode("latin-1")


def variables(given: Mapping[str, str]) -> bytes:
    """What a runtime goes on with that waited for its function, as the kernel keeps a process's variables."""
    payload = b"".join(f"{name}={value}\0".encode("utf-8", "surrogateescape") for name, value in given.items())
    return answer_head(200, [("Content-Type", "application/octet-stream")], len(payload), close=True) + payload


ACCEPTED = _answer(202, {"status": "OK"})
PONG = answer_head(200, [("Content-Type", "text/plain")], 4) + b"pong"
NOT_FOUND = _error(404, "NotFound", "No such call of the Runtime API")
UNKNOWN_ENVIRONMENT = _error(403, "Forbidden", "No execution environment has this address", close=True)
TOO_MANY_CONNECTIONS = _error(
    429, "TooManyConnections", f"An execution environment may have {MOST_CONNECTIONS} connections", close=True
)
NO_PAGES = _error(403, "Forbidden", "Web pages may not call the Runtime API")
SNAPSTART_OFF = _error(404, "SnapStartDisabled", "SnapStart is not enabled for this function")
EXTENSIONS_NOT_BUILT = _error(501, "NotImplemented", "Extensions are not built yet in lambda-emu")

TOO_MUCH_HEAD = f"Request headers exceed {HEAD_LIMITS.most_bytes >> 10} KB or {HEAD_LIMITS.most_fields} fields"
REFUSALS = {
    400: _error(400, "InvalidHTTPRequest", "This is not HTTP/1.1", close=True),
    413: _error(413, "RequestEntityTooLarge", "Too many uploads at once", close=True),
    429: TOO_MANY_CONNECTIONS,
    431: _error(431, "RequestHeaderFieldsTooLarge", TOO_MUCH_HEAD, close=True),
    503: _error(503, "ServiceUnavailable", "Too many requests at once", close=True),
}
"""By status, for requests that no call sees."""
