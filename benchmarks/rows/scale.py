"""A large account beside a small one: what 1,000 functions of 5 versions cost whoever asks, invokes or starts."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.account import fill
from benchmarks.client import Connection, invocation
from benchmarks.emulator import Emulator
from benchmarks.figures import Turns, in_turns, percentile
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict

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
        return [_verdict(f"{what}, {LARGE} functions", _in_turns(many, few, path), limit) for what, path, limit in rows]


def _in_turns(many: Emulator, few: Emulator, path: bytes | None) -> Turns:
    with Connection(many.address) as ours, Connection(few.address) as theirs:
        requests = [invocation(side.address, "f0005") if path is None else _get(path) for side in (many, few)]
        for connection, request in zip((ours, theirs), requests, strict=True):
            _block_ms(connection, request)
        return in_turns(lambda: _block_ms(ours, requests[0]), lambda: _block_ms(theirs, requests[1]), BLOCKS)


def _block_ms(connection: Connection, request: bytes) -> float:
    return median(connection.time_ms(request) for _ in range(CALLS))


def _get(path: bytes) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"


def _restarts(large: Path, empty: Path) -> Verdict:
    turns = in_turns(lambda: _start_ms(large), lambda: _start_ms(empty), STARTS)
    return _verdict(f"start with {LARGE} functions", turns, 2.0, "with none")


def _start_ms(data_dir: Path) -> float:
    begun_s = time.perf_counter()
    with _serving(data_dir):
        return (time.perf_counter() - begun_s) * 1000


def _serving(data_dir: Path) -> Emulator:
    return Emulator("--engine", "process", data_dir=data_dir)


def _verdict(what: str, turns: Turns, limit: float, against: str = f"with {SMALL}") -> Verdict:
    ours, theirs = percentile(turns.ours, 50), percentile(turns.theirs, 50)
    return Verdict(what, ours, "ms", theirs, against, limit, blocks_ratio=turns.ratio, spread=turns.spread)
