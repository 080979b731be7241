"""What a mapping of a stream wants, as it is now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from lambda_emu.arn import parse_resource_arn
from lambda_emu.event_sources.poller import Record
from lambda_emu.invoke.ending import Count
from lambda_emu.model.function.names import resolve
from lambda_emu.model.mappings.mapping import EventSourceMapping


class StreamForm(Struct, frozen=True):
    """How streams of one kind are spoken of. info: what a failed batch is called in its destination.

    time: how the arrival of a record is written there. view: a record as filters see it, and its data as text.
    stream: the stream's own ARN, by that of a source.
    """

    info: str
    time: Callable[[float], str]
    view: Callable[[Record], tuple[Mapping[str, Any], str | None]]
    stream: Callable[[str], str] = lambda arn: arn


class StreamMapping:
    """The mapping and its function, for all who read for it. poll_s: how often a lane looks that nobody wakes."""

    def __init__(self, mapping: EventSourceMapping, form: StreamForm, count: Count, poll_s: float) -> None:
        assert mapping.source_arn is not None, "a stream has one"
        self.uuid = mapping.uuid
        self.arn = mapping.source_arn
        self.form = form
        self.poll_s = poll_s
        self._scope = parse_resource_arn(mapping.arn).scope
        self._count = count
        self.change(mapping)

    def change(self, mapping: EventSourceMapping) -> None:
        """It was updated."""
        self.settings: Mapping[str, Any] = mapping.settings
        self.target = resolve(mapping.function_arn, None, self._scope)

    @property
    def lanes(self) -> int:
        """Batches of one shard at once."""
        found: int = self.settings.get("ParallelizationFactor", 1)
        return found

    @property
    def window_s(self) -> int:
        """0: no tumbling windows."""
        found: int = self.settings.get("TumblingWindowInSeconds", 0)
        return found

    def count_age(self, age_ms: float) -> None:
        """Of the last record of a batch that the function was given."""
        self._count("IteratorAge", self.target.id, age_ms, self.target.qualifier)
