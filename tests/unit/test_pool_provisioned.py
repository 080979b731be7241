"""Environments that are kept ready: how many there are, who uses them, what replaces them."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import pytest
from sandbox_rig import WAIT_S, Rig, Runtime, rig
from still_rig import Still, deployment

from lambda_emu.environment.states import InitType, init_limit_s
from lambda_emu.errors.service import TooManyRequests
from lambda_emu.model.concurrency.provisioned import Readiness
from lambda_emu.pool.pool import SWEEP_S


@pytest.fixture
def pool() -> Iterator[Rig]:
    with rig() as ready:
        yield ready


def initialised(pool: Rig) -> Runtime:
    """The runtime of the next sandbox, which is ready and waits for an event."""
    before = pool.readiness().ready
    runtime = pool.runtime(pool.sandbox())
    runtime.ask()
    deadline_s = monotonic() + WAIT_S
    while pool.readiness().ready == before:
        assert monotonic() < deadline_s, f"not one more than {before} is ready"
    return runtime


def fail_init(pool: Rig) -> None:
    sandbox = pool.sandbox()
    pool.on_loop(lambda: None)  # its environment listens from here on
    pool.on_loop(sandbox.init.kill)
    assert sandbox.destroyed.wait(WAIT_S)


def sandboxes(pool: Rig) -> int:
    """How many were asked for, once all that was to be done has been."""
    for _ in range(5):
        pool.on_loop(lambda: None)
    return len(pool.engine.sandboxes)


@pytest.mark.parametrize(
    ("init_type", "timeout_s", "limit_s"),
    [
        (InitType.ON_DEMAND, 3, 10),
        (InitType.ON_DEMAND, 900, 10),
        (InitType.PROVISIONED, 3, 130),
        (InitType.PROVISIONED, 131, 131),
    ],
)
def test_an_init_ahead_of_time_has_more_of_it(init_type: InitType, timeout_s: int, limit_s: float) -> None:
    assert init_limit_s(init_type, timeout_s) == limit_s


def test_no_more_start_at_once_than_the_machine_can_bear(pool: Rig) -> None:
    pool.provision(10)
    assert sandboxes(pool) == 8

    initialised(pool)

    assert sandboxes(pool) == 9
    assert pool.readiness() == Readiness(1, init_failed=False)


def test_who_waits_takes_the_first_that_is_ready(pool: Rig) -> None:
    asked = pool.invoke()
    pool.sandbox()
    pool.provision(1)

    runtime = pool.runtime(pool.sandbox())
    runtime.respond(runtime.next())

    asked.result()


def test_a_sandbox_that_is_lost_is_replaced_at_once(pool: Rig) -> None:
    pool.provision(1)
    initialised(pool)

    pool.on_loop(pool.engine.sandboxes[0].init.listener.lost)

    assert sandboxes(pool) == 2
    assert pool.readiness() == Readiness(0, init_failed=False)


def test_after_a_failed_init_one_is_tried_now_and_then_until_it_succeeds(pool: Rig) -> None:
    pool.provision(2)
    fail_init(pool)
    fail_init(pool)
    assert (sandboxes(pool), pool.readiness()) == (2, Readiness(0, init_failed=True))

    pool.clock.advance(SWEEP_S)
    assert sandboxes(pool) == 3
    initialised(pool)

    assert pool.readiness() == Readiness(1, init_failed=False)
    assert sandboxes(pool) == 4


def test_what_failed_to_initialise_is_never_handed_out(pool: Rig) -> None:
    pool.provision(1)
    fail_init(pool)

    asked = pool.invoke()

    runtime = pool.runtime(pool.sandbox())
    runtime.respond(runtime.next())
    asked.result()


def test_an_engine_that_is_back_is_asked_again(pool: Rig) -> None:
    pool.engine.down = True
    pool.provision(1)
    assert (sandboxes(pool), pool.readiness()) == (0, Readiness(0, init_failed=False))

    pool.engine.down = False
    pool.clock.advance(SWEEP_S)

    initialised(pool)
    assert pool.readiness().ready == 1


def test_fewer_end_the_idle_ones_first(pool: Rig) -> None:
    pool.provision(2)
    initialised(pool)
    initialised(pool)
    pool.invoke()

    pool.provision(1)

    assert [info.state for info in pool.on_loop(pool.pool.describe)] == ["BUSY"]


def test_a_version_has_its_provisioned_concurrency_beside_what_others_use(pool: Rig) -> None:
    """One of its own, and one of what the function has left."""
    pool.provision(1)
    runtime = initialised(pool)
    first = pool.invoke(concurrency=1, provisioned=1)
    pool.invoke(concurrency=1, provisioned=1)

    with pytest.raises(TooManyRequests):
        pool.invoke(concurrency=1, provisioned=1)

    runtime.respond(runtime.event())
    first.result()
    pool.invoke(concurrency=1, provisioned=1)


def test_a_pool_that_stops_starts_none_anew(pool: Rig) -> None:
    pool.provision(2)
    initialised(pool)

    pool.on_loop(pool.pool.stop)

    assert sandboxes(pool) == 2


@pytest.mark.parametrize("when", ["before its sandbox comes", "while it initialises"])
def test_one_that_is_not_ready_yet_ends_as_soon_as_it_is_not_wanted(when: str) -> None:
    """Its init may last for minutes."""
    rig, code = Still(), deployment("one", "d")
    rig.turn(rig.pool.provision, code, 1)
    if when == "while it initialises":
        rig.turn(rig.engine.make, 0)

    rig.turn(rig.pool.release, "d")
    rig.make_all()

    assert [sandbox.gone for sandbox in rig.engine.sandboxes] == [True]
    assert rig.turn(rig.pool.describe) == []
    rig.end()
