"""One request as an operation sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.services.firehose.running import RunningStream
from lambda_emu.services.firehose.streams import DeliveryStreams
from lambda_emu.services.json_wire import Told
from lambda_emu.services.shapes import Members


class FirehoseRequest(Struct, frozen=True):
    """members: as given, held against the model. scope: of the caller. told: once, with an error or the answer."""

    members: Members
    scope: Scope
    clock: Clock
    told: Told

    @property
    def name(self) -> str:
        """Of the delivery stream."""
        name: str = self.members["DeliveryStreamName"]
        return name

    def stream(self, streams: DeliveryStreams) -> RunningStream:
        """NoSuchDeliveryStream."""
        return streams.find(self.scope, self.name)

    def answer(self, result: Mapping[str, Any] | None = None) -> None:
        self.told(None, result)

    def done(self, error: LambdaError | None) -> None:
        """As `streams.Done`: nothing is answered."""
        self.told(error, None)
