"""What init owes an environment: figures it was asked for, and word that what it was to kill is gone."""

from __future__ import annotations

from lambda_emu.sandbox.base import Box, Usage

NO_USAGE = Usage(0, 0, 0, 0)
GROWTH_BYTES_PER_MS = 4 << 20
"""Faster than memory can be filled: page faults alone take longer."""


class Reports:
    """Of one environment. Runs on the loop."""

    __slots__ = ("_box", "_killed", "_synced", "_token", "usage")

    def __init__(self, box: Box) -> None:
        self.usage = NO_USAGE  # as init said last
        self._box = box
        self._token = 0
        self._synced = self._killed = True

    @property
    def complete(self) -> bool:
        """Whether all that was asked for has come."""
        return self._synced and self._killed

    def may_exceed(self, limit_bytes: int, elapsed_ms: float) -> bool:
        """Whether memory, as it was known elapsed_ms ago or more, may have been over the limit since."""
        return (self.usage.memory_bytes or limit_bytes) + elapsed_ms * GROWTH_BYTES_PER_MS > limit_bytes

    def need(self) -> None:
        """`ask` will be called: what came so far does not count."""
        self._synced = False

    def ask(self) -> None:
        """For the figures, and all output before them."""
        self._token = (self._token + 1) & 0xFFFFFFFF
        self._synced = False
        self._box.init.sync(self._token)

    def kill(self) -> None:
        """End what runs, then ask."""
        self._killed = False
        self._box.init.kill()
        self.ask()

    def synced(self, token: int, usage: Usage) -> None:
        self.usage = usage
        self._synced = self._synced or token == self._token

    def killed(self) -> None:
        self._killed = True
