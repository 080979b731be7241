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
CRASHING = [f"crashing-{number}" for number in range(SAMPLES)]
LIMITS = {"cold start, stem ready, p50": 0.12, "cold start, no stem, p50": 1.0, "reset after a crash, p50": 0.12}


def cold(stage: Stage) -> list[Verdict]:
    """One of each a round, so that all see the same machine; between rounds the stems come back."""
    stage.emulator.functions.create([*NAMES, *CRASHING], "app.crash")
    run_true_ms(stage.image)
    with Emulator("--engine", "docker", stems=0) as bare:
        bare.functions.create(NAMES, "app.crash")
        rounds = [_round(stage, bare, number) for number in range(SAMPLES)]
    stage.emulator.functions.delete([*NAMES, *CRASHING])
    reference_ms, *ours = zip(*rounds, strict=True)
    return [_verdict(what, times_ms, reference_ms) for what, times_ms in zip(LIMITS, ours, strict=True)]


def _round(stage: Stage, bare: Emulator, number: int) -> tuple[float, float, float, float]:
    """docker run, stem, no stem, reset: each in ms, each on a machine at rest."""
    stage.emulator.settle()
    reference_ms = run_true_ms(stage.image)
    stem_ms = first_ms(stage.emulator, NAMES[number])
    stage.emulator.settle()
    no_stem_ms = first_ms(bare, NAMES[number])
    bare.settle()
    return reference_ms, stem_ms, no_stem_ms, _reset_ms(stage.emulator, CRASHING[number])


def first_ms(emulator: Emulator, name: str) -> float:
    with Connection(emulator.address) as connection:
        return connection.time_ms(invocation(emulator.address, name))


def _reset_ms(emulator: Emulator, name: str) -> float:
    """What the invocation right after a crash takes, where the environment that crashed is the only one."""
    fatal = invocation(emulator.address, name, b'{"crash":true}')
    with Connection(emulator.address) as connection:
        connection.call(fatal)
        return connection.time_ms(invocation(emulator.address, name))


def _verdict(what: str, times_ms: tuple[float, ...], reference_ms: tuple[float, ...]) -> Verdict:
    p50, reference = percentile(times_ms, 50), percentile(reference_ms, 50)
    spread = f"{percentile(times_ms, 25):.0f}-{percentile(times_ms, 75):.0f} ms"
    return Verdict(what, p50, "ms", reference, "docker run", LIMITS[what], spread=spread)
