"""One client, a function that does nothing and has an environment: what the emulator itself costs."""

from __future__ import annotations

from statistics import median

from benchmarks.client import Connection, invocation
from benchmarks.figures import Turns, in_turns, percentile
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict

BLOCKS = 40
CALLS = 100


def warm(stage: Stage) -> list[Verdict]:
    """Plain, and with the log's tail, which RIE cannot give: both beside RIE's plain answer."""
    address = stage.emulator.address
    plain, tail = invocation(address, "noop"), invocation(address, "noop", tail=True)
    return [
        _verdict("warm invoke, 1 client, p50", _beside_rie(stage, plain), 0.75),
        _verdict("warm invoke with LogType=Tail, p50", _beside_rie(stage, tail), 1.2),
    ]


def _beside_rie(stage: Stage, request: bytes) -> Turns:
    with Connection(stage.emulator.address) as ours, Connection(stage.rie.address) as theirs:
        _block_ms(ours, request)  # the first calls of a connection count for nobody
        _block_ms(theirs, stage.rie.request)
        return in_turns(lambda: _block_ms(ours, request), lambda: _block_ms(theirs, stage.rie.request), BLOCKS)


def _block_ms(connection: Connection, request: bytes) -> float:
    return median(connection.time_ms(request) for _ in range(CALLS))


def _verdict(what: str, turns: Turns, limit: float) -> Verdict:
    ours, theirs = percentile(turns.ours, 50), percentile(turns.theirs, 50)
    return Verdict(what, ours, "ms", theirs, "RIE", limit, blocks_ratio=turns.ratio, spread=turns.spread)
