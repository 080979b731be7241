"""All mappings that poll: begun, changed and ended as the table of mappings says. On the loop."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Protocol

from lambda_emu.arn import Scope
from lambda_emu.event_sources.consumer import Consumer
from lambda_emu.event_sources.context import PollingContext
from lambda_emu.event_sources.poller import Source
from lambda_emu.model.mappings.mapping import EventSourceMapping, MappingState
from lambda_emu.model.mappings.sources import SourceKind

log = logging.getLogger(__name__)


class PolledKind(Protocol):
    """A kind of source that is polled here: in `POLLED` of model/mappings/sources.py, and handed in by the server."""

    def open(self, mapping: EventSourceMapping) -> Source:
        """What this mapping reads. On the loop."""

    def check(self, mapping: EventSourceMapping, timeout_s: int) -> None:
        """Raise a LambdaError if there is no such source, or it does not suit a function of this timeout.

        Not on the loop.
        """

    def forget(self, uuid: str) -> None:
        """There is no mapping of this id any more, and nothing of it left to settle. On the loop."""


class Driver:
    """Polls for each enabled mapping. What was taken for one that stops is settled first."""

    def __init__(self, kinds: Mapping[SourceKind, PolledKind], context: PollingContext) -> None:
        self.kinds = kinds
        self._context = context
        self._polling: dict[str, Consumer] = {}
        self._ending: dict[str, Consumer] = {}
        self._stopped = False

    @property
    def busy(self) -> bool:
        """Whether something that was taken is not settled, though nothing is taken any more."""
        return bool(self._ending)

    def changed(self, scope: Scope, mapping: EventSourceMapping | None, uuid: str) -> None:
        """It was found at start, created, changed or removed."""
        is_gone = mapping is None or mapping.state is MappingState.DELETING
        wanted = mapping is not None and mapping.enabled and not is_gone
        polling = self._polling.get(uuid)
        if mapping is not None and wanted and not self._stopped and mapping.kind in self.kinds:
            if polling is not None:
                polling.change(mapping)
            elif uuid not in self._ending:  # whose end looks again
                self._begin(scope, mapping)
        elif polling is not None:
            self._end(scope, uuid)
        elif is_gone and uuid not in self._ending and not self._stopped:
            for kind in self.kinds.values():
                kind.forget(uuid)

    def function_changed(self, arn: str) -> None:
        """Who waits for the function need not wait any longer, and who waits for its source may have to."""
        for consumer in self._polling.values():
            if consumer.mapping.unqualified.startswith(arn):
                consumer.look()

    def is_ending(self, uuid: str) -> bool:
        """Whether it still has something to settle. From any thread."""
        return uuid in self._ending

    def last_result(self, uuid: str) -> str | None:
        """None: no batch since the server began. From any thread."""
        consumer = self._polling.get(uuid) or self._ending.get(uuid)
        return None if consumer is None else consumer.last_result

    def stop(self) -> None:
        """Take nothing more, for any mapping."""
        self._stopped = True
        for uuid, consumer in list(self._polling.items()):
            self._end(consumer.scope, uuid)

    def _begin(self, scope: Scope, mapping: EventSourceMapping) -> None:
        consumer = Consumer(mapping, scope, self._context)
        self._polling[mapping.uuid] = consumer
        consumer.start(self.kinds[mapping.kind].open(mapping))

    def _end(self, scope: Scope, uuid: str) -> None:
        consumer = self._ending[uuid] = self._polling.pop(uuid)

        def ended() -> None:
            del self._ending[uuid]
            self.changed(scope, self._context.store.mappings.get(scope, uuid), uuid)

        consumer.stop(ended)
