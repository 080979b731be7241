"""The lines that a text log has of every invocation, byte for byte. docs/contract/logs-billing.md#platform-lines.

The writer's process makes most of them: so this imports nothing.
"""

from __future__ import annotations

Figures = tuple[str, str, str | None, float, int, int, int, float | None]
"""Request id, status, error type, duration, billed duration, memory size, peak, init duration."""

SUCCESS = "success"
UNNAMED = (SUCCESS, "failure")
"""Ends that the text form does not name: a handler's own exception leaves REPORT as it is."""


def start_line(request_id: str, version: str) -> str:
    return f"START RequestId: {request_id} Version: {version}\n"


def end_line(request_id: str) -> str:
    return f"END RequestId: {request_id}\n"


def report_line(figures: Figures) -> str:
    request_id, status, error_type, duration_ms, billed_ms, memory_mb, peak_mb, init_ms = figures
    init = "" if init_ms is None else f"Init Duration: {init_ms:.2f} ms\t"
    return (
        f"REPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms\tBilled Duration: {billed_ms} ms\t"
        f"Memory Size: {memory_mb} MB\tMax Memory Used: {peak_mb} MB\t{init}{ending(status, error_type)}\n"
    )


def ending(status: str, error_type: str | None) -> str:
    """How an init or an invocation ended, if that is named."""
    if status in UNNAMED:
        return ""
    return f"Status: {status}\t" if error_type is None else f"Status: {status}\tError Type: {error_type}\t"
