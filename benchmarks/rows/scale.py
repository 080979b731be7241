"""A large account beside a small one: what 1,000 functions of 5 versions cost whoever asks, invokes or starts."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.account import fill
from benchmarks.client import Connection, invocation
from benchmarks.emulator import Emulator
from benchmarks.figures import Turns, in_turns
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

LARGE, SMALL = 1000, 10
BLOCKS, CALLS = 40, 25
STARTS = 8


def scale(_stage: Stage) -> list[Verdict]:
    """Without an engine: none of this has to do with containers."""
    with tempfile.TemporaryDirectory(prefix="lambda-emu-bench-") as folder:
        large, small, empty = (Path(folder, name) for name in ("large", "small", "empty"))
        fill(large, LARGE)
        fill(small, SMALL)
        return [*_calls(large, small), _restarts(large, empty)]


def _calls(large: Path, small: Path) -> list[Verdict]:
    rows = (
        ("ListFunctions, a page", b"/2015-03-31/functions?MaxItems=10", 3.0),
        ("GetFunction", b"/2015-03-31/functions/f0005", 3.0),
        ("warm invoke, process sandbox", None, 1.05),
    )
    with _serving(large) as many, _serving(small) as few:
        return [
            of_turns(f"{what}, {LARGE} functions", "ms", _in_turns(many, few, path), f"with {SMALL}", limit)
            for what, path, limit in rows
        ]


def _in_turns(many: Emulator, few: Emulator, path: bytes | None) -> Turns:
    with Connection(many.address) as ours, Connection(few.address) as theirs:
        requests = [invocation(side.address, "f0005") if path is None else _get(path) for side in (many, few)]
        for connection, request in zip((ours, theirs), requests, strict=True):
            connection.median_ms([request] * CALLS)
        return in_turns(
            lambda: ours.median_ms([requests[0]] * CALLS), lambda: theirs.median_ms([requests[1]] * CALLS), BLOCKS
        )


def _get(path: bytes) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"


def _restarts(large: Path, empty: Path) -> Verdict:
    turns = in_turns(lambda: _start_ms(large), lambda: _start_ms(empty), STARTS)
    return of_turns(f"start with {LARGE} functions", "ms", turns, "with none", 2.0)


def _start_ms(data_dir: Path) -> float:
    begun_s = time.perf_counter()
    with _serving(data_dir):
        return (time.perf_counter() - begun_s) * 1000


def _serving(data_dir: Path) -> Emulator:
    return Emulator("--engine", "process", data_dir=data_dir)
