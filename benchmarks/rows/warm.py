"""One client, a function that does nothing and has an environment: what the emulator itself costs.

In a container beside RIE in one, and as a process beside RIE on the host.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.client import Connection, invocation
from benchmarks.emulator import Emulator
from benchmarks.figures import Turns, in_turns
from benchmarks.rie import rie_on_host
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

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
            connection.median_ms(_block(requests, 0))  # the first calls of a connection count for nobody
        rounds = [
            {name: connection.median_ms(_block(requests, number)) for name, (connection, requests) in sides.items()}
            for number in range(BLOCKS)
        ]
    blocks = {name: [each[name] for each in rounds] for name in sides}
    return [
        of_turns("warm invoke, 1 client, p50", "ms", Turns(blocks["plain"], blocks["RIE"]), "RIE", 0.55),
        of_turns("warm invoke, every head another, p50", "ms", Turns(blocks["signed"], blocks["RIE"]), "RIE", 0.55),
        of_turns("warm invoke with LogType=Tail, p50", "ms", Turns(blocks["tail"], blocks["RIE"]), "RIE", 0.65),
    ]


def processes(_stage: Stage) -> list[Verdict]:
    """The same without containers on either side."""
    with rie_on_host("app.noop") as rie, Emulator("--engine", "process") as emulator:
        emulator.functions.create(["noop"], "app.noop")
        request = invocation(emulator.address, "noop")
        with Connection(emulator.address) as ours, Connection(rie.address) as theirs:
            ours.median_ms([request] * CALLS)
            turns = in_turns(
                lambda: ours.median_ms([request] * CALLS), lambda: theirs.median_ms([rie.request] * CALLS), BLOCKS
            )
    return [of_turns("warm invoke, process sandbox, p50", "ms", turns, "RIE on the host", 0.75)]


def _block(requests: Sequence[bytes], number: int) -> list[bytes]:
    """The requests of a block: in turn where they differ."""
    return [requests[call % len(requests)] for call in range(number * CALLS, (number + 1) * CALLS)]
