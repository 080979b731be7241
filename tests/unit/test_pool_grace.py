"""How long an invocation waits for an environment that has answered, before another one is started."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from still_rig import Asked, Still, StillSandbox, deployment, submit

from lambda_emu.environment.invocation import Outcome
from lambda_emu.pool.choice import Admission
from lambda_emu.pool.version_pool import GRACE_S, MOST_GRACE_S

CODE = deployment("one", "one", timeout_s=900)


@pytest.fixture
def machine() -> Iterator[Still]:
    rig = Still()
    yield rig
    rig.end()


def invoke(rig: Still) -> Asked:
    return submit(rig, CODE, Admission(100, reserved=True), None, tail=False)


def answer(rig: Still, sandbox: StillSandbox) -> None:
    rig.turn(sandbox.post, f"invocation/{sandbox.event_id}/response")


def become_available(rig: Still, sandbox: StillSandbox) -> None:
    rig.turn(sandbox.next)
    rig.report(sandbox)


def used_environment(rig: Still, return_s: float, times: int) -> StillSandbox:
    """One that took so long to become available, so many times."""
    invoke(rig)
    rig.turn(rig.engine.make, 0)
    sandbox = rig.engine.sandboxes[0]
    rig.turn(sandbox.next)
    for number in range(times):
        if number:
            invoke(rig)
        answer(rig, sandbox)
        rig.advance(return_s)
        become_available(rig, sandbox)
    return sandbox


@pytest.mark.parametrize(
    ("return_s", "waits_s"),
    [(0.0, GRACE_S), (0.001, GRACE_S), (0.01, 0.02), (1.0, MOST_GRACE_S)],
)
def test_who_finds_an_environment_that_has_answered_waits_as_long_as_that_usually_takes(
    machine: Still, return_s: float, waits_s: float
) -> None:
    sandbox = used_environment(machine, return_s, times=60)
    invoke(machine)
    answer(machine, sandbox)

    waiting = invoke(machine)
    machine.advance(waits_s * 0.9)
    assert machine.engine.asked == []
    machine.advance(waits_s * 0.2)
    assert len(machine.engine.asked) == 1

    become_available(machine, sandbox)
    answer(machine, sandbox)
    assert isinstance(waiting.results[0], Outcome)
