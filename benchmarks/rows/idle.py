"""Environments that nobody calls: what 200 of them cost whoever calls another."""

from __future__ import annotations

from statistics import median

from benchmarks.client import Connection, invocation
from benchmarks.crowd import all_at_once
from benchmarks.emulator import Emulator
from benchmarks.figures import in_turns, percentile
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict

IDLE = 200
AT_ONCE = 8
BLOCKS, CALLS = 40, 25


def idle(_stage: Stage) -> list[Verdict]:
    """As processes, so that the engine's own work is not what is measured."""
    options = ("--engine", "process", "--max-environments", str(IDLE + 10), "--idle-timeout-s", "3600")
    with Emulator(*options, stems=0) as many, Emulator(*options, stems=0) as few:
        names = [f"idle-{number}" for number in range(IDLE)]
        many.functions.create(names, "app.noop")
        for begin in range(0, IDLE, AT_ONCE):
            wave = names[begin : begin + AT_ONCE]
            all_at_once(many.address, [[invocation(many.address, name)] for name in wave])
        for emulator in (many, few):
            emulator.functions.create(["noop"], "app.noop")
        with Connection(many.address) as ours, Connection(few.address) as theirs:
            request, other = invocation(many.address, "noop"), invocation(few.address, "noop")
            _block_ms(ours, request)
            _block_ms(theirs, other)
            turns = in_turns(lambda: _block_ms(ours, request), lambda: _block_ms(theirs, other), BLOCKS)
    what = f"warm invoke, process sandbox, {IDLE} idle environments"
    ratio, p50s = turns.ratio, (percentile(turns.ours, 50), percentile(turns.theirs, 50))
    return [Verdict(what, p50s[0], "ms", p50s[1], "with none", 1.1, blocks_ratio=ratio, spread=turns.spread)]


def _block_ms(connection: Connection, request: bytes) -> float:
    return median(connection.time_ms(request) for _ in range(CALLS))
