"""Small invocations beside a client that is a nuisance: do the others notice?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.client import Address, Connection, invocation
from benchmarks.figures import percentile
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict

BLOCKS = 8
CALLS = 500
PESTS = {"heads": "hostile headers", "silence": "300 silent connections"}


def pest(stage: Stage) -> list[Verdict]:
    """Quiet blocks in turn with blocks beside it, so that what else the machine does meets both."""
    address = stage.emulator.address
    request = invocation(address, "noop")
    stage.emulator.settle()
    with Connection(address) as connection:
        connection.time_ms(request)
        return [_verdict(what, *_in_turns(connection, request, address, what)) for what in PESTS]


def _in_turns(connection: Connection, request: bytes, address: Address, what: str) -> tuple[list[float], list[float]]:
    quiet_ms: list[float] = []
    beside_ms: list[float] = []
    for _ in range(BLOCKS):
        quiet_ms += [connection.time_ms(request) for _ in range(CALLS)]
        with _pest(what, address):
            beside_ms += [connection.time_ms(request) for _ in range(CALLS)]
    return quiet_ms, beside_ms


@contextmanager
def _pest(what: str, address: Address) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.pest", what, address.host, str(address.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()
            yield
        finally:
            process.kill()


def _verdict(what: str, quiet_ms: list[float], beside_ms: list[float]) -> Verdict:
    quiet, beside = percentile(quiet_ms, 99), percentile(beside_ms, 99)
    spread = f"p50 {percentile(beside_ms, 50):.2f}, quiet {percentile(quiet_ms, 50):.2f}, max {max(beside_ms):.1f} ms"
    return Verdict(f"invoke beside {PESTS[what]}, p99", beside, "ms", quiet, "quiet p99", 3, spread=spread)
