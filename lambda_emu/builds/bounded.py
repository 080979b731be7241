"""Runs the tools that build, each within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct

from lambda_emu.builds.guard import MOST_BYTES, MOST_PROCESSES, guarded
from lambda_emu.sandbox.building.tool_runner import ToolRunner, unheard

GUARD_S = 30.0
"""How long whoever guards a tool may take to end it."""


class Bounds(Struct, frozen=True):
    """Of one tool, with all that it starts. limit_s: how long it may take. most_bytes: written where it builds."""

    limit_s: float
    most_processes: int = MOST_PROCESSES
    most_bytes: int = MOST_BYTES


class Bounded(Struct, frozen=True):
    """From any thread; whoever closes the runner ends what runs."""

    runner: ToolRunner
    bounds: Bounds

    def run(
        self, words: Sequence[str], name: str, room: Path, folder: Path | None = None, given: IO[bytes] | None = None
    ) -> None:
        """name: the tool's, as users know it. room: where it writes. folder: that it works in. given: what it reads.

        ToolFailed.
        """
        bounds = self.bounds
        within = guarded(words, room, bounds.limit_s, bounds.most_processes, bounds.most_bytes)
        self.runner.run(within, unheard, name=name, folder=folder, limit_s=bounds.limit_s + GUARD_S, given=given)
