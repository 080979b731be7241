"""How many sandboxes there may be at once on this machine, whatever they are for: the setting max_environments."""

from __future__ import annotations

from collections.abc import Callable

from lambda_emu.errors.base import LambdaError
from lambda_emu.http.loop import Loop
from lambda_emu.sandbox.base import Engine, Sandbox, StemKind


class Budget:
    """Makes and ends sandboxes, never more than `limit` at once. One that is ending counts until it has ended.

    Runs on the loop. on_free_place: called when a place was given back.
    """

    def __init__(self, engine: Engine, loop: Loop, limit: int) -> None:
        self.engine = engine
        self.limit = limit
        self.ending = 0
        self.on_free_place: Callable[[], None] = lambda: None
        self._loop = loop
        self._taken = 0
        self._sandboxes: set[Sandbox] = set()

    @property
    def taken(self) -> int:
        """By sandboxes that are there, coming or ending."""
        return self._taken

    def reserve(self) -> bool:
        """Take a place, in which `create` makes a sandbox; False if there is none."""
        if self._taken >= self.limit:
            return False
        self._taken += 1
        return True

    async def create(self, kind: StemKind) -> Sandbox:
        """A sandbox in a place that was reserved. SandboxError, and the place is free again."""
        try:
            sandbox = await self.engine.create(kind)
        except BaseException:
            self._give_back()
            raise
        self._sandboxes.add(sandbox)
        return sandbox

    def end(self, sandbox: Sandbox, what: str) -> None:
        """Begin to end it; asked twice, it ends once. what: for the log, should that fail."""
        if sandbox in self._sandboxes:
            self._sandboxes.remove(sandbox)
            self.ending += 1
            self._loop.spawn(self._end(sandbox), what)

    async def _end(self, sandbox: Sandbox) -> None:
        try:
            await sandbox.destroy()
        finally:
            self.ending -= 1
            self._give_back()

    def _give_back(self) -> None:
        self._taken -= 1
        self.on_free_place()


class TooManyEnvironments(LambdaError):
    """An invocation waited for an environment, and the machine has no place for one. The text after AWS's is ours."""

    code, status = "TooManyRequestsException", 429
    reason = "ConcurrentInvocationLimitExceeded"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"Rate Exceeded. All {limit} execution environments that the setting max_environments allows are in use."
        )
