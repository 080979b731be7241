"""From the command to the first answer, without an engine: what somebody waits who only wants to run a function."""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter

from benchmarks.client import Connection, invocation
from benchmarks.emulator import Emulator
from benchmarks.figures import in_turns, percentile
from benchmarks.functions import PROJECT
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict

IMPORTS = [sys.executable, "-c", "import flask, docker, botocore"]


def start(_stage: Stage) -> list[Verdict]:
    _first_answer_ms()
    turns = in_turns(_first_answer_ms, _imports_ms, blocks=8)
    ours, theirs = percentile(turns.ours, 50), percentile(turns.theirs, 50)
    what = "start to first answer, process sandbox"
    return [Verdict(what, ours, "ms", theirs, "imports", 3, blocks_ratio=turns.ratio, spread=turns.spread)]


def _first_answer_ms() -> float:
    begun_s = perf_counter()
    with Emulator("--engine", "process", project=PROJECT) as emulator, Connection(emulator.address) as connection:
        connection.time_ms(invocation(emulator.address, "noop"))
        return (perf_counter() - begun_s) * 1000


def _imports_ms() -> float:
    begun_s = perf_counter()
    subprocess.run(IMPORTS, check=True)
    return (perf_counter() - begun_s) * 1000
