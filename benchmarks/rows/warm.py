"""One client, a function that does nothing and has an environment: what the emulator itself costs.

In a container beside RIE in one, and as a process beside RIE on the host.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from benchmarks.client import Connection, invocation
from benchmarks.emulator import Emulator
from benchmarks.figures import Turns, in_turns, percentile
from benchmarks.rie import rie_on_host
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict

BLOCKS = 100
CALLS = 40


def warm(stage: Stage) -> list[Verdict]:
    """Plain, with heads that differ as signed ones do, and with the log's tail, which RIE cannot give.

    RIE's plain answer in turn with all of them.
    """
    address = stage.emulator.address
    stage.emulator.settle()
    with Connection(address) as ours, Connection(stage.rie.address) as theirs:
        sides = {
            "plain": (ours, [invocation(address, "noop")]),
            "RIE": (theirs, [stage.rie.request]),
            "signed": (ours, [invocation(address, "noop", signature=f"{number:x}") for number in range(1000)]),
            "tail": (ours, [invocation(address, "noop", tail=True)]),
        }
        for connection, requests in sides.values():
            _block_ms(connection, requests)  # the first calls of a connection count for nobody
        rounds = [{name: _block_ms(*side, number) for name, side in sides.items()} for number in range(BLOCKS)]
    blocks = {name: [each[name] for each in rounds] for name in sides}
    return [
        _verdict("warm invoke, 1 client, p50", Turns(blocks["plain"], blocks["RIE"]), 0.55),
        _verdict("warm invoke, every head another, p50", Turns(blocks["signed"], blocks["RIE"]), 0.55),
        _verdict("warm invoke with LogType=Tail, p50", Turns(blocks["tail"], blocks["RIE"]), 0.65),
    ]


def processes(_stage: Stage) -> list[Verdict]:
    """The same without containers on either side."""
    with rie_on_host("app.noop") as rie, Emulator("--engine", "process") as emulator:
        emulator.functions.create(["noop"], "app.noop")
        request = invocation(emulator.address, "noop")
        with Connection(emulator.address) as ours, Connection(rie.address) as theirs:
            _block_ms(ours, [request])
            turns = in_turns(lambda: _block_ms(ours, [request]), lambda: _block_ms(theirs, [rie.request]), BLOCKS)
    return [_verdict("warm invoke, process sandbox, p50", turns, 0.75, "RIE on the host")]


def _block_ms(connection: Connection, requests: Sequence[bytes], block: int = 0) -> float:
    calls = range(block * CALLS, (block + 1) * CALLS)
    return median(connection.time_ms(requests[call % len(requests)]) for call in calls)


def _verdict(what: str, turns: Turns, limit: float, against: str = "RIE") -> Verdict:
    ours, theirs = percentile(turns.ours, 50), percentile(turns.theirs, 50)
    return Verdict(what, ours, "ms", theirs, against, limit, blocks_ratio=turns.ratio, spread=turns.spread)
