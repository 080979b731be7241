"""Moves a function from Pending to Active, and an update from InProgress to Successful. docs/contract/api.md#states.

On Lambda a runtime is always there, so here a function is not Failed for want of one: it is Active, what is missing is
logged, and each invocation is told until it is there. An image of the function's own fails it, as on Lambda.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable
from functools import partial

from lambda_emu.arn import FunctionId
from lambda_emu.clock import Clock
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.model.capacity.managed_instances import on_instances
from lambda_emu.model.changes.updates import WhyNot, are_all_settled, complete_update, lacks_runtime, try_again
from lambda_emu.model.function.function import Function, FunctionVersion
from lambda_emu.model.function.image_package import FoundImage, resolve_image
from lambda_emu.pool.pool import Pool
from lambda_emu.sandbox.base import Engine, SandboxError
from lambda_emu.store import Store

log = logging.getLogger(__name__)

ACTIVATIONS = Workers("activations", 4, 64)
AGAIN_AFTER_S = 1.0


class Activator:
    """Gets the image a function needs, in the background, and then lets it run."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        pool: Pool,
        loop: Loop,
        clock: Clock,
        delay_s: float = 0.0,
        *,
        strict: bool = False,
    ) -> None:
        """delay_s: how long a change made through the API is to be under way at least.

        strict: a function whose runtime cannot be had is Failed.
        """
        self._store = store
        self._engine = engine
        self._pool = pool
        self._loop = loop
        self._clock = clock
        self._delay_s = delay_s
        self._strict = strict
        self._why_not: dict[FunctionId, str] = {}
        self._finishing = asyncio.Semaphore(ACTIVATIONS.threads)  # however many there are, none is refused

    def activate(self, id: FunctionId) -> None:
        """Get what it needs to run, and stems; one that is settled keeps its state. From any thread."""
        self._loop.post(self._begin, id)

    def why_not(self, id: FunctionId) -> str | None:
        """Why it cannot run, though it is Active for want of its runtime alone. From any thread."""
        return self._why_not.get(id)

    def try_again(self, functions: Iterable[Function]) -> None:
        """What failed for want of its runtime is Pending again. At a start, not on the loop: it may be there now."""
        for function in functions:
            if lacks_runtime(function):
                self._store.change(function.id, try_again)

    async def activate_all(self, ids: Iterable[FunctionId], timeout_s: float) -> None:
        """Begin with all of them, and wait a little: whose image is there is Active before anybody can ask for it."""
        begun = [self._loop.spawn(self._activate(id), f"the activation of {id.name}") for id in ids]
        if begun:
            await asyncio.wait(begun, timeout=timeout_s)

    def _begin(self, id: FunctionId) -> None:
        if self._delay_s:
            self._clock.call_later(self._delay_s, lambda: self._spawn(id))
        else:
            self._spawn(id)

    def _spawn(self, id: FunctionId) -> None:
        self._loop.spawn(self._activate(id), f"the activation of {id.name}")

    async def _activate(self, id: FunctionId) -> None:
        function = self._store.function(id)
        self._why_not.pop(id, None)
        if function is None:
            return
        version = function.latest
        why_not: WhyNot | None = None
        found: FoundImage | None = None
        try:
            found = await self._prepare(version)
        except SandboxError as error:
            log.error("%s cannot run: %s", id.name, error)
            self._remember(id, str(error))
            if version.image is not None or self._strict:
                why_not = WhyNot(str(error), error.state_code)
        else:
            if not on_instances(version.other):
                self._pool.expect(resolve_image(version, found))
        if not are_all_settled(function):
            await self._finish_at_last(partial(self._finish, id, version.deployment_id, why_not, found))

    def _remember(self, id: FunctionId, why_not: str) -> None:
        """Of functions that there are."""
        there = {one: text for one, text in self._why_not.items() if self._store.function(one) is not None}
        self._why_not = {**there, id: why_not}

    async def _finish_at_last(self, finish: Callable[[], None]) -> None:
        """Write it down; while there is no room on the disk again and again, for nobody else would before a restart."""
        told = False
        while True:
            try:
                async with self._finishing:
                    await self._loop.work(ACTIVATIONS, finish)
                return
            except sqlite3.Error as error:
                if not told:
                    log.error("a function is ready, which cannot be written and is tried again until it can: %s", error)
                told = True
            woken = asyncio.Event()
            self._clock.call_later(AGAIN_AFTER_S, woken.set)
            await woken.wait()

    async def _prepare(self, version: FunctionVersion) -> FoundImage | None:
        """Get what it runs in: an image of its runtime, or its own, which is the answer.

        On Managed Instances nothing runs; only the digest of its own image is to be known.
        """
        if version.image is not None:
            return await self._engine.packaged.prepare(version.image, version.architecture, version.id)
        if not on_instances(version.other):
            instead = await self._engine.prepare(version.runtime, version.architecture)
            if instead is not None:
                log.warning("%s: %s", version.id.name, instead)
        return None

    def _finish(self, id: FunctionId, deployment_id: str, why_not: WhyNot | None, found: FoundImage | None) -> None:
        new_id = self._clock.new_id
        try:
            self._store.change(id, lambda function: complete_update(function, deployment_id, why_not, new_id, found))
        except KeyError:
            log.debug("%s was deleted before it became active", id.name)
