"""An event as the answer to a runtime's /next. Contract: runtime.md 3.1."""

from __future__ import annotations

from lambda_emu.pool.invocation import Invocation


def event_answer(invocation: Invocation) -> tuple[bytes, bytes]:
    """Head and body of the answer. The invocation's texts hold no line breaks: they were checked on the way in."""
    optional = ""
    if invocation.trace_id is not None:
        optional += f"Lambda-Runtime-Trace-Id: {invocation.trace_id}\r\n"
    if invocation.client_context is not None:
        optional += f"Lambda-Runtime-Client-Context: {invocation.client_context}\r\n"
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Content-Type: application/json\r\n"
        f"Lambda-Runtime-Aws-Request-Id: {invocation.request_id}\r\n"
        f"Lambda-Runtime-Deadline-Ms: {invocation.deadline_ms}\r\n"
        f"Lambda-Runtime-Invoked-Function-Arn: {invocation.invoked_arn}\r\n"
        f"{optional}"
        f"Content-Length: {len(invocation.payload)}\r\n\r\n"
    )
    return head.encode("latin-1"), invocation.payload
