"""What the server holds: idle, and after ten thousand invocations."""

from __future__ import annotations

import time
from dataclasses import replace

from benchmarks.client import Connection, invocation
from benchmarks.emulator import Emulator
from benchmarks.machine import Footprint, footprint
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict

REST_S = 2.0
WARM_UP = 1000
INVOCATIONS = 10_000
CONNECTIONS = 2  # an environment's: init's and the runtime's


def growth(_stage: Stage) -> list[Verdict]:
    """A server of its own: what other rows did to the shared one must not count."""
    with Emulator("--engine", "docker") as emulator:
        time.sleep(REST_S)
        idle = footprint(emulator.pid)
        emulator.functions.create(["noop"], "app.noop")
        emulator.settle()
        _invoke(emulator, WARM_UP)
        before = _held(emulator)
        _invoke(emulator, INVOCATIONS)
        after = _held(emulator)
    what = f"after {INVOCATIONS:,} invocations"
    return [
        Verdict("idle server, RSS", idle.rss_mb, "MB", 90, "allowed", 1),
        Verdict(f"{what}, RSS", after.rss_mb, "MB", before.rss_mb, "before", 1.05),
        Verdict(f"{what}, open files", after.files, "", before.files, "before", 1),
        Verdict(f"{what}, threads", after.threads, "", before.threads, "before", 1),
    ]


def _held(emulator: Emulator) -> Footprint:
    """Without the environments' connections: a busy machine makes the pool start one more, which is no leak."""
    held, environments = footprint(emulator.pid), emulator.states().total()
    return replace(held, files=held.files - CONNECTIONS * environments)


def _invoke(emulator: Emulator, times: int) -> None:
    """Invoke, then rest until what follows an invocation is done too."""
    request = invocation(emulator.address, "noop")
    with Connection(emulator.address) as connection:
        for _ in range(times):
            connection.time_ms(request)
    emulator.settle()
    time.sleep(REST_S)
