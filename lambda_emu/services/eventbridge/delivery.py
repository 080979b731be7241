"""Who hands events over to targets: the seam between rules and everything that a target may be."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from lambda_emu.services.eventbridge.inputs import Occasion, input_of
from lambda_emu.services.eventbridge.records import Target


class Handover(Struct, frozen=True):
    """What a rule has for one of its targets.

    id: its own, new. target: as it was put, with RetryPolicy, DeadLetterConfig, SqsParameters … occasion: the rule and
    the event. problem: why it cannot be handed over at all, so that it is a dead letter at once.
    """

    id: str
    bus_arn: str
    target: Target
    occasion: Occasion
    problem: str | None = None

    def text(self) -> str:
        """What the target gets, which is JSON. Made when asked for: many rules may want one large event."""
        return input_of(self.target, self.occasion)


class Deliveries(Protocol):
    """Has events reach their targets: Lambda, queues, topics, streams. Buses are not among these."""

    def write(self, connection: sqlite3.Connection, handovers: Sequence[Handover]) -> None:
        """Make them last, within the transaction that whoever sent the events waits for. On the store's thread.

        It may be called twice for the same ones, after a transaction that was undone.
        """

    def written(self, handovers: Sequence[Handover]) -> None:
        """They last, and may be handed over. On the loop."""
