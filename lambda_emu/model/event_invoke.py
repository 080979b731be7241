"""How asynchronous events of a function, version or alias are retried, and who hears of them. Contract: api.md 1.8."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventInvokeConfig:
    """None: never set, so that Lambda's default holds. Destinations are ARNs. last_modified_s: epoch seconds."""

    last_modified_s: float
    max_retries: int | None = None
    max_age_s: int | None = None
    on_success: str | None = None
    on_failure: str | None = None
