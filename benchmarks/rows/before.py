"""This checkout beside an older one, both served at once and called in turns: what a change gained or lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.client import Connection, invocation
from benchmarks.crowd import rate
from benchmarks.emulator import Emulator
from benchmarks.figures import Turns, in_turns
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

BLOCKS, CALLS = 60, 30
CROWD_BLOCKS = 10


def before(stage: Stage) -> list[Verdict]:
    """None unless `--before` names a checkout."""
    if stage.before is None:
        return []
    return [verdict for engine in ("docker", "process") for verdict in _engine(stage, engine)]


def _engine(stage: Stage, engine: str) -> Iterator[Verdict]:
    options = ("--engine", engine)
    with Emulator(*options) as ours, Emulator(*options, checkout=stage.before) as older:
        for emulator in (ours, older):
            emulator.functions.create(["noop"], "app.noop")
        for tail in (False, True):
            what = f"warm invoke{' with tail' if tail else ''}, {engine}"
            yield of_turns(what, "ms", _warm(ours, older, tail), "before", 1.0)
        for clients, limit in ((8, 1.0), (32, 1.2)):
            what, turns = f"no-op, {clients} clients, {engine}", _crowd(ours, older, clients)
            yield of_turns(what, "/s", turns, "before", limit, at_least=True)


def _warm(ours: Emulator, older: Emulator, tail: bool) -> Turns:
    with Connection(ours.address) as one, Connection(older.address) as other:
        sides: list[Callable[[], float]] = []
        for emulator, connection in ((ours, one), (older, other)):
            request = invocation(emulator.address, "noop", tail=tail)
            connection.call(request)
            sides.append(partial(connection.median_ms, [request] * CALLS))
        return in_turns(sides[0], sides[1], BLOCKS)


def _crowd(ours: Emulator, older: Emulator, clients: int) -> Turns:
    sides: list[Callable[[], float]] = []
    for emulator in (ours, older):
        request = invocation(emulator.address, "noop")
        rate(emulator.address, request, clients, 50)
        sides.append(partial(rate, emulator.address, request, clients, 2400 // clients))
    return in_turns(sides[0], sides[1], CROWD_BLOCKS)
