"""Environments that nobody calls: what 200 of them cost whoever calls another."""

from __future__ import annotations

from benchmarks.client import Connection, invocation
from benchmarks.crowd import all_at_once
from benchmarks.emulator import Emulator
from benchmarks.figures import in_turns
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

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
            request = [invocation(many.address, "noop")] * CALLS
            other = [invocation(few.address, "noop")] * CALLS
            ours.median_ms(request)
            theirs.median_ms(other)
            turns = in_turns(lambda: ours.median_ms(request), lambda: theirs.median_ms(other), BLOCKS)
    what = f"warm invoke, process sandbox, {IDLE} idle environments"
    return [of_turns(what, "ms", turns, "with none", 1.1)]
