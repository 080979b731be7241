"""Fifty functions invoked for the first time at the same moment."""

from __future__ import annotations

from benchmarks.client import Connection, invocation
from benchmarks.crowd import all_at_once
from benchmarks.emulator import Emulator
from benchmarks.figures import percentile
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict

AT_ONCE = [f"burst-{number}" for number in range(50)]
ALONE = [f"alone-{number}" for number in range(5)]


def burst(stage: Stage) -> list[Verdict]:
    """A row only comes about when all fifty have answered; there is no bar on how long the last one took."""
    emulator = stage.emulator
    emulator.functions.create(AT_ONCE + ALONE, "app.noop")
    alone_ms = percentile([_alone_ms(emulator, name) for name in ALONE], 50)
    emulator.settle()
    times = all_at_once(emulator.address, [[invocation(emulator.address, name)] for name in AT_ONCE])
    emulator.settle()
    emulator.functions.delete(AT_ONCE + ALONE)
    took_ms = [only_s * 1000 for (only_s,) in times]
    spread = f"first {min(took_ms):.0f}, p50 {percentile(took_ms, 50):.0f} ms"
    what = f"{len(AT_ONCE)} first invokes at once, all answered: slowest"
    return [Verdict(what, max(took_ms), "ms", alone_ms, "alone", None, spread=spread)]


def _alone_ms(emulator: Emulator, name: str) -> float:
    emulator.settle()
    with Connection(emulator.address) as connection:
        return connection.time_ms(invocation(emulator.address, name))
