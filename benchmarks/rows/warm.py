"""One client, a function that does nothing and has an environment: what the emulator itself costs."""

from __future__ import annotations

from statistics import median

from benchmarks.client import Connection, invocation
from benchmarks.figures import Turns, percentile
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict

BLOCKS = 100
CALLS = 40


def warm(stage: Stage) -> list[Verdict]:
    """Plain, and with the log's tail, which RIE cannot give; RIE's plain answer in turn with both."""
    address = stage.emulator.address
    stage.emulator.settle()
    with Connection(address) as ours, Connection(stage.rie.address) as theirs:
        sides = {
            "plain": (ours, invocation(address, "noop")),
            "RIE": (theirs, stage.rie.request),
            "tail": (ours, invocation(address, "noop", tail=True)),
        }
        for connection, request in sides.values():
            _block_ms(connection, request)  # the first calls of a connection count for nobody
        rounds = [{name: _block_ms(*side) for name, side in sides.items()} for _ in range(BLOCKS)]
    blocks = {name: [each[name] for each in rounds] for name in sides}
    return [
        _verdict("warm invoke, 1 client, p50", Turns(blocks["plain"], blocks["RIE"]), 0.75),
        _verdict("warm invoke with LogType=Tail, p50", Turns(blocks["tail"], blocks["RIE"]), 1.2),
    ]


def _block_ms(connection: Connection, request: bytes) -> float:
    return median(connection.time_ms(request) for _ in range(CALLS))


def _verdict(what: str, turns: Turns, limit: float) -> Verdict:
    ours, theirs = percentile(turns.ours, 50), percentile(turns.theirs, 50)
    return Verdict(what, ours, "ms", theirs, "RIE", limit, blocks_ratio=turns.ratio, spread=turns.spread)
