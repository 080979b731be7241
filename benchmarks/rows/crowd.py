"""Many clients at once: how much goes through, and whether anybody waits for somebody else."""

from __future__ import annotations

from benchmarks.client import Connection, invocation
from benchmarks.crowd import rate
from benchmarks.figures import in_turns, percentile
from benchmarks.stage import Stage
from benchmarks.verdict import Verdict, of_turns

SLEEP_S = 0.1


def throughput(stage: Stage) -> list[Verdict]:
    """A handler that does nothing, 8 clients; RIE, which serves one invocation at a time, with one."""
    emulator, clients = stage.emulator, 8
    request = invocation(emulator.address, "noop")
    emulator.settle()
    rate(emulator.address, request, clients, 200)
    emulator.settle()
    with Connection(stage.rie.address) as connection:
        connection.time_ms(stage.rie.request)
    turns = in_turns(
        lambda: rate(emulator.address, request, clients, 300),
        lambda: rate(stage.rie.address, stage.rie.request, 1, 1000),
        blocks=8,
    )
    return [of_turns(f"no-op, {clients} clients", "/s", turns, "RIE, 1 client", 2, at_least=True)]


def crowd(stage: Stage) -> list[Verdict]:
    """A handler that sleeps 100 ms: the ideal is ten invocations a second for each client."""
    emulator, clients = stage.emulator, 32
    emulator.functions.create(["sleep"], "app.sleep")
    request = invocation(emulator.address, "sleep")
    for calls in (1, 30):  # the first wave starts some environments, the second those that are missing
        rate(emulator.address, request, clients, calls)
        emulator.settle()
    ideal = clients / SLEEP_S
    rates = [rate(emulator.address, request, clients, 30) for _ in range(4)]
    emulator.functions.delete(["sleep"])
    spread = f"{min(rates) / ideal:.3f}-{max(rates) / ideal:.3f}"
    what = f"handler sleeping 100 ms, {clients} clients"
    return [Verdict(what, percentile(rates, 50), "/s", ideal, "ideal", 0.97, at_least=True, spread=spread)]
