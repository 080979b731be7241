"""Every invocation is answered once, however its environment ends."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from sandbox_rig import USAGE, WAIT_S, Asked, EmptySandbox, Rig, Runtime, rig

from lambda_emu.environment.invocation import Outcome
from lambda_emu.errors.service import ServiceFailure, ShuttingDown


@pytest.fixture
def pool() -> Iterator[Rig]:
    with rig() as ready:
        yield ready


@pytest.fixture
def quiet(pool: Rig, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing was logged: no exception of ours vanished in the loop."""
    yield
    pool.on_loop(lambda: None)  # what was to be called is
    assert caplog.get_records("call") + caplog.get_records("teardown") == []


def busy(pool: Rig, tail: bool = False, timeout_s: int = 3) -> tuple[EmptySandbox, Runtime, Asked, str]:
    """An invocation that its runtime works on."""
    asked = pool.invoke(tail=tail, timeout_s=timeout_s)
    sandbox = pool.sandbox()
    runtime = pool.runtime(sandbox)
    return sandbox, runtime, asked, runtime.next()


def test_the_rig_answers_invocations(pool: Rig) -> None:
    _, runtime, asked, request_id = busy(pool, tail=True)

    assert runtime.respond(request_id) == 202
    runtime.ask()

    assert isinstance(asked.result(), Outcome)


def test_an_invocation_whose_runtime_cannot_be_started_is_told(pool: Rig) -> None:
    asked = pool.invoke(environment={"A": "x\0y"})

    assert isinstance(asked.result(), ServiceFailure)
    assert pool.sandbox().destroyed.wait(WAIT_S)


def test_a_sandbox_lost_while_it_initialises_fails_who_waited_for_it(pool: Rig) -> None:
    asked = pool.invoke()
    sandbox = pool.sandbox()
    pool.on_loop(lambda: None)  # its environment listens from here on

    pool.on_loop(sandbox.init.listener.lost)

    assert isinstance(asked.result(), ServiceFailure)
    assert sandbox.destroyed.wait(WAIT_S)


def test_an_init_that_never_reports_does_not_keep_the_answer(pool: Rig) -> None:
    sandbox, runtime, asked, request_id = busy(pool, tail=True)
    sandbox.init.silent = True
    runtime.respond(request_id)

    pool.clock.advance(3)  # its timeout
    pool.clock.advance(5)  # nor does it report what was killed

    assert isinstance(asked.result(), Outcome)
    assert sandbox.destroyed.wait(WAIT_S)
    assert len(asked.results) == 1


def test_one_that_failed_says_whether_it_can_be_used_again(pool: Rig) -> None:
    sandbox, _, _, _ = busy(pool)
    sandbox.init.silent = True

    pool.clock.advance(3)  # its timeout
    failed = pool.on_loop(pool.pool.describe)
    pool.on_loop(sandbox.init.listener.killed)
    for token in range(1, 4):
        pool.on_loop(partial(sandbox.init.listener.synced, token, USAGE))
    clean = pool.on_loop(pool.pool.describe)

    assert [one.state for one in failed + clean] == ["RESETTING", "RESET"]


@pytest.mark.usefixtures("quiet")
def test_what_init_still_reports_of_an_environment_that_ended_harms_nothing(pool: Rig) -> None:
    sandbox, runtime, asked, request_id = busy(pool)
    sandbox.init.silent = True
    runtime.respond(request_id)
    runtime.ask()
    pool.clock.advance(3)
    listener = sandbox.init.listener
    pool.on_loop(pool.pool.stop)

    pool.on_loop(listener.killed)
    for token in range(1, 4):
        pool.on_loop(partial(listener.synced, token, USAGE))

    assert len(asked.results) == 1


@pytest.mark.usefixtures("quiet")
def test_a_stop_before_a_missing_bootstrap_is_noticed_ends_it_all_the_same(pool: Rig) -> None:
    pool.engine.bootstrap = False
    pool.engine.at_begin = lambda: pool.loop.post(pool.pool.stop)

    asked = pool.invoke()

    assert isinstance(asked.result(), ServiceFailure)


def test_a_pool_that_was_stopped_takes_nothing(pool: Rig) -> None:
    pool.on_loop(pool.pool.stop)

    with pytest.raises(ShuttingDown):
        pool.invoke()


def test_who_waited_long_enough_for_a_busy_environment_gets_one_of_its_own(pool: Rig) -> None:
    """However many had asked before any of them had responded."""
    asked = [pool.invoke(timeout_s=900) for _ in range(12)]
    for _ in range(8):
        runtime = pool.runtime(pool.sandbox())
        runtime.respond(runtime.next())  # and never asks again

    for _ in range(4):
        runtime = pool.runtime(pool.sandbox())
        runtime.respond(runtime.next())

    assert all(isinstance(one.result(), Outcome) for one in asked)
