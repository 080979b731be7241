"""The tracing header of an invocation. Contract: logs-billing.md 4.7."""

from __future__ import annotations

from lambda_emu.clock import Clock


def trace_header(given: str | None, clock: Clock) -> str:
    """The caller's header, or a new one that is not sampled."""
    if given:
        return given
    return f"Root=1-{int(clock.now_s()):08x}-{clock.new_token()[:24]};Parent={clock.new_token()[:16]};Sampled=0"
