"""Fifty functions invoked for the first time at the same moment, beside as many `docker run`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

from benchmarks.client import invocation
from benchmarks.crowd import all_at_once
from benchmarks.engine import run_true_ms
from benchmarks.figures import percentile
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict

AT_ONCE = [f"burst-{number}" for number in range(50)]
LIMIT = 1.15


def burst(stage: Stage) -> list[Verdict]:
    """The slowest answer, held against the slowest of fifty containers that are started at once by the command line."""
    emulator = stage.emulator
    emulator.functions.create(AT_ONCE, "app.noop")
    emulator.settle()
    reference_ms = _runs_at_once_ms(stage.image)
    emulator.settle()
    times = all_at_once(emulator.address, [[invocation(emulator.address, name)] for name in AT_ONCE])
    emulator.settle()
    emulator.functions.delete(AT_ONCE)
    took_ms = [only_s * 1000 for (only_s,) in times]
    spread = f"first {min(took_ms):.0f}, p50 {percentile(took_ms, 50):.0f} ms"
    what = f"{len(AT_ONCE)} first invokes at once, all answered: slowest"
    return [Verdict(what, max(took_ms), "ms", reference_ms, f"{len(AT_ONCE)} docker run", LIMIT, spread=spread)]


def _runs_at_once_ms(image: str) -> float:
    """Until the last of them has ended."""
    begun_s = perf_counter()
    with ThreadPoolExecutor(len(AT_ONCE)) as threads:
        list(threads.map(run_true_ms, [image] * len(AT_ONCE)))
    return (perf_counter() - begun_s) * 1000
