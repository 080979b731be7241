"""Waiting for the thing."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import Any, TypeVar

T = TypeVar("T")
LIMIT_S = 60.0

Eventually = Callable[[Callable[[], Any], str], Any]
"""The fixture of this name."""


def eventually(question: Callable[[], T], what: str, limit_s: float = LIMIT_S) -> T:
    """Wait until a question has a true answer, at most so long; the message says what was waited for."""
    deadline_s = monotonic() + limit_s
    while not (answer := question()):
        assert monotonic() < deadline_s, f"waited {limit_s:g} s for {what}; last answer: {answer!r}"
        Event().wait(0.02)
    return answer
