"""An event as the answer to a runtime's /next, and whether what it answers is for it. Contract: runtime.md 3.1."""

from __future__ import annotations

from lambda_emu.environment.invocation import Invocation
from lambda_emu.http.message import Head
from lambda_emu.runtime_api import answers


def event_answer(invocation: Invocation) -> tuple[bytes, bytes]:
    """Head and body of the answer. The invocation's texts hold no line breaks: they were checked on the way in."""
    optional = ""
    if invocation.trace_id is not None:
        optional += f"Lambda-Runtime-Trace-Id: {invocation.trace_id}\r\n"
    if invocation.client_context is not None:
        optional += f"Lambda-Runtime-Client-Context: {invocation.client_context}\r\n"
    if invocation.tenant_id is not None:
        optional += f"Lambda-Runtime-Aws-Tenant-Id: {invocation.tenant_id}\r\n"
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Content-Type: application/json\r\n"
        f"Lambda-Runtime-Aws-Request-Id: {invocation.request_id}\r\n"
        f"Lambda-Runtime-Invocation-Id: {invocation.attempt_id}\r\n"
        f"Lambda-Runtime-Deadline-Ms: {invocation.deadline_ms}\r\n"
        f"Lambda-Runtime-Invoked-Function-Arn: {invocation.invoked_arn}\r\n"
        f"{optional}"
        f"Content-Length: {len(invocation.payload)}\r\n\r\n"
    )
    return head.encode("latin-1"), invocation.payload


def refusal(invocation: Invocation, request_id: str, head: Head | None) -> bytes | None:
    """What a runtime is told whose answer is not this invocation's; None if it is. head: of the answer, if known."""
    if request_id != invocation.request_id:
        return answers.INVALID_REQUEST_ID
    attempt_id = head.first.get(b"lambda-runtime-invocation-id") if head is not None else None
    if attempt_id is not None and attempt_id != invocation.attempt_id.encode():
        return answers.INVALID_INVOCATION_ID
    return None
