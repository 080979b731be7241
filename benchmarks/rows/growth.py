"""What the server holds: idle, and after ten thousand invocations."""

from __future__ import annotations

import time

from benchmarks.client import Connection, invocation
from benchmarks.crowd import rate
from benchmarks.emulator import Emulator
from benchmarks.machine import Footprint, footprint
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict

REST_S = 2.0
CROWD = 8
INVOCATIONS = 10_000


def growth(_stage: Stage) -> list[Verdict]:
    """A server of its own: what other rows did to the shared one must not count."""
    with Emulator("--engine", "docker") as emulator:
        time.sleep(REST_S)
        idle = footprint(emulator.pid)
        emulator.functions.create(["noop"], "app.noop")
        request = invocation(emulator.address, "noop")
        # More environments than one client can need: one that is started later would look like a leak of its sockets.
        rate(emulator.address, request, CROWD, 200)
        before = _at_rest(emulator)
        with Connection(emulator.address) as connection:
            for _ in range(INVOCATIONS):
                connection.time_ms(request)
        after = _at_rest(emulator)
    what = f"after {INVOCATIONS:,} invocations"
    return [
        Verdict("idle server, RSS", idle.rss_mb, "MB", 60, "allowed", 1),
        Verdict(f"{what}, RSS", after.rss_mb, "MB", before.rss_mb, "before", 1.05),
        Verdict(f"{what}, open files", after.files, "", before.files, "before", 1),
        Verdict(f"{what}, threads", after.threads, "", before.threads, "before", 1),
    ]


def _at_rest(emulator: Emulator) -> Footprint:
    """Once what follows an invocation is done too, and the connections of clients are closed."""
    emulator.settle()
    time.sleep(REST_S)
    return footprint(emulator.pid)
