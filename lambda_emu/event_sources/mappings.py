"""Event source mappings as the rest of the server has them. What polls is imported when there is a mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING

from lambda_emu.arn import Scope, parse_resource_arn
from lambda_emu.event_sources.context import PollingContext
from lambda_emu.event_sources.leave import Leave
from lambda_emu.model.function.function import Function
from lambda_emu.model.function.names import resolve
from lambda_emu.model.mappings.mapping import EventSourceMapping
from lambda_emu.model.mappings.refusals import SourceRefused
from lambda_emu.model.mappings.sources import POLLED, SourceKind

if TYPE_CHECKING:
    from lambda_emu.event_sources.driver import Driver, PolledKind  # most servers need none

STEP_LIMIT_S = CHECK_LIMIT_S = 60.0


class EventSources:
    """Watches the table of mappings, and has a driver as soon as there is something in it.

    kinds: imports the kinds of sources and makes them.
    """

    def __init__(self, kinds: Callable[[], Mapping[SourceKind, PolledKind]], context: PollingContext) -> None:
        """Before anything is written to the store."""
        self._kinds = kinds
        self._context = context
        self._store = context.store
        self._loop = context.loop
        self._driver: Driver | None = None
        self._lock = Lock()  # guards the making of that
        self._started = False
        self._store.subscribe(self._store.mappings, self._changed)
        self._store.subscribe(self._store.functions, self._function_changed)

    def start(self) -> None:
        """Go on with what an earlier run left; from now on new ones begin. Not on the loop."""
        self._started = True
        found = list(self._store.mappings.everywhere())
        if found:
            driver = self._load()

            def begin() -> None:
                for scope, mapping in found:
                    driver.changed(scope, mapping, mapping.uuid)

            self._loop.ask(begin, STEP_LIMIT_S)

    def stop(self) -> None:
        """Take nothing more. On the loop."""
        self._started = False
        if self._driver is not None:
            self._driver.stop()

    @property
    def busy(self) -> bool:
        """Whether something that was taken is not settled; after `stop`. On the loop."""
        return self._driver is not None and self._driver.busy

    def ask_for_leave(self, make: Callable[[], Leave]) -> None:
        """make: who says which functions' roles may read their sources; from now on."""
        self._context.leave.make = make

    def check(self, mapping: EventSourceMapping, timeout_s: int) -> None:
        """Raise what AWS answers if there is no such source, or it does not suit a function of this timeout.

        Kinds that are not polled are not asked for. Not on the loop.
        """
        kind = self._load().kinds.get(mapping.kind)
        if kind is not None:
            target = resolve(mapping.function_arn, None, _scope_of(mapping))
            missing = self._loop.run(self._context.leave.missing(mapping, target), CHECK_LIMIT_S)
            if missing is not None:
                raise SourceRefused(missing)
            kind.check(mapping, timeout_s)

    def is_ending(self, uuid: str) -> bool:
        """Whether a mapping that polls no more still has something to settle. From any thread."""
        return self._driver is not None and self._driver.is_ending(uuid)

    def last_result(self, uuid: str) -> str | None:
        """Of its last batch; None: there was none since the server began. From any thread."""
        return None if self._driver is None else self._driver.last_result(uuid)

    def _load(self) -> Driver:
        with self._lock:
            if self._driver is None:
                from lambda_emu.event_sources.driver import Driver

                self._driver = Driver(self._kinds(), self._context)
            return self._driver

    def _changed(self, before: EventSourceMapping | None, after: EventSourceMapping | None) -> None:
        """On the writer's thread."""
        mapping = after or before
        if self._driver is None and mapping is not None and mapping.kind not in POLLED:
            return  # of a kind that is polled the source was asked for, and so the driver is there
        if self._started and mapping is not None and (after is not None or self._driver is not None):
            self._loop.post(self._load().changed, _scope_of(mapping), after, mapping.uuid)

    def _function_changed(self, before: Function | None, after: Function | None) -> None:
        """On the writer's thread."""
        function = after or before
        if self._driver is not None and function is not None:
            self._loop.post(self._driver.function_changed, function.id.arn())


def _scope_of(mapping: EventSourceMapping) -> Scope:
    return parse_resource_arn(mapping.arn).scope
