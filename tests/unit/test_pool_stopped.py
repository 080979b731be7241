"""A pool that was stopped leaves nothing that would still happen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from still_rig import NO_BOOTSTRAP, Still, StillSandbox, deployment, submit

from lambda_emu.pool.choice import Admission

ONE = deployment("one", "d")


def invoke(rig: Still) -> None:
    submit(rig, ONE, Admission(10, reserved=True), None, tail=False)


def come(rig: Still) -> StillSandbox:
    rig.turn(rig.engine.make, 0)
    return rig.engine.sandboxes[-1]


def one_waits_for_a_sandbox(rig: Still) -> None:
    invoke(rig)


def one_waits_for_another_that_responded(rig: Still) -> None:
    invoke(rig)
    sandbox = come(rig)
    rig.turn(sandbox.next)
    rig.turn(sandbox.post, f"invocation/{sandbox.event_id}/response")
    invoke(rig)


def an_init_lasts(rig: Still) -> None:
    invoke(rig)
    come(rig)


def one_is_reset(rig: Still) -> None:
    an_init_lasts(rig)
    rig.advance(10)


def one_is_idle(rig: Still) -> None:
    rig.turn(rig.pool.provision, ONE, 1)
    rig.turn(come(rig).next)


def a_missing_bootstrap_is_about_to_be_told(rig: Still) -> None:
    broken = deployment("broken", "b", NO_BOOTSTRAP)
    submit(rig, broken, Admission(10, reserved=True), None, tail=False)
    come(rig)


@pytest.mark.parametrize(
    "scene",
    [
        one_waits_for_a_sandbox,
        one_waits_for_another_that_responded,
        an_init_lasts,
        one_is_reset,
        one_is_idle,
        a_missing_bootstrap_is_about_to_be_told,
    ],
)
def test_no_timer_and_no_sandbox_outlives_a_stop(scene: Callable[[Still], None]) -> None:
    rig = Still(stems=1)
    scene(rig)

    rig.turn(rig.pool.stop)
    rig.make_all()  # what was under way when it stopped

    assert rig.clock.pending == []
    assert all(sandbox.destroyed for sandbox in rig.engine.sandboxes)
    rig.end()
