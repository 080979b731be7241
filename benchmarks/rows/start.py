"""From the command to the first answer, without an engine: what somebody waits who only wants to run a function."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.client import Connection, check, invocation
from benchmarks.emulator import Emulator
from benchmarks.figures import in_turns
from benchmarks.functions import PROJECT
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

IMPORTS = [sys.executable, "-c", "import flask, docker, botocore"]
PENDING = b"HTTP/1.1 409"
"""What is answered until the project's functions are Active, which `serve` does not wait for."""


def start(_stage: Stage) -> list[Verdict]:
    first_answer_ms()
    turns = in_turns(first_answer_ms, _imports_ms, blocks=8)
    return [of_turns("start to first answer, process sandbox", "ms", turns, "imports", 2)]


def first_answer_ms(checkout: Path | None = None) -> float:
    """checkout: whose code runs, else this one's."""
    begun_s = time.perf_counter()
    with (
        Emulator("--engine", "process", project=PROJECT, checkout=checkout) as emulator,
        Connection(emulator.address) as connection,
    ):
        request = invocation(emulator.address, "noop")
        while (answer := connection.call(request)).startswith(PENDING):
            time.sleep(0.002)
        check(answer)
        return (time.perf_counter() - begun_s) * 1000


def _imports_ms() -> float:
    begun_s = time.perf_counter()
    subprocess.run(IMPORTS, check=True)
    return (time.perf_counter() - begun_s) * 1000
