"""What init owes an environment: figures it was asked for, and word that what it was to kill is gone."""

from __future__ import annotations

from lambda_emu.sandbox.base import Sandbox, Usage

NO_USAGE = Usage(0, 0, 0, 0)
GROWTH_BYTES_PER_MS = 4 << 20
"""Faster than memory can be filled: page faults alone take longer."""


class Reports:
    """Of one environment. Runs on the loop. complete: whether all that was asked for has come."""

    __slots__ = ("_killed", "_sandbox", "_synced", "_token", "complete", "usage")

    def __init__(self, sandbox: Sandbox) -> None:
        self.usage = NO_USAGE  # as init said last
        self._sandbox = sandbox
        self._token = 0
        self._synced = self._killed = self.complete = True

    def may_exceed(self, limit_bytes: int, elapsed_ms: float) -> bool:
        """Whether memory, as it was known elapsed_ms ago or more, may have been over the limit since."""
        return (self.usage.memory_bytes or limit_bytes) + elapsed_ms * GROWTH_BYTES_PER_MS > limit_bytes

    def ask(self) -> None:
        """For the figures, and all output before them."""
        self._token = (self._token + 1) & 0xFFFFFFFF
        self._synced = self.complete = False
        self._sandbox.init.sync(self._token)

    def kill(self) -> None:
        """End what runs, then ask."""
        self._killed = False
        self._sandbox.init.kill()
        self.ask()

    def synced(self, token: int, usage: Usage) -> None:
        self.usage = usage
        if token == self._token:
            self._synced = True
            self.complete = self._killed

    def killed(self) -> None:
        self._killed = True
        self.complete = self._synced
