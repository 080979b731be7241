"""Emulators of a test's own: in this process with a clock to move, or as `lambda-emu serve` to be killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lam import Lam

from lambda_emu.clock import SteppingClock
from lambda_emu.config import load_settings
from lambda_emu.server import Emulator

ENGINES = ("docker", "process")


class OwnLam(Lam):
    """boto3 against an emulator that nobody else uses."""

    clock: SteppingClock

    def sights(self) -> list[Any]:
        """All that its pool holds, stems included."""
        return self.emulator.loop.ask(self.emulator.pool.sights, 5)


@contextmanager
def own_emulator(folder: Path, engine: str, **settings: Any) -> Iterator[OwnLam]:
    """Runs until the block ends; its data stays in the folder for the next one."""
    told = {"project": folder, "port": 0, "engine": engine} | settings
    clock = SteppingClock()
    with Emulator(load_settings(told, environ={}), clock) as emulator:
        lam = OwnLam(emulator)
        lam.clock = clock
        yield lam
