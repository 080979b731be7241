"""Who hands events over to targets: the seam between rules and everything that a target may be."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from lambda_emu.arn import service_in
from lambda_emu.services.eventbridge.errors import ParameterInvalid
from lambda_emu.services.eventbridge.event import Envelope
from lambda_emu.services.eventbridge.inputs import Occasion, input_of
from lambda_emu.services.eventbridge.paths import MISSING, at_path, parse_path, write_raw
from lambda_emu.services.eventbridge.records import Target

MANY = 32
"""Handovers that are not made on the loop."""
MOST_KEY_CHARACTERS = 256
"""Of a partition key."""


class Handover(Struct, frozen=True):
    """What a rule has for one of its targets.

    id: its own, new. target: as it was put, with RetryPolicy, DeadLetterConfig, SqsParameters … occasion: the rule and
    the event. problem, code: why it cannot be handed over at all, so that it is a dead letter at once.
    """

    id: str
    target: Target
    occasion: Occasion
    problem: str | None = None
    code: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether its target gets the event as it is."""
        return not any(self.target.get(name) for name in ("Input", "InputPath", "InputTransformer"))

    @property
    def options(self) -> dict[str, str]:
        """What else is asked of the target's service, by the names of its members."""
        target, event = self.target, self.occasion.event
        group = target.get("SqsParameters", {}).get("MessageGroupId")
        if group:
            return {"MessageGroupId": group}
        if service_in(target["Arn"]) == "kinesis":
            path = target.get("KinesisParameters", {}).get("PartitionKeyPath")
            found = at_path(event.parts, parse_path(path, "PartitionKeyPath")) if path else MISSING
            key = found if isinstance(found, str) else event.id if found is MISSING else write_raw(found)
            return {"PartitionKey": key[:MOST_KEY_CHARACTERS] or event.id}
        if target.get("HttpParameters"):
            return {"HttpParameters": write_raw(_filled(target["HttpParameters"], event))}
        return {}

    def text(self) -> str:
        """What the target gets, which is JSON. Made when asked for: many rules may want one large event."""
        return input_of(self.target, self.occasion)


def _filled(value: Any, event: Envelope) -> Any:
    """With what an event has in place of paths."""
    if isinstance(value, list):
        return [_filled(item, event) for item in value]
    if isinstance(value, Mapping):
        return {name: _filled(inner, event) for name, inner in value.items()}
    if not (isinstance(value, str) and value.startswith("$.")):
        return value
    try:
        found = at_path(event.parts, parse_path(value, "HttpParameters"))
    except ParameterInvalid:
        return value
    return "" if found is MISSING else found if isinstance(found, str) else write_raw(found)


class Prepared(Protocol):
    """Handovers that are to be kept."""

    def make(self) -> None:
        """What takes long with large events. On a worker, where there are some."""

    def write(self, connection: sqlite3.Connection) -> None:
        """Make them last, within the transaction that whoever sent the events waits for. On the store's thread.

        It may be called twice, after a transaction that was undone.
        """

    def begin(self) -> None:
        """They are being written, which whatever comes of them is written after. On the loop."""

    def kept(self, error: BaseException | None) -> None:
        """They last, and may be handed over; or they do not. On the loop."""


class Deliveries(Protocol):
    """Has events reach their targets: Lambda, queues, topics, streams. On the loop."""

    def prepare(self, handovers: Sequence[Handover]) -> Prepared: ...
