"""The tracing header of an invocation. Contract: logs-billing.md 4.7."""

from __future__ import annotations

from lambda_emu.clock import Clock

MAX_CHARACTERS = 1024


def trace_header(given: str | None, clock: Clock) -> str:
    """The caller's header, or a new one that is not sampled. One that a runtime could not read counts as none."""
    if given and len(given) <= MAX_CHARACTERS and given.isascii() and given.isprintable():
        return given
    digits = clock.new_token() + clock.new_token()
    return f"Root=1-{int(clock.now_s()):08x}-{digits[:24]};Parent={digits[24:40]};Sampled=0"
