"""What happens to a request that is tried, in the lines of API Gateway's execution log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from lambda_emu.clock import Clock

Note = Callable[[str], None]
"""Is told a line, without its time."""
MOST_SHOWN = 1024
"""Bytes of a body: API Gateway cuts what it logs, too."""


def unheard(_: str) -> None:
    """Nobody reads it."""


class ExecutionLog:
    """Lines as they come, each with the time."""

    def __init__(self, clock: Clock, request_id: str) -> None:
        self._clock = clock
        self._lines = [f"Execution log for request {request_id}"]

    def note(self, text: str) -> None:
        now = datetime.fromtimestamp(self._clock.now_s(), UTC)
        self._lines.append(f"{now:%a %b %d %H:%M:%S UTC %Y} : {text}")

    def text(self) -> str:
        return "\n".join((*self._lines, ""))


def note_sent(note: Note, uri: str, headers: Iterable[tuple[str, str]], body: bytes) -> None:
    if note is not unheard:
        note(f"Endpoint request URI: {uri}")
        note(f"Endpoint request headers: {shown_map(headers)}")
        note(f"Endpoint request body after transformations: {shown_body(body)}")
        note(f"Sending request to {uri}")


def note_answered(note: Note, status: str, latency_s: float, headers: Iterable[tuple[str, str]], body: bytes) -> None:
    """latency_s: of the integration."""
    if note is not unheard:
        note(f"Received response. Status: {status}, Integration latency: {latency_s * 1000:.0f} ms")
        note(f"Endpoint response headers: {shown_map(headers)}")
        note(f"Endpoint response body before transformations: {shown_body(body)}")


def shown_map(pairs: Iterable[tuple[str, str]]) -> str:
    """As Java prints a map."""
    return "{" + ", ".join(f"{name}={value}" for name, value in pairs) + "}"


def shown_body(body: bytes) -> str:
    text = body[:MOST_SHOWN].decode("utf-8", "replace")
    return text if len(body) <= MOST_SHOWN else f"{text} [TRUNCATED]"
