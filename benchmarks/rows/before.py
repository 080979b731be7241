"""This checkout beside an older one, both served at once and asked in turns: what a change gained or lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.client import Connection, invocation
from benchmarks.crowd import rate
from benchmarks.emulator import Emulator
from benchmarks.figures import Turns, in_turns
from benchmarks.machine import footprint
from benchmarks.rows.cold import NAMES, first_ms
from benchmarks.rows.create import create_in_turns
from benchmarks.rows.growth import REST_S
from benchmarks.rows.start import first_answer_ms
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

BLOCKS, CALLS = 60, 30
CROWD_BLOCKS = 10
SLEEPERS, SLEEPS, SLEEP_BLOCKS = 32, 15, 6
START_BLOCKS = 10
SLACK = 1.05
"""By how much what is the same may seem worse: these rows have few samples, and the machine is noisy."""


def before(stage: Stage) -> list[Verdict]:
    """None unless `--before` names a checkout."""
    if stage.before is None:
        return []
    older = stage.before
    rows = [verdict for engine in ("docker", "process") for verdict in _engine(older, engine)]
    return [*rows, *_containers(older), *_account(older), _start(older)]


def _engine(checkout: Path, engine: str) -> Iterator[Verdict]:
    with _both(engine, checkout) as (ours, older):
        for emulator in (ours, older):
            emulator.functions.create(["noop"], "app.noop")
        for tail in (False, True):
            what = f"warm invoke{' with tail' if tail else ''}, {engine}"
            yield of_turns(what, "ms", _warm(ours, older, tail), "before", 1.0)
        for clients, limit in ((8, 1.0), (32, 1.2)):
            what, turns = f"no-op, {clients} clients, {engine}", _crowd(ours, older, clients)
            yield of_turns(what, "/s", turns, "before", limit, at_least=True)


@contextmanager
def _both(engine: str, checkout: Path) -> Iterator[tuple[Emulator, Emulator]]:
    options = ("--engine", engine)
    with Emulator(*options) as ours, Emulator(*options, checkout=checkout) as older:
        yield ours, older


def _containers(checkout: Path) -> Iterator[Verdict]:
    """What starts containers or fills the machine with them: each side when both are at rest."""
    with _both("docker", checkout) as (ours, older):
        for emulator in (ours, older):
            emulator.functions.create(["sleep"], "app.sleep")
            emulator.functions.create(NAMES, "app.noop")
        names = {emulator: iter(NAMES) for emulator in (ours, older)}
        turns = in_turns(
            lambda: _rested(ours, older, lambda: first_ms(ours, next(names[ours]))),
            lambda: _rested(ours, older, lambda: first_ms(older, next(names[older]))),
            len(NAMES),
        )
        yield of_turns("cold start, stem ready", "ms", turns, "before", SLACK)
        requests = {emulator: invocation(emulator.address, "sleep") for emulator in (ours, older)}
        for emulator, request in requests.items():
            for calls in (1, SLEEPS):
                rate(emulator.address, request, SLEEPERS, calls)
                emulator.settle()
        turns = in_turns(
            lambda: rate(ours.address, requests[ours], SLEEPERS, SLEEPS),
            lambda: rate(older.address, requests[older], SLEEPERS, SLEEPS),
            SLEEP_BLOCKS,
        )
        yield of_turns("handler sleeping 100 ms, 32 clients", "/s", turns, "before", 1 / SLACK, at_least=True)


def _rested(ours: Emulator, older: Emulator, measure: Callable[[], float]) -> float:
    for emulator in (ours, older):
        emulator.settle()
    return measure()


def _account(checkout: Path) -> Iterator[Verdict]:
    with _both("process", checkout) as (ours, older):
        time.sleep(REST_S)
        rss_mb = [footprint(emulator.pid).rss_mb for emulator in (ours, older)]
        yield Verdict("idle server, RSS", rss_mb[0], "MB", rss_mb[1], "before", SLACK)
        yield of_turns("CreateFunction, 1 MB", "ms", create_in_turns(ours, older), "before", SLACK)


def _start(checkout: Path) -> Verdict:
    turns = in_turns(first_answer_ms, lambda: first_answer_ms(checkout), START_BLOCKS)
    return of_turns("start to first answer, process", "ms", turns, "before", SLACK)


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
