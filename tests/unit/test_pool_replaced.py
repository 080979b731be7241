"""What failed is reset; what fails again before it answered is replaced, sandbox and all. Contract: invoke.md 2.4."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from box_rig import WAIT_S, EmptyBox, Rig, Runtime, rig

from lambda_emu.pool.invocation import Outcome

TIMEOUT_S = 3


@pytest.fixture
def pool() -> Iterator[Rig]:
    with rig() as ready:
        yield ready


class One:
    """An environment of its own, and the runtimes that its init starts one after the other."""

    def __init__(self, pool: Rig, init: str) -> None:
        self._pool = pool
        self._runtime: Runtime | None = None
        self._asked = pool.invoke(timeout_s=TIMEOUT_S)
        self.box: EmptyBox = pool.box()
        pool.on_loop(lambda: None)  # its environment listens from here on
        if init == "fails":
            self._exit()
        self._event()

    def _event(self) -> None:
        runtime = self._runtime or self._pool.runtime(self.box)
        self._runtime = runtime
        self._request_id = runtime.next()

    def _exit(self) -> None:
        self._pool.on_loop(self.box.init.kill)
        self._runtime = None

    def take(self, what: str) -> None:
        """The event is in the runtime's hands: this comes of it."""
        runtime = self._runtime
        assert runtime is not None
        if what == "exits":
            self._exit()
        elif what == "times out":
            self._pool.clock.advance(TIMEOUT_S)
            self._runtime = None
        elif what == "raises":
            runtime.fail(self._request_id)
        else:
            runtime.respond(self._request_id)
        outcome = self._asked.result()
        assert isinstance(outcome, Outcome)
        assert outcome.failed is (what != "answers")
        if self._runtime is not None:
            runtime.ask()
        self._pool.rest()

    def again(self) -> None:
        """Another event, in the same environment."""
        self._asked = self._pool.invoke(timeout_s=TIMEOUT_S)
        runtime = self._runtime or self._pool.runtime(self.box)
        if self._runtime is None:
            runtime.ask()
        self._runtime, self._request_id = runtime, runtime.event()


@pytest.mark.parametrize(
    ("init", "history"),
    [
        ("succeeds", ["exits", "exits"]),
        ("succeeds", ["times out", "times out"]),
        ("succeeds", ["answers", "exits", "times out"]),
        ("succeeds", ["exits", "answers", "exits", "exits"]),
        ("fails", ["exits"]),
        ("fails", ["times out"]),
    ],
)
def test_a_sandbox_that_fails_again_before_it_answered_is_replaced(pool: Rig, init: str, history: list[str]) -> None:
    one = One(pool, init)
    one.take(history[0])
    for what in history[1:]:
        one.again()
        one.take(what)

    assert one.box.destroyed.wait(WAIT_S)
    pool.invoke()
    pool.runtime(pool.box()).next()


@pytest.mark.parametrize(
    ("init", "history"),
    [
        ("succeeds", ["exits"]),
        ("succeeds", ["exits", "answers", "exits"]),
        ("succeeds", ["exits", "raises", "times out"]),  # a handler that raises has answered
        ("fails", ["answers", "exits"]),
    ],
)
def test_a_sandbox_that_answered_since_is_only_reset(pool: Rig, init: str, history: list[str]) -> None:
    one = One(pool, init)
    one.take(history[0])
    for what in history[1:]:
        one.again()
        one.take(what)

    one.again()

    assert not one.box.destroyed.is_set()
    assert len(pool.engine.boxes) == 1
