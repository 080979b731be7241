"""In whose name something is brought to a target."""

from __future__ import annotations

from msgspec import Struct


class Actor(Struct, frozen=True):
    """service: `events.amazonaws.com`. source: the ARN of its rule, schedule, alarm or log group.

    role: the ARN of the one it acts as; empty: it comes as itself, and the target's own policy lets it in or not.
    """

    service: str
    source: str
    role: str = ""
