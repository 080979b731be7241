"""The first invocation: of a function with a stem ready, of one without, and of one that has just crashed."""

from __future__ import annotations

from benchmarks.client import Connection, invocation
from benchmarks.emulator import Emulator
from benchmarks.engine import run_true_ms
from benchmarks.figures import percentile
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict

SAMPLES = 15
NAMES = [f"cold-{number}" for number in range(SAMPLES)]
LIMITS = {"cold start, stem ready, p50": 0.2, "cold start, no stem, p50": 1.0, "reset after a crash, p50": 0.2}


def cold(stage: Stage) -> list[Verdict]:
    """One of each a round, so that all see the same machine; between rounds the stems come back."""
    stage.emulator.functions.create(NAMES, "app.noop")
    stage.emulator.functions.create(["crash"], "app.crash")
    run_true_ms(stage.image)
    with Emulator("--engine", "docker", stems=0) as bare:
        bare.functions.create(NAMES, "app.noop")
        rounds = [_round(stage, bare, name) for name in NAMES]
    stage.emulator.functions.delete([*NAMES, "crash"])
    reference_ms, *ours = zip(*rounds, strict=True)
    return [_verdict(what, times_ms, reference_ms) for what, times_ms in zip(LIMITS, ours, strict=True)]


def _round(stage: Stage, bare: Emulator, name: str) -> tuple[float, float, float, float]:
    """docker run, stem, no stem, reset: each in ms, each on a machine at rest."""
    stage.emulator.settle()
    reference_ms = run_true_ms(stage.image)
    stem_ms = _first_ms(stage.emulator, name)
    stage.emulator.settle()
    no_stem_ms = _first_ms(bare, name)
    bare.settle()
    return reference_ms, stem_ms, no_stem_ms, _reset_ms(stage.emulator)


def _first_ms(emulator: Emulator, name: str) -> float:
    with Connection(emulator.address) as connection:
        return connection.time_ms(invocation(emulator.address, name))


def _reset_ms(emulator: Emulator) -> float:
    """What the invocation after a crash takes; the one before it makes sure that there is something to crash."""
    healthy = invocation(emulator.address, "crash")
    fatal = invocation(emulator.address, "crash", b'{"crash":true}')
    with Connection(emulator.address) as connection:
        connection.time_ms(healthy)
        connection.call(fatal)
        return connection.time_ms(healthy)


def _verdict(what: str, times_ms: tuple[float, ...], reference_ms: tuple[float, ...]) -> Verdict:
    p50, reference = percentile(times_ms, 50), percentile(reference_ms, 50)
    spread = f"{percentile(times_ms, 25):.0f}-{percentile(times_ms, 75):.0f} ms"
    return Verdict(what, p50, "ms", reference, "docker run", LIMITS[what], spread=spread)
